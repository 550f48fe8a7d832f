//! The diagnostic entries, for bug reports: why a user was signed out, what was attempted, when the next attempt is.

use js_sys::JSON;

use super::platform::Entry;

/// How much an entry matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// The ordinary course.
    Debug,
    /// A change that the app sees.
    Info,
    /// A failure.
    Warn,
}

/// One diagnostic entry. It never holds a token, a password or a URL with a query.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Milliseconds since the epoch.
    pub at: f64,
    /// How much the entry matters.
    pub level: LogLevel,
    /// What happened, such as `auth-request` or `signed-out`.
    pub event: String,
    /// What is known of it, as JSON; empty if nothing is.
    pub detail: String,
}

impl LogEntry {
    pub(super) fn from_js(entry: &Entry) -> Self {
        let level = match entry.level().as_str() {
            "debug" => LogLevel::Debug,
            "info" => LogLevel::Info,
            _ => LogLevel::Warn,
        };
        let detail = JSON::stringify(&entry.detail()).ok().and_then(|text| text.as_string()).unwrap_or_default();
        Self { at: entry.at(), level, event: entry.event(), detail }
    }
}
