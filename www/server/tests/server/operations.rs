//! What operators must know: a full store, risky settings, a foreign lock, a log that grows.

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::COOKIE;

use crate::harness::{Redis, Server, outcome, wait_until};

fn on_redis(redis: &Redis, settings: &[(&str, &str)]) -> Server {
    let shared = redis.settings();
    Server::spawn(&[settings, &shared.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>()].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_is_not_ready_and_stops_no_sign_out() {
    let redis = Redis::start();
    let (server, other) = (on_redis(&redis, &[]), on_redis(&redis, &[]));
    let ready = || async { outcome(server.request(Method::GET, "/readyz")).await.0 };
    assert_eq!(ready().await, 200);
    let (here, there, everywhere) = (server.login().await, server.login().await, server.login().await);
    redis.command("CONFIG SET maxmemory 1");
    wait_until("the server is not ready", || async { ready().await == 503 }).await;
    assert_eq!(outcome(server.refresh(&here.refresh, Some("one"))).await, (503, "STORE_UNAVAILABLE".into()));
    let cookie = format!("refresh_token={}", here.refresh);
    assert_eq!(outcome(server.request(Method::POST, "/auth/logout").header(COOKIE, cookie)).await.0, 204);
    let revoked = |token: &str| outcome(other.me(token));
    wait_until("the other server knows it", || async { revoked(&here.access).await.1 == "TOKEN_REVOKED" }).await;
    assert_eq!(revoked(&there.access).await.0, 200);
    let all = server.request(Method::POST, "/auth/logout-all").bearer_auth(&everywhere.access);
    assert_eq!(outcome(all).await.0, 204);
    wait_until("the other server knows it", || async { revoked(&there.access).await.1 == "TOKEN_REVOKED" }).await;
    redis.command("CONFIG SET maxmemory 0");
    wait_until("the server is ready", || async { ready().await == 200 }).await;
    assert_eq!(outcome(server.refresh(&there.refresh, Some("one"))).await.1, "INVALID_REFRESH_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_with_which_redis_loses_data_are_reported() {
    let redis = Redis::start();
    let server = on_redis(&redis, &[]);
    let server = &server;
    let reports = |line: &'static str| async move { server.metrics().await.contains(line) };
    wait_until("the settings are checked", || reports("tokenward_store_evicts 0")).await;
    assert!(reports("tokenward_store_volatile 0").await);
    redis.command("CONFIG SET maxmemory-policy allkeys-lru");
    redis.command("CONFIG SET appendonly no");
    let risky = on_redis(&redis, &[]);
    let log = risky.log_with("appendonly").await;
    assert!(log.contains("maxmemory-policy noeviction"), "{log}");
    let metrics = risky.metrics().await;
    assert!(metrics.contains("tokenward_store_evicts 1") && metrics.contains("tokenward_store_volatile 1"));
}

/// A backup, or a person with a SQLite shell.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_lock_of_another_process_stops_no_api_call() {
    let server = Server::spawn(&[("REVOCATION_MAX_LAG", "1"), ("LOG", "off")]);
    let login = server.login().await;
    let other = rusqlite::Connection::open(server.folder.path().join("t.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = tokio::spawn(outcome(server.refresh(&login.refresh, Some("one"))));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        assert_eq!(outcome(server.me(&login.access)).await.0, 200);
        assert_eq!(outcome(server.request(Method::GET, "/auth/sessions").bearer_auth(&login.access)).await.0, 200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(waiting.await.unwrap().0, 200, "the refresh waited for the lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_again_does_not_lengthen_the_log() {
    let redis = Redis::start();
    let server = on_redis(&redis, &[("DIALECT", "oauth2")]);
    let login = server.login().await;
    let revoke = |token: &str| {
        let request = server.request(Method::POST, "/oauth/revoke");
        request.header("content-type", "application/x-www-form-urlencoded").body(format!("token={token}"))
    };
    for _ in 0..50 {
        assert_eq!(outcome(revoke(&login.access)).await.0, 200);
    }
    assert_eq!(redis.command("XLEN tokenward:revocations").trim(), ":1");
    assert_eq!(outcome(server.me(&login.access)).await.0, 401);
    // Nor does a token of a session that has ended.
    let other = server.login().await;
    assert_eq!(outcome(revoke(&other.refresh)).await.0, 200);
    for _ in 0..20 {
        assert_eq!(outcome(revoke(&other.access)).await.0, 200);
    }
    assert_eq!(redis.command("XLEN tokenward:revocations").trim(), ":2");
}
