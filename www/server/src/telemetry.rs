//! What happened, counted: for `/metrics`, and for tests that ask the server itself.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// The things that are counted. The names are the values of the label `event`.
#[derive(Debug, Clone, Copy)]
pub enum Happened {
    LoginOk,
    LoginFailed,
    /// A refresh that made a new generation.
    Rotated,
    /// A refresh that was answered again.
    Repeated,
    RefreshRefused,
    Reused,
    Logout,
    Limited,
    /// An API call that was let in, and one that was not.
    Authorised,
    Unauthorised,
}

const NAMES: [(&str, &str); 10] = [
    ("login_ok", "info"),
    ("login_failed", "info"),
    ("refresh_rotated", "info"),
    ("refresh_repeated", "info"),
    ("refresh_refused", "info"),
    ("refresh_reused", "warn"),
    ("logout", "info"),
    ("limited", "info"),
    ("api_authorised", ""),
    ("api_unauthorised", ""),
];

/// Counters since the start.
#[derive(Default)]
pub struct Telemetry([AtomicU64; NAMES.len()]);

impl Telemetry {
    /// Counts, and logs what belongs into a log: the session's id or nothing, never a token or an address of a user.
    pub fn count(&self, what: Happened, sid: &str) {
        self.0[what as usize].fetch_add(1, Ordering::Relaxed);
        match NAMES[what as usize] {
            (event, "warn") => tracing::warn!(event, sid),
            (event, "info") => tracing::info!(event, sid),
            _ => {}
        }
    }

    /// Prometheus' text format.
    pub fn render(&self) -> String {
        let mut text = String::from("# HELP tokenward_events_total What happened since the start.\n");
        text.push_str("# TYPE tokenward_events_total counter\n");
        for ((name, _), count) in NAMES.iter().zip(&self.0) {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(text, "tokenward_events_total{{event=\"{name}\"}} {count}");
        }
        text
    }
}
