//! Elapsed time that survives sleep and clock changes.

use std::cell::Cell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::core::Millis;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds since the client started. Between two looks it advances by the larger of what the monotonic and the
/// wall clock say: the monotonic one may stand still while the device sleeps, the wall clock may be set back.
pub struct Clock {
    elapsed: Cell<f64>,
    monotonic: Cell<f64>,
    wall: Cell<f64>,
}

impl Clock {
    pub fn start() -> Self {
        Self { elapsed: Cell::new(0.0), monotonic: Cell::new(performance_now()), wall: Cell::new(js_sys::Date::now()) }
    }

    pub fn now(&self) -> Millis {
        let (monotonic, wall) = (performance_now(), js_sys::Date::now());
        let step = (monotonic - self.monotonic.replace(monotonic)).max(wall - self.wall.replace(wall)).max(0.0);
        self.elapsed.set(self.elapsed.get() + step);
        self.elapsed.get() as Millis
    }
}
