//! What the app may know, as a JavaScript object.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsCast, JsValue};

use super::clock::Clock;
use crate::core::Session;

/// `user` and `claims` of the present session, as the server gave them.
#[derive(Clone)]
pub struct Profile {
    pub user: JsValue,
    pub claims: JsValue,
}

impl Profile {
    pub const NOBODY: Self = Self { user: JsValue::NULL, claims: JsValue::NULL };
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    status: &'static str,
    expires_at: Option<f64>,
    reason: Option<&'static str>,
}

/// The `Session` of `js/index.ts`.
pub fn snapshot(session: &Session, profile: &Profile, clock: &Clock) -> Object {
    let (status, expires_at, reason) = match session {
        Session::Restoring => ("restoring", None, None),
        Session::SignedIn { token, .. } => ("signed-in", token.expires_at.map(|at| clock.wall(at)), None),
        Session::SignedOut(reason) => ("signed-out", None, Some(reason.as_str())),
    };
    let object: Object = to_js(&Snapshot { status, expires_at, reason }).unchecked_into();
    for (name, value) in [("user", &profile.user), ("claims", &profile.claims)] {
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}

/// Serialises what goes out to JavaScript; `None` becomes `null`.
pub fn to_js(value: &impl Serialize) -> JsValue {
    value.serialize(&Serializer::new().serialize_missing_as_null(true)).unwrap_or(JsValue::NULL)
}
