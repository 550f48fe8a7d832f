//! The shell in a real browser: against a scripted `fetch` where the wire is the subject, against the real server where
//! the flow is. `npm test` runs it; it needs the built vault (`npm run build`) and the address of a server.
#![allow(missing_docs)]
#![cfg(target_arch = "wasm32")]

use std::rc::Rc;

use js_sys::{Promise, Reflect};
use tokenward::web::{Client, Host};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/target/hands.js")]
extern "C" {
    #[wasm_bindgen(js_name = createVault)]
    fn create_vault(settings: &JsValue, mark: &JsValue) -> JsValue;
    #[wasm_bindgen(js_name = createHands)]
    fn create_hands(tools: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/tests/web/harness.js")]
extern "C" {
    type Hands;
    #[wasm_bindgen(js_name = makeHands)]
    fn make_hands(create_vault: &JsValue, create_hands: &JsValue, base_url: &str) -> Hands;
    #[wasm_bindgen(method)]
    fn ask(this: &Hands, question: &JsValue) -> Promise;
    #[wasm_bindgen(method)]
    fn login(this: &Hands, credentials: &str) -> Promise;
    #[wasm_bindgen(method)]
    fn logout(this: &Hands, everywhere: bool) -> Promise;
    #[wasm_bindgen(method)]
    fn heard(this: &Hands, about: u32, kind: u32, text: &str, wait: f64, failures: u32);
    #[wasm_bindgen(js_name = sendWithToken)]
    fn send_with_token(hands: &JsValue, url: &str) -> Promise;
    #[wasm_bindgen(js_name = eventsOf)]
    fn events_of(hands: &JsValue) -> String;
    #[wasm_bindgen(js_name = sleepFor)]
    fn sleep_for(milliseconds: u32) -> Promise;
    /// With `answered` for nine arguments, which a closure of Rust cannot take.
    fn spread(client: &JsValue) -> JsValue;
    fn script(answers: &str);
    fn unscript();
    #[wasm_bindgen(js_name = sentTo)]
    fn sent_to(path: &str) -> u32;
    #[wasm_bindgen(js_name = headerOf)]
    fn header_of(path: &str, name: &str) -> String;
}

/// Short, so that a test of it does not take long; long enough for a busy machine.
const TIMEOUT_MS: f64 = 400.0;
/// Header and payload of a JWT with `iat` 1000, `exp` 1002 and `sub` "7"; the signature is none.
const JWT: &str = "eyJhbGciOiJub25lIn0.eyJpYXQiOjEwMDAsImV4cCI6MTAwMiwic3ViIjoiNyJ9.x";

struct App {
    client: Rc<Client>,
    hands: Hands,
}

impl App {
    fn new(restore: &str) -> Self {
        Self::at("http://stub.test", restore, 10_000.0)
    }

    fn at(base_url: &str, restore: &str, timeout: f64) -> Self {
        let vault: JsValue =
            Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new(|settings, mark| create_vault(&settings, &mark))
                .into_js_value();
        let tools: JsValue = Closure::<dyn Fn(JsValue) -> JsValue>::new(|tools| create_hands(&tools)).into_js_value();
        let hands = make_hands(&vault, &tools, base_url);
        let restore = match restore {
            "never" => 0,
            "always" => 1,
            _ => 2,
        };
        let host = get(&hands, "host").unchecked_into::<Host>();
        let client = Rc::new(Client::new(host, 60_000.0, timeout, restore, 7));
        // The hands call back into the client.
        let back = js_sys::Object::new();
        let with = |name: &str, call: JsValue| Reflect::set(&back, &name.into(), &call).unwrap();
        let it = client.clone();
        with("locked", Closure::<dyn Fn(u32)>::new(move |flight| it.locked(flight)).into_js_value());
        let it = client.clone();
        with("elapsed", Closure::<dyn Fn()>::new(move || it.elapsed()).into_js_value());
        let it = client.clone();
        with("login", Closure::<dyn Fn()>::new(move || it.login()).into_js_value());
        let it = client.clone();
        with("logout", Closure::<dyn Fn(bool)>::new(move |everywhere| it.logout(everywhere)).into_js_value());
        let it = client.clone();
        with(
            "heard",
            Closure::<dyn Fn(u32, u32, f64, f64)>::new(move |about, kind, number: f64, wait| {
                it.heard(about, kind, number as i64 as u32, wait);
            })
            .into_js_value(),
        );
        let it = client.clone();
        let answered = Closure::<dyn Fn(js_sys::Array)>::new(move |all: js_sys::Array| {
            let number = |index| all.get(index).as_f64().unwrap();
            let id = |index| number(index) as u32;
            let status = number(2) as u16;
            it.answered(id(0), id(1), status, id(3), number(4), id(5), number(6), number(7), id(8));
        });
        with("answers", answered.into_js_value());
        Reflect::set(&hands, &"client".into(), &spread(&back)).unwrap();
        Self { client, hands }
    }

    /// Started with nothing to restore, and signed in by the next scripted answer.
    async fn signed_in(timeout: f64) -> Self {
        let app = Self::at("http://stub.test", "never", timeout);
        JsFuture::from(app.start()).await.unwrap();
        app.login().await.unwrap();
        app
    }

    async fn login(&self) -> Result<JsValue, JsValue> {
        let credentials = r#"{"email":"ada@example.com","password":"analytical engine"}"#;
        JsFuture::from(self.hands.login(credentials)).await
    }

    fn start(&self) -> Promise {
        let client = self.client.clone();
        self.hands.ask(&Closure::once_into_js(move || client.start()))
    }

    fn admit(&self) -> Promise {
        let client = self.client.clone();
        self.hands.ask(&Closure::once_into_js(move || client.admit(0.0)))
    }

    fn refresh(&self) -> Promise {
        let client = self.client.clone();
        self.hands.ask(&Closure::once_into_js(move || client.refresh()))
    }

    /// The snapshot of the last event, or one member of it.
    fn snapshot(&self) -> JsValue {
        let told: js_sys::Array = get(&self.hands, "told").unchecked_into();
        told.iter().map(|entry| get(&entry, "snapshot")).rfind(JsValue::is_object).unwrap()
    }

    fn text(&self, name: &str) -> String {
        get(&self.snapshot(), name).as_string().unwrap_or_default()
    }

    fn present(&self) -> bool {
        let present: js_sys::Function = get(&get(&self.hands, "vault"), "present").unchecked_into();
        present.call0(&JsValue::NULL).unwrap().as_f64() != Some(0.0)
    }
}

/// Else its retries would go on in the next test.
impl Drop for App {
    fn drop(&mut self) {
        self.client.dispose();
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

fn granted(life: &str) -> String {
    format!(r#"{{"status":200,"body":{{"accessToken":"{JWT}","expiresIn":{life},"user":{{"id":7,"role":"admin"}}}}}}"#)
}

/// Refreshes answered by hand: the first grants, the rest is scripted.
fn then(life: &str, rest: &str) {
    script(&format!("[{},{rest}]", granted(life)));
}

#[wasm_bindgen_test]
async fn a_login_is_told_with_user_claims_and_expiry() {
    then("900", r#"{"status":200,"body":{}}"#);
    let before = js_sys::Date::now();
    let app = App::signed_in(10_000.0).await;
    assert_eq!(events_of(&app.hands), "changed signed-in");
    assert_eq!(app.text("status"), "signed-in");
    assert_eq!(get(&get(&app.snapshot(), "user"), "role"), JsValue::from("admin"));
    assert_eq!(get(&get(&app.snapshot(), "claims"), "sub"), JsValue::from("7"));
    assert_eq!(get(&app.snapshot(), "reason"), JsValue::NULL);
    let left = get(&app.snapshot(), "expiresAt").as_f64().unwrap() - before;
    assert!((899_000.0..=901_000.0).contains(&left), "{left}");
    unscript();
}

/// Dialect B says nothing of the lifetime; the claims say 2 s.
#[wasm_bindgen_test]
async fn without_expires_in_the_lifetime_is_exp_less_iat() {
    then("null", r#"{"status":200,"body":{}}"#);
    let app = App::signed_in(10_000.0).await;
    let left = get(&app.snapshot(), "expiresAt").as_f64().unwrap() - js_sys::Date::now();
    assert!((1_000.0..=2_000.0).contains(&left), "{left}");
    unscript();
}

#[wasm_bindgen_test]
async fn an_opaque_token_has_no_claims_and_no_expiry() {
    script(r#"[{"status":200,"body":{"accessToken":"opaque"}}]"#);
    let app = App::signed_in(10_000.0).await;
    assert_eq!(get(&app.snapshot(), "claims"), JsValue::NULL);
    assert_eq!(get(&app.snapshot(), "expiresAt"), JsValue::NULL);
    assert_eq!(app.text("status"), "signed-in");
    unscript();
}

/// Statement 1.
#[wasm_bindgen_test]
async fn a_thousand_calls_that_need_a_token_share_one_refresh() {
    then("0.001", &granted("900").replace("200,", "200,\"after\":50,"));
    let app = App::signed_in(10_000.0).await;
    sleep(20).await; // the token of 1 ms is over
    let waits: Vec<_> = (0..1_000).map(|_| JsFuture::from(app.admit())).collect();
    for wait in waits {
        assert_eq!(wait.await, Ok(JsValue::TRUE));
    }
    assert_eq!(sent_to("/auth/refresh"), 1);
    assert_eq!(header_of("/auth/refresh", "idempotency-key"), "key-of-this-sign-in");
    unscript();
}

#[wasm_bindgen_test]
async fn a_refresh_that_is_answered_with_html_leaves_the_session_alone() {
    then("900", r#"{"status":200,"body":"<!doctype html><title>Sign in to the Wi-Fi</title>"}"#);
    let app = App::signed_in(TIMEOUT_MS).await;
    assert_eq!(code(JsFuture::from(app.refresh()).await), "REFRESH_UNAVAILABLE");
    assert_eq!(app.text("status"), "signed-in");
    assert!(app.present());
    assert!(events_of(&app.hands).starts_with("changed signed-in refresh-failed"));
    unscript();
}

#[wasm_bindgen_test]
async fn a_refresh_that_hangs_is_given_up_in_time() {
    then("900", r#"{"hang":true}"#);
    let app = App::signed_in(TIMEOUT_MS).await;
    let start = js_sys::Date::now();
    assert_eq!(code(JsFuture::from(app.refresh()).await), "REFRESH_UNAVAILABLE");
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
        let error = JsFuture::from(app.refresh()).await.unwrap_err();
        let seconds = get(&error, "retryAfter").as_f64().unwrap();
        assert!((119.0..=122.0).contains(&seconds), "{seconds}");
        assert_eq!(get(&error, "retryable"), JsValue::TRUE);
    }
    unscript();
}

#[wasm_bindgen_test]
async fn each_way_a_login_fails_has_its_code_and_changes_nothing() {
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
            assert_eq!(get(&error, "said"), JsValue::from("wrong"));
        }
        assert!(app.present() && app.text("status") == "signed-in", "{expected}");
    }
    unscript();
}

#[wasm_bindgen_test]
async fn a_refused_restore_ends_as_signed_out_with_its_reason() {
    script(r#"[{"status":401,"body":{"error":{"code":"REFRESH_TOKEN_REUSED"}}}]"#);
    let app = App::new("always");
    Reflect::set(&app.hands, &"found".into(), &2.into()).unwrap(); // a mark
    assert_eq!(code(JsFuture::from(app.start()).await), "SIGNED_OUT");
    assert_eq!((app.text("status").as_str(), app.text("reason").as_str()), ("signed-out", "token-reused"));
    assert_eq!(code(JsFuture::from(app.admit()).await), "SIGNED_OUT");
    unscript();
}

/// Statement 17.
#[wasm_bindgen_test]
async fn a_logout_during_a_refresh_stays_a_logout() {
    then("900", &granted("900").replace("200,", "200,\"after\":60,"));
    let app = App::signed_in(10_000.0).await;
    let refresh = app.refresh();
    let logout = app.hands.logout(false);
    assert!(!app.present(), "at once");
    assert_eq!(code(JsFuture::from(refresh).await), "SESSION_ENDED");
    JsFuture::from(logout).await.unwrap();
    sleep(150).await; // the refresh's answer has come by now
    assert!(!app.present());
    assert_eq!((app.text("status").as_str(), app.text("reason").as_str()), ("signed-out", "logout"));
    unscript();
}

#[wasm_bindgen_test]
async fn logout_everywhere_is_asked_for_with_the_token() {
    then("900", r#"{"status":204}"#);
    let app = App::signed_in(10_000.0).await;
    assert_eq!(JsFuture::from(app.hands.logout(true)).await, Ok(JsValue::TRUE));
    assert_eq!(header_of("/auth/logout-all", "authorization"), format!("Bearer {JWT}"));
    assert!(!app.present());
    unscript();
}

#[wasm_bindgen_test]
async fn a_logout_without_a_network_is_a_logout_all_the_same() {
    then("900", r#"{"fail":true}"#);
    let app = App::signed_in(10_000.0).await;
    assert_eq!(JsFuture::from(app.hands.logout(false)).await, Ok(JsValue::FALSE));
    assert_eq!((app.present(), app.text("reason").as_str()), (false, "logout"));
    unscript();
}

#[wasm_bindgen_test]
async fn a_later_login_takes_the_place_of_an_earlier_one() {
    script(&format!("[{},{}]", granted("900").replace("200,", "200,\"after\":50,"), granted("900")));
    let app = App::new("never");
    JsFuture::from(app.start()).await.unwrap();
    let first = app.hands.login("{}");
    let second = app.hands.login("{}");
    assert_eq!(JsFuture::from(second).await, Ok(JsValue::TRUE));
    assert_eq!(JsFuture::from(first).await, Err(JsValue::UNDEFINED));
    unscript();
}

#[wasm_bindgen_test]
async fn a_logout_takes_the_place_of_a_login() {
    script(&format!("[{},{}]", granted("900").replace("200,", "200,\"after\":50,"), r#"{"status":204}"#));
    let app = App::new("never");
    JsFuture::from(app.start()).await.unwrap();
    let login = app.hands.login("{}");
    let logout = app.hands.logout(false);
    assert_eq!(JsFuture::from(login).await, Err(JsValue::UNDEFINED));
    assert_eq!(JsFuture::from(logout).await, Ok(JsValue::TRUE));
    assert_eq!((app.present(), app.text("status").as_str()), (false, "signed-out"));
    unscript();
}

#[wasm_bindgen_test]
async fn who_waits_when_the_client_is_disposed_of_is_told() {
    then("900", r#"{"hang":true}"#);
    let app = App::signed_in(10_000.0).await;
    let refresh = app.refresh();
    app.client.dispose();
    assert_eq!(code(JsFuture::from(refresh).await), "DISPOSED");
    assert_eq!(code(JsFuture::from(app.admit()).await), "DISPOSED");
    assert_eq!(code(app.login().await), "DISPOSED");
    assert_eq!(JsFuture::from(app.hands.logout(false)).await, Ok(JsValue::FALSE));
    assert!(!app.present());
    assert!(get(&app.hands, "unlocks").as_f64() > Some(0.0), "the lock is given back");
    unscript();
}

/// Statement 5: a lock that does not come is passed by.
#[wasm_bindgen_test]
async fn a_lock_that_never_comes_is_taken_over() {
    then("900", &granted("900"));
    let app = App::signed_in(TIMEOUT_MS).await;
    Reflect::set(&app.hands, &"lockIsTaken".into(), &JsValue::TRUE).unwrap();
    assert_eq!(code(JsFuture::from(app.refresh()).await), "REFRESH_UNAVAILABLE", "within the caller's patience");
    sleep((TIMEOUT_MS * 0.5) as u32).await;
    assert_eq!((sent_to("/auth/refresh"), app.text("status").as_str()), (1, "signed-in"));
    assert!(events_of(&app.hands).ends_with("refreshed"));
    unscript();
}

/// Statement 10.
#[wasm_bindgen_test]
async fn news_of_another_tab_ends_the_session_and_nonsense_does_not() {
    then("900", r#"{"status":204}"#);
    let app = App::signed_in(10_000.0).await;
    app.hands.heard(0, 77, "from the future", 0.0, 0);
    app.hands.heard(0, 1, "no such reason", 0.0, 0);
    app.hands.heard(2, 1, "logout", 0.0, 0); // about a sign-in that is over
    assert_eq!(app.text("status"), "signed-in");
    app.hands.heard(0, 1, "logout", 0.0, 0);
    assert_eq!((app.present(), app.text("reason").as_str()), (false, "other-tab"));
    assert_eq!(sent_to("/auth/logout"), 0, "the tab that signed out has told the server");
    unscript();
}

/// Statement 28e.
#[wasm_bindgen_test]
async fn a_sign_out_that_the_server_did_not_hear_is_told_again() {
    then("900", r#"{"fail":true},{"status":204}"#);
    let app = App::signed_in(10_000.0).await;
    assert_eq!(JsFuture::from(app.hands.logout(false)).await, Ok(JsValue::FALSE));
    assert_eq!(get(&app.hands, "owed"), JsValue::TRUE);
    app.client.woke();
    sleep(50).await;
    assert_eq!((sent_to("/auth/logout"), get(&app.hands, "owed")), (2, JsValue::FALSE));
    unscript();
}

/// The whole way on the real server, from another origin of the same site.
#[wasm_bindgen_test]
async fn the_whole_way_on_the_real_server() {
    let Some(server) = option_env!("TOKENWARD_TEST_SERVER") else {
        panic!("TOKENWARD_TEST_SERVER: expected the address of a server; `npm test` starts one and sets it");
    };
    let app = App::at(server, "never", 10_000.0);
    JsFuture::from(app.start()).await.unwrap();
    app.login().await.unwrap();
    let me = format!("{server}/api/me");
    let ok = |response: JsValue| get(&response, "status") == 200;
    assert!(ok(JsFuture::from(send_with_token(&app.hands, &me)).await.unwrap()));
    for _ in 0..3 {
        JsFuture::from(app.refresh()).await.unwrap();
    }
    assert!(ok(JsFuture::from(send_with_token(&app.hands, &me)).await.unwrap()));
    assert_eq!(get(&get(&app.snapshot(), "user"), "email"), JsValue::from("ada@example.com"));
    assert_eq!(JsFuture::from(app.hands.logout(false)).await, Ok(JsValue::TRUE));
    assert_eq!(code(JsFuture::from(app.refresh()).await), "SIGNED_OUT");
    assert!(events_of(&app.hands).ends_with("refreshed signed-out"));
}
