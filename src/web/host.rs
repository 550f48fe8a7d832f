//! What the JavaScript side (`js/engine.ts`) does for the shell: it holds the tokens and carries them.

use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

#[wasm_bindgen]
extern "C" {
    /// The hands of the shell: the vault's verbs, and the way to the app.
    pub type Host;

    /// Sends an auth call. Resolves with an [`Answer`], rejects where no answer came.
    #[wasm_bindgen(method, catch)]
    pub fn call(
        this: &Host,
        endpoint: &str,
        body: Option<&str>,
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

    /// Whether this browser holds the mark of a sign-in.
    #[wasm_bindgen(method)]
    pub fn marked(this: &Host) -> bool;
    /// Leaves a new mark, or takes it away.
    #[wasm_bindgen(method)]
    pub fn mark(this: &Host, on: bool);

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
        answer: Option<&Answer>,
    ) -> JsValue;

    /// An answer as the vault leaves it: without the token, which has a number instead.
    pub type Answer;
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Answer) -> u16;
    #[wasm_bindgen(method, getter)]
    pub fn code(this: &Answer) -> Option<String>;
    /// `Retry-After` in milliseconds; 0 where the answer does not ask to wait.
    #[wasm_bindgen(method, getter, js_name = retryAfter)]
    pub fn retry_after(this: &Answer) -> f64;
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
