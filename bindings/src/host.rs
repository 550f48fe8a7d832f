//! What the module calls in JavaScript: one list, from which both the imports and the TypeScript interface are made.
//!
//! `js/engine/wasm-host.ts` implements the interface. It holds the tokens and sends them, keeps the promises of the calls
//! that wait, and reaches the app, the other tabs and the origin's storage. Durations are milliseconds; `NaN` and 0 mean
//! "unknown" as stated.

use wasm_bindgen::prelude::*;

use tokenward::names::{AuthEvent, Endpoint, ErrorCode, HintState, MessageType, SessionStatus, SignedOutReason};

/// The TypeScript name of a Rust type.
macro_rules! typescript {
    (f64) => {
        "number"
    };
    (u32) => {
        "number"
    };
    (bool) => {
        "boolean"
    };
    (Admitted) => {
        "Promise<boolean>"
    };
    (MaybeReason) => {
        "SignedOutReason | undefined"
    };
    ($name:ident) => {
        stringify!($name)
    };
}

macro_rules! host {
    ($($(#[doc = $doc:literal])+ $js:literal $rust:ident($($arg:ident: $type:ident),*) $(-> $result:ident)?;)+) => {
        #[wasm_bindgen(typescript_custom_section)]
        const INTERFACE: &'static str = concat!(
            "export interface Host {\n",
            $($("  /** ", $doc, " */\n",)+ "  ", $js, "(", $(stringify!($arg), ": ", typescript!($type), ", ",)* "): ",
              host!(@result $($result)?), ";\n",)+
            "}\n",
        );

        #[wasm_bindgen]
        extern "C" {
            /// The JavaScript side of the module.
            #[wasm_bindgen(typescript_type = "Host")]
            pub type Host;
            $($(#[doc = $doc])+
            #[wasm_bindgen(method, js_name = $js)]
            pub fn $rust(this: &Host, $($arg: $type),*) $(-> $result)?;)+
        }
    };
    (@result) => { "void" };
    (@result $result:ident) => { typescript!($result) };
}

#[wasm_bindgen]
extern "C" {
    /// The promise of an admission: `true` to send the call, `false` to return the 401 to the caller.
    #[wasm_bindgen(typescript_type = "Promise<boolean>")]
    pub type Admitted;
}

type MaybeReason = Option<SignedOutReason>;

host! {
    /// Sends an auth request, and reports `Client.completed` or `Client.failed`.
    "sendAuthRequest" send_auth_request(endpoint: Endpoint, request: u32);
    /// Aborts the auth request in flight.
    "abortAuthRequest" abort_auth_request();
    /// Reports `Client.timerElapsed` after `delay` ms, and replaces the timer before; `Infinity` cancels it.
    "setTimer" set_timer(delay: f64);

    /// The promise that every call shares that waits for a token.
    "waitForToken" wait_for_token() -> Admitted;
    /// A promise that resolves with `true`.
    "proceed" proceed() -> Admitted;
    /// A promise that resolves with `false`.
    "passThrough" pass_through() -> Admitted;
    /// A promise that rejects with this error. `status` 0: no response; `retryAfterSeconds` 0: unknown.
    "reject" reject(code: ErrorCode, retryable: bool, status: u32, retry_after_seconds: f64) -> Admitted;
    /// Resolves the promise of `waitForToken`.
    "resolveWaiters" resolve_waiters();
    /// Rejects the promise of `waitForToken`.
    "rejectWaiters" reject_waiters(code: ErrorCode, retryable: bool, status: u32, retry_after_seconds: f64);
    /// Resolves the login.
    "resolveLogin" resolve_login();
    /// Rejects the login.
    "rejectLogin" reject_login(code: ErrorCode, retryable: bool, status: u32, retry_after_seconds: f64);
    /// Resolves every pending logout with whether the server confirmed it.
    "settleLogout" settle_logout(revoked: bool);

    /// Calls carry this token from now on, and need no admission for `freshFor` ms (`Infinity`: until a 401).
    "setToken" set_token(token: u32, fresh_for: f64);
    /// Every call needs admission.
    "blockCalls" block_calls();
    /// Forgets every token.
    "clearTokens" clear_tokens();
    /// Forgets one token that was never set.
    "discardToken" discard_token(token: u32);
    /// Rejects the API calls in flight.
    "abortCalls" abort_calls();

    /// The session hint in the storage.
    "hintState" hint_state() -> HintState;
    /// Whether the storage notes a sign-out that the server has not confirmed.
    "isRevocationPending" is_revocation_pending() -> bool;
    /// For how many ms the server asked all tabs to wait.
    "notBeforeWait" not_before_wait() -> f64;
    /// Stores a new idempotency key.
    "storeNewKey" store_new_key();
    /// Uses the stored idempotency key, or stores the present one or a new one.
    "adoptStoredKey" adopt_stored_key();
    /// Uses a key that is no session hint.
    "useProbeKey" use_probe_key();
    /// Removes the key of this client.
    "removeKey" remove_key();
    /// Stores another idempotency key for the next refresh.
    "replaceIdempotencyKey" replace_idempotency_key();
    /// Notes a sign-out that the server has not confirmed.
    "storePendingRevocation" store_pending_revocation();
    /// Removes the note.
    "clearPendingRevocation" clear_pending_revocation();
    /// Notes that no tab may refresh for so many ms.
    "storeNotBefore" store_not_before(wait: f64);
    /// Removes the note.
    "clearNotBefore" clear_not_before();

    /// Requests the lock of the tabs, and reports `Client.lockGranted`.
    "requestLock" request_lock(request: u32);
    /// The same, when the storage shows what other processes wrote before they released the lock.
    "requestSettledLock" request_settled_lock(request: u32);
    /// Takes the lock from its holder, and reports `Client.lockGranted`.
    "stealLock" steal_lock(request: u32);
    /// Releases the lock, or withdraws the request for it.
    "releaseLock" release_lock();
    /// Sends a message to the other tabs. `subject` 0: no user named.
    "broadcast" broadcast(message: MessageType, subject: u32, reason: MaybeReason, wait: f64, failures: u32);

    /// Notifies the app of an event and of the session. `expiresAt` is an epoch time in ms; NaN: unknown.
    "notify" notify(event: AuthEvent, status: SessionStatus, expires_at: f64, reason: MaybeReason);
    /// Notifies the app that a refresh failed. `retryAt` is an epoch time in ms; NaN: no attempt is scheduled.
    "refreshFailed" refresh_failed(code: ErrorCode, retryable: bool, status: u32, retry_after_seconds: f64, retry_at: f64);
}
