// Written by viscaffold: `viscaffold update` replaces this folder.
//! What the stage database depends on.

pub mod address;
pub mod connecting;
pub mod failures;
pub mod keeper;
pub mod migrations;
pub mod parts;
pub mod pauses;
pub mod schema;
