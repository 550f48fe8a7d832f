//! What the app may know about the session, and the events.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use js_sys::{Array, JSON, Reflect};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use super::AuthError;
use super::decode::decode;
use crate::core::SignedOutReason;

/// The session, with the user as the app's own type.
#[derive(Debug, Clone, PartialEq)]
pub enum Session<U> {
    /// The server has not said yet whether there is a session to resume.
    Restoring,
    /// A user is signed in.
    SignedIn {
        /// The user as the server's response names it. An app whose server names no user declares `Option<User>`.
        user: U,
        /// When the access token expires: milliseconds since the epoch by this browser's clock, if known.
        expires_at: Option<f64>,
    },
    /// No user is signed in.
    SignedOut {
        /// Why.
        reason: SignedOutReason,
    },
}

/// The session at one moment, cheap to clone. [`SessionSnapshot::decode`] reads the user.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionSnapshot {
    pub(super) status: SessionStatus,
    /// `None` if no user is signed in, or the server names none. (Values of JavaScript exist in a browser only.)
    pub(super) user: Option<JsValue>,
    /// The payload of the JWT, base64url; empty for an opaque token.
    pub(super) payload: String,
    /// Why the last refresh failed, and when the next attempt is.
    pub(super) unavailable: Option<(AuthError, Option<f64>)>,
}

/// Whether a user is signed in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SessionStatus {
    /// The server has not said yet whether there is a session to resume.
    Restoring,
    /// A user is signed in.
    SignedIn {
        /// When the access token expires: milliseconds since the epoch by this browser's clock, if known.
        expires_at: Option<f64>,
    },
    /// No user is signed in.
    SignedOut {
        /// Why.
        reason: SignedOutReason,
    },
}

impl SessionSnapshot {
    pub(crate) const RESTORING: Self =
        Self { status: SessionStatus::Restoring, user: None, payload: String::new(), unavailable: None };

    /// The same session after a refresh that failed without ending it.
    pub(super) fn unavailable(&self, error: AuthError, retry_at: Option<f64>) -> Self {
        Self { unavailable: Some((error, retry_at)), ..self.clone() }
    }

    /// Whether a user is signed in.
    pub fn status(&self) -> SessionStatus {
        self.status
    }

    /// Why the last refresh failed without ending the session; `None` after a success. With [`SessionStatus::Restoring`]: the
    /// server has not said yet whether there is a session, and this is why. With [`SignedOutReason::RestoreFailed`]: the last
    /// answer.
    pub fn error(&self) -> Option<&AuthError> {
        self.unavailable.as_ref().map(|(error, _)| error)
    }

    /// Why it is not known whether a user is signed in: a restore that failed. `None` in every other state.
    pub fn restore_error(&self) -> Option<&AuthError> {
        self.error().filter(|_| self.status == SessionStatus::Restoring)
    }

    /// When the next attempt is: milliseconds since the epoch; `None` if none is scheduled or nothing failed.
    pub fn retry_at(&self) -> Option<f64> {
        self.unavailable.as_ref().and_then(|(_, retry_at)| *retry_at)
    }

    /// Whether a user is signed in.
    pub fn is_signed_in(&self) -> bool {
        matches!(self.status, SessionStatus::SignedIn { .. })
    }

    /// The session with the user as the app's own type.
    ///
    /// # Errors
    /// [`AuthError::Json`] if the server's user does not fit the type.
    pub fn decode<U: DeserializeOwned>(&self) -> Result<Session<U>, AuthError> {
        Ok(match self.status {
            SessionStatus::Restoring => Session::Restoring,
            SessionStatus::SignedIn { expires_at } => {
                Session::SignedIn { user: decode(self.user_value())?, expires_at }
            }
            SessionStatus::SignedOut { reason } => Session::SignedOut { reason },
        })
    }

    /// The payload of the JWT as the app's own type; `None` for an opaque token and while no user is signed in. It is not
    /// verified: for display, never for access control.
    ///
    /// # Errors
    /// [`AuthError::Json`] if the claims do not fit the type.
    pub fn claims<C: DeserializeOwned>(&self) -> Result<Option<C>, AuthError> {
        self.claims_object().map(decode).transpose()
    }

    /// Whether the user has a role: `user.role`, `user.roles`, or the claims of these names. For display only.
    pub fn has_role(&self, role: &str) -> bool {
        if !self.is_signed_in() {
            return false;
        }
        let role = JsValue::from(role);
        let names_it =
            |value: JsValue| value == role || value.dyn_ref::<Array>().is_some_and(|roles| roles.includes(&role, 0));
        [self.user.clone(), self.claims_object()].into_iter().flatten().filter(JsValue::is_object).any(|holder| {
            ["role", "roles"].into_iter().any(|name| Reflect::get(&holder, &name.into()).is_ok_and(names_it))
        })
    }

    /// The user as JavaScript has it: a frozen value, or null.
    pub fn user_value(&self) -> JsValue {
        self.user.clone().unwrap_or(JsValue::NULL)
    }

    pub(super) fn claims_object(&self) -> Option<JsValue> {
        let segment = Some(self.payload.trim_end_matches('=')).filter(|segment| !segment.is_empty())?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(segment).ok()?;
        JSON::parse(std::str::from_utf8(&bytes).ok()?).ok().filter(JsValue::is_object)
    }
}

/// What happened. [`AuthClient::events`](crate::AuthClient::events) yields each event after the client has finished its work
/// and released its lock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AuthEvent {
    /// A user is signed in: by login, by restore, or because another tab signed in.
    SignedIn(SessionSnapshot),
    /// Another user is signed in now. Calls made for the user before fail with
    /// [`SessionEnded`](crate::ErrorCode::SessionEnded). [`AuthEvent::SignedIn`] comes first.
    AccountChanged {
        /// The session of the user before.
        from: SessionSnapshot,
        /// The session now.
        to: SessionSnapshot,
    },
    /// The session continues with a new access token.
    Refreshed(SessionSnapshot),
    /// The session is over.
    SignedOut {
        /// Why.
        reason: SignedOutReason,
    },
    /// An API requires more than this token has (`insufficient_scope`, RFC 6750; `insufficient_user_authentication`, RFC
    /// 9470). The caller receives the response; no refresh is attempted. This is a copy of the response.
    StepUpRequired(web_sys::Response),
    /// The browser returned from the identity provider without a session. It comes once, after
    /// [`ready`](crate::AuthClient::ready). A user who was signed in before still is.
    #[cfg(feature = "sign-in")]
    SignInFailed {
        /// Why.
        error: AuthError,
        /// The address to which the user wanted to return: path, query and fragment of this page.
        return_to: String,
    },
    /// The user is idle, and will be signed out. Activity, or [`stay_active`](crate::AuthClient::stay_active), prevents it.
    #[cfg(feature = "idle")]
    IdleWarning {
        /// When the user is signed out: milliseconds since the epoch.
        sign_out_at: f64,
    },
    /// The user was active during the warning, or no user is signed in any more.
    #[cfg(feature = "idle")]
    IdleWarningEnded,
    /// A refresh failed without ending the session.
    RefreshFailed {
        /// Why.
        error: AuthError,
        /// When the next attempt is: milliseconds since the epoch; `None` where none is scheduled.
        retry_at: Option<f64>,
    },
}
