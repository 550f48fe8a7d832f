//! The Rust client in a real browser, with the real server: `wasm-pack test`. The end-to-end tests of the npm package run
//! against this client too (`tests/e2e`, `ISOLATION=rust`); here is what only Rust can show.
#![allow(missing_docs)]
#![cfg(target_arch = "wasm32")]

mod json;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokenward::{
    ApiRequest, AuthClient, AuthClientBuilder, AuthError, AuthEvent, ErrorCode, IntoApiRequest, Protocol, Remember,
    Restore, Session, SessionStatus, SignedOutReason,
};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const SERVER: Option<&str> = option_env!("TOKENWARD_TEST_SERVER");

#[derive(Serialize)]
struct Credentials {
    email: &'static str,
    password: &'static str,
}

const ADA: Credentials = Credentials { email: "ada@example.com", password: "analytical engine" };

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct User {
    email: String,
    role: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
    iat: u64,
}

/// A client of its own, which no other test knows.
fn client(name: &str) -> AuthClient {
    builder(name).build().unwrap()
}

fn builder(name: &str) -> AuthClientBuilder {
    AuthClient::builder().base_url(url("")).name(name).restore(Restore::Never)
}

#[wasm_bindgen_test]
async fn a_user_signs_in_calls_an_api_and_signs_out() {
    let auth = client("flow");
    assert_eq!(auth.ready().await.status(), SessionStatus::SignedOut { reason: SignedOutReason::NoSession });
    let session = auth.login(&ADA).await.unwrap();
    assert!(session.is_signed_in() && session.has_role("admin") && !session.has_role("other"));
    let me: User = auth.fetch(url("/api/me")).await.unwrap().json().await.unwrap();
    let Session::SignedIn { user, expires_at } = auth.session::<User>().unwrap() else { panic!("signed in") };
    assert_eq!(user, me);
    assert!(expires_at.unwrap() > js_sys::Date::now());
    let claims: Claims = session.claims().unwrap().unwrap();
    assert!(!claims.sub.is_empty() && claims.exp > claims.iat);
    assert!(auth.logout().await.revoked);
    assert_eq!(auth.session::<User>().unwrap(), Session::SignedOut { reason: SignedOutReason::Logout });
    assert_eq!(code_of(auth.fetch(url("/api/me")).await), Some(ErrorCode::SignedOut));
}

#[wasm_bindgen_test]
async fn any_number_of_refreshes_are_one() {
    let auth = client("shared");
    auth.login(&ADA).await.unwrap();
    let mut events = auth.events();
    let refreshes = futures_util::future::join_all((0..100).map(|_| auth.refresh())).await;
    assert!(refreshes.iter().all(Result::is_ok));
    auth.dispose();
    let mut count = 0;
    while let Some(event) = events.next().await {
        count += u32::from(matches!(event, AuthEvent::Refreshed(_)));
    }
    assert_eq!(count, 1);
}

#[wasm_bindgen_test]
async fn a_request_with_a_body_reaches_the_api() {
    let auth = client("body");
    auth.login(&ADA).await.unwrap();
    let request = ApiRequest::post(&url("/api/echo")).json(&[("title", "note")]).unwrap();
    let echoed: Vec<(String, String)> = auth.fetch(request).await.unwrap().json().await.unwrap();
    assert_eq!(echoed, [("title".to_owned(), "note".to_owned())]);
    let bare = web_sys::Request::new_with_str(&url("/api/me")).unwrap();
    assert_eq!(auth.fetch(bare.clone().unwrap()).await.unwrap().status(), 200);
    assert!(!bare.headers().has("authorization").unwrap(), "no token is written into the caller's request");
}

