//! Redis with TLS, Redis that must have changes on disks and replicas, and a cluster that loses a master.

use reqwest::Method;
use reqwest::header::COOKIE;

use crate::harness::{Redis, SHARED_KEYS, Server, Stop, Tokens, certificate, on_redis, outcome, tokens, wait_until};

async fn ready(server: &Server) -> u16 {
    outcome(server.request(Method::GET, "/readyz")).await.0
}

async fn log_out(server: &Server, login: &Tokens) -> u16 {
    let cookie = format!("refresh_token={}", login.refresh);
    outcome(server.request(Method::POST, "/auth/logout").header(COOKIE, cookie)).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_with_tls_is_a_store_alone_and_in_a_cluster() {
    for redis in [Redis::with_tls(), Redis::cluster_with_tls()] {
        assert!(redis.url().starts_with("rediss://"));
        let server = on_redis(&redis, &[]);
        let (first, other) = (server.login().await, server.login().await);
        let second = tokens(server.refresh(&first.refresh, Some("one"))).await;
        assert_eq!(outcome(server.me(&second.access)).await.0, 200);
        assert_eq!(outcome(server.refresh(&first.refresh, Some("thief"))).await.1, "REFRESH_TOKEN_REUSED");
        assert_eq!(log_out(&server, &other).await, 204);
        assert_eq!(ready(&server).await, 200);
    }
}

/// The password of Redis and all sessions would go to whoever answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_whose_certificate_is_not_valid_receives_nothing() {
    let redis = Redis::with_tls();
    let (right, other) = (certificate("ca.pem"), certificate("other_ca.pem"));
    // (The certificate is for 127.0.0.1.)
    let by_name = redis.url().replace("127.0.0.1", "localhost");
    for (what, url, ca) in [
        ("of another authority", redis.url(), Some(other.as_str())),
        ("of an authority that the system does not know", redis.url(), None),
        ("for another name", by_name, Some(right.as_str())),
    ] {
        let url = url.replace("rediss://", "rediss://:secret@");
        let mut settings = vec![("REDIS_URL", url.as_str())];
        settings.extend(SHARED_KEYS);
        settings.extend(ca.map(|ca| ("REDIS_CA", ca)));
        let server = Server::spawn(&settings);
        assert_eq!(ready(&server).await, 503, "{what}");
        let log = server.log_with("the store is unavailable").await;
        assert!(log.contains("certificate") && !log.contains("secret"), "{what}: {log}");
    }
    let commands = redis.command("INFO commandstats");
    assert!(!commands.contains("cmdstat_auth") && !commands.contains("cmdstat_hello"), "{commands}");
}

/// Whether this Redis has `WAITAOF`, which Redis 7.2 introduced.
fn has_waitaof(redis: &Redis) -> bool {
    !redis.command("WAITAOF 0 0 1").contains("unknown command")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_is_reported_when_it_is_on_the_disk() {
    for redis in [Redis::start(), Redis::cluster(2, 0)] {
        let server = on_redis(&redis, &[("REDIS_WAIT_DISK", "true")]);
        // By default, Redis writes once a second: Redis 7.2 tells when it did, and an older one cannot.
        let (status, setting) = if has_waitaof(&redis) { (204, "no") } else { (503, "everysec") };
        assert_eq!(log_out(&server, &server.login().await).await, status);
        redis.command(&format!("CONFIG SET appendfsync {setting}"));
        let login = server.login().await;
        assert_eq!(log_out(&server, &login).await, 503);
        // The session has ended all the same, and the sign-out can be repeated.
        assert_eq!(outcome(server.refresh(&login.refresh, Some("one"))).await.0, 503);
        redis.command("CONFIG SET appendfsync always");
        assert_eq!(log_out(&server, &login).await, 204);
        assert_eq!(outcome(server.refresh(&login.refresh, Some("one"))).await.1, "INVALID_REFRESH_TOKEN");
        // Rotations and sign-ins do not wait.
        redis.command("CONFIG SET appendonly no");
        let login = server.login().await;
        tokens(server.refresh(&login.refresh, Some("one"))).await;
        assert_eq!(log_out(&server, &login).await, 503);
    }
}

/// A wait blocks its connection, and may last half a second: with one for each, forty sign-outs would take twenty.
#[tokio::test(flavor = "multi_thread")]
async fn sign_outs_wait_together() {
    let redis = Redis::start();
    let server = on_redis(&redis, &[("REDIS_WAIT_REPLICAS", "1"), ("LOG", "off")]);
    let mut logins = Vec::new();
    for _ in 0..40 {
        logins.push(server.login().await);
    }
    let tasks: Vec<_> = logins
        .iter()
        .map(|login| {
            let cookie = format!("refresh_token={}", login.refresh);
            tokio::spawn(outcome(server.request(Method::POST, "/auth/logout").header(COOKIE, cookie)))
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), (503, "STORE_UNAVAILABLE".into()), "there is no replica");
    }
    let stats = redis.command("INFO commandstats");
    let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_wait:calls=")).unwrap();
    let calls: u32 = calls.split(',').next().unwrap().parse().unwrap();
    assert!((1..=20).contains(&calls), "{calls} waits for 40 sign-outs");
}

/// Three masters and three replicas. A sign-out waits for the replica of every master, a master dies, and its replica
/// continues: no session is lost, and no end.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_loses_a_master_revives_no_session() {
    let mut redis = Redis::cluster(3, 1);
    let server = on_redis(&redis, &[("REDIS_WAIT_REPLICAS", "1"), ("LOG", "off")]);
    let mut logins = Vec::new();
    for _ in 0..12 {
        logins.push(server.login().await); // on all masters
    }
    let ended = logins.split_off(6);
    for login in &ended {
        assert_eq!(log_out(&server, login).await, 204);
    }
    redis.node(1).stop(Stop::Kill);
    wait_until("the replica has taken over", || async { ready(&server).await == 200 }).await;
    for login in &logins {
        wait_until("the session continues", || async {
            outcome(server.refresh(&login.refresh, Some("one"))).await.0 == 200
        })
        .await;
    }
    // A server that has started since does not remember the ends.
    let fresh = on_redis(&redis, &[("LOG", "off")]);
    wait_until("the new server is ready", || async { ready(&fresh).await == 200 }).await;
    for login in &ended {
        assert_eq!(outcome(fresh.refresh(&login.refresh, Some("one"))).await.1, "INVALID_REFRESH_TOKEN");
    }
    assert_eq!(server.counted("refresh_reused").await, 0);
    // The master that died has no replica any more: no end is reported.
    assert_eq!(log_out(&server, &logins[0]).await, 503);
}
