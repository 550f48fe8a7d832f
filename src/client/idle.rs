//! Idle sign-out (`js/client/idle.ts` watches the page, and `js/client/idle-clock.ts` decides).

use std::rc::Weak;

use js_sys::Object;
use wasm_bindgen::prelude::*;

use super::platform::{PlatformOptions, watch_idle};
use super::{AuthEvent, Inner, SessionSnapshot, SessionStatus, set_member, with};
use crate::core::{LogoutScope, SignedOutReason};

impl Inner {
    /// Starts to watch the user, when the client has started.
    pub(super) fn watch_idle(&self, options: &PlatformOptions) {
        let Some(idle) = watch_idle(options, &self.platform.settings(), &functions(&self.this)) else { return };
        // (It may sign out at once, so it is there before it starts.)
        self.idle.replace(Some(idle.clone()));
        #[cfg(feature = "sign-in")]
        let is_new_session = self.is_new_session();
        #[cfg(not(feature = "sign-in"))]
        let is_new_session = false;
        let is_signed_in = is_signed_in(&self.session.borrow());
        idle.start(is_signed_in, is_new_session);
    }

    /// The session with the reason `Idle`, if the client signed out because the user was idle. The core does not know that.
    pub(super) fn with_idle_reason(&self, session: SessionSnapshot) -> SessionSnapshot {
        let Some(idle) = self.idle.borrow().clone() else { return session };
        let by_user = SessionStatus::SignedOut { reason: SignedOutReason::Logout };
        let in_other_tab = SessionStatus::SignedOut { reason: SignedOutReason::OtherTab };
        let is_idle = [by_user, in_other_tab].contains(&session.status) && idle.is_over();
        idle.set_signed_in(is_signed_in(&session));
        let idle = SessionStatus::SignedOut { reason: SignedOutReason::Idle };
        if is_idle { SessionSnapshot { status: idle, ..session } } else { session }
    }

    pub(super) fn stay_active(&self) {
        if let Some(idle) = self.idle.borrow().clone() {
            idle.stay_active();
        }
    }

    pub(super) fn stop_idle(&self) {
        if let Some(idle) = self.idle.take() {
            idle.stop();
        }
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
        with(&client, |inner| inner.send_notice(Some(AuthEvent::IdleWarning { sign_out_at }), None));
    });
    set_member(&object, "onWarning", &warn.into_js_value());
    let client = this.clone();
    let end = Closure::<dyn Fn()>::new(move || {
        with(&client, |inner| inner.send_notice(Some(AuthEvent::IdleWarningEnded), None));
    });
    set_member(&object, "onWarningEnded", &end.into_js_value());
    object
}
