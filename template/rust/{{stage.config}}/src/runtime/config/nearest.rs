//! Which name was probably meant.

/// Returns the known name that is nearest to another, if it is near enough.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: String = name.chars().take(60).collect();
    let wanted: Vec<char> = wanted.to_uppercase().replace('-', "_").chars().collect();
    let (distance, found) = known.map(|other| (distance(&wanted, other), other)).min()?;
    (distance <= (wanted.len() / 3).max(2)).then_some(found)
}

/// Returns how many letters have to be changed, added or left out.
fn distance(one: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (number, letter) in one.iter().enumerate() {
        let mut below = vec![number + 1];
        for (at, another) in other.chars().enumerate() {
            let changed = row[at] + usize::from(*letter != another);
            below.push(changed.min(row[at + 1] + 1).min(below[at] + 1));
        }
        row = below;
    }
    row.last().copied().unwrap_or_default()
}
