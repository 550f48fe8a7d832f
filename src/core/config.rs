//! The options that the rules depend on, validated and complete. The defaults stand in the front end (`js/client`).

use super::Millis;

/// Durations and modes that decide when the client renews and how long it waits.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Renew this long before expiry. The margin never exceeds half of the token's lifetime.
    pub renew_before: Millis,
    /// Abort one auth request after this long. Calls that wait for a token wait no longer than this either.
    pub timeout: Millis,
    /// When the client asks the server, at its start, for a session to resume.
    pub restore: Restore,
    /// Whether this client follows the other tabs of the origin. If not, the session hint counts at the start only.
    pub cross_tab: bool,
}

/// When the client asks the server, at its start, for a session to resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restore {
    /// If the origin's storage holds a session hint, or if this browser has never asked: some browsers clear the storage and
    /// keep the cookie.
    Auto,
    /// Only if the origin's storage holds a session hint.
    Hint,
    /// Always.
    Always,
    /// Never: the app calls `login` or `refresh`.
    Never,
}
