// Written by viscaffold: `viscaffold update` replaces this folder.
//! What the stage jobs depends on.

mod closing;
pub mod handlers;
pub mod ids;
pub mod listing;
pub mod loops;
mod own;
pub mod pacing;
pub mod progress;
pub mod retries;
pub mod round;
pub mod running;
pub mod statements;
pub mod survey;
mod taking;
mod telling;
pub mod worker;
