//! Signing in and out at an identity provider, through the server (`js/client/sign-in.ts` does what a page does).

use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use js_sys::{Function, Object, Promise};
use serde::{Serialize, Serializer};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};

use super::fetch::{AbortOnDrop, to_json};
use super::platform::{self, CallError, PlatformOptions, RustSignIn, SignInFailure, SignInMark};
use super::{AuthClient, AuthError, AuthEvent, Inner, LogoutOutcome, SessionSnapshot, SessionStatus, set_member};
use crate::core::{Config, ErrorCode, Failure, Input, LogoutScope, Restore};

/// Whether the page goes away for a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Display {
    /// The page navigates to the provider.
    Redirect,
    /// A window opens, and the page stays. Call [`AuthClient::sign_in`] in the handler of a click, because browsers block other
    /// windows. A window that is blocked, or a server on another origin, makes it a redirect.
    Popup,
}

/// What the provider shows to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Nothing: the sign-in fails with [`SignInError::InteractionRequired`] if the provider had to ask.
    None,
    /// The form of the sign-in, also to a user who is signed in there.
    Login,
    /// The choice of an account.
    SelectAccount,
    /// The consent.
    Consent,
}

/// What [`AuthClient::sign_in`] asks the identity provider for, and how. The default asks the first provider of the server, by
/// redirect, and returns to the address of the page.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInOptions {
    /// Where the browser returns to: an address of this origin, at most 1000 characters long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
    /// The name of one of the server's providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// By redirect or popup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<Display>,
    /// What the provider shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// The user's name or e-mail address, for the form of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// The authentication that an API requires (RFC 9470).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    /// The user signed in at the provider at most this long ago.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "whole_seconds")]
    pub max_age: Option<Duration>,
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn whole_seconds<S: Serializer>(age: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(age.unwrap_or_default().as_secs())
}

/// Why a sign-in at an identity provider failed. The names are those of the npm package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInError {
    /// The user or the provider refused.
    AccessDenied,
    /// [`Prompt::None`], and the provider has to ask the user; or three such calls within a minute.
    InteractionRequired,
    /// The provider did not answer, or not as it should.
    ProviderUnavailable,
    /// The provider answered the server with an error, or with data that is not valid.
    ProviderRefused,
    /// The sign-in was begun more than 10 minutes ago or in another browser, or its cookie is blocked.
    StaleSignIn,
    /// The window was closed before the sign-in was complete.
    PopupClosed,
}

impl SignInError {
    const ALL: [Self; 6] = [
        Self::AccessDenied,
        Self::InteractionRequired,
        Self::ProviderUnavailable,
        Self::ProviderRefused,
        Self::StaleSignIn,
        Self::PopupClosed,
    ];

    /// The code, as `AuthError.code` of the npm package names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "ACCESS_DENIED",
            Self::InteractionRequired => "INTERACTION_REQUIRED",
            Self::ProviderUnavailable => "PROVIDER_UNAVAILABLE",
            Self::ProviderRefused => "PROVIDER_REFUSED",
            Self::StaleSignIn => "STALE_SIGN_IN",
            Self::PopupClosed => "POPUP_CLOSED",
        }
    }
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessDenied => "the user or the identity provider refused the sign-in",
            Self::InteractionRequired => "the identity provider has to ask the user",
            Self::ProviderUnavailable => "the identity provider did not answer, or not as it should",
            Self::ProviderRefused => "the identity provider refused the sign-in; see the log of the server",
            Self::StaleSignIn => "the sign-in is older than 10 minutes or of another browser, or its cookie is blocked",
            Self::PopupClosed => "the window was closed before the sign-in was complete",
        })
    }
}

