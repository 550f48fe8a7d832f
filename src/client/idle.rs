//! Idle sign-out (`js/client/idle.ts` watches the page, and `js/client/idle-clock.ts` decides).

use std::rc::Weak;

#[cfg(any(feature = "dioxus", feature = "leptos", feature = "yew"))]
use futures_util::{Stream, StreamExt, future::ready, stream::once};
use js_sys::Object;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::platform::{IdleWatch, PlatformOptions, watch_idle};
use super::{AuthEvent, Inner, SessionSnapshot, SessionStatus, set_member, with};
use crate::core::{LogoutScope, SignedOutReason};

impl Inner {
    /// Starts to watch the user, if the options say so. It begins in a task of its own, because it may sign out at once, and the app
    /// gets its client, and with it the events, before that.
    pub(super) fn watch_idle(&self, options: &PlatformOptions) {
        let Some(idle) = watch_idle(options, &self.platform.settings(), &functions(&self.this)) else { return };
        self.idle.replace(Some(idle));
        #[cfg(feature = "sign-in")]
        let is_new_session = self.is_new_session();
        #[cfg(not(feature = "sign-in"))]
        let is_new_session = false;
        let client = self.this.clone();
        spawn_local(async move {
            with(&client, |inner| {
                let is_signed_in = is_signed_in(&inner.session.borrow());
                if let Some(idle) = inner.idle() {
                    idle.start(is_signed_in, is_new_session);
                }
            });
        });
    }

    /// The watch; `None` without the option, and after `dispose`. (A clone: it may call the client.)
    fn idle(&self) -> Option<IdleWatch> {
        self.idle.borrow().clone()
    }

    /// The session with the reason `Idle`, if the client signed out because the user was idle. The core does not know that.
    pub(super) fn with_idle_reason(&self, mut session: SessionSnapshot) -> SessionSnapshot {
        let Some(idle) = self.idle() else { return session };
        if let SessionStatus::SignedOut { reason } = &mut session.status
            && matches!(reason, SignedOutReason::Logout | SignedOutReason::OtherTab)
            && idle.is_over()
        {
            *reason = SignedOutReason::Idle;
        }
        idle.set_signed_in(is_signed_in(&session));
        session
    }

    pub(super) fn stay_active(&self) {
        if let Some(idle) = self.idle() {
            idle.stay_active();
        }
    }

    pub(super) fn stop_idle(&self) {
        self.idle_sign_out_at.set(None);
        if let Some(idle) = self.idle.take() {
            idle.stop();
        }
    }
}

/// For the hooks of the frameworks.
#[cfg(any(feature = "dioxus", feature = "leptos", feature = "yew"))]
impl super::AuthClient {
    /// When the idle user will be signed out (milliseconds since the epoch) if a warning is due now, and each time that a warning
    /// begins; `None` if none is due, when it ends, and when the client is disposed of.
    pub(crate) fn idle_warnings(&self) -> impl Stream<Item = Option<f64>> + Unpin + use<> {
        let now = self.inner().ok().and_then(|inner| inner.idle_sign_out_at.get());
        let changes = self.events().filter_map(|event| {
            ready(match event {
                AuthEvent::IdleWarning { sign_out_at } => Some(Some(sign_out_at)),
                AuthEvent::IdleWarningEnded => Some(None),
                _ => None,
            })
        });
        once(ready(now)).chain(changes).chain(once(ready(None)))
    }
}

/// `None` while it is not known.
fn is_signed_in(session: &SessionSnapshot) -> Option<bool> {
    (session.status != SessionStatus::Restoring).then(|| session.is_signed_in())
}

/// What the JavaScript of idle sign-out calls.
fn functions(this: &Weak<Inner>) -> Object {
    let object = Object::create(JsValue::NULL.unchecked_ref());
    let client = this.clone();
    let logout = Closure::<dyn Fn()>::new(move || with(&client, |inner| inner.sign_out(LogoutScope::Session)));
    set_member(&object, "logout", &logout.into_js_value());
    let client = this.clone();
    let warn = Closure::<dyn Fn(f64)>::new(move |sign_out_at| {
        with(&client, |inner| {
            inner.idle_sign_out_at.set(Some(sign_out_at));
            inner.send_notice(Some(AuthEvent::IdleWarning { sign_out_at }), None);
        });
    });
    set_member(&object, "onWarning", &warn.into_js_value());
    let client = this.clone();
    let end = Closure::<dyn Fn()>::new(move || {
        with(&client, |inner| {
            inner.idle_sign_out_at.set(None);
            inner.send_notice(Some(AuthEvent::IdleWarningEnded), None);
        });
    });
    set_member(&object, "onWarningEnded", &end.into_js_value());
    object
}
