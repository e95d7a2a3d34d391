//! The tables of a part of the schema, and the statements that read their rows and write them.
//!
//! PostgreSQL gives and takes everything as text: so no driver changes a value on its way.

use sqlx::any::{AnyArguments, AnyRow, AnyTypeInfoKind};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _, ValueRef as _};

use super::migrations::is_postgresql;
use super::parts::{Part, State, VERSIONS};
use super::rows::{self, Value};
use super::times;

/// How PostgreSQL writes values as text, until the end of the transaction.
const PREPARE: &str = "SELECT set_config('TimeZone', 'UTC', true), \
     set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'postgres', true), \
     set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true)";

const COLUMNS: &str = "SELECT CAST(a.attname AS TEXT), format_type(a.atttypid, -1), \
     CAST(coalesce(array_position(CAST(i.indkey AS int2[]), a.attnum) + 1, 0) AS BIGINT), \
     CAST(a.attcollation AS BIGINT) \
     FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped \
     AND a.attgenerated = '' ORDER BY a.attnum";
const COLUMNS_SQLITE: &str = "SELECT name || '', type || '', pk + 0, 1 FROM pragma_table_info($1)";

const EXISTING: &str = "SELECT CAST(tablename AS TEXT) FROM pg_tables \
     WHERE schemaname = current_schema() ORDER BY 1";
const EXISTING_SQLITE: &str = "SELECT name || '' FROM sqlite_master \
     WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY 1";

/// Why nothing was exported or imported.
pub enum Obstacle {
    /// What is there does not allow it.
    Refused(String),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Obstacle {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// A column of a table.
pub struct Column {
    pub name: String,
    /// Its type, as PostgreSQL calls it, or as it was declared to SQLite.
    kind: String,
    /// Its place in the primary key, from 1; 0 if it is not in it.
    key: i64,
    has_collation: bool,
}

impl Column {
    /// The first word of its type.
    fn base(&self) -> String {
        let word = self.kind.split(['(', ' ']).next();
        word.unwrap_or_default().to_lowercase()
    }

    /// Returns text in the form that its type has in PostgreSQL.
    fn form(&self, text: &str) -> String {
        match self.base().as_str() {
            "numeric" | "decimal" => rows::decimal(text),
            "timestamp" | "time" => times::time(text),
            "uuid" => rows::uuid(text),
            _ => text.into(),
        }
    }

    /// Returns a value in the form that its type has in PostgreSQL.
    fn formed(&self, value: &Value) -> Value {
        match value {
            Value::Text(text) => Value::Text(self.form(text)),
            other => other.clone(),
        }
    }
}

/// A table of a database.
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    is_postgresql: bool,
}

impl Table {
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let columns = self.columns.iter();
        columns.map(|column| column.name.as_str()).collect()
    }

    #[must_use]
    pub fn has_key(&self) -> bool {
        self.columns.iter().any(|column| column.key > 0)
    }

    #[must_use]
    pub fn quoted(&self) -> String {
        quote(&self.name)
    }

    fn values(&self) -> String {
        let value = |column: &Column| {
            let name = quote(&column.name);
            if self.is_postgresql {
                format!("CAST({name} AS TEXT)")
            } else {
                format!("+{name}")
            }
        };
        list(self.columns.iter().map(value))
    }

    /// The statement that reads all rows, in the same order from every database.
    #[must_use]
    pub fn select(&self) -> String {
        let mut key: Vec<&Column> = self.columns.iter().collect();
        if self.has_key() {
            key.retain(|column| column.key > 0);
            key.sort_by_key(|column| column.key);
        }
        let order = list(key.iter().map(|column| self.ordered(column)));
        let (values, table) = (self.values(), self.quoted());
        format!("SELECT {values} FROM {table} ORDER BY {order}")
    }