impl AuthClient {
    /// Signs in at an identity provider, through the server; needs the cookie transport. By redirect the page goes away: the
    /// future stays pending. The page at `return_to` has the session, or the event [`AuthEvent::SignInFailed`]. By popup the
    /// future returns the session. A later sign-in, login or logout replaces this one; dropping the future ends its wait.
    ///
    /// ```no_run
    /// # use tokenward::{AuthClient, AuthError, SignInOptions};
    /// # async fn example(auth: AuthClient) -> Result<(), AuthError> {
    /// auth.sign_in(&SignInOptions { provider: Some("google".into()), ..SignInOptions::default() }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AuthError::SignIn`]; [`AuthError::InvalidOption`]; [`AuthError::Superseded`], also if the user comes back to this page;
    /// and [`AuthError::Auth`] with `RefreshUnavailable` if the server does not answer.
    pub async fn sign_in(&self, options: &SignInOptions) -> Result<SessionSnapshot, AuthError> {
        self.inner()?;
        self.sign_in_with(to_json(options)?.into()).await
    }

    /// `options` is an object of JavaScript or its JSON.
    pub(super) async fn sign_in_with(&self, options: JsValue) -> Result<SessionSnapshot, AuthError> {
        let inner = self.inner()?;
        if inner.disposed.get() {
            return Err(Failure::of(ErrorCode::Disposed).into());
        }
        let abort = AbortOnDrop::new();
        let signed_in = inner.with_sign_in(|sign_in| sign_in.sign_in(&options, abort.signal()));
        let result = match signed_in {
            Some(promise) => JsFuture::from(promise).await,
            None => return Err(Failure::of(ErrorCode::Disposed).into()),
        };
        abort.done();
        match result {
            Ok(_) => Ok(self.snapshot()),
            Err(_) if inner.disposed.get() => Err(Failure::of(ErrorCode::Disposed).into()),
            Err(error) => Err(AuthError::of_sign_in(error)),
        }
    }

    /// As [`AuthClient::logout`], and ends the session at the identity provider too: the page goes away and comes back to
    /// `return_to`, an address of this origin (`None`: the address of the page). The future stays pending.
    ///
    /// # Errors
    /// [`AuthError::InvalidOption`] for another address, or without the cookie transport: nothing ends then;
    /// [`AuthError::NoBrowser`].
    pub async fn logout_at_provider(&self, return_to: Option<&str>) -> Result<LogoutOutcome, AuthError> {
        let inner = self.inner()?;
        // It checks the address before anything ends.
        if let Some(promise) = inner.with_sign_in(|sign_in| sign_in.sign_out(return_to)) {
            JsFuture::from(promise).await.map_err(AuthError::of_sign_in)?;
        }
        Ok(LogoutOutcome { revoked: false })
    }
}

impl AuthError {
    /// The error of a sign-in that JavaScript rejected.
    fn of_sign_in(value: JsValue) -> Self {
        let failure = match value.dyn_into::<SignInFailure>() {
            Ok(failure) => failure,
            Err(other) if other.has_type::<CallError>() => return Self::from_js(other),
            // An `AbortError`.
            Err(_) => return Self::Superseded,
        };
        let code = failure.code();
        if let Some(error) = SignInError::ALL.into_iter().find(|error| error.as_str() == code) {
            return Self::SignIn(error);
        }
        let parts = failure.parts();
        let part = |index| parts.get(index).as_string().unwrap_or_default();
        Self::InvalidOption { option: part(0).into(), expected: part(1).into(), received: part(2) }
    }
}

/// The mark in the address of the page, and the restore that it asks for.
pub(super) fn take_mark(config: &mut Config, options: &PlatformOptions) -> Option<SignInMark> {
    let mark = platform::take_sign_in_mark(options)?;
    if platform::is_signed_in_mark(&mark) {
        config.restore = Restore::Always;
    }
    Some(mark)
}

impl Inner {
    fn with_sign_in<T>(&self, call: impl FnOnce(&RustSignIn) -> T) -> Option<T> {
        self.sign_in.borrow().as_ref().map(call)
    }

    /// Connects the sign-in, before the client starts. Returns the function that continues then.
    pub(super) fn connect_sign_in(&self, options: &PlatformOptions, mark: Option<&SignInMark>) -> Option<Function> {
        let sign_in = RustSignIn::new(options, &self.platform.settings(), &functions(&self.this));
        let settle = mark.map(|mark| sign_in.receive_mark(mark));
        self.sign_in.replace(Some(sign_in));
        settle
    }

