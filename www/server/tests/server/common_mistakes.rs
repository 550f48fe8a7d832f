//! Mistakes in three published descriptions of JWT auth, and that this server does not make them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Redis, Server, outcome, payload, tokens, two_servers};

/// `jwt-auth-skill.txt` ends all sessions of the user whom an unverified token names.
#[tokio::test]
async fn an_unverified_token_signs_no_user_out() {
    let server = Server::start().await;
    let (victim, attacker) = (server.login().await, server.login_as_grace().await);
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
    tokens(server.refresh(&victim.refresh, Some("k"))).await;
}

/// `jwt-auth-skill.txt` validates a token and invalidates it later, so two simultaneous refreshes may both pass.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_simultaneous_refreshes_with_different_keys_one_fails() {
    for redis in [Redis::start(), Redis::cluster(3, 0)] {
        let [here, there] = two_servers(Some(&redis), &[]).await;
        for _ in 0..50 {
            let login = here.login().await;
            let (one, two) = tokio::join!(
                outcome(here.refresh(&login.refresh, Some("one"))),
                outcome(there.refresh(&login.refresh, Some("two")))
            );
            let mut both = [one.1, two.1];
            both.sort();
            assert_eq!(
                both,
                [String::new(), "REFRESH_TOKEN_REUSED".into()],
                "one rotates, the other one counts as reuse"
            );
        }
    }
}

/// `jwt-auth-skill.txt` ends all sessions of the user when one token is reused.
#[tokio::test]
async fn a_reused_token_leaves_the_other_devices_signed_in() {
    let server = Server::start().await;
    let (phone, laptop) = (server.login().await, server.login().await);
    tokens(server.refresh(&phone.refresh, Some("k"))).await;
    assert_eq!(outcome(server.refresh(&phone.refresh, Some("thief"))).await.1, "REFRESH_TOKEN_REUSED");
    tokens(server.refresh(&laptop.refresh, Some("k"))).await;
}

/// `nodejs-refresh-tokens-guide.txt` returns no lifetime.
#[tokio::test]
async fn every_response_has_the_lifetime_of_its_token() {
    let server = Server::start_with(&[("ACCESS_TTL", "77")]).await;
    let login = server.login().await;
    let next = tokens(server.refresh(&login.refresh, Some("k"))).await;
    for tokens in [login, next] {
        let claims = payload(&tokens.access);
        assert_eq!(tokens.body["expiresIn"], 77);
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 77);
    }
}

/// `jwt-authentication-implementation.md` keeps a list of revoked tokens that its middleware does not check.
#[tokio::test]
async fn every_api_checks_revocations() {
    let server = Server::start().await;
    let (login, other) = (server.login().await, server.login().await);
    let all = server.request(Method::POST, "/auth/logout-all").bearer_auth(&login.access);
    assert_eq!(all.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    for token in [&login.access, &other.access] {
        for (method, path) in [(Method::GET, "/api/me"), (Method::GET, "/api/admin"), (Method::POST, "/api/echo")] {
            let rejected = outcome(server.request(method, path).bearer_auth(token)).await;
            assert_eq!(rejected, (401, "TOKEN_REVOKED".into()), "{path}");
        }
    }
}

/// The descriptions scan: `KEYS refresh:*` in one, `SMEMBERS` in another. Redis counts the commands of this server.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_scans_redis() {
    let redis = Redis::start();
    let [server, _] = two_servers(Some(&redis), &[]).await;
    redis.command("CONFIG RESETSTAT");
    let login = server.login().await;
    let next = tokens(server.refresh(&login.refresh, Some("k"))).await;
    let before = redis.command("INFO commandstats");
    for _ in 0..20 {
        server.me(&next.access).send().await.unwrap();
    }
    let was_run = |stats: &str, command: &str| stats.contains(&format!("cmdstat_{command}:"));
    server.request(Method::GET, "/auth/sessions").bearer_auth(&next.access).send().await.unwrap();
    server.request(Method::POST, "/auth/logout-all").bearer_auth(&next.access).send().await.unwrap();
    let after = redis.command("INFO commandstats");
    assert!(was_run(&after, "evalsha") && was_run(&after, "xadd"), "{after}");
    for command in ["keys", "scan", "sscan", "hscan", "zscan", "smembers", "hgetall"] {
        assert!(!was_run(&after, command), "{command} in {after}");
    }
    assert!(was_run(&before, "evalsha"));
}