    fn ordered(&self, column: &Column) -> String {
        let mut value = quote(&column.name);
        let is_key = column.key > 0;
        if !is_key {
            value = format!("CAST({value} AS TEXT)"); // some types, such as json, have no order
        }
        if column.has_collation || !is_key {
            let binary = if self.is_postgresql {
                "\"C\""
            } else {
                "BINARY"
            };
            value = format!("{value} COLLATE {binary}");
        }
        format!("{value} NULLS FIRST")
    }

    /// Returns the statement that writes so many rows, and gives back what they have become.
    #[must_use]
    pub fn insert(&self, count: usize) -> String {
        let names = list(self.columns.iter().map(|column| quote(&column.name)));
        let width = self.columns.len();
        let row = |number: usize| {
            let of_row = self.columns.iter().zip(number * width + 1..);
            let parameters = of_row.map(|(column, place)| {
                if self.is_postgresql {
                    format!("CAST(${place} AS {})", column.kind)
                } else {
                    format!("${place}")
                }
            });
            format!("({})", list(parameters))
        };
        let always = if self.is_postgresql {
            "OVERRIDING SYSTEM VALUE "
        } else {
            ""
        };
        let (rows, values, table) = (list((0..count).map(row)), self.values(), self.quoted());
        format!("INSERT INTO {table} ({names}) {always}VALUES {rows} RETURNING {values}")
    }

    /// Returns the values of a row that was found.
    ///
    /// # Errors
    ///
    /// If a text is none.
    pub fn read(&self, row: &AnyRow) -> sqlx::Result<Vec<Value>> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(place, column)| {
                if self.is_postgresql {
                    let text: Option<String> = row.try_get(place)?;
                    Ok(text.map_or(Value::Null, |text| from_text(column, text)))
                } else {
                    from_sqlite(column, row, place)
                }
            })
            .collect()
    }

    /// Gives a statement the values of a row.
    pub fn bind<'q>(
        &self,
        query: Query<'q, Any, AnyArguments>,
        values: &[Value],
    ) -> Query<'q, Any, AnyArguments> {
        let pairs = self.columns.iter().zip(values);
        pairs.fold(query, |query, (column, value)| match value {
            _ if self.is_postgresql => query.bind(to_text(&column.formed(value))),
            Value::Null => query.bind(None::<String>),
            Value::Boolean(value) => query.bind(i64::from(*value)),
            Value::Whole(value) => query.bind(*value),
            Value::Float(value) => query.bind(*value),
            Value::Text(value) => query.bind(value.clone()),
            Value::Bytes(value) => query.bind(value.clone()),
        })
    }

    /// Returns a row in the form that PostgreSQL would give to it, to compare it.
    #[must_use]
    pub fn form(&self, values: &[Value]) -> Vec<Value> {
        let pairs = self.columns.iter().zip(values);
        pairs.map(|(column, value)| column.formed(value)).collect()
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Returns a name as statements have it.
#[must_use]
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn from_text(column: &Column, text: String) -> Value {
    let read = match column.kind.as_str() {
        "boolean" => Some(Value::Boolean(text == "true")),
        "smallint" | "integer" | "bigint" => text.parse().ok().map(Value::Whole),
        "real" | "double precision" => text.parse().ok().map(Value::Float),
        "bytea" => from_hex(&text).map(Value::Bytes),
        _ => Some(Value::Text(column.form(&text))),
    };
    read.unwrap_or(Value::Text(text))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Text stays as it is: whoever wrote it wants to read it.
fn from_sqlite(column: &Column, row: &AnyRow, place: usize) -> sqlx::Result<Value> {
    let found = row.try_get_raw(place)?;
    if found.is_null() {
        return Ok(Value::Null);
    }
    let base = column.base();
    let is_decimal = ["numeric", "decimal", "json"].contains(&base.as_str());
    Ok(match found.type_info().kind() {
        AnyTypeInfoKind::Text => Value::Text(row.try_get(place)?),
        AnyTypeInfoKind::Blob => Value::Bytes(row.try_get(place)?),
        AnyTypeInfoKind::Double => {
            let value: f64 = row.try_get(place)?;
            match value {
                value if !is_decimal => Value::Float(value),
                value if !value.is_finite() => Value::Text(rows::number(value)),
                value => Value::Text(rows::decimal(&format!("{value}"))),
            }
        }
        _ => {
            let value: i64 = row.try_get(place)?;
            match value {
                0 | 1 if ["boolean", "bool"].contains(&base.as_str()) => Value::Boolean(value == 1),
                value if is_decimal => Value::Text(value.to_string()),
                value => Value::Whole(value),
            }
        }
    })
}

fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Boolean(value) => Some(value.to_string()),
        Value::Whole(value) => Some(value.to_string()),
        Value::Float(value) => Some(rows::number(*value)),
        Value::Text(value) => Some(value.clone()),
        Value::Bytes(value) => {
            let digits = value.iter().map(|byte| format!("{byte:02x}"));
            Some(format!("\\x{}", digits.collect::<String>()))
        }
    }
}

