//! What operators must know: a full store, risky settings, a foreign lock, a log that grows.

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::COOKIE;

use crate::harness::{Redis, Server, on_each_store, on_redis, outcome, tokens, wait_until};

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
    assert!(reports("tokenward_clock_difference_seconds 0").await);
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

/// A store that loses its last second, as a Redis with `appendfsync everysec` after a power failure, revives the session.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_enforces_an_end_that_the_store_has_forgotten() {
    for (server, redis) in on_each_store(&[]) {
        let login = server.login().await;
        let sid = login.refresh.split('.').next().unwrap();
        let database = rusqlite::Connection::open(server.folder.path().join("t.db")).unwrap();
        let record = redis.as_ref().map(|redis| redis.command(&format!("GET tokenward:session:{sid}")));
        if record.is_none() {
            database.execute_batch("CREATE TABLE backup AS SELECT * FROM sessions").unwrap();
        }
        let cookie = format!("refresh_token={}", login.refresh);
        let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie);
        assert_eq!(outcome(logout).await.0, 204);
        match (&redis, record) {
            (Some(redis), Some(record)) => {
                let record = record.lines().nth(1).unwrap().trim().to_owned();
                redis.command(&format!("SET tokenward:session:{sid} \"{record}\" EX 600"));
            }
            _ => database.execute_batch("INSERT INTO sessions SELECT * FROM backup").unwrap(),
        }
        assert_eq!(outcome(server.refresh(&login.refresh, Some("one"))).await, (401, "INVALID_REFRESH_TOKEN".into()));
        // The session has ended again, also for servers that start later.
        if let Some(redis) = &redis {
            assert!(redis.command(&format!("EXISTS tokenward:session:{sid}")).contains(":0"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_a_limited_number_of_sessions() {
    for (server, _redis) in on_each_store(&[("MAX_SESSIONS", "3")]) {
        let mut logins = Vec::new();
        for _ in 0..6 {
            logins.push(server.login().await);
        }
        let grace = server.login_as_grace().await;
        tokens(server.refresh(&grace.refresh, Some("one"))).await;
        tokens(server.refresh(&logins[5].refresh, Some("one"))).await;
        let mut live = 0;
        for login in &logins {
            let refresh = outcome(server.refresh(&login.refresh, Some("one"))).await;
            assert_eq!(refresh.0 == 200, outcome(server.me(&login.access)).await.0 == 200);
            live += u32::from(refresh.0 == 200);
        }
        assert_eq!(live, 3);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let mut server = Server::spawn(&[]);
    server.login().await;
    let files =
        || std::fs::read_dir(server.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let modes = || files().into_iter().map(|file| std::fs::metadata(&file).unwrap().permissions().mode() & 0o777);
    assert!(files().len() >= 5, "database, its log and index, two keys");
    assert!(modes().all(|mode| mode == 0o600));
    // Also files of an earlier version.
    for file in files() {
        if file.to_str().unwrap().contains("t.db") {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
    let folder = server.folder.clone();
    server.kill();
    server.restart();
    server.login().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

/// With `REDIS_WAIT_REPLICAS`, an end is reported only when a replica has it, so that a failover does not revive a session.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_is_reported_when_the_replica_has_it() {
    let redis = Redis::start();
    let replica = redis.replica();
    let server = on_redis(&redis, &[("REDIS_WAIT_REPLICAS", "1"), ("LOG", "off")]);
    let (first, second) = (server.login().await, server.login().await);
    let logout = |refresh: &str| {
        let request = server.request(Method::POST, "/auth/logout").header(COOKIE, format!("refresh_token={refresh}"));
        outcome(request)
    };
    let exists = |refresh: &str| {
        let sid = refresh.split('.').next().unwrap();
        replica.command(&format!("EXISTS tokenward:session:{sid}")).contains(":1")
    };
    assert!(exists(&second.refresh), "the replica has the session");
    assert_eq!(logout(&first.refresh).await.0, 204);
    assert!(!exists(&first.refresh), "the replica has the end");
    replica.command("REPLICAOF NO ONE");
    assert_eq!(logout(&second.refresh).await, (503, "STORE_UNAVAILABLE".into()));
    assert_eq!(logout(&second.refresh).await.0, 503, "the session has ended, and the replica still lacks the end");
    tokens(server.refresh(&server.login().await.refresh, Some("one"))).await;
    let again = redis.replica();
    wait_until("the replica has it", || async { logout(&second.refresh).await.0 == 204 }).await;
    drop(again);
}
