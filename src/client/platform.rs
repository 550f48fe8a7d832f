//! The browser side in JavaScript (`platform.js`, made from `js/rust/platform.ts`): it holds the tokens, sends the auth
//! requests and the API calls, and has the storage, the lock and the channel of the tabs. What Rust holds of it can neither
//! read a token nor have one written into an object.

use js_sys::{Array, Function, JsString, Promise};
use wasm_bindgen::prelude::*;

use crate::names::{
    AuthEvent, Endpoint, HintState, MessageType, RequestFailure, SessionErrorCode, SessionStatus, SignedOutReason,
};

#[wasm_bindgen(module = "/src/client/platform.js")]
extern "C" {
    /// The options and callbacks of a client.
    #[wasm_bindgen(extends = js_sys::Object)]
    pub type PlatformOptions;

    /// Whether this is a browser. A server that renders the app may be wasm, too.
    #[wasm_bindgen(js_name = isBrowser)]
    pub fn is_browser() -> bool;

    #[wasm_bindgen(js_name = createOptions)]
    pub fn create_options() -> PlatformOptions;

    #[wasm_bindgen(method, setter, js_name = baseUrl)]
    pub fn set_base_url(this: &PlatformOptions, value: &str);
    #[wasm_bindgen(method, getter)]
    pub fn endpoints(this: &PlatformOptions) -> Members;
    #[wasm_bindgen(method, getter)]
    pub fn fields(this: &PlatformOptions) -> Members;
    #[wasm_bindgen(method, setter)]
    pub fn set_transport(this: &PlatformOptions, value: &str);
    #[wasm_bindgen(method, setter)]
    pub fn set_protocol(this: &PlatformOptions, value: &str);
    #[wasm_bindgen(method, setter, js_name = clientId)]
    pub fn set_client_id(this: &PlatformOptions, value: &str);
    #[wasm_bindgen(method, setter, js_name = apiOrigins)]
    pub fn set_api_origins(this: &PlatformOptions, value: Vec<String>);
    #[wasm_bindgen(method, setter, js_name = tokenScheme)]
    pub fn set_token_scheme(this: &PlatformOptions, value: &str);
    #[wasm_bindgen(method, setter, js_name = authHeaders)]
    pub fn set_auth_headers(this: &PlatformOptions, value: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub fn set_remember(this: &PlatformOptions, value: &str);
    #[wasm_bindgen(method, setter, js_name = idempotencyKey)]
    pub fn set_idempotency_key(this: &PlatformOptions, value: bool);
    #[cfg(feature = "idle")]
    #[wasm_bindgen(method, setter, js_name = idleTimeoutSeconds)]
    pub fn set_idle_timeout_seconds(this: &PlatformOptions, value: f64);
    #[cfg(feature = "idle")]
    #[wasm_bindgen(method, setter, js_name = idleWarningSeconds)]
    pub fn set_idle_warning_seconds(this: &PlatformOptions, value: f64);
    #[wasm_bindgen(method, setter, js_name = timeoutSeconds)]
    pub fn set_timeout_seconds(this: &PlatformOptions, value: f64);
    #[wasm_bindgen(method, setter, js_name = crossTab)]
    pub fn set_cross_tab(this: &PlatformOptions, value: bool);
    #[wasm_bindgen(method, setter)]
    pub fn set_name(this: &PlatformOptions, value: &str);
    #[wasm_bindgen(method, setter, js_name = exposeToken)]
    pub fn set_expose_token(this: &PlatformOptions, value: bool);
    #[wasm_bindgen(method, setter)]
    pub fn set_dpop(this: &PlatformOptions, value: bool);
    #[wasm_bindgen(method, setter, js_name = shouldRefresh)]
    pub fn set_should_refresh(this: &PlatformOptions, value: &Function);

    #[wasm_bindgen(method, setter, js_name = onLog)]
    pub fn set_on_log(this: &PlatformOptions, value: &Function);

    // The functions by which the platform asks the client.
    #[wasm_bindgen(method, setter, js_name = requestToken)]
    pub fn set_request_token(this: &PlatformOptions, value: &Function);
    #[wasm_bindgen(method, setter, js_name = tokenRejected)]
    pub fn set_token_rejected(this: &PlatformOptions, value: &Function);
    #[wasm_bindgen(method, setter, js_name = retryRejected)]
    pub fn set_retry_rejected(this: &PlatformOptions, value: &Function);
    #[wasm_bindgen(method, setter, js_name = lockGranted)]
    pub fn set_lock_granted(this: &PlatformOptions, value: &Function);
    #[wasm_bindgen(method, setter, js_name = messageReceived)]
    pub fn set_message_received(this: &PlatformOptions, value: &Function);
    #[wasm_bindgen(method, setter, js_name = onStepUp)]
    pub fn set_on_step_up(this: &PlatformOptions, value: &Function);

    /// An object of strings.
    pub type Members;
    #[wasm_bindgen(method, indexing_setter)]
    pub fn set(this: &Members, name: &str, value: &str);

    /// A failure that passes through JavaScript.
    pub type CallError;
    #[wasm_bindgen(constructor)]
    pub fn new(code: &str, status: u32, retry_after_ms: f64, details: &str) -> CallError;
    #[wasm_bindgen(method, getter)]
    pub fn code(this: &CallError) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &CallError) -> u32;
    #[wasm_bindgen(method, getter, js_name = retryAfterMs)]
    pub fn retry_after_ms(this: &CallError) -> f64;
    #[wasm_bindgen(method, getter)]
    pub fn details(this: &CallError) -> String;

    /// The response of an auth request, without its tokens, or the reason why there is none.
    pub type Outcome;
    #[wasm_bindgen(method, getter)]
    pub fn failure(this: &Outcome) -> Option<RequestFailure>;
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Outcome) -> u16;
    #[wasm_bindgen(method, getter)]
    pub fn code(this: &Outcome) -> Option<SessionErrorCode>;
    #[wasm_bindgen(method, getter)]
    pub fn details(this: &Outcome) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn body(this: &Outcome) -> String;
    #[wasm_bindgen(method, getter, js_name = retryAfterMs)]
    pub fn retry_after_ms(this: &Outcome) -> f64;
    #[wasm_bindgen(method, getter)]
    pub fn token(this: &Outcome) -> u32;
    #[wasm_bindgen(method, getter, js_name = expiresIn)]
    pub fn expires_in(this: &Outcome) -> f64;
    #[wasm_bindgen(method, getter, js_name = jwtLifetime)]
    pub fn jwt_lifetime(this: &Outcome) -> f64;
    #[wasm_bindgen(method, getter)]
    pub fn subject(this: &Outcome) -> u32;
    #[wasm_bindgen(method, getter)]
    pub fn renewable(this: &Outcome) -> bool;

    /// What a login sends, or an answer that the app adopts.
    #[derive(Debug, Clone)]
    pub type LoginRequest;
    #[wasm_bindgen(method, getter)]
    pub fn call(this: &LoginRequest) -> Option<String>;
    #[wasm_bindgen(js_name = createLogin)]
    pub fn create_login(credentials: &JsString, call: Option<&str>) -> LoginRequest;
    #[wasm_bindgen(js_name = createAdoption)]
    pub fn create_adoption(answer: &JsString) -> LoginRequest;

    /// One client's browser side.
    pub type Platform;
    /// The name under which the key of a client with these options is stored; `None` if no other page has its session.
    #[cfg(feature = "dpop")]
    #[wasm_bindgen(js_name = storedKeyName)]
    pub fn stored_key_name(options: &PlatformOptions) -> Option<String>;
    #[wasm_bindgen(js_name = createPlatform)]
    pub fn create_platform(options: &PlatformOptions, prover: Option<Promise>) -> Platform;

    /// The name and the transport of the client, for the sign-in and for idle sign-out.
    #[cfg(any(feature = "idle", feature = "sign-in"))]
    #[wasm_bindgen(method, getter)]
    pub fn settings(this: &Platform) -> JsValue;

    #[wasm_bindgen(method, js_name = setToken)]
    pub fn set_token(this: &Platform, token: u32, fresh_for_ms: f64);
    #[wasm_bindgen(method, js_name = blockCalls)]
    pub fn block_calls(this: &Platform);
    #[wasm_bindgen(method, js_name = clearTokens)]
    pub fn clear_tokens(this: &Platform);
    #[wasm_bindgen(method, js_name = discardToken)]
    pub fn discard_token(this: &Platform, token: u32);
    #[wasm_bindgen(method, js_name = abortCalls)]
    pub fn abort_calls(this: &Platform);
    #[wasm_bindgen(method, js_name = hintState)]
    pub fn hint_state(this: &Platform) -> HintState;
    #[wasm_bindgen(method, js_name = isRevocationPending)]
    pub fn is_revocation_pending(this: &Platform) -> bool;
    #[wasm_bindgen(method, js_name = notBeforeWait)]
    pub fn not_before_wait(this: &Platform) -> f64;
    #[wasm_bindgen(method, js_name = storeNewKey)]
    pub fn store_new_key(this: &Platform);
    #[wasm_bindgen(method, js_name = adoptStoredKey)]
    pub fn adopt_stored_key(this: &Platform);
    #[wasm_bindgen(method, js_name = useProbeKey)]
    pub fn use_probe_key(this: &Platform);
    #[wasm_bindgen(method, js_name = removeKey)]
    pub fn remove_key(this: &Platform);
    #[wasm_bindgen(method, js_name = replaceIdempotencyKey)]
    pub fn replace_idempotency_key(this: &Platform);
    #[wasm_bindgen(method, js_name = storePendingRevocation)]
    pub fn store_pending_revocation(this: &Platform);
    #[wasm_bindgen(method, js_name = clearPendingRevocation)]
    pub fn clear_pending_revocation(this: &Platform);
    #[wasm_bindgen(method, js_name = storeNotBefore)]
    pub fn store_not_before(this: &Platform, wait_ms: f64);
    #[wasm_bindgen(method, js_name = clearNotBefore)]
    pub fn clear_not_before(this: &Platform);
    #[wasm_bindgen(method, js_name = requestLock)]
    pub fn request_lock(this: &Platform, request: u32);
    #[wasm_bindgen(method, js_name = requestSettledLock)]
    pub fn request_settled_lock(this: &Platform, request: u32);
    #[wasm_bindgen(method, js_name = stealLock)]
    pub fn steal_lock(this: &Platform, request: u32);
    #[wasm_bindgen(method, js_name = releaseLock)]
    pub fn release_lock(this: &Platform);
    #[wasm_bindgen(method)]
    pub fn broadcast(
        this: &Platform,
        message: MessageType,
        subject: u32,
        reason: Option<SignedOutReason>,
        wait_ms: f64,
        failures: u32,
    );
    /// A promise of an [`Outcome`], which never rejects.
    #[wasm_bindgen(method, js_name = sendAuthRequest)]
    pub fn send_auth_request(
        this: &Platform,
        endpoint: Endpoint,
        login: Option<LoginRequest>,
        signal: Option<web_sys::AbortSignal>,
    ) -> Promise;
    /// Which argument of a login is wrong: `call` or `credentials`.
    #[wasm_bindgen(method, js_name = wrongArgument)]
    pub fn wrong_argument(this: &Platform, login: &LoginRequest) -> Option<String>;
    #[wasm_bindgen(method, js_name = abortAuthRequest)]
    pub fn abort_auth_request(this: &Platform);
    /// A promise of a `Response`, as the browser's `fetch`.
    #[wasm_bindgen(method)]
    pub fn fetch(this: &Platform, input: &JsValue, init: &JsValue) -> Promise;
    #[wasm_bindgen(method)]
    pub fn user(this: &Platform) -> JsValue;
    #[wasm_bindgen(method, js_name = jwtPayload)]
    pub fn jwt_payload(this: &Platform) -> String;
    /// A promise of the access token; it rejects unless the option `exposeToken` is set.
    #[wasm_bindgen(method, js_name = getAccessToken)]
    pub fn access_token(this: &Platform, min_validity_ms: f64) -> Promise;
    #[wasm_bindgen(method, js_name = logEvent)]
    pub fn log_event(this: &Platform, event: AuthEvent, status: SessionStatus, reason: Option<&str>);
    #[wasm_bindgen(method, js_name = logRefreshFailed)]
    pub fn log_refresh_failed(this: &Platform, code: &str, status: Option<u16>, retry_at: Option<f64>);
    #[wasm_bindgen(method, js_name = logResumed)]
    pub fn log_resumed(this: &Platform, by: &str);
    #[wasm_bindgen(method)]
    pub fn diagnostics(this: &Platform) -> Array;

    /// A diagnostic entry.
    #[wasm_bindgen(extends = js_sys::Object)]
    pub type Entry;
    #[wasm_bindgen(method, getter)]
    pub fn at(this: &Entry) -> f64;
    #[wasm_bindgen(method, getter)]
    pub fn level(this: &Entry) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn event(this: &Entry) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn detail(this: &Entry) -> JsValue;

    #[wasm_bindgen(method)]
    pub fn close(this: &Platform);
}