#[wasm_bindgen_test]
async fn a_request_has_what_the_app_adds_to_it() {
    let auth = client("additions");
    auth.login(&ADA).await.unwrap();
    let refused = ApiRequest::get("/").header("a b", "1").unwrap_err();
    assert_eq!(refused.to_string(), r#"INVALID_OPTIONS: header: expected a name and a value of HTTP, got "a b""#);
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_body(&r#"["note"]"#.into());
    let bare = web_sys::Request::new_with_str_and_init(&url("/api/echo"), &init).unwrap();
    let request = bare.into_api_request().header("content-type", "application/json").unwrap();
    assert_eq!(auth.fetch(request).await.unwrap().json::<[String; 1]>().await.unwrap(), ["note"]);
    let abort = web_sys::AbortController::new().unwrap();
    abort.abort();
    let request = ApiRequest::get(&url("/api/me")).with_init(|init| init.set_signal(Some(&abort.signal())));
    assert!(matches!(auth.fetch(request).await, Err(AuthError::Fetch(text)) if text.contains("Abort")));
}

#[wasm_bindgen_test]
async fn a_body_that_is_no_json_is_not_reported_as_a_fault_of_the_network() {
    let auth = client("no JSON");
    let response = auth.fetch("data:text/html,<h1>Welcome</h1>").await.unwrap();
    let error = response.json::<User>().await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("JSON", false));
}

#[wasm_bindgen_test]
async fn auth_headers_may_dispose_of_the_client() {
    let own = Rc::new(RefCell::new(None::<AuthClient>));
    let dispose = {
        let own = own.clone();
        move || {
            if let Some(auth) = own.take() {
                auth.dispose();
            }
            Vec::new()
        }
    };
    let auth = builder("dispose").auth_headers(dispose).build().unwrap();
    auth.ready().await;
    let mut sessions = auth.subscribe();
    own.replace(Some(auth.clone()));
    assert_eq!(code_of(auth.login(&ADA).await), Some(ErrorCode::Disposed));
    while sessions.next().await.is_some() {}
}

#[wasm_bindgen_test]
async fn a_stream_yields_the_session_now_and_each_change() {
    let auth = client("stream");
    auth.ready().await;
    let mut sessions = auth.subscribe();
    assert!(!sessions.next().await.unwrap().is_signed_in());
    auth.login(&ADA).await.unwrap();
    assert!(sessions.next().await.unwrap().is_signed_in());
    auth.logout().await;
    while sessions.next().await.unwrap().is_signed_in() {}
    drop(auth);
    assert!(sessions.next().await.is_none(), "the stream ends with the client");
}

#[wasm_bindgen_test]
async fn a_restore_without_a_server_says_why() {
    let builder = AuthClient::builder().base_url("http://127.0.0.1:9").name("no server").restore(Restore::Always);
    let auth = builder.timeout(Duration::from_secs(1)).build().unwrap();
    assert_eq!(auth.ready().await.status(), SessionStatus::Restoring);
    let session = auth.snapshot();
    let error = session.restore_error().expect("the restore failed");
    assert_eq!(error.code(), "OFFLINE");
    assert!(error.to_string().contains("POST http://127.0.0.1:9/auth/refresh: no response"), "{error}");
    assert!(session.retry_at().is_some_and(|at| at > 0.0));
    auth.dispose();
}

#[wasm_bindgen_test]
async fn a_wrong_password_is_an_error_with_the_servers_words() {
    let auth = client("wrong");
    let error = auth.login(&Credentials { email: "ada@example.com", password: "wrong" }).await.unwrap_err();
    let AuthError::Auth { code, status, details, .. } = &error else { panic!("{error}") };
    assert_eq!((*code, *status), (ErrorCode::InvalidCredentials, Some(401)));
    assert!(details.as_ref().is_some_and(|details| details.contains("the server says: ")));
    assert_eq!((error.code(), error.is_retryable()), ("INVALID_CREDENTIALS", false));
}

#[wasm_bindgen_test]
async fn the_answer_to_a_refused_login_is_read_as_the_apps_own_type() {
    #[derive(Deserialize)]
    struct Answer {
        error: Reason,
    }
    #[derive(Deserialize)]
    struct Reason {
        code: String,
    }
    let auth = client("answer");
    let error = auth.login(&Credentials { email: "ada@example.com", password: "wrong" }).await.unwrap_err();
    assert_eq!(error.body::<Answer>().unwrap().unwrap().error.code, "INVALID_CREDENTIALS");
    assert!(matches!(error.body::<u8>(), Err(AuthError::Json(_))));
    assert!(AuthError::Superseded.body::<Answer>().unwrap().is_none());
}

#[wasm_bindgen_test]
async fn a_name_that_is_no_call_of_the_server_is_an_error_before_anything_is_sent() {
    let auth = builder("calls").server(&json!({ "calls": { "mfa": { "path": "/mfa" } } })).build().unwrap();
    for name in ["refresh", "logoutAll", "constructor", "nope"] {
        let error = auth.login_with_call(name, &ADA).await.unwrap_err().to_string();
        assert_eq!(error, format!("INVALID_OPTIONS: call: expected a name of server.calls, got \"{name}\""));
    }
    let details = auth.login_with_call("mfa", &ADA).await.unwrap_err().to_string();
    assert!(details.contains(&format!("POST {}: status 404", url("/mfa"))), "{details}");
}

#[wasm_bindgen_test]
async fn credentials_that_a_form_cannot_hold_are_an_error_before_anything_is_sent() {
    let auth = builder("form").server(&json!({ "login": { "as": "form" } })).build().unwrap();
    let error = auth.login(&json!({ "code": 123_456 })).await.unwrap_err();
    let AuthError::InvalidOption { option, received, .. } = &error else { panic!("{error}") };
    assert_eq!((option.as_ref(), received.as_str()), ("credentials", "other JSON"));
}

#[wasm_bindgen_test]
async fn an_answer_that_the_app_has_signs_in() {
    let auth = client("adopted");
    let session = auth.adopt(&json!({ "accessToken": "a", "expiresIn": 900, "user": { "role": "admin" } })).await;
    assert!(session.unwrap().has_role("admin"));
    assert_eq!(code_of(auth.adopt(&json!({ "token": "a" })).await), Some(ErrorCode::MalformedResponse));
    auth.dispose();
}

#[wasm_bindgen_test]
async fn a_restore_asks_the_server_also_after_a_logout() {
    let auth = client("asked");
    auth.login(&ADA).await.unwrap();
    auth.logout().await;
    assert_eq!(code_of(auth.refresh().await), Some(ErrorCode::SignedOut));
    assert!(!auth.restore().await.unwrap().is_signed_in());
    client("elsewhere").login(&ADA).await.unwrap();
    assert!(auth.restore().await.unwrap().is_signed_in());
    auth.logout().await;
}

#[wasm_bindgen_test]
async fn of_two_logins_the_last_counts() {
    let auth = client("two");
    let (first, second) = futures_util::future::join(auth.login(&ADA), auth.login(&ADA)).await;
    assert_eq!(first.unwrap_err(), AuthError::Superseded);
    assert!(second.unwrap().is_signed_in());
}

#[wasm_bindgen_test]
async fn the_access_token_is_given_only_if_the_app_asked_for_it() {
    let auth = client("kept");
    auth.login(&ADA).await.unwrap();
    assert_eq!(auth.access_token(Duration::ZERO).await, Err(AuthError::TokenNotExposed));
    let auth = builder("exposed").expose_token(true).build().unwrap();
    auth.login(&ADA).await.unwrap();
    assert_eq!(auth.access_token(Duration::ZERO).await.unwrap().split('.').count(), 3);
    let error = auth.access_token(Duration::from_secs(86_401)).await.unwrap_err();
    assert_eq!(error.to_string(), "INVALID_OPTIONS: min_validity: expected at most a day, got 86401 s");
}

#[wasm_bindgen_test]
async fn a_disposed_client_answers_at_once() {
    let auth = client("disposed");
    auth.login(&ADA).await.unwrap();
    let clone = auth.clone();
    auth.dispose();
    assert_eq!(code_of(clone.refresh().await), Some(ErrorCode::Disposed));
    assert_eq!(code_of(clone.login(&ADA).await), Some(ErrorCode::Disposed));
    assert_eq!(code_of(clone.fetch(url("/api/me")).await), Some(ErrorCode::Disposed));
    assert!(!clone.logout().await.revoked);
}

#[wasm_bindgen_test]
async fn a_user_that_does_not_fit_the_type_is_an_error() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Other {
        shoe_size: u8,
    }
    let auth = client("type");
    auth.login(&ADA).await.unwrap();
    let error = auth.session::<Other>().unwrap_err();
    assert!(matches!(&error, AuthError::Json(text) if text.contains("shoe_size")), "{error}");
}

