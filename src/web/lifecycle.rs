//! The moments at which a page that slept, froze or was offline comes back.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = addEventListener)]
    fn add_event_listener(event: &str, listener: &JsValue, capture: bool);
    #[wasm_bindgen(js_name = removeEventListener)]
    fn remove_event_listener(event: &str, listener: &JsValue, capture: bool);
}

/// `visibilitychange` is fired at the document and captured on its way there; workers know only `online`.
const EVENTS: [&str; 3] = ["visibilitychange", "pageshow", "online"];

/// Listens until dropped.
pub struct Lifecycle(Closure<dyn Fn()>);

impl Lifecycle {
    pub fn listen(woke: impl Fn() + 'static) -> Self {
        let listener = Closure::<dyn Fn()>::new(woke);
        for event in EVENTS {
            add_event_listener(event, listener.as_ref(), true);
        }
        Self(listener)
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        for event in EVENTS {
            remove_event_listener(event, self.0.as_ref(), true);
        }
    }
}
