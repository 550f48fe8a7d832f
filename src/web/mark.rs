//! The mark that somebody signed in here: one random key per sign-in and client name, shared by the tabs of an origin.
//!
//! It is sent as `Idempotency-Key` with each refresh, so that a refresh whose answer was lost (network, reload, crash)
//! repeats instead of looking like theft; and that it is there tells a new page that a session may be resumed. It is no
//! credential: without the httpOnly cookie it opens nothing.

use std::cell::RefCell;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Crypto, Storage};

pub struct Mark {
    name: String,
    storage: Option<Storage>,
    /// Where storage is blocked, the mark lives as long as the page.
    memory: RefCell<Option<String>>,
}

impl Mark {
    pub fn new(name: &str) -> Self {
        // Reading the property throws where the browser blocks storage, and it is absent in workers.
        let storage = global("localStorage").and_then(|value| value.dyn_into::<Storage>().ok());
        Self { name: format!("tokenward:{name}"), storage, memory: RefCell::default() }
    }

    pub fn key(&self) -> Option<String> {
        let stored = self.storage.as_ref().and_then(|storage| storage.get_item(&self.name).ok().flatten());
        stored.or_else(|| self.memory.borrow().clone())
    }

    pub fn set(&self) {
        let key = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>());
        if let Some(storage) = &self.storage {
            let _ = storage.set_item(&self.name, &key);
        }
        self.memory.replace(Some(key));
    }

    pub fn clear(&self) {
        if let Some(storage) = &self.storage {
            let _ = storage.remove_item(&self.name);
        }
        self.memory.replace(None);
    }
}

/// Random bytes from the browser's generator.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(crypto) = global("crypto") {
        let _ = crypto.unchecked_into::<Crypto>().get_random_values_with_u8_array(&mut bytes);
    }
    bytes
}

fn global(name: &str) -> Option<JsValue> {
    Reflect::get(&js_sys::global(), &JsValue::from_str(name)).ok().filter(|value| !value.is_undefined())
}
