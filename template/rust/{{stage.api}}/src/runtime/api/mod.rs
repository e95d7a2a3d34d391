// Written by viscaffold: `viscaffold update` replaces this folder.
//! What the stage api checks requests with, and how it documents routes.

mod additions;
mod body;
mod check;
pub mod docs;
mod form;
mod gate;
mod invalid;
mod json;
pub mod openapi;
mod params;
mod schema;
mod texts;

pub use additions::{Additions, Writer, document, guard_writing};
pub use body::Body;
pub use form::Form;
pub use gate::Gate;
pub use json::MostValues;
pub use params::Params;
