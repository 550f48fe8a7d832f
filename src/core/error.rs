//! The closed set of error codes, each with who can do what about it.

use super::Millis;

/// Why a call could not be done. The names are those of `AuthError.code` in TypeScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// What the app set cannot be used. The developer mends the code.
    InvalidOptions,
    /// The server refused what was handed to `login`. The user can try again.
    InvalidCredentials,
    /// Nobody is signed in. The app shows its login.
    SignedOut,
    /// The session ended while the call was under way. The app shows its login.
    SessionEnded,
    /// No token could be had for now; the session lives on. The same call may succeed later.
    RefreshUnavailable,
    /// The server asked to wait before the next login.
    RateLimited,
    /// The server took longer than `options.timeout`.
    Timeout,
    /// No answer at all: offline, the server is down, or CORS refused.
    Offline,
    /// The server said yes, but its answer holds no access token. The developer mends the server or `options.fields`.
    MalformedResponse,
    /// The server failed, or there is no such endpoint.
    ServerError,
    /// The client was disposed of while the call was under way.
    Disposed,
}

impl Code {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::InvalidOptions,
        Self::InvalidCredentials,
        Self::SignedOut,
        Self::SessionEnded,
        Self::RefreshUnavailable,
        Self::RateLimited,
        Self::Timeout,
        Self::Offline,
        Self::MalformedResponse,
        Self::ServerError,
        Self::Disposed,
    ];

    /// The name as JavaScript sees it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidOptions => "INVALID_OPTIONS",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::SignedOut => "SIGNED_OUT",
            Self::SessionEnded => "SESSION_ENDED",
            Self::RefreshUnavailable => "REFRESH_UNAVAILABLE",
            Self::RateLimited => "RATE_LIMITED",
            Self::Timeout => "TIMEOUT",
            Self::Offline => "OFFLINE",
            Self::MalformedResponse => "MALFORMED_RESPONSE",
            Self::ServerError => "SERVER_ERROR",
            Self::Disposed => "DISPOSED",
        }
    }

    /// Whether the same call may succeed later without the user doing anything.
    pub fn retryable(self) -> bool {
        matches!(self, Self::RefreshUnavailable | Self::RateLimited | Self::Timeout | Self::Offline | Self::ServerError)
    }
}

/// An error with what the server said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Which of the closed set.
    pub code: Code,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How long the server asked to wait.
    pub retry_after: Option<Millis>,
}

impl Failure {
    /// A failure that no answer of a server caused.
    pub fn of(code: Code) -> Self {
        Self { code, status: None, retry_after: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_mend_itself_is_retryable() {
        for (code, name, retryable) in [
            (Code::InvalidOptions, "INVALID_OPTIONS", false),
            (Code::InvalidCredentials, "INVALID_CREDENTIALS", false),
            (Code::SignedOut, "SIGNED_OUT", false),
            (Code::SessionEnded, "SESSION_ENDED", false),
            (Code::RefreshUnavailable, "REFRESH_UNAVAILABLE", true),
            (Code::RateLimited, "RATE_LIMITED", true),
            (Code::Timeout, "TIMEOUT", true),
            (Code::Offline, "OFFLINE", true),
            (Code::MalformedResponse, "MALFORMED_RESPONSE", false),
            (Code::ServerError, "SERVER_ERROR", true),
            (Code::Disposed, "DISPOSED", false),
        ] {
            assert_eq!((code.as_str(), code.retryable()), (name, retryable));
        }
    }
}
