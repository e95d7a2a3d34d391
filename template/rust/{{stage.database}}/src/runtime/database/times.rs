//! Times in the one form that exports have; SQLite keeps whatever form they were given in.

/// A time as it is written: in parts, which are checked where they have to be.
struct Written<'a> {
    /// Year, month and day.
    date: Option<&'a str>,
    hour: &'a str,
    minute: &'a str,
    second: &'a str,
    fraction: &'a str,
    /// East of Greenwich, in minutes.
    offset: i32,
}

/// Returns a time in UTC, with microseconds and without its zone; what is none, as it is.
#[must_use]
pub fn time(text: &str) -> String {
    parsed(text)
        .and_then(|written| written.in_utc())
        .unwrap_or_else(|| text.into())
}

fn parsed(text: &str) -> Option<Written<'_>> {
    let (date, clock) = match text.find(['T', 't', ' ']) {
        Some(end) if is_date(&text[..end]) => (Some(&text[..end]), &text[end + 1..]),
        _ if is_date(text) => (Some(text), "00:00"),
        _ => (None, text),
    };
    let (clock, offset) = without_zone(clock)?;
    let (whole, fraction) = match clock.split_once('.') {
        Some((whole, fraction)) if whole.len() == 8 && !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (clock, ""),
    };
    let parts: Vec<&str> = whole.split(':').collect();
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (hour, minute, "00"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let are_pairs = [hour, minute, second].iter().all(|part| is_number(part, 2));
    let is_fraction = fraction.bytes().all(|digit| digit.is_ascii_digit());
    (are_pairs && is_fraction).then_some(Written {
        date,
        hour,
        minute,
        second,
        fraction: fraction.trim_end_matches('0'),
        offset,
    })
}

fn is_number(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|digit| digit.is_ascii_digit())
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    match parts[..] {
        [year, month, day] => {
            (4..=6).any(|length| is_number(year, length))
                && is_number(month, 2)
                && is_number(day, 2)
        }
        _ => false,
    }
}

/// Splits a time from its zone, which may be missing: then it is UTC.
fn without_zone(clock: &str) -> Option<(&str, i32)> {
    let bare = |clock: &'_ str| clock.strip_suffix(' ').map_or(clock.len(), str::len);
    if let Some(utc) = clock.strip_suffix(['Z', 'z']) {
        return Some((&utc[..bare(utc)], 0));
    }
    let Some(place) = clock.find(['+', '-']) else {
        return Some((clock, 0));
    };
    let digits = &clock[place + 1..];
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        _ => digits.split_once(':')?,
    };
    let is_zone = is_number(hours, 2) && is_number(minutes, 2);
    if !is_zone || hours > "19" || minutes > "59" {
        return None;
    }
    let offset = number(hours)? * 60 + number(minutes)?;
    let offset = if clock[place..].starts_with('-') {
        -offset
    } else {
        offset
    };
    let clock = &clock[..place];
    Some((&clock[..bare(clock)], offset))
}

fn number(digits: &str) -> Option<i32> {
    digits.parse().ok()
}

impl Written<'_> {
    /// Returns nothing for a fraction that PostgreSQL would round, and for a day that is none.
    fn in_utc(&self) -> Option<String> {
        let (second, fraction) = (self.second, self.fraction);
        if fraction.len() > 6 {
            return None;
        }
        let (date, clock) = match self.offset {
            0 => (
                self.date.map(ToOwned::to_owned),
                format!("{}:{}", self.hour, self.minute),
            ),
            _ => self.moved()?,
        };
        let date = date.map(|date| format!("{date} ")).unwrap_or_default();
        Some(format!("{date}{clock}:{second}.{fraction:0<6}"))
    }

    /// Returns date and time where it is UTC; without a date, it is a time of no day.
    fn moved(&self) -> Option<(Option<String>, String)> {
        let (hour, minute) = (number(self.hour)?, number(self.minute)?);
        let parts: Vec<i32> = self.date?.split('-').filter_map(number).collect();
        let (mut year, mut month, mut day) = match parts[..] {
            [year, month, day] => (year, month, day),
            _ => return None,
        };
        let is_time = hour < 24 && minute < 60 && number(self.second)? < 60;
        let is_day = (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
        if !is_time || !is_day || !(1..=9999).contains(&year) {
            return None;
        }
        let minutes = hour * 60 + minute - self.offset;
        day += minutes.div_euclid(24 * 60);
        if day < 1 {
            month -= 1;
            if month < 1 {
                (year, month) = (year - 1, 12);
            }
            day = days(year, month);
        } else if day > days(year, month) {
            (month, day) = (month + 1, 1);
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        let minutes = minutes.rem_euclid(24 * 60);
        let clock = format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let date = format!("{year:04}-{month:02}-{day:02}");
        (1..=9999).contains(&year).then_some((Some(date), clock))
    }
}

fn days(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
