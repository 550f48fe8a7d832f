//! The bindings in a real browser: single requests with a scripted `fetch`, and the main flow with the real server. `npm test` runs it; it needs the built package (`npm run build`) and the address of a server.
#![allow(missing_docs)]
#![cfg(target_arch = "wasm32")]

use js_sys::{Promise, Reflect};
use tokenward_bindings::{Client, Host, RestoreMode};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/../target/bindings-test.js")]
extern "C" {
    /// The parts of the engine around a client.
    type Parts;
    fn connect(base_url: &str) -> Parts;
    #[wasm_bindgen(method, getter)]
    fn host(this: &Parts) -> Host;
    #[wasm_bindgen(method, getter)]
    fn core(this: &Parts) -> Core;
    #[wasm_bindgen(method, setter)]
    fn set_client(this: &Parts, client: Client);
    #[wasm_bindgen(method, setter, js_name = lockIsTaken)]
    fn set_lock_is_taken(this: &Parts, taken: bool);
    #[wasm_bindgen(method, getter)]
    fn releases(this: &Parts) -> u32;
    #[wasm_bindgen(method, js_name = hasToken)]
    fn has_token(this: &Parts) -> bool;

    /// `SessionCore` of `js/engine/wasm-host.ts`, and the functions of the client that the engine calls itself.
    type Core;
    #[wasm_bindgen(method)]
    fn start(this: &Core) -> Promise;
    #[wasm_bindgen(method, js_name = requestToken)]
    fn request_token(this: &Core, min_validity: f64) -> Promise;
    #[wasm_bindgen(method)]
    fn refresh(this: &Core) -> Promise;
    #[wasm_bindgen(method)]
    fn login(this: &Core, credentials: &str) -> Promise;
    #[wasm_bindgen(method)]
    fn logout(this: &Core, scope: &str) -> Promise;
    #[wasm_bindgen(method, js_name = receiveMessage)]
    fn receive_message(this: &Core, message: &JsValue, relation: &str);
    #[wasm_bindgen(method)]
    fn resumed(this: &Core);
    #[wasm_bindgen(method)]
    fn dispose(this: &Core);
}

#[wasm_bindgen(module = "/../tests/bindings/harness.js")]
extern "C" {
    #[wasm_bindgen(js_name = sendWithToken)]
    fn send_with_token(test: &Parts, url: &str) -> Promise;
    #[wasm_bindgen(js_name = eventsOf)]
    fn events_of(test: &Parts) -> String;
    #[wasm_bindgen(js_name = latestSession)]
    fn latest_session(test: &Parts) -> JsValue;
    fn store(test: &Parts, key: &str, value: &str);
    fn stored(test: &Parts, key: &str) -> Option<String>;
    #[wasm_bindgen(js_name = sleepFor)]
    fn sleep_for(milliseconds: u32) -> Promise;
    fn script(responses: &str);
    fn unscript();
    #[wasm_bindgen(js_name = sentTo)]
    fn sent_to(path: &str) -> u32;
    #[wasm_bindgen(js_name = headerOf)]
    fn header_of(path: &str, name: &str) -> String;
}

/// Short enough for a quick test, long enough for a busy machine.
const TIMEOUT_MS: f64 = 400.0;
/// Header and payload of a JWT with `iat` 1000, `exp` 1002 and `sub` "7"; without a signature.
const JWT: &str = "eyJhbGciOiJub25lIn0.eyJpYXQiOjEwMDAsImV4cCI6MTAwMiwic3ViIjoiNyJ9.x";

struct App {
    parts: Parts,
    core: Core,
}

impl App {
    fn new(restore: RestoreMode) -> Self {
        Self::at("http://stub.test", restore, 10_000.0)
    }

    fn at(base_url: &str, restore: RestoreMode, timeout: f64) -> Self {
        let parts = connect(base_url);
        parts.set_client(Client::new(parts.host(), 60_000.0, timeout, restore, true, 7));
        let core = parts.core();
        Self { parts, core }
    }

