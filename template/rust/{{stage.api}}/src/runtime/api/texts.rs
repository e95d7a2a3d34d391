//! Reads texts, which is what parameters and forms have, as a schema says.

use serde_json::Value;

/// Reads the texts of a field: all of them for a list, or the last; none if there is no text.
///
/// What cannot be read stays a text, so that a check against the schema finds it.
pub fn value(schema: &Value, texts: &[&str]) -> Option<Value> {
    let last = texts.last()?;
    if !has_type(schema, "array") {
        return Some(scalar(schema, last));
    }
    let items = texts.iter().map(|text| scalar(&schema["items"], text));
    Some(items.collect())
}

fn scalar(schema: &Value, text: &str) -> Value {
    let trimmed = text.trim();
    let read = if has_type(schema, "integer") {
        trimmed.parse::<i64>().ok().map(Value::from)
    } else if has_type(schema, "number") {
        trimmed.parse::<f64>().ok().map(Value::from)
    } else if has_type(schema, "boolean") {
        trimmed.parse::<bool>().ok().map(Value::from)
    } else {
        None
    };
    // What is not finite has become null.
    read.filter(|value| !value.is_null())
        .unwrap_or_else(|| text.into())
}

fn has_type(schema: &Value, name: &str) -> bool {
    let kind = &schema["type"];
    kind == name
        || kind
            .as_array()
            .is_some_and(|several| several.iter().any(|one| one == name))
}
