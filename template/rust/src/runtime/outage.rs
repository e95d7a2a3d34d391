//! What the log names of an outage: its first causes, each once.

const MOST_CAUSES: usize = 5;

/// The causes that the log has named since it began.
#[derive(Clone, Debug, Default)]
pub struct Named(Vec<String>);

impl Named {
    /// What the line of a cause says beside it; nothing where it needs no line.
    pub fn still(&mut self, cause: &str) -> Option<&'static str> {
        if self.0.len() >= MOST_CAUSES || self.0.iter().any(|named| named == cause) {
            return None;
        }
        let still = if self.0.is_empty() { "" } else { "still " };
        self.0.push(cause.to_owned());
        Some(still)
    }

    /// Forgets them, and tells whether there were any: the outage is over.
    pub fn end(&mut self) -> bool {
        !std::mem::take(&mut self.0).is_empty()
    }
}
