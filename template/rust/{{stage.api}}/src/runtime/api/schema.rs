//! Checks JSON against the schema of a type, and finds everything that is wrong with it.
//!
//! serde stops at the first error and repeats the value; a client needs every error, and no log
//! or answer needs the value. The schema is the one that OpenAPI shows: what is documented holds.

use anyhow::{Context, ensure};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::check::Check;
use super::invalid::Faults;

/// What OpenAPI says about a value without restricting it, or serde checks by the type.
const NOTES: [&str; 14] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "contentEncoding",
    "contentMediaType",
    "propertyNames",
    "uniqueItems",
    "discriminator",
];

/// What `Check` checks.
const CHECKED: [&str; 19] = [
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "type",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
];

/// The schema of a type, with those that it refers to.
pub struct Schema {
    root: Value,
    named: Map<String, Value>,
}

impl Schema {
    /// Returns the schema of `T`; an error if it has a restriction that is not checked here.
    pub fn of<T: ToSchema>() -> anyhow::Result<Self> {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        let named = parts
            .into_iter()
            .map(|(name, schema)| Ok((name, serde_json::to_value(schema)?)))
            .collect::<serde_json::Result<Map<_, _>>>()?;
        let root = serde_json::to_value(T::schema())?;
        for schema in named.values().chain([&root]) {
            refuse_unchecked(schema).with_context(|| format!("the schema of {}", T::name()))?;
        }
        Ok(Self { root, named })
    }

    /// Returns a schema that refers to no other.
    pub fn plain(root: Value) -> anyhow::Result<Self> {
        refuse_unchecked(&root)?;
        let named = Map::new();
        Ok(Self { root, named })
    }

    /// Returns the fields of an object, each with its schema.
    pub fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.root["properties"].as_object().into_iter().flatten()
    }

    /// Finds everything that is wrong with a value.
    #[must_use]
    pub fn check(&self, value: &Value) -> Faults {
        Check::new(&self.named, &[]).of(&self.root, value)
    }
}

/// A restriction that is documented but not checked would be a hole.
fn refuse_unchecked(schema: &Value) -> anyhow::Result<()> {
    let Value::Object(keywords) = schema else {
        return Ok(());
    };
    for (keyword, value) in keywords {
        let is_note = NOTES.contains(&keyword.as_str()) || keyword.starts_with("x-");
        ensure!(
            is_note || CHECKED.contains(&keyword.as_str()),
            "`{keyword}` is not checked: check it in a type's `Deserialize`, or in the handler"
        );
        match (keyword.as_str(), value) {
            ("properties", Value::Object(inner)) => {
                inner.values().try_for_each(refuse_unchecked)?
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(inner)) => {
                inner.iter().try_for_each(refuse_unchecked)?;
            }
            ("items" | "additionalProperties", inner) => refuse_unchecked(inner)?,
            _ => {}
        }
    }
    Ok(())
}
