//! The errors of the client.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use js_sys::JSON;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

use super::decode::decode;
use super::platform::CallError;
use crate::core::{ErrorCode, Failure};

/// Why a call failed. [`AuthError::code`] names it as the npm package does.
///
/// ```no_run
/// # use tokenward::{AuthClient, AuthError, ErrorCode};
/// # async fn example(auth: AuthClient) -> Result<(), AuthError> {
/// match auth.login(&[("email", "ada@example.com")]).await {
///     Err(AuthError::Auth { code: ErrorCode::InvalidCredentials, .. }) => show_wrong_password(),
///     other => {
///         other?;
///     }
/// }
/// # Ok(())
/// # }
/// # fn show_wrong_password() {}
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AuthError {
    /// An option of the builder, or an argument, has a wrong value.
    InvalidOption {
        /// The method of the builder, the path of a member of [`server`](crate::AuthClientBuilder::server), or the argument.
        option: Cow<'static, str>,
        /// What is valid.
        expected: Cow<'static, str>,
        /// The given value.
        received: String,
    },
    /// The client decided so, with what the server's response added.
    Auth {
        /// Which failure.
        code: ErrorCode,
        /// The HTTP status, if a server answered.
        status: Option<u16>,
        /// How long to wait before the next attempt, if known.
        retry_after: Option<Duration>,
        /// Which request failed and how: its URL, the status, and what the server says to people.
        details: Option<String>,
        /// The server's answer to a login that it refused or that needs a further step, as JSON; `None` if the answer has no
        /// JSON or holds a token. [`AuthError::body`] reads it.
        body: Option<String>,
    },
    /// A later login, or a logout, replaced this login or sign-in.
    Superseded,
    /// A sign-in at an identity provider failed.
    #[cfg(feature = "sign-in")]
    SignIn(super::SignInError),
    /// [`access_token`](crate::AuthClient::access_token) without
    /// [`expose_token`](crate::AuthClientBuilder::expose_token).
    TokenNotExposed,
    /// The server keeps the access token in a cookie, which no script can read.
    TokenInCookie,
    /// `fetch` failed: offline, the server is down, CORS, or an invalid request. The browser's own text.
    Fetch(String),
    /// A value cannot be written as JSON, or JSON does not fit the type that reads it: the path of the field, what was expected
    /// and what came (`teams[1].name: expected a string, got an object`). (Of a type with `#[serde(flatten)]`, a tag or
    /// `untagged`, serde names the object, not the field.)
    Json(String),
    /// The client was made outside of a browser (server-side rendering), where it does nothing.
    NoBrowser,
}

