//! The document of the API: what the routes say about themselves, and what all have in common.

use serde_json::{Map, Value, json};
use utoipa::openapi::{Info, OpenApi, Paths};

use super::additions::Guards;

/// In `security(...)` of a route that writes: what guards such routes.
const WRITING: &str = "writing";

/// Builds the document of the routes below `prefix`, whose paths in it begin there.
#[must_use]
pub fn build(routes: Vec<OpenApi>, guards: &Guards, prefix: &str) -> Value {
    let info = Info::new(env!("CARGO_CRATE_NAME"), env!("CARGO_PKG_VERSION"));
    let mut document = OpenApi::new(info, Paths::new());
    for part in routes {
        document.merge(part);
    }
    let mut document = json!(document);
    let mut paths = Map::new();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        if let Some(rest) = path.strip_prefix(prefix) {
            complete(item, &guards.security);
            paths.insert(rest.to_owned(), item.take());
        }
    }
    document["paths"] = paths.into();
    document
}

/// Adds to each operation the errors that it can answer with, and what guards it.
fn complete(item: &mut Value, guards: &[Value]) {
    let operations = item.as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in operations.filter_map(Value::as_object_mut) {
        for statuses in ["4XX", "5XX"] {
            operation.entry("responses").or_insert_with(|| json!({}))[statuses] = problem();
        }
        let writing = [json!({WRITING: []})];
        if operation
            .get("security")
            .and_then(Value::as_array)
            .is_some_and(|named| *named == writing)
        {
            operation.remove("security");
            if !guards.is_empty() {
                operation.insert("security".into(), guards.into());
            }
        }
    }
}

fn problem() -> Value {
    let text = json!({"type": "string"});
    let error = json!({
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": text, "pointer": text, "parameter": text},
    });
    let uri = json!({"type": "string", "format": "uri-reference"});
    let schema = json!({
        "title": "Problem",
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": uri,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "instance": uri,
            "errors": {"type": "array", "items": error},
        },
    });
    json!({
        "description": "A problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": schema}},
    })
}
