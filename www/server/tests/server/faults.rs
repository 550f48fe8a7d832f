//! What fails: two servers at once (statement 33), a server that is killed (34), Redis that goes away (35), and all of
//! it together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use crate::harness::{Ending, Granted, Redis, SHARED_KEYS, Server, granted, outcome, refused};

fn two_processes(redis: &Redis) -> [Server; 2] {
    let url = redis.url();
    let settings = [&SHARED_KEYS[..], &[("REDIS_URL", url.as_str()), ("LOG", "off")]].concat();
    [Server::spawn(&settings), Server::spawn(&settings)]
}

/// Statement 33: a thousand times, across two server processes on one Redis, and on one embedded store.
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
                tokio::join!(granted(one.refresh(&login.refresh, key)), granted(two.refresh(&login.refresh, key)));
            assert_eq!(a.refresh, b.refresh, "both get the one successor");
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

/// Statement 34: killed at a random point, a hundred times, with refreshes under way all the time.
#[tokio::test(flavor = "multi_thread")]
async fn no_session_is_lost_when_the_server_is_killed_in_the_middle_of_rotations() {
    let mut server = Server::spawn(&[("LOG", "off")]);
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(server.login().await.refresh);
    }
    let mut lost_answers = 0;
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
        // Between the first and the hundredth rotation or so.
        tokio::time::sleep(Duration::from_micros(round * 7_919 % 20_000)).await;
        server.kill();
        for (who, token) in work.join_all().await {
            sessions[who] = token;
        }
        server.start_again();
        for (who, token) in sessions.iter_mut().enumerate() {
            // By the current token or by the repeated request: the client cannot know which it is, and need not.
            let before = server.counted("refresh_repeated").await;
            *token = refresh(&server.http, server.address, token, who).await.expect("the server lives").unwrap();
            lost_answers += server.counted("refresh_repeated").await - before;
        }
        assert_eq!(server.counted("refresh_reused").await, 0);
    }
    println!("{lost_answers} answers were lost after their rotation had been written down");
    assert!(lost_answers > 0, "the point that matters was never hit");
}

/// `None` where there was no answer; an error where the answer was a refusal.
async fn refresh(
    http: &Client,
    address: std::net::SocketAddr,
    token: &str,
    who: usize,
) -> Option<Result<String, (u16, String)>> {
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

/// Statement 35.
#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_the_answer_is_503_and_afterwards_all_is_as_before() {
    let mut redis = Redis::start();
    let url = redis.url();
    let settings = [&SHARED_KEYS[..], &[("REDIS_URL", url.as_str()), ("REVOCATION_MAX_LAG", "1")]].concat();
    let server = Server::start_with(&settings).await;
    let ready = || server.request(Method::GET, "/readyz");
    for ending in [Ending::Orderly, Ending::Killed] {
        let mut login = server.login().await;
        login = granted(server.refresh(&login.refresh, Some("k"))).await;
        assert_eq!(ready().send().await.unwrap().status(), StatusCode::OK);
        redis.stop(ending);
        let start = Instant::now();
        let (status, code, headers) = refused(server.refresh(&login.refresh, Some("k"))).await;
        assert_eq!((status, code.as_str(), &headers[RETRY_AFTER]), (503, "STORE_UNAVAILABLE", &"1".parse().unwrap()));
        assert!(start.elapsed() < Duration::from_secs(3), "and soon: {:?}", start.elapsed());
        let body = serde_json::json!({ "email": "ada@example.com", "password": "analytical engine" });
        assert_eq!(outcome(server.post("/auth/login", &body)).await, (503, "STORE_UNAVAILABLE".into()));
        let cookie = format!("refresh_token={}", login.refresh);
        let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie);
        assert_eq!(outcome(logout).await, (503, "STORE_UNAVAILABLE".into()));
        assert_eq!(outcome(ready()).await, (503, "STORE_UNAVAILABLE".into()));
        assert_eq!(server.request(Method::GET, "/healthz").send().await.unwrap().status(), StatusCode::OK);
        // What others revoke cannot be heard now: after the time that was set, tokens are not believed blindly.
        until(|| async { outcome(server.me(&login.access)).await == (503, "STORE_UNAVAILABLE".into()) }).await;
        redis.start_again();
        until(|| async { ready().send().await.unwrap().status() == StatusCode::OK }).await;
        assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
        granted(server.refresh(&login.refresh, Some("k"))).await;
    }
    assert_eq!(server.counted("refresh_reused").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_was_away_is_found_again() {
    let mut nodes = Redis::cluster();
    let urls = format!("{},{}", nodes[0].url(), nodes[1].url());
    let settings = [&SHARED_KEYS[..], &[("REDIS_URL", urls.as_str()), ("REDIS_CLUSTER", "true")]].concat();
    let server = Server::start_with(&settings).await;
    let mut logins = Vec::new();
    for _ in 0..8 {
        logins.push(server.login().await); // on either node
    }
    for node in &mut nodes {
        node.stop(Ending::Killed);
    }
    for login in &logins {
        assert_eq!(outcome(server.refresh(&login.refresh, Some("k"))).await, (503, "STORE_UNAVAILABLE".into()));
    }
    for node in &mut nodes {
        node.start_again();
    }
    until(|| async { server.request(Method::GET, "/readyz").send().await.unwrap().status() == StatusCode::OK }).await;
    for login in &logins {
        until(|| async { outcome(server.refresh(&login.refresh, Some("k"))).await.0 == 200 }).await;
    }
    assert_eq!(server.counted("refresh_reused").await, 0);
}

/// A server that starts before its Redis is there waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_start_before_redis() {
    let mut redis = Redis::start();
    let url = redis.url();
    redis.stop(Ending::Orderly);
    let settings = [&SHARED_KEYS[..], &[("REDIS_URL", url.as_str())]].concat();
    let server = Server::start_with(&settings).await;
    assert_eq!(outcome(server.request(Method::GET, "/readyz")).await, (503, "STORE_UNAVAILABLE".into()));
    redis.start_again();
    until(|| async { server.request(Method::GET, "/readyz").send().await.unwrap().status() == StatusCode::OK }).await;
    let login = server.login().await;
    assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
}

