//! Checks a JSON value against a schema, keyword by keyword.

use serde_json::{Map, Number, Value};

use super::invalid::Faults;

type Comparison = fn(&f64, &f64) -> bool;

/// The keywords for numbers, in words, and when a number and its bound fit.
const BOUNDS: [(&str, &str, Comparison); 4] = [
    ("minimum", "greater than or equal to", f64::ge),
    ("maximum", "less than or equal to", f64::le),
    ("exclusiveMinimum", "greater than", f64::gt),
    ("exclusiveMaximum", "less than", f64::lt),
];

/// Walks through a value and its schema, and notes what is wrong and where.
pub struct Check<'a> {
    named: &'a Map<String, Value>,
    path: Vec<String>,
    faults: Faults,
}

impl<'a> Check<'a> {
    /// Begins at a place; `named` are the schemas that others refer to.
    pub fn new(named: &'a Map<String, Value>, path: &[String]) -> Self {
        Self {
            named,
            path: path.to_vec(),
            faults: Faults::default(),
        }
    }

    /// Finds what is wrong with a value.
    pub fn of(mut self, schema: &'a Value, value: &Value) -> Faults {
        self.value(schema, value);
        self.faults
    }

    fn value(&mut self, schema: &'a Value, value: &Value) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            if let Some(schema) = self.named.get(name) {
                self.value(schema, value);
            }
            return;
        }
        for part in list(&schema["allOf"]) {
            self.value(part, value);
        }
        for choice in ["oneOf", "anyOf"] {
            self.one_of(list(&schema[choice]), value);
        }
        if !has_type(&schema["type"], value) {
            self.fault(format!("Input should be {}", type_words(&schema["type"])));
            return;
        }
        if schema["enum"].is_array() && !list(&schema["enum"]).contains(value) {
            self.fault(format!("Input should be {}", choices(&schema["enum"])));
            return;
        }
        match value {
            Value::String(text) => {
                let (least, most) = (&schema["minLength"], &schema["maxLength"]);
                self.length(text.chars().count(), ("String", "character"), least, most);
            }
            Value::Number(number) => self.bounds(schema, number),
            Value::Array(items) => self.items(schema, items),
            Value::Object(fields) => self.fields(schema, fields),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Accepts what one of the schemas accepts; of one that could be meant, names all faults.
    fn one_of(&mut self, schemas: &'a [Value], value: &Value) {
        let meant: Vec<&Value> = schemas
            .iter()
            .filter(|schema| value.is_null() || schema["type"] != "null")
            .collect();
        let mut failed = Vec::new();
        for schema in &meant {
            let faults = Check::new(self.named, &self.path).of(schema, value);
            if faults.count == 0 {
                return;
            }
            failed.push(faults);
        }
        match failed.len() {
            0 => {}
            1 => failed
                .into_iter()
                .for_each(|faults| self.faults.append(faults)),
            _ => self.fault("Input should have one of the forms that are documented"),
        }
    }

    /// Checks how many characters or items there are.
    fn length(&mut self, length: usize, (what, unit): (&str, &str), least: &Value, most: &Value) {
        let length = length as u64;
        if let Some(least) = least.as_u64().filter(|least| length < *least) {
            self.fault(format!(
                "{what} should have at least {}",
                counted(least, unit)
            ));
        }
        if let Some(most) = most.as_u64().filter(|most| length > *most) {
            self.fault(format!(
                "{what} should have at most {}",
                counted(most, unit)
            ));
        }
    }

    fn bounds(&mut self, schema: &Value, number: &Number) {
        for (keyword, words, holds) in BOUNDS {
            let (Some(value), Some(bound)) = (number.as_f64(), schema[keyword].as_f64()) else {
                continue;
            };
            if !holds(&value, &bound) {
                self.fault(format!("Input should be {words} {}", schema[keyword]));
            }
        }
    }

    fn items(&mut self, schema: &'a Value, items: &[Value]) {
        let (least, most) = (&schema["minItems"], &schema["maxItems"]);
        self.length(items.len(), ("List", "item"), least, most);
        let first = list(&schema["prefixItems"]);
        for (place, item) in items.iter().enumerate() {
            let schema = first.get(place).unwrap_or(&schema["items"]);
            self.at(&place.to_string(), |check| check.value(schema, item));
        }
    }

    fn fields(&mut self, schema: &'a Value, fields: &Map<String, Value>) {
        for name in list(&schema["required"]).iter().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.at(name, |check| check.fault("Field required"));
            }
        }
        for (name, value) in fields {
            match (&schema["properties"][name], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => {
                    self.at(name, |check| check.fault("Extra inputs are not permitted"));
                }
                (Value::Null, others) => self.at(name, |check| check.value(others, value)),
                (known, _) => self.at(name, |check| check.value(known, value)),
            }
        }
    }

    fn at(&mut self, step: &str, look: impl FnOnce(&mut Self)) {
        self.path.push(step.to_owned());
        look(self);
        self.path.pop();
    }

    fn fault(&mut self, detail: impl Into<String>) {
        self.faults.push(&self.path, detail);
    }
}

fn counted(number: u64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// The elements of an array; none of anything else.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The types that a schema names: none, one, or several.
fn types(named: &Value) -> Vec<&str> {
    match named {
        Value::String(one) => vec![one],
        several => list(several).iter().filter_map(Value::as_str).collect(),
    }
}

fn has_type(named: &Value, value: &Value) -> bool {
    named.is_null()
        || types(named).into_iter().any(|name| match name {
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => value.is_null(),
        })
}

fn type_words(named: &Value) -> &'static str {
    match types(named).first() {
        Some(&"integer") => "a valid integer",
        Some(&"number") => "a valid number",
        Some(&"string") => "a valid string",
        Some(&"boolean") => "a valid boolean",
        Some(&"array") => "a valid list",
        Some(&"object") => "an object",
        _ => "null",
    }
}

fn choices(values: &Value) -> String {
    let texts: Vec<String> = list(values).iter().map(Value::to_string).collect();
    texts.join(" or ")
}