/// Has values written in the same form, whatever the server's settings are.
///
/// # Errors
///
/// If the database fails.
pub async fn prepare(connection: &mut AnyConnection) -> sqlx::Result<()> {
    if is_postgresql(connection) {
        sqlx::raw_sql(PREPARE).execute(connection).await?;
    }
    Ok(())
}

/// Returns the tables that a part says it has.
///
/// # Errors
///
/// If it says nothing, or has others.
pub async fn tables(
    connection: &mut AnyConnection,
    part: &Part,
    state: &State,
) -> Result<Vec<Table>, Obstacle> {
    let name = part.name;
    let refused = |why: String| Err(Obstacle::Refused(why));
    if part.tables.is_empty() {
        return refused(format!(
            "{name} declares no tables: list them in TABLES, beside its migrations"
        ));
    }
    let mut found = Vec::new();
    for declared in part.tables {
        let table = table(connection, declared).await?;
        if declared.contains('/') {
            return refused(format!(
                "{name} has the table {declared}, which no file can be called"
            ));
        }
        if !table.columns.is_empty() {
            found.push(table);
        } else if !state.is_missing() {
            return refused(format!(
                "{name} declares the table {declared}, which is not there"
            ));
        }
    }
    Ok(found)
}

async fn table(connection: &mut AnyConnection, name: &str) -> sqlx::Result<Table> {
    let is_postgresql = is_postgresql(connection);
    let (statement, asked) = if is_postgresql {
        (COLUMNS, quote(name))
    } else {
        (COLUMNS_SQLITE, name.into())
    };
    let found = sqlx::query_as::<_, (String, String, i64, i64)>(statement).bind(asked);
    let found = found.fetch_all(connection).await?.into_iter();
    let columns = found.map(|(name, kind, key, collation)| Column {
        name,
        kind,
        key,
        has_collation: collation != 0,
    });
    Ok(Table {
        name: name.into(),
        columns: columns.collect(),
        is_postgresql,
    })
}

/// Returns what tables are called that no part says it has.
///
/// # Errors
///
/// If the database fails.
pub async fn unlisted(connection: &mut AnyConnection, parts: &[Part]) -> sqlx::Result<Vec<String>> {
    let existing = if is_postgresql(connection) {
        EXISTING
    } else {
        EXISTING_SQLITE
    };
    let mut found: Vec<String> = sqlx::query_scalar(existing).fetch_all(connection).await?;
    let listed = |name: &str| parts.iter().any(|part| part.tables.contains(&name));
    found.retain(|name| !listed(name) && !name.ends_with(VERSIONS));
    Ok(found)
}

/// Returns a statement that is made of names and types of the database alone.
pub fn statement(text: String) -> Query<'static, Any, AnyArguments> {
    sqlx::query(AssertSqlSafe(text)).persistent(false)
}