async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_so().await {
        assert!(Instant::now() < end, "not within ten seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const SESSIONS: usize = 50;
const MINUTE: Duration = Duration::from_secs(60);

/// Two servers, one Redis, fifty sessions that refresh for a minute, while one server is killed and restarted and Redis is
/// restarted with its data: no session lost, no false alarm, and whatever went wrong was a typed error.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_live_through_a_minute_of_trouble() {
    let mut redis = Redis::start();
    let [stays, mut goes] = two_processes(&redis);
    let mut logins: Vec<Granted> = Vec::new();
    for _ in 0..SESSIONS {
        logins.push(stays.login().await);
    }
    let over = Arc::new(AtomicBool::new(false));
    let rotations = Arc::new(AtomicU32::new(0));
    let mut work = tokio::task::JoinSet::new();
    for (who, login) in logins.into_iter().enumerate() {
        let (over, rotations) = (over.clone(), rotations.clone());
        let addresses = [stays.address, goes.address];
        work.spawn(async move {
            let (mut token, mut troubles, mut turn) = (login.refresh, BTreeMap::<String, u32>::new(), who);
            let http = Client::new();
            while !over.load(Ordering::Relaxed) {
                turn += 1;
                match refresh(&http, addresses[turn % 2], &token, who).await {
                    Some(Ok(next)) => {
                        token = next;
                        rotations.fetch_add(1, Ordering::Relaxed);
                    }
                    Some(Err((status, code))) => *troubles.entry(format!("{status} {code}")).or_default() += 1,
                    None => *troubles.entry("no answer".into()).or_default() += 1,
                }
                // Within what the limit of refreshes allows: one a second in the long run.
                tokio::time::sleep(Duration::from_millis(600)).await;
            }
            (who, token, troubles)
        });
    }
    let start = Instant::now();
    for trouble in 0.. {
        tokio::time::sleep(Duration::from_secs(8)).await;
        if start.elapsed() > MINUTE {
            break;
        }
        if trouble % 2 == 0 {
            goes.kill();
            tokio::time::sleep(Duration::from_millis(500)).await;
            goes.start_again();
        } else {
            redis.stop(if trouble % 4 == 1 { Ending::Orderly } else { Ending::Killed });
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            redis.start_again();
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut troubles = BTreeMap::<String, u32>::new();
    let ready = || async { stays.request(Method::GET, "/readyz").send().await.unwrap().status() == StatusCode::OK };
    until(ready).await;
    for (who, token, own) in work.join_all().await {
        for (what, count) in own {
            *troubles.entry(what).or_default() += count;
        }
        let last = refresh(&stays.http, stays.address, &token, who).await.expect("the server lives");
        assert!(last.is_ok(), "session {who} is lost: {last:?}; {troubles:?}");
    }
    println!("{} rotations; {troubles:?}", rotations.load(Ordering::Relaxed));
    let allowed = ["no answer", "503 STORE_UNAVAILABLE"];
    assert!(troubles.keys().all(|what| allowed.contains(&what.as_str())), "{troubles:?}");
    assert_eq!(stays.counted("refresh_reused").await + goes.counted("refresh_reused").await, 0);
    assert!(rotations.load(Ordering::Relaxed) > 2_000);
}
