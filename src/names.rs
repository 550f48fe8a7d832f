//! The names that cross the border to JavaScript, in the npm bindings and in the Rust client. Each enum crosses as a number, and wasm-bindgen writes the table of names. The
//! conversions are exhaustive, so a variant of the core without a name here does not compile.

#![allow(missing_docs, reason = "each variant is its name; wasm-bindgen adds an undocumented one")]

use crate::core;
use wasm_bindgen::prelude::wasm_bindgen;

/// A string enum that only the imports use. wasm-bindgen writes the TypeScript union for exports alone.
macro_rules! imported_enum {
    ($(#[doc = $doc:literal])+ pub enum $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[doc = $doc])+
        #[wasm_bindgen]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($variant = $text,)+
        }

        const _: () = {
            #[wasm_bindgen(typescript_custom_section)]
            const UNION: &'static str = concat!("export type ", stringify!($name), " =", $(" | '", $text, "'",)+ ";\n");
        };
    };
}

imported_enum! {
    /// `Session.status`.
    pub enum SessionStatus {
        Restoring = "restoring",
        SignedIn = "signed-in",
        SignedOut = "signed-out",
    }
}

/// `Session.reason`.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedOutReason {
    NoSession = "no-session",
    Logout = "logout",
    Expired = "expired",
    Revoked = "revoked",
    TokenReused = "token-reused",
    OtherTab = "other-tab",
    RestoreFailed = "restore-failed",
}

imported_enum! {
    /// The events that carry a session. (`refresh-failed` carries an error and has a method of its own.)
    pub enum AuthEvent {
        SessionUpdated = "session-updated",
        SignedIn = "signed-in",
        AccountChanged = "account-changed",
        Refreshed = "refreshed",
        SignedOut = "signed-out",
    }
}

imported_enum! {
    /// `AuthError.code`, as far as the core decides it.
    pub enum ErrorCode {
        RequestNotSent = "REQUEST_NOT_SENT",
        InvalidCredentials = "INVALID_CREDENTIALS",
        LoginRejected = "LOGIN_REJECTED",
        LoginStepRequired = "LOGIN_STEP_REQUIRED",
        SignedOut = "SIGNED_OUT",
        SessionEnded = "SESSION_ENDED",
        RefreshUnavailable = "REFRESH_UNAVAILABLE",
        RateLimited = "RATE_LIMITED",
        Timeout = "TIMEOUT",
        Offline = "OFFLINE",
        MalformedResponse = "MALFORMED_RESPONSE",
        ServerError = "SERVER_ERROR",
        Disposed = "DISPOSED",
    }
}

/// The auth endpoints, by the names of `options.endpoints`.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Refresh = "refresh",
    Login = "login",
    Logout = "logout",
    LogoutAll = "logoutAll",
}

/// Why an auth request has no HTTP response.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFailure {
    NetworkError = "network-error",
    NotSent = "not-sent",
}

/// What an error code of the server states about the session.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionErrorCode {
    Ended = "ended",
    TokenReused = "token-reused",
    Revoked = "revoked",
    RequestFault = "request-fault",
    BadCredentials = "bad-credentials",
    Over = "over",
    Refused = "refused",
    StepRequired = "step-required",
}

/// `options.restore`.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreMode {
    Auto = "auto",
    Hint = "hint",
    Always = "always",
    Never = "never",
}

/// `type` of the messages between tabs (docs/reference/wire-formats.md).
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageType {
    SignedIn = "signed-in",
    SignedOut = "signed-out",
    Refreshed = "refreshed",
    RefreshFailed = "refresh-failed",
    LockStolen = "lock-stolen",
}

/// Which sign-in a message is about.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionRelation {
    Same = "same",
    Current = "current",
    Stale = "stale",
}

imported_enum! {
    /// The session hint in the storage, compared with the one that this client knows.
    pub enum HintState {
        Same = "same",
        Removed = "removed",
        Other = "other",
        Unasked = "unasked",
    }
}

/// One conversion between an enum of the core and its names here. wasm-bindgen adds a variant for "no such name", which
/// counts as the default.
macro_rules! convert {
    ($here:ident => $core:ty, default $default:ident: $($variant:ident),+) => {
        impl From<$here> for $core {
            fn from(name: $here) -> Self {
                match name {
                    $($here::$variant => Self::$variant,)+
                    _ => Self::$default,
                }
            }
        }
    };
    ($core:ty => $here:ident: $($variant:ident),+ $(; $(#[$attribute:meta])* $other:ident as $alias:ident)?) => {
        impl From<$core> for $here {
            fn from(value: $core) -> Self {
                match value {
                    $(<$core>::$variant => Self::$variant,)+
                    $($(#[$attribute])* <$core>::$other => Self::$alias,)?
                }
            }
        }
    };
}

// (The Rust client decides `Idle`. The other tabs are told that it logged out.)
convert!(
    core::SignedOutReason => SignedOutReason:
    NoSession, Logout, Expired, Revoked, TokenReused, OtherTab, RestoreFailed;
    #[cfg(feature = "idle")] Idle as Logout
);
convert!(
    SignedOutReason => core::SignedOutReason, default Expired:
    NoSession, Logout, Expired, Revoked, TokenReused, OtherTab, RestoreFailed
);
convert!(
    core::ErrorCode => ErrorCode:
    RequestNotSent, InvalidCredentials, LoginRejected, LoginStepRequired, SignedOut, SessionEnded, RefreshUnavailable, RateLimited, Timeout, Offline,
    MalformedResponse, ServerError, Disposed
);
convert!(
    SessionErrorCode => core::SessionErrorCode, default Ended:
    Ended, TokenReused, Revoked, RequestFault, BadCredentials, Over, Refused, StepRequired
);
convert!(RestoreMode => core::Restore, default Auto: Auto, Hint, Always, Never);
convert!(SessionRelation => core::SessionRelation, default Stale: Same, Current, Stale);
convert!(HintState => core::HintState, default Same: Same, Removed, Other, Unasked);
