//! Rows as lines of JSON: the same text from SQLite and from PostgreSQL, and in each language.
//!
//! JSON has null, booleans, whole numbers and text. Bytes are `{"base64": "..."}`, and floats are
//! `{"float": "1.5"}`, since readers of JSON round them. All else is text: decimals without zeros
//! at their end, times with microseconds and in UTC.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::base64;

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Whole(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Whole(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Float(value) => serializer.collect_map([("float", number(*value))]),
            Self::Bytes(value) => serializer.collect_map([("base64", base64::encoded(value))]),
        }
    }
}

/// Writes a row.
///
/// # Errors
///
/// None that is known.
pub fn line(names: &[&str], values: &[Value]) -> serde_json::Result<Vec<u8>> {
    struct Row<'a>(&'a [&'a str], &'a [Value]);

    impl Serialize for Row<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().zip(self.1))
        }
    }

    let mut line = serde_json::to_vec(&Row(names, values))?;
    line.push(b'\n');
    Ok(line)
}

/// Writes a float with as few digits as it takes.
#[must_use]
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    format!("{value:?}")
}

/// What a line of JSON says.
enum Json {
    Value(Value),
    Object(Vec<(String, Json)>),
    Other,
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Value(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Value(Value::Boolean(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Value(Value::Whole(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        let whole = i64::try_from(value);
        Ok(whole.map_or(Json::Other, |whole| Json::Value(Value::Whole(whole))))
    }

    /// Floats are written in another way.
    fn visit_f64<E>(self, _value: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Value(Value::Text(value.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Json::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

/// Reads a row.
///
/// # Errors
///
/// Says what is wrong with it, but not what is in it.
pub fn values(written: &[u8], names: &[&str]) -> Result<Vec<Value>, String> {
    if !written.ends_with(b"\n") {
        return Err("the end of the line is missing".into());
    }
    let read = serde_json::from_slice(written).map_err(|_| "that is no JSON")?;
    let Json::Object(members) = read else {
        return Err("that is no object of JSON".into());
    };
    let mut found = vec![None; names.len()];
    for (name, json) in members {
        let place = names.iter().position(|known| *known == name);
        let place = place.ok_or("it has a column that the table does not have")?;
        if found[place].is_some() {
            return Err(format!("it has the column {name} twice"));
        }
        let value = value(json);
        let unknown = || format!("the column {name} has a value of no known form");
        found[place] = Some(value.ok_or_else(unknown)?);
    }
    let mut values = Vec::new();
    for (name, value) in names.iter().zip(found) {
        values.push(value.ok_or_else(|| format!("the column {name} is missing"))?);
    }
    Ok(values)
}

fn value(json: Json) -> Option<Value> {
    let members = match json {
        Json::Value(value) => return Some(value),
        Json::Object(members) => members,
        Json::Other => return None,
    };
    let [(tag, Json::Value(Value::Text(text)))] = &members[..] else {
        return None;
    };
    match tag.as_str() {
        "base64" => base64::decoded(text).map(Value::Bytes),
        "float" => {
            let value = text.parse().ok()?;
            (number(value) == *text).then_some(Value::Float(value))
        }
        _ => None,
    }
}

/// Returns a decimal without zeros at its end; whatever else it is, as it is.
#[must_use]
pub fn decimal(text: &str) -> String {
    let is_decimal = text.chars().all(|each| "-.0123456789".contains(each));
    if !text.contains('.') || !is_decimal {
        return text.into();
    }
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".into(),
        short => short.into(),
    }
}

/// Returns a UUID as SQLAlchemy writes it where the database has no type for it.
#[must_use]
pub fn uuid(text: &str) -> String {
    text.replace('-', "").to_lowercase()
}
