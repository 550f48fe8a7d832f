//! What the JavaScript side (`js/host.ts`) does for the shell: it holds the tokens and carries them, keeps whoever waits,
//! and is the way to the app, to the other tabs and to the origin's storage.
//!
//! Only numbers cross this border: strings and futures would bring an allocator's worth of machinery for what are names
//! and promises on the other side anyway (see ARCHITECTURE.md, "Numbers across the border"). A number that is not known is
//! NaN as a time, and 0 as an id.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The hands of the shell.
    pub type Host;

    /// Sends an auth call (see [`Endpoint`](super::client::Endpoint)); `Client::answered` tells what came of it.
    #[wasm_bindgen(method)]
    pub fn call(this: &Host, endpoint: u32, flight: u32);
    /// Aborts the auth call under way.
    #[wasm_bindgen(method)]
    pub fn cancel(this: &Host);
    /// Asks for `Client::elapsed` after so many milliseconds, and for no other; `Infinity`: for none.
    #[wasm_bindgen(method)]
    pub fn timer(this: &Host, after: f64);

    /// Whoever asks gets the promise that everyone shares who waits for a token.
    #[wasm_bindgen(method)]
    pub fn wait(this: &Host);
    /// Whoever asks gets a promise of this answer.
    #[wasm_bindgen(method)]
    pub fn answer(this: &Host, yes: bool);
    /// Whoever asks gets a promise that rejects with this error.
    #[wasm_bindgen(method)]
    pub fn refuse(this: &Host, code: u32, retryable: bool, status: u32, retry_after: f64);
    /// Ends the waiting, of those who wait for a token (0) or for their login (1): well where the code is negative.
    #[wasm_bindgen(method)]
    pub fn settle(this: &Host, whose: u32, code: i32, retryable: bool, status: u32, retry_after: f64);
    /// Ends the waiting of those who have signed out.
    #[wasm_bindgen(method, js_name = settleLogout)]
    pub fn settle_logout(this: &Host, heard: bool);

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
    pub fn silence(this: &Host) -> f64;
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
    pub fn tell(this: &Host, kind: u32, number: u32, wait: f64);

    /// Tells the app: which event, and the snapshot that holds from now on.
    #[wasm_bindgen(method)]
    pub fn notify(this: &Host, event: u32, status: u32, expires_at: f64, reason: u32);
    /// Tells the app that a refresh failed; `retry_at` is NaN where nothing is scheduled.
    #[wasm_bindgen(method, js_name = refreshFailed)]
    pub fn refresh_failed(this: &Host, code: u32, retryable: bool, status: u32, retry_after: f64, retry_at: f64);
}
