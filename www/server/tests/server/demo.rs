//! The demo switches: faults, theft, early expiry, the page for the developer's own server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokenward_server::{DEMO_ACCOUNTS, SqliteStore, users};

use crate::harness::{Redis, Server, on_each_store, outcome, payload, tokens};

#[tokio::test]
async fn the_switches_exist_only_with_demo_true() {
    let demo = Server::start().await;
    let login = demo.login().await;
    let expire = |server: &Server| server.request(Method::POST, "/demo/expire-token");
    assert_eq!(expire(&demo).bearer_auth(&login.access).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(outcome(demo.me(&login.access)).await, (401, "TOKEN_EXPIRED".into()));
    let plain = Server::start_with(&[("DEMO", "false")]).await;
    assert_eq!(outcome(expire(&plain)).await, (404, "NOT_FOUND".into()));
}

/// Starts a fault.
async fn start_fault(server: &Server, access: &str, fault: &str, seconds: u64) {
    let switch = server.post("/demo/faults", &json!({ "fault": fault, "seconds": seconds })).bearer_auth(access);
    assert_eq!(switch.send().await.unwrap().status(), StatusCode::NO_CONTENT, "{fault}");
}

#[tokio::test]
async fn lose_refresh_loses_one_response_and_the_repetition_succeeds() {
    let server = Server::start().await;
    let login = server.login().await;
    start_fault(&server, &login.access, "lose-refresh", 10).await;
    let lost = server.refresh(&login.refresh, Some("key")).send().await.unwrap();
    assert_eq!(lost.status(), StatusCode::GATEWAY_TIMEOUT);
    assert!(lost.headers().get("set-cookie").is_none(), "the next refresh token is lost, too");
    let again = tokens(server.refresh(&login.refresh, Some("key"))).await;
    assert_eq!(outcome(server.me(&again.access)).await.0, 200);
    assert_eq!(server.counted("refresh_rotated").await, 1);
    assert_eq!(server.counted("refresh_repeated").await, 1);
}

#[tokio::test]
async fn each_fault_returns_its_error_until_it_ends() {
    let server = Server::start().await;
    let login = server.login().await;
    for (fault, status, code) in [("rate-limited", 429, "RATE_LIMITED"), ("store-away", 503, "STORE_UNAVAILABLE")] {
        start_fault(&server, &login.access, fault, 30).await;
        let rejected = server.refresh(&login.refresh, Some("key")).send().await.unwrap();
        assert!(rejected.headers().contains_key("retry-after"), "{fault}");
        let body: Value = rejected.json().await.unwrap();
        assert_eq!(body["error"]["code"], code);
        assert_eq!(outcome(server.refresh(&login.refresh, Some("key"))).await.0, status);
        assert_eq!(outcome(server.me(&login.access)).await.0, 200, "APIs continue");
        let end = server.request(Method::DELETE, "/demo/faults").bearer_auth(&login.access);
        assert_eq!(end.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    }
    start_fault(&server, &login.access, "unavailable", 1).await;
    let page = server.refresh(&login.refresh, Some("key")).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()), (503, "text/html"));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    tokens(server.refresh(&login.refresh, Some("key"))).await;
    assert_eq!(server.counted("refresh_rotated").await, 1, "no fault rotated the session");
}

#[tokio::test]
async fn slow_delays_auth_and_api_requests() {
    let server = Server::start().await;
    let login = server.login().await;
    start_fault(&server, &login.access, "slow", 30).await;
    let start = Instant::now();
    assert_eq!(outcome(server.me(&login.access)).await.0, 200);
    assert!(start.elapsed() >= Duration::from_millis(1_400));
}

