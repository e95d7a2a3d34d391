//! Prepares any logged value for a line: bounded, without secrets.

use std::borrow::Cow;

use serde_json::Value;

use super::redaction;

/// The most characters of a text, of a stack, and of a name.
pub const MAX_TEXT: usize = 8192;
pub const MAX_STACK: usize = 2 * MAX_TEXT;
const MAX_NAME: usize = 128;

/// Returns `value` without secrets; the middle of a long one is left out.
pub fn text(value: &str, limit: usize) -> Cow<'_, str> {
    // Bytes are at least as many as characters.
    let count = if value.len() <= limit {
        0
    } else {
        value.chars().count()
    };
    if count <= limit {
        return redaction::in_text(value);
    }
    // More is redacted than is kept: a secret that is cut may not be recognized.
    let (head, tail) = (first(value, limit), last(value, limit));
    let (head, tail) = (redaction::in_text(head), redaction::in_text(tail));
    let (head, tail) = (first(&head, limit / 2), last(&tail, limit / 2));
    format!("{head} [{} characters left out] {tail}", count - limit).into()
}

/// Returns the first characters of a text.
fn first(text: &str, count: usize) -> &str {
    let end = text.char_indices().nth(count);
    &text[..end.map_or(text.len(), |(end, _)| end)]
}

/// Returns the last characters of a text.
fn last(text: &str, count: usize) -> &str {
    let start = text.char_indices().rev().nth(count.saturating_sub(1));
    &text[start.map_or(0, |(start, _)| start)..]
}

/// Returns the name of a field.
pub fn name(name: &str) -> Cow<'_, str> {
    text(name, MAX_NAME)
}

/// Returns the value of a field, redacted if its name is that of a secret.
pub fn field(name: &str, value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        _ if redaction::is_secret(name) => redaction::HIDDEN.into(),
        Value::String(value) => text(value, MAX_TEXT).into(),
        // Collectors read 64-bit integers with a sign.
        Value::Number(number) => match number
            .as_u64()
            .filter(|number| i64::try_from(*number).is_err())
        {
            Some(large) => format!("{large:#x}").into(),
            None => value.clone(),
        },
        other => text(&other.to_string(), MAX_TEXT).into(),
    }
}