#[wasm_bindgen_test]
async fn the_log_says_why_a_user_was_signed_out() {
    let auth = client("log");
    auth.login(&ADA).await.unwrap();
    auth.logout().await;
    let entry = auth.diagnostics().into_iter().rev().find(|entry| entry.event == "signed-out").unwrap();
    assert!(entry.detail.contains(r#""reason":"logout""#), "{}", entry.detail);
}

#[wasm_bindgen_test]
fn each_wrong_option_is_named_with_what_is_valid_and_what_came() {
    let new = AuthClient::builder;
    let long = Duration::from_secs(3_601);
    for (builder, message) in [
        (
            new().base_url("/v1"),
            r#"base_url: expected an absolute http(s) URL without a user name, a query or a fragment, got "/v1""#,
        ),
        (new().base_url("ftp://example.com"), "base_url: expected an absolute http(s) URL"),
        (new().base_url("https://user:secret@example.com"), "base_url: expected an absolute http(s) URL"),
        (new().login_endpoint(""), "login_endpoint: expected a path or an http(s) URL, got \"\""),
        (new().refresh_endpoint("javascript:alert(1)"), "refresh_endpoint: expected a path"),
        (new().logout_endpoint("data:,x"), "logout_endpoint: expected a path"),
        (new().logout_all_endpoint("ftp://x"), "logout_all_endpoint: expected a path"),
        (new().access_token_field(""), "access_token_field: expected the name of a field"),
        (new().refresh_token_field(""), "refresh_token_field: expected the name of a field"),
        (new().expires_in_field(""), "expires_in_field: expected the name of a field"),
        (new().user_field(""), "user_field: expected the name of a field"),
        (new().api_origin("https://api.example.com/v1"), "api_origin: expected an origin, such as"),
        (new().client_id("spa"), "client_id: expected Protocol::OAuth2 or server beside it, got \"spa\""),
        (new().client_id("").protocol(Protocol::OAuth2), "client_id: expected a string that is not empty"),
        (new().token_scheme("two words"), "token_scheme: expected one word, such as \"Bearer\", got \"two words\""),
        (new().renew_before(long), "renew_before: expected at most an hour, got 3601 s"),
        (new().timeout(Duration::ZERO), "timeout: expected 1 ms to 10 minutes, got 0 s"),
        (new().timeout(Duration::MAX), "timeout: expected 1 ms to 10 minutes"),
        #[cfg(feature = "idle")]
        (new().idle_timeout(Duration::ZERO), "idle_timeout: expected 1 s to 30 days, got 0 s"),
        #[cfg(feature = "idle")]
        (new().idle_timeout(Duration::from_millis(500)), "idle_timeout: expected 1 s to 30 days, got 500 ms"),
        #[cfg(feature = "idle")]
        (new().idle_timeout(Duration::MAX), "idle_timeout: expected 1 s to 30 days"),
        #[cfg(feature = "idle")]
        (new().idle_warning(Duration::from_secs(60)), "idle_warning: expected less than idle_timeout, got 60 s"),
        #[cfg(feature = "idle")]
        (
            new().idle_timeout(Duration::from_secs(60)).idle_warning(Duration::from_secs(60)),
            "idle_warning: expected less than idle_timeout, got 60 s",
        ),
        #[cfg(feature = "idle")]
        (new().idle_timeout(long).idle_warning(long), "idle_warning: expected at most an hour, got 3601 s"),
        (new().name(""), "name: expected a string that is not empty, got \"\""),
    ] {
        let error = builder.build().expect_err(message).to_string();
        assert!(error.starts_with(&format!("INVALID_OPTIONS: {message}")), "{error}");
    }
}

#[wasm_bindgen_test]
fn each_wrong_member_of_the_server_is_named_by_its_path() {
    for (server, message) in [
        (
            json!({ "refresh": { "body": { "refresh": "{refrsh}" } } }),
            "refresh.body.refresh: expected a string whose placeholders are {access}, {refresh}, {credentials}, \
             {credentials.NAME}, {clientId} or {cookie:NAME}, got \"{refrsh}\"",
        ),
        (
            json!({ "refesh": null }),
            "refesh: expected one of login, refresh, logout, logoutAll, calls, api, answer, user, over, notOver, got \
             \"refesh\"",
        ),
        (
            json!({ "login": { "path": "/{access}" } }),
            "login.path: expected a path with no placeholder but {clientId}, got \"/{access}\"",
        ),
        (json!({ "answer": { "access": [""] } }), "answer.access[0]: expected a string that is not empty, got \"\""),
        (
            json!({ "calls": { "logout": {} } }),
            "calls.logout: expected a name that is not one of login, refresh, logout, logoutAll, got \"logout\"",
        ),
        (json!({ "login": null }), "login: expected an object, got null"),
    ] {
        let error = AuthClient::builder().server(&server).build().expect_err(message);
        assert_eq!(error.to_string(), format!("INVALID_OPTIONS: server.{message}"));
        let AuthError::InvalidOption { option, .. } = error else { panic!("{error}") };
        assert!(message.starts_with(option.strip_prefix("server.").unwrap()), "{option}");
    }
    let error = AuthClient::builder().server("simplejwt").build().unwrap_err().to_string();
    assert_eq!(error, r#"INVALID_OPTIONS: server: expected an object, got "simplejwt""#);
    let without_json = std::collections::BTreeMap::from([((1, 2), "a key that is no text")]);
    assert!(matches!(AuthClient::builder().server(&without_json).build(), Err(AuthError::Json(_))));
}

#[wasm_bindgen_test]
fn a_client_id_is_valid_beside_a_server() {
    let builder = AuthClient::builder().name("client id").restore(Restore::Never).remember(Remember::Tab);
    builder.client_id("spa").server(&json!({ "login": { "path": "/{clientId}" } })).build().unwrap().dispose();
}

fn url(path: &str) -> String {
    let server =
        SERVER.expect("TOKENWARD_TEST_SERVER: expected the address of a server; `npm test` starts one and sets it");
    format!("{server}{path}")
}

fn code_of<T>(result: Result<T, AuthError>) -> Option<ErrorCode> {
    result.err().and_then(|error| match error {
        AuthError::Auth { code, .. } => Some(code),
        _ => None,
    })
}
