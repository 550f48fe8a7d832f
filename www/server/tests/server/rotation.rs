//! Sessions over HTTP: settings of the rotation, replaced keys, revocation across servers, the list of sessions.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, SET_COOKIE, USER_AGENT};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokenward_server::{DEMO_ACCOUNTS, SigningAlgorithm};

use crate::harness::{Redis, SHARED_KEYS, Server, Tokens, on_each_store, outcome, tokens, two_servers};

/// With every store.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_on_one_server_reaches_the_other_within_a_second() {
    let (redis, cluster) = (Redis::start(), Redis::cluster(3, 0));
    for store in [Some(&redis), Some(&cluster), None] {
        let [here, there] = two_servers(store, &[]).await;
        let (login, bystander) = (here.login().await, there.login_as_grace().await);
        assert_eq!(there.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
        let cookie = format!("refresh_token={}", login.refresh);
        here.request(Method::POST, "/auth/logout").header(COOKIE, cookie).send().await.unwrap();
        assert_eq!(outcome(here.me(&login.access)).await, (401, "TOKEN_REVOKED".into()), "at once on this server");
        let start = Instant::now();
        while outcome(there.me(&login.access)).await.0 == 200 {
            assert!(start.elapsed() < Duration::from_secs(1), "within a second on the other server");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(outcome(there.me(&login.access)).await, (401, "TOKEN_REVOKED".into()));
        assert_eq!(here.me(&bystander.access).send().await.unwrap().status(), StatusCode::OK);
        // A server that starts later rejects the token, too.
        let mut settings = SHARED_KEYS.to_vec();
        let of_redis = store.map(Redis::connection).unwrap_or_default();
        settings.extend(of_redis.iter().map(|(name, value)| (*name, value.as_str())));
        let late = Server::start_in(here.folder.clone(), &settings).await;
        assert_eq!(outcome(late.me(&login.access)).await, (401, "TOKEN_REVOKED".into()));
    }
}

#[tokio::test]
async fn reuse_ends_one_session_or_all_sessions_depending_on_the_setting() {
    for (setting, other_lives) in [("session", true), ("user", false)] {
        for (server, _redis) in on_each_store(&[("REUSE_REVOKES", setting)]) {
            let (other, first) = (server.login().await, server.login().await);
            tokens(server.refresh(&first.refresh, Some("k"))).await;
            assert_eq!(outcome(server.refresh(&first.refresh, Some("thief"))).await.1, "REFRESH_TOKEN_REUSED");
            assert_eq!(outcome(server.me(&other.access)).await.0 == 200, other_lives, "{setting}");
            assert_eq!(outcome(server.refresh(&other.refresh, None)).await.0 == 200, other_lives, "{setting}");
        }
    }
}

#[tokio::test]
async fn rotation_grace_allows_repetitions_without_a_key_only() {
    let server = Server::start_with(&[("ROTATION_GRACE", "30")]).await;
    let first = server.login().await;
    let second = tokens(server.refresh(&first.refresh, None)).await;
    assert_eq!(tokens(server.refresh(&first.refresh, None)).await.refresh, second.refresh);
    let (other, key) = (server.login().await, Some("k"));
    tokens(server.refresh(&other.refresh, key)).await;
    assert_eq!(
        outcome(server.refresh(&other.refresh, None)).await.1,
        "REFRESH_TOKEN_REUSED",
        "not after a rotation with a key"
    );
    let strict = Server::start().await;
    let login = strict.login().await;
    tokens(strict.refresh(&login.refresh, None)).await;
    assert_eq!(outcome(strict.refresh(&login.refresh, None)).await.1, "REFRESH_TOKEN_REUSED", "0 by default");
}

#[tokio::test]
async fn fifty_refreshes_of_one_session_pass_and_a_flood_is_limited() {
    let server = Server::start().await;
    let login = server.login().await;
    for _ in 0..50 {
        tokens(server.refresh(&login.refresh, Some("k"))).await;
    }
    let mut flood = Vec::new();
    for _ in 0..60 {
        flood.push(server.refresh(&login.refresh, Some("k")).send().await.unwrap());
    }
    let last = flood.pop().unwrap();
    assert_eq!(last.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(last.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert!(server.counted("limited").await > 0);
    let grace = server.login_as_grace().await;
    tokens(server.refresh(&grace.refresh, Some("k"))).await;
}

#[tokio::test]
async fn a_user_lists_sessions_and_ends_one_of_them() {
    let server = Server::start().await;
    let (email, password, _) = DEMO_ACCOUNTS[0];
    let login = |agent: &'static str| {
        let body = json!({ "email": email, "password": password });
        tokens(server.post("/auth/login", &body).header(USER_AGENT, agent))
    };
    let (phone, laptop, grace) = (login("phone").await, login("laptop").await, server.login_as_grace().await);
    let list = |who: &Tokens| {
        let request = server.request(Method::GET, "/auth/sessions").bearer_auth(&who.access);
        async { request.send().await.unwrap().json::<Value>().await.unwrap()["sessions"].as_array().unwrap().clone() }
    };
    let sessions = list(&laptop).await;
    assert_eq!(sessions.len(), 2);
    let of = |agent: &str| sessions.iter().find(|session| session["userAgent"] == agent).unwrap();
    assert_eq!((&of("laptop")["current"], &of("phone")["current"]), (&json!(true), &json!(false)));
    assert!(of("phone")["createdAt"].as_u64().unwrap() > 1_700_000_000);
    assert!(of("phone")["expiresAt"].as_u64() > of("phone")["lastUsedAt"].as_u64());
    let path = format!("/auth/sessions/{}", of("phone")["id"].as_str().unwrap());
    let end = |who: &Tokens| server.request(Method::DELETE, &path).bearer_auth(&who.access);
    assert_eq!(outcome(end(&grace)).await, (404, "NOT_FOUND".into()), "another user's session is not found");
    assert_eq!(end(&laptop).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(outcome(end(&laptop)).await, (404, "NOT_FOUND".into()));
    assert_eq!(outcome(server.me(&phone.access)).await, (401, "TOKEN_REVOKED".into()));
    assert_eq!(outcome(server.refresh(&phone.refresh, None)).await.1, "INVALID_REFRESH_TOKEN");
    assert_eq!(list(&laptop).await.len(), 1);
    assert_eq!(server.me(&laptop.access).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(outcome(server.request(Method::GET, "/auth/sessions")).await, (401, "NO_TOKEN".into()));
}

#[tokio::test]
async fn body_transport_needs_no_cookie() {
    let server = Server::start().await;
    let (email, password, _) = DEMO_ACCOUNTS[0];
    let body = json!({ "email": email, "password": password, "transport": "body" });
    let login = tokens(server.post("/auth/login", &body)).await;
    assert!(!login.headers.contains_key(SET_COOKIE));
    let refresh = |token: &str| server.post("/auth/refresh", &json!({ "refreshToken": token }));
    // The browser attaches no cookie, so a request from another site is harmless.
    let next =
        tokens(refresh(&login.refresh).header("sec-fetch-site", "cross-site").header("idempotency-key", "k")).await;
    assert!(!next.headers.contains_key(SET_COOKIE));
    assert_eq!(next.refresh, tokens(refresh(&login.refresh).header("idempotency-key", "k")).await.refresh);
    let logout = server.post("/auth/logout", &json!({ "refreshToken": next.refresh }));
    assert_eq!(logout.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(outcome(refresh(&next.refresh)).await.1, "INVALID_REFRESH_TOKEN");
    assert_eq!(outcome(refresh("")).await.1, "INVALID_REFRESH_TOKEN");
    assert_eq!(outcome(server.post("/auth/refresh", &json!({}))).await.1, "NO_REFRESH_TOKEN");
    assert_eq!(
        outcome(server.post("/auth/refresh", &json!({ "refreshToken": 5 }))).await,
        (400, "INVALID_REQUEST".into())
    );
    let bad = json!({ "email": email, "password": password, "transport": "pigeon" });
    assert_eq!(outcome(server.post("/auth/login", &bad)).await, (400, "INVALID_REQUEST".into()));
}

/// The new key signs; the tokens of the old key remain valid until they expire.
#[tokio::test]
async fn replacing_the_keys_ends_no_session() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let key = |algorithm: SigningAlgorithm| algorithm.generate().unwrap();
    let keys = [key(SigningAlgorithm::EdDsa), key(SigningAlgorithm::Rs256), key(SigningAlgorithm::Hs256)];
    let refresh_keys: Vec<_> = (0..2).map(|_| key(SigningAlgorithm::Hs256)).collect();
    let start = |algorithm: &'static str, signing: usize, verifying: String, refresh: usize, old: String| {
        let (folder, keys, refresh_keys) = (folder.clone(), keys.clone(), refresh_keys.clone());
        async move {
            let settings = [
                ("ALGORITHM", algorithm),
                ("SIGNING_KEY", &keys[signing]),
                ("VERIFYING_KEYS", &verifying),
                ("REFRESH_KEY", &refresh_keys[refresh]),
                ("OLD_REFRESH_KEYS", &old),
            ];
            Server::start_in(folder, &settings).await
        }
    };
    let before = start("EdDSA", 0, String::new(), 0, String::new()).await;
    let login = before.login().await;
    let after = start("RS256", 1, format!("{}\n{}", keys[0], keys[2]), 1, refresh_keys[0].clone()).await;
    assert_eq!(after.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
    let next = tokens(after.refresh(&login.refresh, Some("k"))).await;
    assert_eq!(after.me(&next.access).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(
        outcome(before.me(&next.access)).await,
        (401, "INVALID_TOKEN".into()),
        "the other server does not have the new key yet"
    );
    let header = |token: &str| {
        let segment = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&segment).unwrap()
    };
    assert_eq!((&header(&login.access)["alg"], &header(&next.access)["alg"]), (&json!("EdDSA"), &json!("RS256")));
    assert_eq!(header(&next.access)["typ"], "at+jwt");
    // Other servers find each public key by its kid; no secret is published.
    let jwks: Value = after.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap().json().await.unwrap();
    let kids: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, [header(&next.access)["kid"].clone(), header(&login.access)["kid"].clone()]);
    assert!(!jwks.to_string().contains("\"k\"") && !jwks.to_string().contains("\"d\""), "{jwks}");
    // The next replacement removes the first key.
    let third = start("HS256", 2, String::new(), 1, String::new()).await;
    assert_eq!(outcome(third.me(&login.access)).await, (401, "INVALID_TOKEN".into()));
    assert_eq!(outcome(third.refresh(&login.refresh, Some("k"))).await, (401, "INVALID_REFRESH_TOKEN".into()));
    let last = tokens(third.refresh(&next.refresh, Some("k"))).await;
    assert_eq!(third.me(&last.access).send().await.unwrap().status(), StatusCode::OK);
    let none: Value = third.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(none, json!({ "keys": [] }), "a shared secret is not published");
}

#[tokio::test]
async fn a_public_key_verifies_and_cannot_sign() {
    let private = include_str!("ed25519.pem");
    let public = include_str!("ed25519_public.pem");
    let signs = Server::start_with(&[("SIGNING_KEY", private)]).await;
    let verifies = Server::start_with(&[("VERIFYING_KEYS", public)]).await;
    let login = signs.login().await;
    assert_eq!(verifies.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
    let wrong = tokenward_server::Config::from_env(|name| (name == "SIGNING_KEY").then(|| public.to_owned()));
    assert!(wrong.unwrap_err().to_string().contains("SIGNING_KEY: expected a private key, got a public one"));
}

///
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_one_script_and_touches_one_key() {
    let redis = Redis::start();
    let [server, _] = two_servers(Some(&redis), &[]).await;
    let mut login = server.login().await;
    tokens(server.refresh(&login.refresh, Some("k"))).await; // loads the script
    login = server.login().await;
    redis.command("CONFIG RESETSTAT");
    for _ in 0..10 {
        login = tokens(server.refresh(&login.refresh, Some("k"))).await;
    }
    let stats = redis.command("INFO commandstats");
    let calls = |command: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |rest| rest.split(',').next().unwrap().parse::<u32>().unwrap())
    };
    // The script reads and writes the session. HMGET reads the user's current role. (Meanwhile the servers may ask
    // for the time of Redis, by a script that calls TIME.)
    let rotations = calls("evalsha") - calls("time");
    assert_eq!((rotations, calls("get"), calls("set"), calls("hmget")), (10, 10, 10, 10), "{stats}");
}