    /// Whether the user comes back from an identity provider with a new session.
    #[cfg(feature = "idle")]
    pub(super) fn is_new_session(&self) -> bool {
        self.with_sign_in(RustSignIn::is_new_session).unwrap_or(false)
    }

    /// Another call replaces the present sign-in.
    pub(super) fn end_sign_in(&self) {
        self.with_sign_in(RustSignIn::end);
    }
}

impl AuthClient {
    /// The client has started.
    pub(super) fn settle_sign_in(&self, settle: Option<&Function>) {
        if let Some(settle) = settle {
            // It never throws.
            let _ = settle.call0(&JsValue::UNDEFINED);
        }
        let Ok(inner) = self.inner() else { return };
        let restored = inner.restored.borrow().clone();
        let client = Rc::downgrade(inner);
        spawn_local(async move {
            if let Some(restored) = restored {
                // A failed restore is a state of the session.
                let _ = restored.await;
            }
            super::with(&client, |inner| {
                inner.with_sign_in(RustSignIn::restored);
            });
        });
    }
}

/// What the JavaScript of the sign-in calls.
fn functions(this: &Weak<Inner>) -> Object {
    let object = Object::create(JsValue::NULL.unchecked_ref());
    let client = this.clone();
    let status = Closure::<dyn Fn() -> String>::new(move || {
        let status = client.upgrade().map(|inner| inner.session.borrow().status);
        let name = match status {
            Some(SessionStatus::SignedIn { .. }) => "signed-in",
            Some(SessionStatus::SignedOut { .. }) => "signed-out",
            Some(SessionStatus::Restoring) | None => "restoring",
        };
        name.to_owned()
    });
    set_member(&object, "status", &status.into_js_value());
    let client = this.clone();
    let restore = Closure::<dyn Fn() -> Promise>::new(move || {
        promise_of(&client, |client| async move { client.renew(Input::Restore).await.map(|_| JsValue::UNDEFINED) })
    });
    set_member(&object, "restore", &restore.into_js_value());
    let client = this.clone();
    let logout = Closure::<dyn Fn() -> Promise>::new(move || {
        promise_of(&client, |client| async move { Ok(client.sign_out(LogoutScope::Session).await.revoked.into()) })
    });
    set_member(&object, "logout", &logout.into_js_value());
    let client = this.clone();
    let logout_by_page = Closure::<dyn Fn() -> Promise>::new(move || {
        promise_of(&client, |client| async move {
            client.inner()?.revoked_by_page.set(true);
            let outcome = client.sign_out(LogoutScope::Session).await;
            client.inner()?.revoked_by_page.set(false);
            Ok(outcome.revoked.into())
        })
    });
    set_member(&object, "logoutByPage", &logout_by_page.into_js_value());
    let client = this.clone();
    let failed = Closure::<dyn Fn(JsValue, String)>::new(move |failure, return_to| {
        super::with(&client, |inner| {
            let error = AuthError::of_sign_in(failure);
            inner.send_notice(Some(AuthEvent::SignInFailed { error, return_to }), None);
        });
    });
    set_member(&object, "onFailed", &failed.into_js_value());
    object
}

/// The promise of a call of the client, which rejects with a [`CallError`].
fn promise_of<F: Future<Output = Result<JsValue, AuthError>> + 'static>(
    client: &Weak<Inner>,
    call: impl FnOnce(AuthClient) -> F,
) -> Promise {
    let disposed = || AuthError::to_js(Failure::of(ErrorCode::Disposed), "");
    let Some(inner) = client.upgrade() else { return Promise::reject(&disposed()) };
    let called = call(AuthClient(Some(Rc::clone(&inner))));
    future_to_promise(async move {
        called.await.map_err(|error| match error {
            AuthError::Auth { code, .. } => AuthError::to_js(Failure::of(code), ""),
            _ => disposed(),
        })
    })
}
