//! Two servers at once, a server that is killed, Redis that is unavailable, and all of it together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use crate::harness::{Redis, SHARED_KEYS, Server, Stop, Tokens, on_redis, outcome, rejection, tokens};

fn two_processes(redis: &Redis) -> [Server; 2] {
    let url = redis.url();
    let settings = [&SHARED_KEYS[..], &[("REDIS_URL", url.as_str()), ("LOG", "off")]].concat();
    [Server::spawn(&settings), Server::spawn(&settings)]
}

/// a thousand times, with two server processes on one Redis, and with one server on SQLite.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_refreshes_at_two_servers_exactly_one_rotates() {
    let redis = Redis::start();
    let [one, two] = two_processes(&redis);
    race(&one, &two).await;
    let embedded = Server::spawn(&[("LOG", "off")]);
    race(&embedded, &embedded).await;
}

async fn race(one: &Server, two: &Server) {
    for _ in 0..20 {
        let mut login = one.login().await;
        for _ in 0..50 {
            let key = Some("k");
            let (a, b) =
                tokio::join!(tokens(one.refresh(&login.refresh, key)), tokens(two.refresh(&login.refresh, key)));
            assert_eq!(a.refresh, b.refresh, "both get the same successor");
            login = a;
        }
    }
    let mut count = BTreeMap::new();
    let servers = if one.address == two.address { vec![one] } else { vec![one, two] };
    for server in servers {
        for event in ["refresh_rotated", "refresh_repeated", "refresh_reused"] {
            *count.entry(event).or_insert(0) += server.counted(event).await;
        }
    }
    assert_eq!(count, BTreeMap::from([("refresh_rotated", 1_000), ("refresh_repeated", 1_000), ("refresh_reused", 0)]));
}

/// a hundred times, at varying moments, while clients refresh.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_no_session() {
    let mut server = Server::spawn(&[("LOG", "off")]);
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(server.login().await.refresh);
    }
    let mut lost_responses = 0;
    for round in 0..100_u64 {
        let mut work = tokio::task::JoinSet::new();
        for (who, token) in sessions.iter().cloned().enumerate() {
            let (http, address) = (server.http.clone(), server.address);
            work.spawn(async move {
                let mut token = token;
                loop {
                    match refresh(&http, address, &token, who).await {
                        Some(next) => token = next.unwrap(),
                        None => return (who, token),
                    }
                }
            });
        }
        // Up to about the hundredth rotation.
        tokio::time::sleep(Duration::from_micros(round * 7_919 % 20_000)).await;
        server.kill();
        for (who, token) in work.join_all().await {
            sessions[who] = token;
        }
        server.restart();
        for (who, token) in sessions.iter_mut().enumerate() {
            // The client cannot know whether the server rotated the token before it was killed, and need not.
            let before = server.counted("refresh_repeated").await;
            *token = refresh(&server.http, server.address, token, who).await.expect("the server runs").unwrap();
            lost_responses += server.counted("refresh_repeated").await - before;
        }
        assert_eq!(server.counted("refresh_reused").await, 0);
    }
    println!("{lost_responses} responses were lost after the rotation was stored");
    assert!(lost_responses > 0, "no kill hit the moment between rotation and response");
}

/// `None` without a response; an error if the response is a rejection.
async fn refresh(http: &Client, address: SocketAddr, token: &str, who: usize) -> Option<Result<String, (u16, String)>> {
    let request = http
        .post(format!("http://{address}/auth/refresh"))
        .header(COOKIE, format!("refresh_token={token}"))
        .header("idempotency-key", format!("key-{who}"))
        .timeout(Duration::from_secs(10));
    let response = request.send().await.ok()?;
    let status = response.status();
    let cookie = response.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
    let body: Value = response.json().await.ok()?;
    match cookie {
        Some(cookie) => Some(Ok(cookie.split(['=', ';']).nth(1).unwrap().to_owned())),
        None => Some(Err((status.as_u16(), body["error"]["code"].as_str().unwrap_or("untyped").to_owned()))),
    }
}

