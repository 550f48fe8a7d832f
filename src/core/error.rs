//! The closed set of error codes that the core reports, and who can do what about each.

use super::Millis;

/// Why a call failed. The front ends name the codes (`AuthError.code` in TypeScript) and add a few of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// `options.authHeaders` threw or rejected, so the auth request was not sent. The developer fixes the callback.
    RequestNotSent,
    /// The server rejected the credentials. The user tries again.
    InvalidCredentials,
    /// The server refused the login for another reason than the credentials. The server's message says why.
    LoginRejected,
    /// The login needs a further step, such as a code of an authenticator. The app asks the user for it.
    LoginStepRequired,
    /// No user is signed in. The app shows its login.
    SignedOut,
    /// The session ended during the call. The app shows its login.
    SessionEnded,
    /// No token is available at present; the session continues. The same call may succeed later.
    RefreshUnavailable,
    /// The server asked to wait before the next login.
    RateLimited,
    /// The server did not answer within the timeout.
    Timeout,
    /// No response: the device is offline, the server is down, or CORS blocked the response.
    Offline,
    /// The server answered with success but without an access token. The developer fixes the server or the field names.
    MalformedResponse,
    /// The server failed, or has no such endpoint.
    ServerError,
    /// The client was disposed of during the call.
    Disposed,
}

impl ErrorCode {
    const ALL: [Self; 13] = [
        Self::RequestNotSent,
        Self::InvalidCredentials,
        Self::LoginRejected,
        Self::LoginStepRequired,
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

    /// The name, such as `INVALID_CREDENTIALS`: `AuthError.code` of the npm package.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestNotSent => "REQUEST_NOT_SENT",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::LoginRejected => "LOGIN_REJECTED",
            Self::LoginStepRequired => "LOGIN_STEP_REQUIRED",
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

    /// The code of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// What happened, in one sentence.
    pub fn description(self) -> &'static str {
        match self {
            Self::RequestNotSent => "auth_headers failed (see the console)",
            Self::InvalidCredentials => "the server rejected the credentials",
            Self::LoginRejected => "the server refused the login, and not because of the credentials",
            Self::LoginStepRequired => "the login needs a further step",
            Self::SignedOut => "no user is signed in",
            Self::SessionEnded => "the session ended during the call",
            Self::RefreshUnavailable => "no access token at the moment; the session continues",
            Self::RateLimited => "the server asks to wait",
            Self::Timeout => "no response in time (timeout)",
            Self::Offline => "no response: offline, server down, or CORS (see the console)",
            Self::MalformedResponse => "no access token in the response",
            Self::ServerError => "the server failed, or has no such endpoint",
            Self::Disposed => "this client was disposed",
        }
    }

    /// Whether the same call may succeed later without an action of the user.
    pub fn retryable(self) -> bool {
        matches!(self, Self::RefreshUnavailable | Self::RateLimited | Self::Timeout | Self::Offline | Self::ServerError)
    }
}

/// An error code with what the server's response added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The code.
    pub code: ErrorCode,
    /// The HTTP status, if the server answered. Of `RefreshUnavailable`, that of the last refresh.
    pub status: Option<u16>,
    /// How long to wait before the next attempt, if known.
    pub retry_after: Option<Millis>,
}

impl Failure {
    /// A failure without a response of a server.
    pub fn of(code: ErrorCode) -> Self {
        Self { code, status: None, retry_after: None }
    }

    /// Whether the same call may succeed later without an action of the user. An endpoint that does not exist (404, 405, 410,
    /// 501) needs the developer.
    pub fn retryable(self) -> bool {
        let is_missing = self.code == ErrorCode::ServerError && matches!(self.status, Some(404 | 405 | 410 | 501));
        self.code.retryable() && !is_missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_that_can_resolve_without_the_user_are_retryable() {
        for (code, retryable) in [
            (ErrorCode::RequestNotSent, false),
            (ErrorCode::InvalidCredentials, false),
            (ErrorCode::LoginRejected, false),
            (ErrorCode::LoginStepRequired, false),
            (ErrorCode::SignedOut, false),
            (ErrorCode::SessionEnded, false),
            (ErrorCode::RefreshUnavailable, true),
            (ErrorCode::RateLimited, true),
            (ErrorCode::Timeout, true),
            (ErrorCode::Offline, true),
            (ErrorCode::MalformedResponse, false),
            (ErrorCode::ServerError, true),
            (ErrorCode::Disposed, false),
        ] {
            assert_eq!(code.retryable(), retryable, "{code:?}");
            assert_eq!(ErrorCode::from_name(code.as_str()), Some(code));
        }
    }
}
