//! The endpoints, one by one.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, ORIGIN, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokenward_server::Config;

use crate::harness::{Server, granted, outcome, payload, refused};

#[tokio::test]
async fn a_login_answers_as_the_contract_says() {
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
async fn a_bad_login_request_is_told_what_is_wrong() {
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
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(refused(server.request(Method::POST, "/auth/login").json(&body)).await);
    }
    let (status, code, headers) = codes.pop().unwrap();
    assert!(codes.iter().all(|(_, code, _)| code == "INVALID_CREDENTIALS"));
    assert_eq!((status, code.as_str()), (429, "RATE_LIMITED"));
    assert!(headers[RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn an_api_takes_good_tokens_and_refuses_all_others() {
    let server = Server::start().await;
    let login = server.login().await;
    assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
    let (status, code, headers) = refused(server.request(Method::GET, "/api/me")).await;
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
        let (status, code, headers) = refused(server.me(&forged)).await;
        assert_eq!((status, code.as_str()), (401, "INVALID_TOKEN"), "{}", &forged[..forged.len().min(60)]);
        assert_eq!(headers[WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
    }
}

#[tokio::test]
async fn a_token_expires_when_it_says_so() {
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
async fn roles_open_and_close_doors() {
    let server = Server::start().await;
    let admin = |token: &str| server.request(Method::GET, "/api/admin").bearer_auth(token);
    assert_eq!(admin(&server.login().await.access).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(outcome(admin(&server.login_as_user().await.access)).await, (403, "FORBIDDEN".into()));
}

#[tokio::test]
async fn echo_returns_the_body_it_got() {
    let server = Server::start().await;
    let login = server.login().await;
    let body = vec![7_u8; 100_000];
    let echo = server.request(Method::POST, "/api/echo").bearer_auth(&login.access).body(body.clone());
    assert_eq!(echo.send().await.unwrap().bytes().await.unwrap(), body);
    let long = server.request(Method::POST, "/api/echo").bearer_auth(&login.access).body(vec![7_u8; 3_000_000]);
    assert_eq!(outcome(long).await.0, 413);
}

/// Rule 1.
#[tokio::test]
async fn the_current_token_rotates() {
    let server = Server::start().await;
    let first = server.login().await;
    let second = granted(server.refresh(&first.refresh, Some("k"))).await;
    assert_ne!(first.refresh, second.refresh);
    assert_ne!(first.access, second.access);
    assert_eq!(server.me(&second.access).send().await.unwrap().status(), StatusCode::OK);
    granted(server.refresh(&second.refresh, Some("k"))).await;
    assert_eq!(server.counted("refresh_rotated").await, 2);
}

/// Rule 2, statement 8.
#[tokio::test]
async fn the_previous_token_with_the_same_key_gets_the_identical_successor() {
    let server = Server::start().await;
    let first = server.login().await;
    let second = granted(server.refresh(&first.refresh, Some("k"))).await;
    for _ in 0..3 {
        let again = granted(server.refresh(&first.refresh, Some("k"))).await;
        assert_eq!(again.refresh, second.refresh);
        assert_eq!(server.me(&again.access).send().await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!((server.counted("refresh_rotated").await, server.counted("refresh_repeated").await), (1, 3));
}

/// Rule 3, statement 9.
#[tokio::test]
async fn a_used_token_with_another_key_or_none_or_an_older_one_ends_its_session_alone() {
    let server = Server::start().await;
    for (key, rotations) in [(Some("thief"), 1), (None, 1), (Some("k"), 2)] {
        let other = server.login().await;
        let first = server.login().await;
        let mut last = granted(server.refresh(&first.refresh, Some("k"))).await;
        for _ in 1..rotations {
            last = granted(server.refresh(&last.refresh, Some("k"))).await;
        }
        let (status, code, headers) = refused(server.refresh(&first.refresh, key)).await;
        assert_eq!((status, code.as_str()), (401, "REFRESH_TOKEN_REUSED"), "{key:?} {rotations}");
        assert!(!headers.contains_key(SET_COOKIE), "a late refusal must not take a newer session's cookie away");
        let now = outcome(server.refresh(&last.refresh, Some("k"))).await;
        assert_eq!(now, (401, "INVALID_REFRESH_TOKEN".into()), "{key:?} {rotations}");
        assert_eq!(outcome(server.me(&last.access)).await, (401, "TOKEN_REVOKED".into()));
        granted(server.refresh(&other.refresh, Some("other"))).await;
    }
    assert_eq!(server.counted("refresh_reused").await, 3);
}

/// Rule 5.
#[tokio::test]
async fn a_forged_token_touches_no_session() {
    let server = Server::start().await;
    let login = server.login().await;
    let sid = login.refresh.split('.').next().unwrap();
    for forged in [format!("{sid}.{}", "A".repeat(48)), format!("{sid}."), sid.to_owned(), "x.y".into()] {
        assert_eq!(outcome(server.refresh(&forged, Some("k"))).await, (401, "INVALID_REFRESH_TOKEN".into()));
        let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, format!("refresh_token={forged}"));
        assert_eq!(logout.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(outcome(server.request(Method::POST, "/auth/refresh")).await, (401, "NO_REFRESH_TOKEN".into()));
    granted(server.refresh(&login.refresh, Some("k"))).await;
}

/// Statement 33, on one server.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_refreshes_at_once_exactly_one_rotates() {
    let server = Server::start().await;
    let login = server.login().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        calls.spawn(granted(server.refresh(&login.refresh, Some("k"))));
    }
    let successors: std::collections::HashSet<_> = calls.join_all().await.into_iter().map(|g| g.refresh).collect();
    assert_eq!(successors.len(), 1);
    assert_eq!((server.counted("refresh_rotated").await, server.counted("refresh_repeated").await), (1, 49));
}

#[tokio::test]
async fn idle_and_absolute_lifetimes_end_a_session() {
    let server = Server::start_with(&[("REFRESH_IDLE_TTL", "1"), ("REFRESH_ABSOLUTE_TTL", "1")]).await;
    let login = server.login().await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await; // two ticks of the server's clock
    let late = outcome(server.refresh(&login.refresh, Some("k"))).await;
    assert_eq!(late, (401, "INVALID_REFRESH_TOKEN".into()));
}

#[tokio::test]
async fn logout_ends_the_session_by_any_of_its_tokens_and_takes_the_cookie_back() {
    let server = Server::start().await;
    let first = server.login().await;
    let second = granted(server.refresh(&first.refresh, Some("k"))).await;
    let cookie = format!("refresh_token={}", first.refresh);
    let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(logout.status(), StatusCode::NO_CONTENT);
    assert!(logout.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(outcome(server.me(&second.access)).await, (401, "TOKEN_REVOKED".into()));
    assert_eq!(outcome(server.refresh(&second.refresh, Some("k"))).await.1, "INVALID_REFRESH_TOKEN");
    assert_eq!(server.request(Method::POST, "/auth/logout").send().await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn logout_all_ends_every_session_of_the_user_and_no_other() {
    let server = Server::start().await;
    let (here, there, somebody) = (server.login().await, server.login().await, server.login_as_user().await);
    let all = || server.request(Method::POST, "/auth/logout-all");
    assert_eq!(outcome(all()).await, (401, "NO_TOKEN".into()));
    assert_eq!(all().bearer_auth(&here.access).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(outcome(server.me(&there.access)).await, (401, "TOKEN_REVOKED".into()));
    assert_eq!(server.me(&somebody.access).send().await.unwrap().status(), StatusCode::OK);
}

/// Statement 37.
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
    let allowed = granted(allowed.header("sec-fetch-site", "cross-site")).await;
    assert_eq!(allowed.headers["access-control-allow-origin"], "https://app.example.com");
    assert_eq!(allowed.headers["access-control-allow-credentials"], "true");
}

#[tokio::test]
async fn sessions_and_keys_survive_a_restart() {
    let first = Server::start().await;
    let login = first.login().await;
    let second = Server::start_in(first.folder.clone(), &[]).await;
    assert_eq!(second.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
    granted(second.refresh(&login.refresh, Some("k"))).await;
}

#[tokio::test]
async fn no_refresh_token_lies_in_the_store_and_the_keys_are_their_owners_alone() {
    let server = Server::start().await;
    let login = server.login().await;
    let next = granted(server.refresh(&login.refresh, Some("k"))).await;
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
async fn the_public_key_is_published_and_small_things_are_there() {
    let server = Server::start().await;
    let jwks: Value = server.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap().json().await.unwrap();
    assert_eq!((&jwks["keys"][0]["kty"], &jwks["keys"][0]["alg"]), (&json!("OKP"), &json!("EdDSA")));
    assert!(jwks["keys"][0]["d"].is_null(), "the private part stays here");
    assert_eq!(server.request(Method::GET, "/healthz").send().await.unwrap().text().await.unwrap(), "ok");
    assert_eq!(outcome(server.request(Method::GET, "/nowhere")).await, (404, "NOT_FOUND".into()));
}

#[tokio::test]
async fn the_demo_switch_is_there_only_when_asked_for() {
    let demo = Server::start().await;
    let login = demo.login().await;
    let expire = |server: &Server| server.request(Method::POST, "/demo/expire-token");
    assert_eq!(expire(&demo).bearer_auth(&login.access).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(outcome(demo.me(&login.access)).await, (401, "TOKEN_EXPIRED".into()));
    let plain = Server::start_with(&[("DEMO", "false")]).await;
    assert_eq!(outcome(expire(&plain)).await, (404, "NOT_FOUND".into()));
}

#[test]
fn every_wrong_setting_is_named_with_what_was_expected_and_no_secret_is_told() {
    let env = HashMap::from([
        ("PORT", "70000"),
        ("ACCESS_TTL", "0"),
        ("COOKIE_SECURE", "yes"),
        ("ALLOWED_ORIGINS", "*"),
        ("SIGNING_KEY", "my-secret-key"),
        ("REFRESH_KEY", "my-secret-key"),
        ("REFRESH_IDLE_TTL", "3000000"),
    ]);
    let problems = Config::from_env(|name| env.get(name).map(|&value| value.into())).unwrap_err().to_string();
    for name in env.keys() {
        assert!(problems.contains(&format!("{name}: expected ")), "{name} in\n{problems}");
    }
    assert!(problems.contains("\"70000\"") && !problems.contains("my-secret-key"), "{problems}");
}

/// Switches a fault on.
async fn goes_wrong(server: &Server, access: &str, fault: &str, seconds: u64) {
    let switch = server.post("/demo/faults", &json!({ "fault": fault, "seconds": seconds })).bearer_auth(access);
    assert_eq!(switch.send().await.unwrap().status(), StatusCode::NO_CONTENT, "{fault}");
}

#[tokio::test]
async fn a_lost_answer_is_lost_once_and_its_refresh_repeats() {
    let server = Server::start().await;
    let login = server.login().await;
    goes_wrong(&server, &login.access, "lose-refresh", 10).await;
    let lost = server.refresh(&login.refresh, Some("key")).send().await.unwrap();
    assert_eq!(lost.status(), StatusCode::GATEWAY_TIMEOUT);
    assert!(lost.headers().get("set-cookie").is_none(), "the next refresh token is lost with it");
    let again = granted(server.refresh(&login.refresh, Some("key"))).await;
    assert_eq!(outcome(server.me(&again.access)).await.0, 200);
    assert_eq!(server.counted("refresh_rotated").await, 1);
    assert_eq!(server.counted("refresh_repeated").await, 1);
}

#[tokio::test]
async fn each_fault_answers_as_it_says_and_ends() {
    let server = Server::start().await;
    let login = server.login().await;
    for (fault, status, code) in [("rate-limited", 429, "RATE_LIMITED"), ("store-away", 503, "STORE_UNAVAILABLE")] {
        goes_wrong(&server, &login.access, fault, 30).await;
        let refused = server.refresh(&login.refresh, Some("key")).send().await.unwrap();
        assert!(refused.headers().contains_key("retry-after"), "{fault}");
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["error"]["code"], code);
        assert_eq!(outcome(server.refresh(&login.refresh, Some("key"))).await.0, status);
        assert_eq!(outcome(server.me(&login.access)).await.0, 200, "the APIs go on");
        let well = server.request(Method::DELETE, "/demo/faults").bearer_auth(&login.access);
        assert_eq!(well.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    }
    goes_wrong(&server, &login.access, "unavailable", 1).await;
    let page = server.refresh(&login.refresh, Some("key")).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()), (503, "text/html"));
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    granted(server.refresh(&login.refresh, Some("key"))).await;
    assert_eq!(server.counted("refresh_rotated").await, 1, "nothing of all this reached the session");
}

#[tokio::test]
async fn a_slow_server_is_slow_to_auth_calls_and_apis() {
    let server = Server::start().await;
    let login = server.login().await;
    goes_wrong(&server, &login.access, "slow", 30).await;
    let start = std::time::Instant::now();
    assert_eq!(outcome(server.me(&login.access)).await.0, 200);
    assert!(start.elapsed() >= std::time::Duration::from_millis(1_400));
}

#[tokio::test]
async fn the_thief_gets_tokens_and_the_next_refresh_ends_the_session_for_both() {
    let server = Server::start().await;
    let login = server.login().await;
    let theft: Value =
        server.post("/demo/theft", &json!({})).bearer_auth(&login.access).send().await.unwrap().json().await.unwrap();
    assert_eq!(theft["outcome"], "rotated");
    // While nobody has noticed, the thief goes on.
    let path = format!("/demo/theft/{}", theft["id"].as_str().unwrap());
    let again: Value = server.post(&path, &json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(again["outcome"], "rotated");
    assert_eq!(outcome(server.post(&path, &json!({}))).await, (404, "NOT_FOUND".into()), "a token is good once");
    let refused = outcome(server.refresh(&login.refresh, Some("key"))).await;
    assert_eq!(refused, (401, "REFRESH_TOKEN_REUSED".into()));
    assert_eq!(outcome(server.me(&login.access)).await, (401, "TOKEN_REVOKED".into()));
    let path = format!("/demo/theft/{}", again["id"].as_str().unwrap());
    let over: Value = server.post(&path, &json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(over["outcome"], "refused", "the session is over for the thief as well");
    assert_eq!(server.counted("refresh_reused").await, 1);
}

#[tokio::test]
async fn faults_need_a_sign_in_and_sense() {
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
async fn whoever_waits_for_the_end_of_a_session_hears_of_it_at_once() {
    let server = Server::start().await;
    let login = server.login().await;
    let elsewhere = server.login().await;
    let wait = server.request(Method::GET, "/demo/session-end").bearer_auth(&login.access);
    let waiting = tokio::spawn(outcome(wait));
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert!(!waiting.is_finished(), "it is not over yet");
    let out = server.post("/auth/logout-all", &json!({})).bearer_auth(&elsewhere.access).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    let heard = tokio::time::timeout(std::time::Duration::from_secs(2), waiting).await.unwrap().unwrap();
    assert_eq!(heard, (401, "TOKEN_REVOKED".into()));
    assert_eq!(outcome(server.request(Method::GET, "/demo/session-end")).await, (401, "NO_TOKEN".into()));
}

#[tokio::test]
async fn tokens_tell_their_generation_for_demonstrations_only() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    for (demo, generations) in [("true", [Some(0), Some(1)]), ("false", [None, None])] {
        // (The accounts are made where DEMO=true, and stay.)
        let server = Server::start_in(folder.clone(), &[("DEMO", demo)]).await;
        let login = server.login().await;
        let next = granted(server.refresh(&login.refresh, Some("key"))).await;
        let told = [&login.access, &next.access].map(|token| payload(token)["generation"].as_u64());
        assert_eq!(told, generations, "DEMO={demo}");
    }
}

#[tokio::test]
async fn the_page_for_servers_of_ones_own_may_talk_to_them_and_the_others_may_not() {
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
