//! The endpoints, one after the other.

use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, ORIGIN, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Server, on_each_store, outcome, payload, rejection, tokens};

#[tokio::test]
async fn a_login_returns_tokens_a_user_and_a_cookie() {
    let server = Server::start().await;
    let login = server.login().await;
    assert_eq!(login.body["tokenType"], "Bearer");
    assert_eq!(login.body["expiresIn"], 900);
    assert_eq!(login.body["user"], json!({ "id": "demo-admin", "email": "ada@example.com", "role": "admin" }));
    assert_eq!(login.headers["cache-control"], "no-store");
    let cookie = login.headers[SET_COOKIE].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/auth", "Max-Age=604800"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    let claims = payload(&login.access);
    for claim in ["sub", "iat", "nbf", "exp", "jti", "sid", "email", "role", "iss", "aud"] {
        assert!(!claims[claim].is_null(), "{claim} in {claims}");
    }
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 900);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let server = Server::start().await;
    let login = |body: Value| server.request(Method::POST, "/auth/login").json(&body);
    let wrong = login(json!({ "email": "ada@example.com", "password": "x" })).send().await.unwrap();
    let unknown = login(json!({ "email": "nobody@example.com", "password": "x" })).send().await.unwrap();
    assert_eq!((wrong.status(), unknown.status()), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(wrong.text().await.unwrap(), unknown.text().await.unwrap());
}

#[tokio::test]
async fn an_invalid_login_request_gets_an_error_that_names_the_field() {
    let server = Server::start().await;
    let login = || server.request(Method::POST, "/auth/login");
    for (request, status) in [
        (login().body("{}"), 415),
        (login().header("content-type", "application/json").body("{"), 400),
        (login().json(&json!({ "email": "a@b.c" })), 400),
        (login().json(&json!({ "email": 1, "password": "x" })), 400),
        (login().json(&json!({ "email": "", "password": "x" })), 400),
        (login().json(&json!({ "email": "a@b.c", "password": "x".repeat(2_000) })), 400),
        (login().json(&json!({ "email": "a@b.c", "password": "x".repeat(20_000) })), 413),
    ] {
        assert_eq!(outcome(request).await, (status, "INVALID_REQUEST".into()));
    }
}

