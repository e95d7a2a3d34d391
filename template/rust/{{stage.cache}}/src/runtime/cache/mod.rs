// Written by viscaffold: `viscaffold update` replaces this folder.
//! What the stage `cache` rests on.

pub mod address;
pub mod causes;
mod connect;
pub mod flights;
pub mod link;
mod lookup;
mod owed;