    /// Started with nothing to restore, and signed in by the next scripted response.
    async fn signed_in(timeout: f64) -> Self {
        let app = Self::at("http://stub.test", RestoreMode::Never, timeout);
        JsFuture::from(app.core.start()).await.unwrap();
        app.login().await.unwrap();
        app
    }

    async fn login(&self) -> Result<JsValue, JsValue> {
        let credentials = r#"{"email":"ada@example.com","password":"analytical engine"}"#;
        JsFuture::from(self.core.login(credentials)).await
    }

    async fn logout(&self) -> Result<JsValue, JsValue> {
        JsFuture::from(self.core.logout("session")).await
    }

    async fn refresh(&self) -> Result<JsValue, JsValue> {
        JsFuture::from(self.core.refresh()).await
    }

    /// The session of the last event.
    fn session(&self) -> JsValue {
        latest_session(&self.parts)
    }

    fn text(&self, name: &str) -> String {
        get(&self.session(), name).as_string().unwrap_or_default()
    }

    fn has_token(&self) -> bool {
        self.parts.has_token()
    }

    fn receive(&self, relation: &str, message: &str) {
        self.core.receive_message(&js_sys::JSON::parse(message).unwrap(), relation);
    }
}

/// Otherwise its retries would continue in the next test.
impl Drop for App {
    fn drop(&mut self) {
        self.core.dispose();
    }
}

