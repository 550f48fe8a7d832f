//! What the app may set, already checked and complete. The defaults are written once, in `js/options.ts`.

use super::Millis;

/// The settings that decide when to renew and how long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Renew so long before expiry; never more than half of the token's life is used for it.
    pub renew_before: Millis,
    /// Give up one auth call after so long; calls that wait for a refresh wait no longer than this either.
    pub timeout: Millis,
    /// Whether to try to resume a session at the start.
    pub restore: Restore,
}

/// When the client asks the server, at its start, whether there is a session to resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restore {
    /// Only where this browser was signed in.
    Auto,
    /// Always.
    Always,
    /// Never: the app signs in by itself.
    Never,
}