///
#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_server_answers_503_and_recovers_afterwards() {
    let mut redis = Redis::start();
    let url = redis.url();
    let settings = [&SHARED_KEYS[..], &[("REDIS_URL", url.as_str()), ("REVOCATION_MAX_LAG", "1")]].concat();
    let server = Server::start_with(&settings).await;
    let ready = || server.request(Method::GET, "/readyz");
    for ending in [Stop::Shutdown, Stop::Kill] {
        let mut login = server.login().await;
        login = tokens(server.refresh(&login.refresh, Some("k"))).await;
        assert_eq!(ready().send().await.unwrap().status(), StatusCode::OK);
        redis.stop(ending);
        let start = Instant::now();
        let (status, code, headers) = rejection(server.refresh(&login.refresh, Some("k"))).await;
        assert_eq!((status, code.as_str(), &headers[RETRY_AFTER]), (503, "STORE_UNAVAILABLE", &"1".parse().unwrap()));
        assert!(start.elapsed() < Duration::from_secs(3), "within three seconds: {:?}", start.elapsed());
        let body = serde_json::json!({ "email": "ada@example.com", "password": "analytical engine" });
        assert_eq!(outcome(server.post("/auth/login", &body)).await, (503, "STORE_UNAVAILABLE".into()));
        let cookie = format!("refresh_token={}", login.refresh);
        let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie);
        assert_eq!(outcome(logout).await, (503, "STORE_UNAVAILABLE".into()));
        assert_eq!(outcome(ready()).await, (503, "STORE_UNAVAILABLE".into()));
        assert_eq!(server.request(Method::GET, "/healthz").send().await.unwrap().status(), StatusCode::OK);
        // The server cannot read revocations now, so after REVOCATION_MAX_LAG it accepts no token.
        wait_until(|| async { outcome(server.me(&login.access)).await == (503, "STORE_UNAVAILABLE".into()) }).await;
        redis.restart();
        wait_until(|| async { ready().send().await.unwrap().status() == StatusCode::OK }).await;
        assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
        tokens(server.refresh(&login.refresh, Some("k"))).await;
    }
    assert_eq!(server.counted("refresh_reused").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_reconnects_to_a_restarted_cluster() {
    let mut redis = Redis::cluster(2, 0);
    let server = on_redis(&redis, &[]);
    let mut logins = Vec::new();
    for _ in 0..8 {
        logins.push(server.login().await); // on both nodes
    }
    for at in 0..2 {
        redis.node(at).stop(Stop::Kill);
    }
    for login in &logins {
        assert_eq!(outcome(server.refresh(&login.refresh, Some("k"))).await, (503, "STORE_UNAVAILABLE".into()));
    }
    for at in 0..2 {
        redis.node(at).restart();
    }
    wait_until(|| async { server.request(Method::GET, "/readyz").send().await.unwrap().status() == StatusCode::OK })
        .await;
    for login in &logins {
        wait_until(|| async { outcome(server.refresh(&login.refresh, Some("k"))).await.0 == 200 }).await;
    }
    assert_eq!(server.counted("refresh_reused").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_before_redis_becomes_ready_with_it() {
    let mut redis = Redis::start();
    let url = redis.url();
    redis.stop(Stop::Shutdown);
    let settings = [&SHARED_KEYS[..], &[("REDIS_URL", url.as_str())]].concat();
    let server = Server::start_with(&settings).await;
    assert_eq!(outcome(server.request(Method::GET, "/readyz")).await, (503, "STORE_UNAVAILABLE".into()));
    redis.restart();
    wait_until(|| async { server.request(Method::GET, "/readyz").send().await.unwrap().status() == StatusCode::OK })
        .await;
    let login = server.login().await;
    assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
}

/// Waits until the condition is true; fails after ten seconds.
async fn wait_until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let end = Instant::now() + Duration::from_secs(10);
    while !condition().await {
        assert!(Instant::now() < end, "the condition is not true within ten seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const SESSIONS: usize = 50;
const MINUTE: Duration = Duration::from_secs(60);

/// Two servers on one Redis. Fifty sessions refresh for a minute, while one server is killed and restarted, and Redis is
/// restarted with its data: no session is lost, no refresh counts as reuse, and every failure is a typed error.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_survive_a_minute_of_failures() {
    let mut redis = Redis::start();
    let [stable, mut killed] = two_processes(&redis);
    let mut logins: Vec<Tokens> = Vec::new();
    for _ in 0..SESSIONS {
        logins.push(stable.login().await);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let rotations = Arc::new(AtomicU32::new(0));
    let mut work = tokio::task::JoinSet::new();
    for (who, login) in logins.into_iter().enumerate() {
        let addresses = [stable.address, killed.address];
        work.spawn(refresh_until_stopped(who, login.refresh, addresses, stop.clone(), rotations.clone()));
    }
    cause_failures(&mut redis, &mut killed).await;
    stop.store(true, Ordering::Relaxed);
    let mut failures = BTreeMap::<String, u32>::new();
    let ready = || async { stable.request(Method::GET, "/readyz").send().await.unwrap().status() == StatusCode::OK };
    wait_until(ready).await;
    for (who, token, own) in work.join_all().await {
        for (failure, count) in own {
            *failures.entry(failure).or_default() += count;
        }
        let last = refresh(&stable.http, stable.address, &token, who).await.expect("the server runs");
        assert!(last.is_ok(), "session {who} was lost: {last:?}; {failures:?}");
    }
    println!("{} rotations; {failures:?}", rotations.load(Ordering::Relaxed));
    let allowed = ["no response", "503 STORE_UNAVAILABLE"];
    assert!(failures.keys().all(|failure| allowed.contains(&failure.as_str())), "{failures:?}");
    assert_eq!(stable.counted("refresh_reused").await + killed.counted("refresh_reused").await, 0);
    assert!(rotations.load(Ordering::Relaxed) > 2_000);
}

/// Refreshes a session at both servers in turns; returns the session's number, its last token, and the failures.
async fn refresh_until_stopped(
    who: usize,
    mut token: String,
    addresses: [SocketAddr; 2],
    stop: Arc<AtomicBool>,
    rotations: Arc<AtomicU32>,
) -> (usize, String, BTreeMap<String, u32>) {
    let (mut failures, mut turn) = (BTreeMap::<String, u32>::new(), who);
    let http = Client::new();
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        match refresh(&http, addresses[turn % 2], &token, who).await {
            Some(Ok(next)) => {
                token = next;
                rotations.fetch_add(1, Ordering::Relaxed);
            }
            Some(Err((status, code))) => *failures.entry(format!("{status} {code}")).or_default() += 1,
            None => *failures.entry("no response".into()).or_default() += 1,
        }
        // Within the limit of refreshes: a burst, then one per second.
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    (who, token, failures)
}

/// For a minute, kills and restarts the server and Redis in turns.
async fn cause_failures(redis: &mut Redis, server: &mut Server) {
    let start = Instant::now();
    for round in 0.. {
        tokio::time::sleep(Duration::from_secs(8)).await;
        if start.elapsed() > MINUTE {
            break;
        }
        if round % 2 == 0 {
            server.kill();
            tokio::time::sleep(Duration::from_millis(500)).await;
            server.restart();
        } else {
            redis.stop(if round % 4 == 1 { Stop::Shutdown } else { Stop::Kill });
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            redis.restart();
        }
    }
}
