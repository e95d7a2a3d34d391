//! What is wrong with a request, and the problem that says so.

use actix_web::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::Segment;

use crate::runtime::problems::Problem;
use crate::runtime::urls::quote;

/// Further faults are only counted, so that the answer stays small.
const MOST_FAULTS: usize = 20;

/// Names of the client's are cut, so that the answer stays small.
const LONGEST: usize = 200;

/// Where a value is wrong, and how; never the value, which may be a secret.
#[derive(Debug, PartialEq)]
pub struct Fault {
    pub path: Vec<String>,
    pub detail: String,
}

/// The first faults of a request, and how many there are.
#[derive(Debug, Default)]
pub struct Faults {
    pub first: Vec<Fault>,
    pub count: usize,
}

impl Faults {
    #[must_use]
    pub fn one(path: &[String], detail: &str) -> Self {
        let mut faults = Self::default();
        faults.push(path, detail);
        faults
    }

    pub fn push(&mut self, path: &[String], detail: impl Into<String>) {
        self.count += 1;
        if self.first.len() < MOST_FAULTS {
            let (path, detail) = (path.to_vec(), detail.into());
            self.first.push(Fault { path, detail });
        }
    }

    /// Returns the same faults, found below a place.
    #[must_use]
    pub fn below(mut self, place: &[String]) -> Self {
        for fault in &mut self.first {
            fault.path.splice(0..0, place.iter().cloned());
        }
        self
    }

    pub fn append(&mut self, mut other: Self) {
        self.count += other.count;
        self.first.append(&mut other.first);
        self.first.truncate(MOST_FAULTS);
    }
}

/// The part of a request that a fault is in.
#[derive(Clone, Copy)]
pub enum Place {
    Body,
    Parameters,
}

/// Answers 422 with each fault.
#[must_use]
pub fn invalid(place: Place, faults: &Faults) -> Problem {
    let errors: Vec<Value> = faults
        .first
        .iter()
        .map(|fault| error(place, fault))
        .collect();
    let mut detail = "the request is not valid".to_owned();
    if faults.count > errors.len() {
        let (shown, all) = (errors.len(), faults.count);
        detail += &format!(": the first {shown} of {all} errors");
    }
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).member("errors", errors)
}

fn error(place: Place, fault: &Fault) -> Value {
    let steps = fault.path.iter().take(LONGEST);
    let steps = steps.map(|step| step.chars().take(LONGEST).collect::<String>());
    match place {
        Place::Body => {
            // A JSON pointer (RFC 6901) as a fragment.
            let escaped = steps.map(|step| step.replace('~', "~0").replace('/', "~1"));
            let pointer: String = escaped.map(|step| format!("/{}", quote(&step))).collect();
            json!({"detail": fault.detail, "pointer": format!("#{pointer}")})
        }
        Place::Parameters => {
            let name = steps.collect::<Vec<_>>().join(".");
            json!({"detail": fault.detail, "parameter": name})
        }
    }
}

/// Makes the type of a value that fits its schema.
///
/// A type can be stricter than its schema; its message may repeat the value, so it is not shown.
pub fn typed<T: DeserializeOwned>(place: Place, value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let steps = error.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let path: Vec<String> = steps.collect();
        invalid(place, &Faults::one(&path, "Input should be valid"))
    })
}
