//! Sessions over HTTP: settings of the rotation, keys that change, revocation that is heard everywhere, the list of
//! sessions. And for each flaw of the reference documents, that this server is free of it.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, SET_COOKIE, USER_AGENT};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokenward_server::{DEMO_ACCOUNTS, SigningAlgorithm};

use crate::harness::{Granted, Redis, SHARED_KEYS, Server, granted, outcome, payload};

/// Two servers that share what servers share.
async fn two_servers(redis: Option<&Redis>, more: &[(&str, &str)]) -> [Server; 2] {
    let mut settings = SHARED_KEYS.to_vec();
    settings.extend_from_slice(more);
    let url = redis.map(Redis::url);
    settings.extend(url.as_deref().map(|url| ("REDIS_URL", url)));
    let first = Server::start_with(&settings).await;
    let second = Server::start_in(first.folder.clone(), &settings).await;
    [first, second]
}

/// Build 2: what one server revoked, another one refuses within a second; here on either store.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_on_one_server_is_heard_on_the_other_within_a_second() {
    let redis = Redis::start();
    for store in [Some(&redis), None] {
        let [here, there] = two_servers(store, &[]).await;
        let (login, bystander) = (here.login().await, there.login_as_user().await);
        assert_eq!(there.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
        let cookie = format!("refresh_token={}", login.refresh);
        here.request(Method::POST, "/auth/logout").header(COOKIE, cookie).send().await.unwrap();
        assert_eq!(outcome(here.me(&login.access)).await, (401, "TOKEN_REVOKED".into()), "here at once");
        let start = Instant::now();
        while outcome(there.me(&login.access)).await.0 == 200 {
            assert!(start.elapsed() < Duration::from_secs(1), "there within a second");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(outcome(there.me(&login.access)).await, (401, "TOKEN_REVOKED".into()));
        assert_eq!(here.me(&bystander.access).send().await.unwrap().status(), StatusCode::OK);
        // A server that starts later knows it, too.
        let mut settings = SHARED_KEYS.to_vec();
        let url = store.map(Redis::url);
        settings.extend(url.as_deref().map(|url| ("REDIS_URL", url)));
        let late = Server::start_in(here.folder.clone(), &settings).await;
        assert_eq!(outcome(late.me(&login.access)).await, (401, "TOKEN_REVOKED".into()));
    }
}

#[tokio::test]
async fn reuse_ends_one_session_or_all_as_the_setting_says() {
    for (setting, other_lives) in [("session", true), ("user", false)] {
        let server = Server::start_with(&[("REUSE_REVOKES", setting)]).await;
        let (other, first) = (server.login().await, server.login().await);
        granted(server.refresh(&first.refresh, Some("k"))).await;
        assert_eq!(outcome(server.refresh(&first.refresh, Some("thief"))).await.1, "REFRESH_TOKEN_REUSED");
        assert_eq!(outcome(server.me(&other.access)).await.0 == 200, other_lives, "{setting}");
        assert_eq!(outcome(server.refresh(&other.refresh, None)).await.0 == 200, other_lives, "{setting}");
    }
}

/// Rule 4.
#[tokio::test]
async fn a_client_without_a_key_may_repeat_within_the_grace_and_one_with_a_key_never_needs_to() {
    let server = Server::start_with(&[("ROTATION_GRACE", "30")]).await;
    let first = server.login().await;
    let second = granted(server.refresh(&first.refresh, None)).await;
    assert_eq!(granted(server.refresh(&first.refresh, None)).await.refresh, second.refresh);
    let (other, key) = (server.login().await, Some("k"));
    granted(server.refresh(&other.refresh, key)).await;
    assert_eq!(outcome(server.refresh(&other.refresh, None)).await.1, "REFRESH_TOKEN_REUSED", "not for ours");
    let strict = Server::start().await;
    let login = strict.login().await;
    granted(strict.refresh(&login.refresh, None)).await;
    assert_eq!(outcome(strict.refresh(&login.refresh, None)).await.1, "REFRESH_TOKEN_REUSED", "0 by default");
}

/// Build 5.
#[tokio::test]
async fn fifty_tabs_of_one_session_that_wake_at_once_pass_and_a_flood_does_not() {
    let server = Server::start().await;
    let login = server.login().await;
    for _ in 0..50 {
        granted(server.refresh(&login.refresh, Some("k"))).await;
    }
    let mut flood = Vec::new();
    for _ in 0..60 {
        flood.push(server.refresh(&login.refresh, Some("k")).send().await.unwrap());
    }
    let last = flood.pop().unwrap();
    assert_eq!(last.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(last.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert!(server.counted("limited").await > 0);
    let somebody = server.login_as_user().await;
    granted(server.refresh(&somebody.refresh, Some("k"))).await;
}

#[tokio::test]
async fn a_user_sees_the_own_sessions_and_ends_one_of_them() {
    let server = Server::start().await;
    let (email, password, _) = DEMO_ACCOUNTS[0];
    let login = |agent: &'static str| {
        let body = json!({ "email": email, "password": password });
        granted(server.post("/auth/login", &body).header(USER_AGENT, agent))
    };
    let (phone, laptop, somebody) = (login("phone").await, login("laptop").await, server.login_as_user().await);
    let list = |who: &Granted| {
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
    let end = |who: &Granted| server.request(Method::DELETE, &path).bearer_auth(&who.access);
    assert_eq!(outcome(end(&somebody)).await, (404, "NOT_FOUND".into()), "somebody else's is not there");
    assert_eq!(end(&laptop).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(outcome(end(&laptop)).await, (404, "NOT_FOUND".into()));
    assert_eq!(outcome(server.me(&phone.access)).await, (401, "TOKEN_REVOKED".into()));
    assert_eq!(outcome(server.refresh(&phone.refresh, None)).await.1, "INVALID_REFRESH_TOKEN");
    assert_eq!(list(&laptop).await.len(), 1);
    assert_eq!(server.me(&laptop.access).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(outcome(server.request(Method::GET, "/auth/sessions")).await, (401, "NO_TOKEN".into()));
}

/// Build 4.
#[tokio::test]
async fn a_native_shell_gets_its_refresh_token_in_the_body_and_needs_no_cookie() {
    let server = Server::start().await;
    let (email, password, _) = DEMO_ACCOUNTS[0];
    let body = json!({ "email": email, "password": password, "transport": "body" });
    let login = granted(server.post("/auth/login", &body)).await;
    assert!(!login.headers.contains_key(SET_COOKIE));
    let refresh = |token: &str| server.post("/auth/refresh", &json!({ "refreshToken": token }));
    // No cookie goes along by itself, so no other site can misuse one: the guard has nothing to say.
    let next =
        granted(refresh(&login.refresh).header("sec-fetch-site", "cross-site").header("idempotency-key", "k")).await;
    assert!(!next.headers.contains_key(SET_COOKIE));
    assert_eq!(next.refresh, granted(refresh(&login.refresh).header("idempotency-key", "k")).await.refresh);
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

/// Build 1: the new key signs; the old one's tokens are good until they are gone.
#[tokio::test]
async fn keys_change_and_nobody_is_signed_out() {
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
    let next = granted(after.refresh(&login.refresh, Some("k"))).await;
    assert_eq!(after.me(&next.access).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(outcome(before.me(&next.access)).await, (401, "INVALID_TOKEN".into()), "not known there yet");
    let header = |token: &str| {
        let segment = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&segment).unwrap()
    };
    assert_eq!((&header(&login.access)["alg"], &header(&next.access)["alg"]), (&json!("EdDSA"), &json!("RS256")));
    assert_eq!(header(&next.access)["typ"], "at+jwt");
    // Whoever verifies elsewhere finds each public key by its kid, and no secret.
    let jwks: Value = after.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap().json().await.unwrap();
    let kids: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, [header(&next.access)["kid"].clone(), header(&login.access)["kid"].clone()]);
    assert!(!jwks.to_string().contains("\"k\"") && !jwks.to_string().contains("\"d\""), "{jwks}");
    // The one before, and then the old key retires with its last token.
    let third = start("HS256", 2, String::new(), 1, String::new()).await;
    assert_eq!(outcome(third.me(&login.access)).await, (401, "INVALID_TOKEN".into()));
    assert_eq!(outcome(third.refresh(&login.refresh, Some("k"))).await, (401, "INVALID_REFRESH_TOKEN".into()));
    let last = granted(third.refresh(&next.refresh, Some("k"))).await;
    assert_eq!(third.me(&last.access).send().await.unwrap().status(), StatusCode::OK);
    let none: Value = third.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(none, json!({ "keys": [] }), "a shared secret is not published");
}

/// Whoever only verifies needs no private key.
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

/// `jwt-auth-skill.txt` ends all sessions of whomever an unverified token names.
#[tokio::test]
async fn flaw_a_logout_by_an_unverified_token() {
    let server = Server::start().await;
    let (victim, attacker) = (server.login().await, server.login_as_user().await);
    let named = payload(&victim.access);
    let unsigned = format!("e30.{}.", BASE64_URL_SAFE_NO_PAD.encode(json!({ "userId": named["sub"] }).to_string()));
    let (sid, _) = victim.refresh.split_once('.').unwrap();
    let (_, foreign_secret) = attacker.refresh.split_once('.').unwrap();
    for forged in [unsigned, victim.access.clone(), format!("{sid}.{foreign_secret}")] {
        let cookie = format!("refresh_token={forged}");
        let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie).send().await.unwrap();
        assert_eq!(logout.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(server.me(&victim.access).send().await.unwrap().status(), StatusCode::OK);
    granted(server.refresh(&victim.refresh, Some("k"))).await;
}

/// `jwt-auth-skill.txt` validates, then invalidates: of two at once, both may pass.
#[tokio::test(flavor = "multi_thread")]
async fn flaw_a_race_between_validating_and_invalidating() {
    let redis = Redis::start();
    let [here, there] = two_servers(Some(&redis), &[]).await;
    for _ in 0..50 {
        let login = here.login().await;
        let (one, two) = tokio::join!(
            outcome(here.refresh(&login.refresh, Some("one"))),
            outcome(there.refresh(&login.refresh, Some("two")))
        );
        let mut both = [one.1, two.1];
        both.sort();
        assert_eq!(both, [String::new(), "REFRESH_TOKEN_REUSED".into()], "one rotates, the other is seen");
    }
}

/// `jwt-auth-skill.txt` signs the user out of every device when one token is reused, and never notices which.
#[tokio::test]
async fn flaw_a_reuse_that_signs_out_every_device() {
    let server = Server::start().await;
    let (phone, laptop) = (server.login().await, server.login().await);
    granted(server.refresh(&phone.refresh, Some("k"))).await;
    assert_eq!(outcome(server.refresh(&phone.refresh, Some("thief"))).await.1, "REFRESH_TOKEN_REUSED");
    granted(server.refresh(&laptop.refresh, Some("k"))).await;
}

/// `nodejs-refresh-tokens-guide.txt` does not say how long a token lives; here every grant does, and the token agrees.
#[tokio::test]
async fn flaw_an_answer_without_a_lifetime() {
    let server = Server::start_with(&[("ACCESS_TTL", "77")]).await;
    let login = server.login().await;
    let next = granted(server.refresh(&login.refresh, Some("k"))).await;
    for grant in [login, next] {
        let claims = payload(&grant.access);
        assert_eq!(grant.body["expiresIn"], 77);
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 77);
    }
}

/// `jwt-authentication-implementation.md` revokes tokens in a list that its own middleware does not ask.
#[tokio::test]
async fn flaw_a_revocation_that_nobody_checks() {
    let server = Server::start().await;
    let (login, other) = (server.login().await, server.login().await);
    let all = server.request(Method::POST, "/auth/logout-all").bearer_auth(&login.access);
    assert_eq!(all.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    for token in [&login.access, &other.access] {
        for (method, path) in [(Method::GET, "/api/me"), (Method::GET, "/api/admin"), (Method::POST, "/api/echo")] {
            let refused = outcome(server.request(method, path).bearer_auth(token)).await;
            assert_eq!(refused, (401, "TOKEN_REVOKED".into()), "{path}");
        }
    }
}

/// All three would scan: `KEYS refresh:*` in one, `SMEMBERS` in another. Redis itself says what this server asked for.
#[tokio::test(flavor = "multi_thread")]
async fn flaw_a_scan_on_the_path_of_a_request() {
    let redis = Redis::start();
    let [server, _] = two_servers(Some(&redis), &[]).await;
    redis.ask("CONFIG RESETSTAT");
    let login = server.login().await;
    let next = granted(server.refresh(&login.refresh, Some("k"))).await;
    let before = redis.ask("INFO commandstats");
    for _ in 0..20 {
        server.me(&next.access).send().await.unwrap();
    }
    let asked = |stats: &str, command: &str| stats.contains(&format!("cmdstat_{command}:"));
    server.request(Method::GET, "/auth/sessions").bearer_auth(&next.access).send().await.unwrap();
    server.request(Method::POST, "/auth/logout-all").bearer_auth(&next.access).send().await.unwrap();
    let after = redis.ask("INFO commandstats");
    assert!(asked(&after, "evalsha") && asked(&after, "xadd"), "{after}");
    for command in ["keys", "scan", "sscan", "hscan", "zscan", "smembers", "hgetall"] {
        assert!(!asked(&after, command), "{command} in {after}");
    }
    assert!(asked(&before, "evalsha"));
}

/// Statement 33 and build 3: one round trip, one script.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_one_script_and_touches_one_key() {
    let redis = Redis::start();
    let [server, _] = two_servers(Some(&redis), &[]).await;
    let mut login = server.login().await;
    granted(server.refresh(&login.refresh, Some("k"))).await; // the script is known from here on
    login = server.login().await;
    redis.ask("CONFIG RESETSTAT");
    for _ in 0..10 {
        login = granted(server.refresh(&login.refresh, Some("k"))).await;
    }
    let stats = redis.ask("INFO commandstats");
    let calls = |command: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |rest| rest.split(',').next().unwrap().parse::<u32>().unwrap())
    };
    // The script reads and writes the session; the user is read once more, for today's role.
    assert_eq!((calls("evalsha"), calls("get"), calls("set"), calls("hmget")), (10, 10, 10, 10), "{stats}");
}