#[cfg(feature = "idle")]
#[wasm_bindgen(module = "/src/client/idle.js")]
extern "C" {
    /// The watch of a client's user.
    #[derive(Debug, Clone)]
    pub type IdleWatch;
    /// Watches the user of this page, if the options say so. `client` has the functions that it calls.
    #[wasm_bindgen(js_name = watchIdle)]
    pub fn watch_idle(options: &PlatformOptions, settings: &JsValue, client: &js_sys::Object) -> Option<IdleWatch>;
    #[wasm_bindgen(method)]
    pub fn start(this: &IdleWatch, is_signed_in: Option<bool>, is_new_session: bool);
    #[wasm_bindgen(method, js_name = isOver)]
    pub fn is_over(this: &IdleWatch) -> bool;
    #[wasm_bindgen(method, js_name = setSignedIn)]
    pub fn set_signed_in(this: &IdleWatch, is_signed_in: Option<bool>);
    #[wasm_bindgen(method, js_name = stayActive)]
    pub fn stay_active(this: &IdleWatch);
    #[wasm_bindgen(method)]
    pub fn stop(this: &IdleWatch);
}

#[wasm_bindgen(module = "/src/client/server.js")]
extern "C" {
    /// Sets what the server speaks, given as JSON or as an object. If a member is wrong, returns its path, what is valid and what
    /// came.
    #[wasm_bindgen(js_name = setServer)]
    pub fn set_server(options: &PlatformOptions, server: &JsValue) -> Option<Array>;
}

