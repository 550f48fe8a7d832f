//! What the JavaScript side (`js/engine.ts`) does for the shell: it holds the tokens and carries them, and it is the way
//! to the app, to the other tabs and to the origin's storage.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

#[wasm_bindgen]
extern "C" {
    /// The hands of the shell.
    pub type Host;

    /// Sends an auth call. Resolves with an [`Answer`], whose status is 0 where it could not be sent; rejects where no
    /// answer came.
    #[wasm_bindgen(method)]
    pub fn call(this: &Host, endpoint: &str, credentials: Option<&str>, caller: Option<&AbortSignal>) -> Promise;
    /// Aborts the auth call under way.
    #[wasm_bindgen(method)]
    pub fn cancel(this: &Host);

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
    /// Rejects the API calls under way: they were made for somebody else.
    #[wasm_bindgen(method)]
    pub fn abandon(this: &Host);

    /// The storage against what we know: 0, 1 or 2 for a mark that is the same, gone or another; 4 for a sign-out owed.
    #[wasm_bindgen(method)]
    pub fn memory(this: &Host) -> u32;
    /// For how many milliseconds the server asked all tabs to wait.
    #[wasm_bindgen(method)]
    pub fn wait(this: &Host) -> f64;
    /// Leaves a new mark, or takes ours away.
    #[wasm_bindgen(method)]
    pub fn mark(this: &Host, on: bool);
    /// Makes the mark in the storage and ours one.
    #[wasm_bindgen(method)]
    pub fn share(this: &Host);
    /// Has a key for asking whether there is a session at all.
    #[wasm_bindgen(method)]
    pub fn attempt(this: &Host);
    /// Remembers whether a sign-out is owed to the server.
    #[wasm_bindgen(method)]
    pub fn owe(this: &Host, on: bool);

    /// Asks for the lock that the tabs share, or takes it; `Client::locked` tells when it is ours.
    #[wasm_bindgen(method)]
    pub fn lock(this: &Host, flight: u32, steal: bool);
    /// Gives it back, or stops asking.
    #[wasm_bindgen(method)]
    pub fn unlock(this: &Host);
    /// Tells the other tabs; see `news.rs`.
    #[wasm_bindgen(method)]
    pub fn tell(this: &Host, kind: u32, text: Option<&str>, wait: f64, failures: u32);

    /// Tells the app: an event's name, and the snapshot that holds from now on (`expires_at` is NaN where unknown).
    #[wasm_bindgen(method)]
    pub fn notify(this: &Host, event: &str, status: &str, expires_at: f64, reason: Option<&str>);
    /// Tells the app that a refresh failed; `retry_at` is NaN where nothing is scheduled.
    #[wasm_bindgen(method, js_name = refreshFailed)]
    pub fn refresh_failed(this: &Host, error: &JsValue, retry_at: f64);
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

    /// An answer as the vault leaves it: without the tokens, of which the access token has a number instead.
    pub type Answer;
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Answer) -> u16;
    #[wasm_bindgen(method, getter)]
    pub fn code(this: &Answer) -> Option<String>;
    /// The error's message for people.
    #[wasm_bindgen(method, getter)]
    pub fn message(this: &Answer) -> Option<String>;
    /// `Retry-After` in milliseconds; 0 where the answer does not ask to wait.
    #[wasm_bindgen(method, getter, js_name = retryAfter)]
    pub fn retry_after(this: &Answer) -> f64;
    /// The number of the access token; 0 where there was none.
    #[wasm_bindgen(method, getter)]
    pub fn token(this: &Answer) -> u32;
    /// Seconds; NaN where the answer does not say.
    #[wasm_bindgen(method, getter, js_name = expiresIn)]
    pub fn expires_in(this: &Answer) -> f64;
    /// The JWT's `exp − iat` in seconds; NaN where it has none.
    #[wasm_bindgen(method, getter, js_name = jwtLife)]
    pub fn jwt_life(this: &Answer) -> f64;
    /// Whom the token was issued for.
    #[wasm_bindgen(method, getter)]
    pub fn subject(this: &Answer) -> Option<String>;
}
