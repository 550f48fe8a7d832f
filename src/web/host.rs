//! What the JavaScript side (`js/engine.ts`) does for the shell: it holds the tokens and carries them.

use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

#[wasm_bindgen]
extern "C" {
    /// The hands of the shell: settings, the vault's verbs, and the way to the app.
    pub type Host;

    /// `options.renewBefore`, in milliseconds.
    #[wasm_bindgen(method, getter, js_name = renewBefore)]
    pub fn renew_before(this: &Host) -> f64;
    /// `options.timeout`, in milliseconds.
    #[wasm_bindgen(method, getter)]
    pub fn timeout(this: &Host) -> f64;
    /// `options.restore`.
    #[wasm_bindgen(method, getter)]
    pub fn restore(this: &Host) -> String;
    /// `options.name`.
    #[wasm_bindgen(method, getter)]
    pub fn name(this: &Host) -> String;

    /// Sends an auth call. Resolves with an [`Answer`], rejects where no answer came.
    #[wasm_bindgen(method, catch)]
    pub fn call(
        this: &Host,
        endpoint: &str,
        body: &JsValue,
        key: Option<&str>,
        signal: &AbortSignal,
        caller: Option<&AbortSignal>,
    ) -> Result<Promise, JsValue>;

    /// From now on calls go out with this token without asking, for so many milliseconds (`Infinity`: until a 401).
    #[wasm_bindgen(method)]
    pub fn adopt(this: &Host, token: u32, fresh_for: f64);
    /// No call goes out without asking.
    #[wasm_bindgen(method)]
    pub fn hold(this: &Host);
    /// Forgets every token.
    #[wasm_bindgen(method)]
    pub fn wipe(this: &Host);
    /// Forgets one token that was never adopted.
    #[wasm_bindgen(method)]
    pub fn discard(this: &Host, token: u32);

    /// Tells the app: an event's name, its detail, and the snapshot that holds from now on.
    #[wasm_bindgen(method)]
    pub fn notify(this: &Host, event: &str, detail: &JsValue, snapshot: &Object);
    /// Makes an `AuthError`.
    #[wasm_bindgen(method)]
    pub fn error(
        this: &Host,
        code: &str,
        retryable: bool,
        status: Option<u16>,
        retry_after: Option<f64>,
        said: Option<String>,
    ) -> JsValue;

    /// An answer as the vault leaves it: without the token, which has a number instead.
    pub type Answer;
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Answer) -> u16;
    #[wasm_bindgen(method, getter)]
    pub fn code(this: &Answer) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    pub fn message(this: &Answer) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = retryAfter)]
    pub fn retry_after(this: &Answer) -> Option<String>;
    /// The `Date` header.
    #[wasm_bindgen(method, getter)]
    pub fn date(this: &Answer) -> Option<String>;
    /// The number of the access token; 0 where there was none.
    #[wasm_bindgen(method, getter)]
    pub fn token(this: &Answer) -> u32;
    /// Seconds; NaN where the answer does not say.
    #[wasm_bindgen(method, getter, js_name = expiresIn)]
    pub fn expires_in(this: &Answer) -> f64;
    /// The JWT's middle segment.
    #[wasm_bindgen(method, getter)]
    pub fn payload(this: &Answer) -> Option<String>;
    /// The user of the answer's body; `undefined` where there was none.
    #[wasm_bindgen(method, getter)]
    pub fn user(this: &Answer) -> JsValue;
}