#[cfg(feature = "dpop")]
#[wasm_bindgen(module = "/src/client/dpop.js")]
extern "C" {
    /// A promise of the prover; `store_as` names the place of its key in IndexedDB.
    #[wasm_bindgen(js_name = createProver)]
    pub fn create_prover(store_as: Option<&str>) -> Promise;
}

#[cfg(feature = "sign-in")]
#[wasm_bindgen(module = "/src/client/sign_in.js")]
extern "C" {
    /// What a server appended to the address when the browser returned from an identity provider.
    pub type SignInMark;
    #[wasm_bindgen(js_name = takeSignInMark)]
    pub fn take_sign_in_mark(options: &PlatformOptions) -> Option<SignInMark>;
    #[wasm_bindgen(js_name = isSignedInMark)]
    pub fn is_signed_in_mark(mark: &SignInMark) -> bool;

    /// A failure of a sign-in.
    pub type SignInFailure;
    #[wasm_bindgen(method, getter)]
    pub fn code(this: &SignInFailure) -> String;
    /// Of a wrong option: its path, what is valid and what came.
    #[wasm_bindgen(method)]
    pub fn parts(this: &SignInFailure) -> Array;

    /// The sign-in of one client.
    pub type RustSignIn;
    /// `client` has the functions `status`, `restore`, `logout` and `onFailed`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &PlatformOptions, settings: &JsValue, client: &js_sys::Object) -> RustSignIn;
    /// Returns the function that continues when the client has started.
    #[wasm_bindgen(method, js_name = receiveMark)]
    pub fn receive_mark(this: &RustSignIn, mark: &SignInMark) -> Function;
    /// Whether the page was loaded by a return from the provider, with a new session if the mark is right.
    #[cfg(feature = "idle")]
    #[wasm_bindgen(method, getter, js_name = isNewSession)]
    pub fn is_new_session(this: &RustSignIn) -> bool;
    /// The first restore has settled.
    #[wasm_bindgen(method)]
    pub fn restored(this: &RustSignIn);
    /// `options` is an object or its JSON. The promise rejects with a [`SignInFailure`], with a [`CallError`], or with an
    /// `AbortError`.
    #[wasm_bindgen(method, js_name = signIn)]
    pub fn sign_in(this: &RustSignIn, options: &JsValue, signal: Option<web_sys::AbortSignal>) -> Promise;
    /// Navigates to the end of the session.
    #[wasm_bindgen(method, js_name = signOut)]
    pub fn sign_out(this: &RustSignIn, return_to: Option<&str>) -> Promise;
    /// Another call replaces the present sign-in.
    #[wasm_bindgen(method)]
    pub fn end(this: &RustSignIn);
}
