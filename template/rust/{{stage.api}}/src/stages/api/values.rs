//! Values that JSON has as texts: times, days and identifiers.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;

/// A time, given with its offset (RFC 3339); it is kept in UTC, to the microsecond.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = DateTime)]
pub struct Time(pub OffsetDateTime);

/// A day, as in 2026-11-28.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = Date)]
pub struct Date(pub time::Date);

/// An identifier (RFC 9562).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = "uuid")]
pub struct Uuid(pub uuid::Uuid);

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let at = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| "it is no time")?;
        let in_utc = at.checked_to_offset(UtcOffset::UTC);
        let in_utc = in_utc.filter(|at| (1..=9999).contains(&at.year()));
        in_utc
            .and_then(|at| at.replace_nanosecond(at.microsecond() * 1000).ok())
            .map(Self)
            .ok_or("there is no such time in UTC")
    }
}

impl TryFrom<String> for Date {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let midnight = Time::try_from(format!("{text}T00:00:00Z"));
        let Time(midnight) = midnight.map_err(|_| "it is no day")?;
        Ok(Self(midnight.date()))
    }
}

impl TryFrom<String> for Uuid {
    type Error = uuid::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        uuid::Uuid::parse_str(&text).map(Self)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, (hour, minute, second)) = (self.0.date(), self.0.to_hms());
        write!(f, "{date}T{hour:02}:{minute:02}:{second:02}")?;
        match self.0.microsecond() {
            0 => f.write_str("Z"),
            microsecond => write!(f, ".{microsecond:06}Z"),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl From<Uuid> for String {
    fn from(uuid: Uuid) -> Self {
        uuid.to_string()
    }
}
