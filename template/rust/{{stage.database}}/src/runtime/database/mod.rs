// Written by viscaffold: `viscaffold update` replaces this folder.
//! What the stage database depends on.

pub mod address;
pub mod base64;
pub mod connecting;
pub mod constraints;
pub mod exporting;
pub mod failures;
pub mod importing;
pub mod keeper;
pub mod manifest;
pub mod migrations;
pub mod parts;
pub mod pauses;
pub mod rows;
pub mod schema;
pub mod tables;
pub mod times;