#[tokio::test]
async fn ten_wrong_tries_are_slowed() {
    let server = Server::start_with(&[("LOGIN_LIMIT", "10")]).await;
    let body = json!({ "email": "ada@example.com", "password": "x" });
    let started = Instant::now();
    let mut tries = 0;
    let (status, code, headers) = loop {
        let answer = rejection(server.request(Method::POST, "/auth/login").json(&body)).await;
        if answer.1 != "INVALID_CREDENTIALS" {
            break answer;
        }
        tries += 1;
    };
    // Another try is allowed every six seconds, which a busy machine may need for ten passwords.
    assert!((10..=10 + started.elapsed().as_secs() / 6).contains(&tries), "{tries} tries");
    assert_eq!((status, code.as_str()), (429, "RATE_LIMITED"));
    assert!(headers[RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn an_api_accepts_valid_tokens_and_rejects_all_others() {
    let server = Server::start().await;
    let login = server.login().await;
    assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
    let (status, code, headers) = rejection(server.request(Method::GET, "/api/me")).await;
    assert_eq!((status, code.as_str(), &headers[WWW_AUTHENTICATE]), (401, "NO_TOKEN", &"Bearer".parse().unwrap()));
    let (header, rest) = login.access.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let mut claims = payload(&login.access);
    claims["sub"] = json!("demo-user");
    let another = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    // {"alg":"none","typ":"at+jwt"} and the like: the type or the key's id is wrong, or the signature is.
    for forged in [
        "x".to_owned(),
        "x".repeat(100_000),
        format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}."),
        format!("{header}.{body}."),
        format!("{header}.{another}.{signature}"),
        format!("eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.{body}.{signature}"),
    ] {
        let (status, code, headers) = rejection(server.me(&forged)).await;
        assert_eq!((status, code.as_str()), (401, "INVALID_TOKEN"), "{}", &forged[..forged.len().min(60)]);
        assert_eq!(headers[WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
    }
}

#[tokio::test]
async fn a_token_expires_at_its_exp() {
    let server = Server::start_with(&[("ACCESS_TTL", "1")]).await;
    let login = server.login().await;
    let mut status = server.me(&login.access).send().await.unwrap().status();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while status == StatusCode::OK && std::time::Instant::now() < end {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        status = server.me(&login.access).send().await.unwrap().status();
    }
    assert_eq!(outcome(server.me(&login.access)).await, (401, "TOKEN_EXPIRED".into()));
}

#[tokio::test]
async fn the_admin_api_requires_the_role_admin() {
    let server = Server::start().await;
    let admin = |token: &str| server.request(Method::GET, "/api/admin").bearer_auth(token);
    assert_eq!(admin(&server.login().await.access).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(outcome(admin(&server.login_as_grace().await.access)).await, (403, "FORBIDDEN".into()));
}

#[tokio::test]
async fn echo_returns_the_body_of_the_request() {
    let server = Server::start().await;
    let login = server.login().await;
    let body = vec![7_u8; 100_000];
    let echo = server.request(Method::POST, "/api/echo").bearer_auth(&login.access).body(body.clone());
    assert_eq!(echo.send().await.unwrap().bytes().await.unwrap(), body);
    let long = server.request(Method::POST, "/api/echo").bearer_auth(&login.access).body(vec![7_u8; 3_000_000]);
    assert_eq!(outcome(long).await.0, 413);
}

#[tokio::test]
async fn the_current_token_rotates() {
    let server = Server::start().await;
    let first = server.login().await;
    let second = tokens(server.refresh(&first.refresh, Some("k"))).await;
    assert_ne!(first.refresh, second.refresh);
    assert_ne!(first.access, second.access);
    assert_eq!(server.me(&second.access).send().await.unwrap().status(), StatusCode::OK);
    tokens(server.refresh(&second.refresh, Some("k"))).await;
    assert_eq!(server.counted("refresh_rotated").await, 2);
}

///
#[tokio::test]
async fn the_previous_token_with_the_same_key_gets_the_same_successor() {
    let server = Server::start().await;
    let first = server.login().await;
    let second = tokens(server.refresh(&first.refresh, Some("k"))).await;
    for _ in 0..3 {
        let again = tokens(server.refresh(&first.refresh, Some("k"))).await;
        assert_eq!(again.refresh, second.refresh);
        assert_eq!(server.me(&again.access).send().await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!((server.counted("refresh_rotated").await, server.counted("refresh_repeated").await), (1, 3));
}

/// with another key, without a key, or with an older token.
#[tokio::test]
async fn a_reused_token_ends_its_own_session_only() {
    for (server, _redis) in on_each_store(&[]) {
        for (key, rotations) in [(Some("thief"), 1), (None, 1), (Some("k"), 2)] {
            let other = server.login().await;
            let first = server.login().await;
            let mut last = tokens(server.refresh(&first.refresh, Some("k"))).await;
            for _ in 1..rotations {
                last = tokens(server.refresh(&last.refresh, Some("k"))).await;
            }
            let (status, code, headers) = rejection(server.refresh(&first.refresh, key)).await;
            assert_eq!((status, code.as_str()), (401, "REFRESH_TOKEN_REUSED"), "{key:?} {rotations}");
            assert!(!headers.contains_key(SET_COOKIE), "a late rejection must not clear the cookie of a newer session");
            let now = outcome(server.refresh(&last.refresh, Some("k"))).await;
            assert_eq!(now, (401, "INVALID_REFRESH_TOKEN".into()), "{key:?} {rotations}");
            assert_eq!(outcome(server.me(&last.access)).await, (401, "TOKEN_REVOKED".into()));
            tokens(server.refresh(&other.refresh, Some("other"))).await;
        }
        assert_eq!(server.counted("refresh_reused").await, 3);
    }
}

#[tokio::test]
async fn a_forged_refresh_token_changes_no_session() {
    for (server, _redis) in on_each_store(&[]) {
        let login = server.login().await;
        let sid = login.refresh.split('.').next().unwrap();
        for forged in [format!("{sid}.{}", "A".repeat(48)), format!("{sid}."), sid.to_owned(), "x.y".into()] {
            assert_eq!(outcome(server.refresh(&forged, Some("k"))).await, (401, "INVALID_REFRESH_TOKEN".into()));
            let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, format!("refresh_token={forged}"));
            assert_eq!(logout.send().await.unwrap().status(), StatusCode::NO_CONTENT);
        }
        assert_eq!(outcome(server.request(Method::POST, "/auth/refresh")).await, (401, "NO_REFRESH_TOKEN".into()));
        tokens(server.refresh(&login.refresh, Some("k"))).await;
    }
}

/// R-33, on one server.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_refreshes_at_once_exactly_one_rotates() {
    for (server, _redis) in on_each_store(&[]) {
        let login = server.login().await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..50 {
            calls.spawn(tokens(server.refresh(&login.refresh, Some("k"))));
        }
        let successors: std::collections::HashSet<_> = calls.join_all().await.into_iter().map(|g| g.refresh).collect();
        assert_eq!(successors.len(), 1);
        assert_eq!((server.counted("refresh_rotated").await, server.counted("refresh_repeated").await), (1, 49));
    }
}

#[tokio::test]
async fn idle_and_absolute_lifetimes_end_a_session() {
    let server = Server::start_with(&[("REFRESH_IDLE_TTL", "1"), ("REFRESH_ABSOLUTE_TTL", "1")]).await;
    let login = server.login().await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await; // two seconds of the server's clock
    let late = outcome(server.refresh(&login.refresh, Some("k"))).await;
    assert_eq!(late, (401, "INVALID_REFRESH_TOKEN".into()));
}

#[tokio::test]
async fn logout_with_a_token_of_any_generation_ends_the_session_and_clears_the_cookie() {
    for (server, _redis) in on_each_store(&[]) {
        let first = server.login().await;
        let second = tokens(server.refresh(&first.refresh, Some("k"))).await;
        let cookie = format!("refresh_token={}", first.refresh);
        let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie).send().await.unwrap();
        assert_eq!(logout.status(), StatusCode::NO_CONTENT);
        assert!(logout.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(outcome(server.me(&second.access)).await, (401, "TOKEN_REVOKED".into()));
        assert_eq!(outcome(server.refresh(&second.refresh, Some("k"))).await.1, "INVALID_REFRESH_TOKEN");
        assert_eq!(server.request(Method::POST, "/auth/logout").send().await.unwrap().status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn logout_all_ends_every_session_of_the_user_and_no_other_session() {
    for (server, _redis) in on_each_store(&[]) {
        let (here, there, grace) = (server.login().await, server.login().await, server.login_as_grace().await);
        let all = || server.request(Method::POST, "/auth/logout-all");
        assert_eq!(outcome(all()).await, (401, "NO_TOKEN".into()));
        assert_eq!(all().bearer_auth(&here.access).send().await.unwrap().status(), StatusCode::NO_CONTENT);
        assert_eq!(outcome(server.me(&there.access)).await, (401, "TOKEN_REVOKED".into()));
        assert_eq!(server.me(&grace.access).send().await.unwrap().status(), StatusCode::OK);
    }
}

///
#[tokio::test]
async fn another_site_can_neither_refresh_nor_sign_out() {
    let server = Server::start_with(&[("ALLOWED_ORIGINS", "https://app.example.com")]).await;
    let login = server.login().await;
    let cookie = format!("refresh_token={}", login.refresh);
    for path in ["/auth/refresh", "/auth/logout"] {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let request = server.request(Method::POST, path).header(COOKIE, &cookie).header(name, value);
            assert_eq!(outcome(request).await, (403, "CSRF_REJECTED".into()), "{path} {name}: {value}");
        }
    }
    let allowed = server.refresh(&login.refresh, Some("k")).header(ORIGIN, "https://app.example.com");
    let allowed = tokens(allowed.header("sec-fetch-site", "cross-site")).await;
    assert_eq!(allowed.headers["access-control-allow-origin"], "https://app.example.com");
    assert_eq!(allowed.headers["access-control-allow-credentials"], "true");
}

#[tokio::test]
async fn sessions_and_keys_survive_a_restart() {
    let first = Server::start().await;
    let login = first.login().await;
    let second = Server::start_in(first.folder.clone(), &[]).await;
    assert_eq!(second.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
    tokens(second.refresh(&login.refresh, Some("k"))).await;
}

#[tokio::test]
async fn the_store_contains_no_refresh_token_and_only_the_owner_can_read_the_keys() {
    let server = Server::start().await;
    let login = server.login().await;
    let next = tokens(server.refresh(&login.refresh, Some("k"))).await;
    for entry in std::fs::read_dir(server.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for token in [&login.refresh, &next.refresh] {
            let secret = token.split_once('.').unwrap().1.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
        #[cfg(unix)]
        if path.extension().is_some_and(|ending| ending == "pem" || ending == "refresh-key") {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn the_server_publishes_its_public_key_and_answers_healthz_and_404() {
    let server = Server::start().await;
    let jwks: Value = server.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap().json().await.unwrap();
    assert_eq!((&jwks["keys"][0]["kty"], &jwks["keys"][0]["alg"]), (&json!("OKP"), &json!("EdDSA")));
    assert!(jwks["keys"][0]["d"].is_null(), "the private part is not published");
    assert_eq!(server.request(Method::GET, "/healthz").send().await.unwrap().text().await.unwrap(), "ok");
    assert_eq!(outcome(server.request(Method::GET, "/nowhere")).await, (404, "NOT_FOUND".into()));
}
