// Written by viscaffold: `viscaffold update` replaces this folder.
//! What the security of logins depends on.

pub mod failed_attempts;
pub mod fair_queue;
mod hs256;
pub mod passwords;
pub mod terminal;
pub mod tokens;