async fn sleep(milliseconds: u32) {
    JsFuture::from(sleep_for(milliseconds)).await.unwrap();
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn code(result: Result<JsValue, JsValue>) -> String {
    result.map_or_else(|error| get(&error, "code").as_string().unwrap_or_default(), |_| "none".into())
}

fn granted(lifetime: &str) -> String {
    format!(
        r#"{{"status":200,"body":{{"accessToken":"{JWT}","expiresIn":{lifetime},"user":{{"id":7,"role":"admin"}}}}}}"#
    )
}

/// Scripts a response with a token, and then `rest`.
fn then(lifetime: &str, rest: &str) {
    script(&format!("[{},{rest}]", granted(lifetime)));
}

#[wasm_bindgen_test]
async fn a_login_notifies_with_user_claims_and_expiry() {
    // (The claims state 2 s; the smaller lifetime counts.)
    then("1.5", r#"{"status":200,"body":{}}"#);
    let before = js_sys::Date::now();
    let app = App::signed_in(10_000.0).await;
    assert_eq!(events_of(&app.parts), "session-updated signed-in");
    assert_eq!(app.text("status"), "signed-in");
    assert_eq!(get(&get(&app.session(), "user"), "role"), JsValue::from("admin"));
    assert_eq!(get(&get(&app.session(), "claims"), "sub"), JsValue::from("7"));
    assert_eq!(get(&app.session(), "reason"), JsValue::NULL);
    let remaining = get(&app.session(), "expiresAt").as_f64().unwrap() - before;
    assert!((1_000.0..=1_700.0).contains(&remaining), "{remaining}");
    unscript();
}

/// Dialect B states no lifetime; the claims state 2 s.
#[wasm_bindgen_test]
async fn without_expires_in_the_lifetime_is_exp_less_iat() {
    then("null", r#"{"status":200,"body":{}}"#);
    let app = App::signed_in(10_000.0).await;
    let remaining = get(&app.session(), "expiresAt").as_f64().unwrap() - js_sys::Date::now();
    assert!((1_000.0..=2_000.0).contains(&remaining), "{remaining}");
    unscript();
}

#[wasm_bindgen_test]
async fn an_opaque_token_has_no_claims_and_no_expiry() {
    script(r#"[{"status":200,"body":{"accessToken":"opaque"}}]"#);
    let app = App::signed_in(10_000.0).await;
    assert_eq!(get(&app.session(), "claims"), JsValue::NULL);
    assert_eq!(get(&app.session(), "expiresAt"), JsValue::NULL);
    assert_eq!(app.text("status"), "signed-in");
    unscript();
}

/// R-1.
#[wasm_bindgen_test]
async fn a_thousand_calls_that_need_a_token_share_one_refresh() {
    then("0.001", &granted("900").replace("200,", "200,\"after\":50,"));
    let app = App::signed_in(10_000.0).await;
    sleep(20).await; // the token of 1 ms has expired
    let waits: Vec<_> = (0..1_000).map(|_| JsFuture::from(app.core.request_token(0.0))).collect();
    for wait in waits {
        assert_eq!(wait.await, Ok(JsValue::TRUE));
    }
    assert_eq!(sent_to("/auth/refresh"), 1);
    let sent = header_of("/auth/refresh", "idempotency-key");
    assert!(!sent.is_empty());
    // The next refresh gets another key, and the key that names the sign-in is never sent.
    for key in ["idempotency-key", "sign-in-key"] {
        assert!(stored(&app.parts, key).is_some_and(|stored| stored != sent), "{key}");
    }
    unscript();
}

#[wasm_bindgen_test]
async fn an_html_response_to_a_refresh_leaves_the_session_unchanged() {
    then("900", r#"{"status":200,"body":"<!doctype html><title>Sign in to the Wi-Fi</title>"}"#);
    let app = App::signed_in(TIMEOUT_MS).await;
    assert_eq!(code(app.refresh().await), "REFRESH_UNAVAILABLE");
    assert_eq!(app.text("status"), "signed-in");
    assert!(app.has_token());
    assert!(events_of(&app.parts).starts_with("session-updated signed-in refresh-failed"));
    unscript();
}

#[wasm_bindgen_test]
async fn a_refresh_without_response_times_out() {
    then("900", r#"{"hang":true}"#);
    let app = App::signed_in(TIMEOUT_MS).await;
    let start = js_sys::Date::now();
    assert_eq!(code(app.refresh().await), "REFRESH_UNAVAILABLE");
    let took = js_sys::Date::now() - start;
    assert!((TIMEOUT_MS * 0.9..TIMEOUT_MS * 5.0).contains(&took), "{took} ms");
    assert_eq!(app.text("status"), "signed-in");
    unscript();
}

#[wasm_bindgen_test]
async fn retry_after_as_seconds_and_as_a_date_reaches_the_caller() {
    for wait in ["\"120\"", "\"Thu, 01 Jan 2099 00:02:00 GMT\", \"date\": \"Thu, 01 Jan 2099 00:00:00 GMT\""] {
        then("900", &format!(r#"{{"status":429,"body":{{}},"headers":{{"retry-after":{wait}}}}}"#));
        let app = App::signed_in(TIMEOUT_MS).await;
        let error = app.refresh().await.unwrap_err();
        let seconds = get(&error, "retryAfterSeconds").as_f64().unwrap();
        assert!((119.0..=122.0).contains(&seconds), "{seconds}");
        assert_eq!(get(&error, "retryable"), JsValue::TRUE);
    }
    unscript();
}

#[wasm_bindgen_test]
async fn each_login_failure_has_its_code_and_changes_nothing() {
    for (answer, expected) in [
        (r#"{"status":401,"body":{"error":{"code":"INVALID_CREDENTIALS","message":"wrong"}}}"#, "INVALID_CREDENTIALS"),
        (r#"{"status":429,"body":{}}"#, "RATE_LIMITED"),
        (r#"{"status":503,"body":"oops"}"#, "SERVER_ERROR"),
        (r#"{"status":200,"body":{"token":"elsewhere"}}"#, "MALFORMED_RESPONSE"),
        (r#"{"fail":true}"#, "OFFLINE"),
        (r#"{"hang":true}"#, "TIMEOUT"),
    ] {
        then("900", answer);
        let app = App::signed_in(TIMEOUT_MS).await;
        let error = app.login().await.unwrap_err();
        assert_eq!(get(&error, "code").as_string().as_deref(), Some(expected));
        if expected == "INVALID_CREDENTIALS" {
            let details = get(&error, "details").as_string().unwrap_or_default();
            assert!(details.ends_with("/auth/login: status 401; the server says: wrong"), "{details}");
        }
        assert!(app.has_token() && app.text("status") == "signed-in", "{expected}");
    }
    unscript();
}

#[wasm_bindgen_test]
async fn a_rejected_restore_signs_out_with_its_reason() {
    script(r#"[{"status":401,"body":{"error":{"code":"REFRESH_TOKEN_REUSED"}}}]"#);
    let app = App::new(RestoreMode::Always);
    store(&app.parts, "sign-in-key", "key-of-this-sign-in");
    assert_eq!(code(JsFuture::from(app.core.start()).await), "SIGNED_OUT");
    assert_eq!((app.text("status").as_str(), app.text("reason").as_str()), ("signed-out", "token-reused"));
    assert_eq!(code(JsFuture::from(app.core.request_token(0.0)).await), "SIGNED_OUT");
    unscript();
}

/// R-17.
#[wasm_bindgen_test]
async fn a_logout_during_a_refresh_stays_signed_out() {
    then("900", &granted("900").replace("200,", "200,\"after\":60,"));
    let app = App::signed_in(10_000.0).await;
    let refresh = app.core.refresh();
    let logout = app.core.logout("session");
    assert!(!app.has_token(), "the logout clears the token at once");
    assert_eq!(code(JsFuture::from(refresh).await), "SESSION_ENDED");
    JsFuture::from(logout).await.unwrap();
    sleep(150).await; // the response to the refresh has arrived by now
    assert!(!app.has_token());
    assert_eq!((app.text("status").as_str(), app.text("reason").as_str()), ("signed-out", "logout"));
    unscript();
}

#[wasm_bindgen_test]
async fn a_global_logout_carries_the_token() {
    then("900", r#"{"status":204}"#);
    let app = App::signed_in(10_000.0).await;
    assert_eq!(JsFuture::from(app.core.logout("global")).await, Ok(JsValue::TRUE));
    assert_eq!(header_of("/auth/logout-all", "authorization"), format!("Bearer {JWT}"));
    assert!(!app.has_token());
    unscript();
}

#[wasm_bindgen_test]
async fn a_logout_without_a_network_signs_out() {
    then("900", r#"{"fail":true}"#);
    let app = App::signed_in(10_000.0).await;
    assert_eq!(app.logout().await, Ok(JsValue::FALSE));
    assert_eq!((app.has_token(), app.text("reason").as_str()), (false, "logout"));
    unscript();
}

#[wasm_bindgen_test]
async fn a_later_login_replaces_an_earlier_one() {
    script(&format!("[{},{}]", granted("900").replace("200,", "200,\"after\":50,"), granted("900")));
    let app = App::new(RestoreMode::Never);
    JsFuture::from(app.core.start()).await.unwrap();
    let first = app.core.login("{}");
    let second = app.core.login("{}");
    assert_eq!(JsFuture::from(second).await, Ok(JsValue::TRUE));
    assert_eq!(JsFuture::from(first).await, Err(JsValue::UNDEFINED));
    unscript();
}

#[wasm_bindgen_test]
async fn a_logout_replaces_a_login() {
    script(&format!("[{},{}]", granted("900").replace("200,", "200,\"after\":50,"), r#"{"status":204}"#));
    let app = App::new(RestoreMode::Never);
    JsFuture::from(app.core.start()).await.unwrap();
    let login = app.core.login("{}");
    let logout = app.core.logout("session");
    assert_eq!(JsFuture::from(login).await, Err(JsValue::UNDEFINED));
    assert_eq!(JsFuture::from(logout).await, Ok(JsValue::TRUE));
    assert_eq!((app.has_token(), app.text("status").as_str()), (false, "signed-out"));
    unscript();
}

#[wasm_bindgen_test]
async fn dispose_rejects_pending_promises() {
    then("900", r#"{"hang":true}"#);
    let app = App::signed_in(10_000.0).await;
    let refresh = app.core.refresh();
    app.core.dispose();
    assert_eq!(code(JsFuture::from(refresh).await), "DISPOSED");
    assert_eq!(code(JsFuture::from(app.core.request_token(0.0)).await), "DISPOSED");
    assert_eq!(code(app.login().await), "DISPOSED");
    assert_eq!(app.logout().await, Ok(JsValue::FALSE));
    assert!(!app.has_token());
    assert!(app.parts.releases() > 0, "the lock is released");
    unscript();
}

/// R-5.
#[wasm_bindgen_test]
async fn a_lock_that_is_never_granted_is_stolen() {
    then("900", &granted("900"));
    let app = App::signed_in(TIMEOUT_MS).await;
    app.parts.set_lock_is_taken(true);
    assert_eq!(code(app.refresh().await), "REFRESH_UNAVAILABLE", "within the timeout");
    sleep((TIMEOUT_MS * 0.5) as u32).await;
    assert_eq!((sent_to("/auth/refresh"), app.text("status").as_str()), (1, "signed-in"));
    assert!(events_of(&app.parts).ends_with("refreshed"));
    unscript();
}

/// R-10.
#[wasm_bindgen_test]
async fn a_message_of_another_tab_ends_the_session_and_an_unknown_one_does_not() {
    then("900", r#"{"status":204}"#);
    let app = App::signed_in(10_000.0).await;
    app.receive("same", r#"{"type":"from-the-future"}"#);
    app.receive("stale", r#"{"type":"signed-out","reason":"logout"}"#);
    assert_eq!(app.text("status"), "signed-in");
    app.receive("same", r#"{"type":"signed-out","reason":"logout"}"#);
    assert_eq!((app.has_token(), app.text("reason").as_str()), (false, "other-tab"));
    assert_eq!(sent_to("/auth/logout"), 0, "the other tab sent the revocation");
    unscript();
}

/// R-28e.
#[wasm_bindgen_test]
async fn an_unconfirmed_revocation_is_sent_again() {
    then("900", r#"{"fail":true},{"status":204}"#);
    let app = App::signed_in(10_000.0).await;
    assert_eq!(app.logout().await, Ok(JsValue::FALSE));
    assert_eq!(stored(&app.parts, "pending-revocation").as_deref(), Some("1"));
    app.core.resumed();
    sleep(50).await;
    assert_eq!((sent_to("/auth/logout"), stored(&app.parts, "pending-revocation")), (2, None));
    unscript();
}

/// On the real server, from another origin of the same site.
#[wasm_bindgen_test]
async fn login_refresh_and_logout_on_the_real_server() {
    let Some(server) = option_env!("TOKENWARD_TEST_SERVER") else {
        panic!("TOKENWARD_TEST_SERVER: expected the address of a server; `npm test` starts one and sets it");
    };
    let app = App::at(server, RestoreMode::Never, 10_000.0);
    JsFuture::from(app.core.start()).await.unwrap();
    app.login().await.unwrap();
    let me = format!("{server}/api/me");
    let ok = |response: JsValue| get(&response, "status") == 200;
    assert!(ok(JsFuture::from(send_with_token(&app.parts, &me)).await.unwrap()));
    for _ in 0..3 {
        app.refresh().await.unwrap();
    }
    assert!(ok(JsFuture::from(send_with_token(&app.parts, &me)).await.unwrap()));
    assert_eq!(get(&get(&app.session(), "user"), "email"), JsValue::from("ada@example.com"));
    assert_eq!(app.logout().await, Ok(JsValue::TRUE));
    assert_eq!(code(app.refresh().await), "SIGNED_OUT");
    assert!(events_of(&app.parts).ends_with("refreshed signed-out"));
}
