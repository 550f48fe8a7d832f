//! When the page is hidden, and when it resumes (Page Visibility, Page Lifecycle, `online`).

use std::rc::Weak;

use gloo_events::{EventListener, EventListenerOptions};
use web_sys::VisibilityState;

use super::{Inner, with};
use crate::core::Input;

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct PageLifecycle(#[expect(dead_code, reason = "kept for its drop")] Vec<EventListener>);

impl PageLifecycle {
    /// Without a page there is nothing to observe.
    pub fn observe(client: &Weak<Inner>) -> Self {
        let Some(window) = web_sys::window() else { return Self(Vec::new()) };
        if is_hidden() {
            with(client, |inner| inner.handle(Input::Hidden));
        }
        let listeners = ["visibilitychange", "resume", "pageshow", "online"].map(|name| {
            let client = client.clone();
            EventListener::new_with_options(&window, name, EventListenerOptions::run_in_capture_phase(), move |_| {
                with(&client, |inner| {
                    let hidden = is_hidden();
                    if !hidden || name != "visibilitychange" {
                        inner.platform.log_resumed(name);
                        inner.handle(Input::Resumed { storage: inner.storage() });
                    }
                    if hidden {
                        inner.handle(Input::Hidden);
                    }
                });
            })
        });
        Self(listeners.into())
    }
}

fn is_hidden() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.visibility_state() == VisibilityState::Hidden)
}
