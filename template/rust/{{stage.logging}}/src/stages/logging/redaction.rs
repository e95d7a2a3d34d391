//! Redacts secrets in names, values and text before they reach a line.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use fancy_regex::{Regex, RegexBuilder, escape};

use super::rules;

pub const HIDDEN: &str = "[redacted]";

/// The shell's own.
const DIRECTORIES: [&str; 2] = ["PWD", "OLDPWD"];
/// Beside the words of a text, what a name may contain that is secret.
const NAMED: [&str; 2] = ["private", "otp"];
/// As long as the beginning of a token with a known form.
const RUN: usize = 13;

static RULES: LazyLock<Vec<(Pattern, &[&str])>> = LazyLock::new(|| {
    let rules = rules::rules().into_iter();
    rules
        .map(|rule| (Pattern::new(rule.pattern), rule.hints))
        .collect()
});
/// Most texts have none of the words of any rule: to find that out is fast.
static HINTS: LazyLock<Pattern> = LazyLock::new(|| {
    let hints: Vec<&str> = RULES
        .iter()
        .flat_map(|(_, hints)| *hints)
        .copied()
        .collect();
    Pattern::of_words(&hints)
});
static NAMES: LazyLock<Pattern> =
    LazyLock::new(|| Pattern::of_words(&[&rules::WORDS[..], &NAMED].concat()));
static NAME: LazyLock<Pattern> = LazyLock::new(|| Pattern::new(rules::secret_name()));
static TOKEN: LazyLock<Pattern> = LazyLock::new(|| Pattern::new(rules::TOKEN.to_owned()));

/// Compiled on first use, which keeps the start fast.
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn new(text: String) -> Self {
        Self {
            text,
            compiled: OnceLock::new(),
        }
    }

    /// Finds words in upper and lower case.
    fn of_words(words: &[&str]) -> Self {
        let escaped = words.iter().map(|word| escape(word).replace(' ', r"\ "));
        let escaped: Vec<_> = escaped.collect();
        Self::new(format!("(?i:{})", escaped.join("|")))
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            RegexBuilder::new(&self.text)
                .verbose_mode(true)
                .dot_matches_new_line(true)
                .build()
                .ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Tells whether it is in a text, or may be.
    fn is_in(&self, text: &str) -> bool {
        let regex = self.regex();
        regex.is_none_or(|regex| regex.is_match(text).unwrap_or(true))
    }

    /// Finds the secrets of a text; nothing if that cannot be told.
    fn find(&self, text: &str, group: Option<&str>) -> Option<Vec<Range<usize>>> {
        let mut found = Vec::new();
        for captures in self.regex()?.captures_iter(text) {
            let captures = captures.ok()?; // the limit of steps back
            let secret = group.map_or_else(|| captures.get(0), |name| captures.name(name));
            let range = secret.map(|secret| secret.range());
            found.extend(range.filter(|range| !range.is_empty()));
        }
        Some(found)
    }
}

/// Returns `text` without the credentials that it shows.
pub fn in_text(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    let has_hint = HINTS.is_in(&text);
    for (pattern, hints) in RULES.iter().filter(|_| has_hint) {
        let lowered = text.to_ascii_lowercase();
        if hints.iter().any(|hint| lowered.contains(hint)) {
            hide(&mut text, pattern.find(&lowered, Some("secret")));
        }
    }
    if has_hint || has_run(&text) {
        let found = TOKEN.find(&text, None);
        hide(&mut text, found);
    }
    text
}

/// Tells whether a value of this name must be redacted.
pub fn is_secret(name: &str) -> bool {
    !DIRECTORIES.contains(&name) && NAMES.is_in(name) && NAME.is_in(&name.to_ascii_lowercase())
}

/// Replaces the secrets; all of the text where they cannot be told from the rest.
fn hide(text: &mut Cow<'_, str>, secrets: Option<Vec<Range<usize>>>) {
    match secrets {
        None => *text = HIDDEN.into(),
        Some(secrets) => {
            for secret in secrets.into_iter().rev() {
                text.to_mut().replace_range(secret, HIDDEN);
            }
        }
    }
}

/// Whether there is a run of characters that begins and goes on as tokens do.
fn has_run(text: &str) -> bool {
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let begins = |byte: &u8| goes_on(byte) && !byte.is_ascii_lowercase() && *byte != b'.';
    let mut runs = text.as_bytes().split(|byte| !goes_on(byte));
    runs.any(|run| {
        run.iter()
            .position(begins)
            .is_some_and(|start| run.len() - start >= RUN)
    })
}