#[tokio::test]
async fn a_theft_returns_tokens_and_the_next_refresh_ends_the_session_for_both() {
    let server = Server::start().await;
    let login = server.login().await;
    let theft: Value =
        server.post("/demo/theft", &json!({})).bearer_auth(&login.access).send().await.unwrap().json().await.unwrap();
    assert_eq!(theft["outcome"], "rotated");
    // Until the user refreshes, the thief can refresh.
    let path = format!("/demo/theft/{}", theft["id"].as_str().unwrap());
    let again: Value = server.post(&path, &json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(again["outcome"], "rotated");
    assert_eq!(
        outcome(server.post(&path, &json!({}))).await,
        (404, "NOT_FOUND".into()),
        "a stolen token is valid once"
    );
    let rejected = outcome(server.refresh(&login.refresh, Some("key"))).await;
    assert_eq!(rejected, (401, "REFRESH_TOKEN_REUSED".into()));
    assert_eq!(outcome(server.me(&login.access)).await, (401, "TOKEN_REVOKED".into()));
    let path = format!("/demo/theft/{}", again["id"].as_str().unwrap());
    let over: Value = server.post(&path, &json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(over["outcome"], "refused", "the session has ended for the thief as well");
    assert_eq!(server.counted("refresh_reused").await, 1);
}

#[tokio::test]
async fn a_fault_requires_an_access_token_and_a_valid_body() {
    let server = Server::start().await;
    let login = server.login().await;
    let any = json!({ "fault": "slow" });
    assert_eq!(outcome(server.post("/demo/faults", &any)).await, (401, "NO_TOKEN".into()));
    for wrong in [json!({ "fault": "earthquake" }), json!({ "fault": "slow", "seconds": 61 }), json!({})] {
        let (status, _) = outcome(server.post("/demo/faults", &wrong).bearer_auth(&login.access)).await;
        assert_eq!(status, 400, "{wrong}");
    }
    let plain = Server::start_with(&[("DEMO", "false")]).await;
    assert_eq!(outcome(plain.post("/demo/faults", &any)).await, (404, "NOT_FOUND".into()));
}

#[tokio::test]
async fn session_end_answers_as_soon_as_the_session_ends() {
    let server = Server::start().await;
    let login = server.login().await;
    let elsewhere = server.login().await;
    let wait = server.request(Method::GET, "/demo/session-end").bearer_auth(&login.access);
    let waiting = tokio::spawn(outcome(wait));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!waiting.is_finished(), "the session has not ended yet");
    let out = server.post("/auth/logout-all", &json!({})).bearer_auth(&elsewhere.access).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    let answer = tokio::time::timeout(Duration::from_secs(2), waiting).await.unwrap().unwrap();
    assert_eq!(answer, (401, "TOKEN_REVOKED".into()));
    assert_eq!(outcome(server.request(Method::GET, "/demo/session-end")).await, (401, "NO_TOKEN".into()));
}

#[tokio::test]
async fn only_demo_tokens_have_the_claim_generation() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = SqliteStore::open(&folder.path().join("t.db")).await.unwrap();
    users::add(&store, "lin@example.com", "user", "correct horse battery").await.unwrap();
    for (demo, generations) in [("true", [Some(0), Some(1)]), ("false", [None, None])] {
        let server = Server::start_in(folder.clone(), &[("DEMO", demo)]).await;
        let body = json!({ "email": "lin@example.com", "password": "correct horse battery" });
        let login = tokens(server.post("/auth/login", &body)).await;
        let next = tokens(server.refresh(&login.refresh, Some("key"))).await;
        let generation = [&login.access, &next.access].map(|token| payload(token)["generation"].as_u64());
        assert_eq!(generation, generations, "DEMO={demo}");
    }
}

/// A server that ran with `DEMO=true` once leaves accounts with published passwords in its store.
#[tokio::test(flavor = "multi_thread")]
async fn demo_accounts_are_worthless_without_demo() {
    for (demo, redis) in on_each_store(&[]) {
        let login = demo.login().await;
        let database = demo.folder.path().join("t.db");
        let mut settings = vec![("DEMO", "false".to_owned()), ("DATABASE", database.to_str().unwrap().to_owned())];
        settings.extend(redis.iter().flat_map(Redis::settings));
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let plain = Server::spawn(&settings);
        for (email, password, _) in DEMO_ACCOUNTS {
            let body = json!({ "email": email, "password": password });
            assert_eq!(outcome(plain.post("/auth/login", &body)).await, (401, "INVALID_CREDENTIALS".into()));
        }
        // Nor do sessions and tokens that the accounts have.
        let me = outcome(plain.me(&login.access)).await;
        assert_eq!(me, (401, "TOKEN_REVOKED".into()));
        assert_eq!(outcome(plain.refresh(&login.refresh, Some("key"))).await, (401, "INVALID_REFRESH_TOKEN".into()));
    }
}

#[tokio::test]
async fn only_the_page_for_own_servers_may_connect_to_other_servers() {
    let folder = std::env::temp_dir().join(format!("tokenward-page-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "<!doctype html><title>page</title>").unwrap();
    let server = Server::start_with(&[("DEMO_DIR", folder.to_str().unwrap())]).await;
    for (path, connects) in [("/", "connect-src 'self';"), ("/own-server", "connect-src 'self' http: https:;")] {
        let page = server.request(Method::GET, path).send().await.unwrap();
        assert_eq!(page.headers().get_all("content-security-policy").iter().count(), 1, "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains(connects) && policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(page.text().await.unwrap().contains("<title>page"), "{path}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