impl AuthError {
    /// The code, as `AuthError.code` of the npm package names it; codes of this crate alone are `SUPERSEDED`,
    /// `FETCH_FAILED`, `JSON` and `NO_BROWSER`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidOption { .. } => "INVALID_OPTIONS",
            Self::Auth { code, .. } => code.as_str(),
            Self::Superseded => "SUPERSEDED",
            #[cfg(feature = "sign-in")]
            Self::SignIn(error) => error.as_str(),
            Self::TokenNotExposed => "TOKEN_NOT_EXPOSED",
            Self::TokenInCookie => "TOKEN_IN_COOKIE",
            Self::Fetch(_) => "FETCH_FAILED",
            Self::Json(_) => "JSON",
            Self::NoBrowser => "NO_BROWSER",
        }
    }

    /// The address of the page that explains the code, with its causes and what to do; `None` for a code of this crate alone.
    ///
    /// ```
    /// use tokenward::AuthError;
    /// let page = "https://github.com/tokenward/tokenward/blob/main/docs/reference/errors/TOKEN_NOT_EXPOSED.md";
    /// assert_eq!(AuthError::TokenNotExposed.docs().as_deref(), Some(page));
    /// assert_eq!(AuthError::NoBrowser.docs(), None);
    /// ```
    pub fn docs(&self) -> Option<String> {
        const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/reference/errors/");
        let has_page = !matches!(self, Self::Superseded | Self::Fetch(_) | Self::Json(_) | Self::NoBrowser);
        has_page.then(|| format!("{PAGES}{}.md", self.code()))
    }

    /// Whether the same call may succeed later without an action of the user.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Auth { code, status, .. } => Failure { code: *code, status: *status, retry_after: None }.retryable(),
            Self::Fetch(_) => true,
            #[cfg(feature = "sign-in")]
            Self::SignIn(error) => *error == super::SignInError::ProviderUnavailable,
            _ => false,
        }
    }

    /// The server's answer to a login that it refused or that needs a further step, as the app's own type; `None` if there is
    /// none, or it holds a token.
    ///
    /// ```no_run
    /// # use tokenward::{AuthClient, AuthError, ErrorCode};
    /// #[derive(serde::Deserialize)]
    /// struct Step {
    ///     methods: Vec<String>,
    /// }
    ///
    /// # fn example(error: &AuthError) -> Result<(), AuthError> {
    /// if let AuthError::Auth { code: ErrorCode::LoginStepRequired, .. } = error {
    ///     let step: Option<Step> = error.body()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AuthError::Json`] if the answer does not fit the type.
    pub fn body<T: DeserializeOwned>(&self) -> Result<Option<T>, AuthError> {
        self.body_value().map(decode).transpose()
    }

    pub(super) fn body_value(&self) -> Option<JsValue> {
        match self {
            Self::Auth { body: Some(json), .. } => JSON::parse(json).ok(),
            _ => None,
        }
    }

    /// The error as it passes through JavaScript.
    pub(crate) fn to_js(failure: Failure, details: &str) -> JsValue {
        let status = failure.status.map_or(0, u32::from);
        let wait = failure.retry_after.map_or(0.0, |wait| wait as f64);
        CallError::new(failure.code.as_str(), status, wait, details).into()
    }

    /// The error of a promise that JavaScript rejected.
    pub(crate) fn from_js(value: JsValue) -> Self {
        let error = match value.dyn_into::<CallError>() {
            Ok(error) => error,
            Err(value) => return Self::Fetch(text_of(&value)),
        };
        let name = error.code();
        match ErrorCode::from_name(&name) {
            Some(code) => Self::Auth {
                code,
                status: u16::try_from(error.status()).ok().filter(|status| *status > 0),
                retry_after: (error.retry_after_ms() > 0.0)
                    .then(|| Duration::from_millis(error.retry_after_ms() as u64)),
                details: some_text(error.details()),
                body: None,
            },
            None if name == "TOKEN_NOT_EXPOSED" => Self::TokenNotExposed,
            None => Self::TokenInCookie,
        }
    }

    /// `details` and `body` are empty if there are none.
    pub(crate) fn with_answer(failure: Failure, details: String, body: String) -> Self {
        Self::Auth {
            code: failure.code,
            status: failure.status,
            retry_after: failure.retry_after.map(Duration::from_millis),
            details: some_text(details),
            body: some_text(body),
        }
    }

    pub(crate) fn invalid_option(option: &'static str, expected: &'static str, received: String) -> Self {
        Self::InvalidOption { option: option.into(), expected: expected.into(), received }
    }
}

fn some_text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl From<Failure> for AuthError {
    fn from(failure: Failure) -> Self {
        Self::with_answer(failure, String::new(), String::new())
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        f.write_str(": ")?;
        match self {
            Self::InvalidOption { option, expected, received } => {
                write!(f, "{option}: expected {expected}, got {received}")
            }
            Self::Auth { code, status, retry_after, details, .. } => {
                f.write_str(code.description())?;
                match (details, status) {
                    (Some(details), _) => write!(f, "; {details}")?,
                    (None, Some(status)) => write!(f, "; status {status}")?,
                    (None, None) => {}
                }
                match retry_after {
                    Some(wait) => write!(f, "; retry after {} s", whole_seconds(*wait)),
                    None => Ok(()),
                }
            }
            Self::Superseded => f.write_str("a later login or a logout replaced this login"),
            #[cfg(feature = "sign-in")]
            Self::SignIn(error) => error.fmt(f),
            Self::TokenNotExposed => f.write_str("the client keeps the access token; set expose_token, or use fetch"),
            Self::TokenInCookie => f.write_str("the access token is in a cookie; use fetch"),
            Self::Fetch(text) | Self::Json(text) => f.write_str(text),
            Self::NoBrowser => f.write_str("the client works in a browser only"),
        }
    }
}

impl std::error::Error for AuthError {}

/// A duration in whole seconds, rounded up. (`Duration::as_millis` has 128 bits, which an app would have to divide and format.)
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The text of whatever JavaScript threw.
pub(super) fn text_of(value: &JsValue) -> String {
    value.dyn_ref::<js_sys::Error>().map(|error| String::from(error.to_string())).unwrap_or_default()
}
