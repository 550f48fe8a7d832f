//! Each `DIALECT` returns the responses that its source describes.

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokenward_server::DEMO_ACCOUNTS;

use crate::harness::{Server, outcome, tokens};

async fn server_with(dialect: &str) -> Server {
    Server::start_with(&[("DIALECT", dialect)]).await
}

async fn login(server: &Server, password: &str) -> Response {
    let body = json!({ "email": DEMO_ACCOUNTS[0].0, "password": password });
    server.post("/auth/login", &body).send().await.unwrap()
}

fn cookies(response: &Response) -> Vec<String> {
    response.headers().get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

fn names(body: &Value) -> Vec<&str> {
    body.as_object().unwrap().keys().map(String::as_str).collect()
}

/// As in `jwt-auth-skill.txt`.
#[tokio::test]
async fn error_text_returns_errors_as_text() {
    let server = server_with("error-text").await;
    let wrong = login(&server, "wrong").await;
    assert_eq!(wrong.status(), 401);
    assert_eq!(wrong.json::<Value>().await.unwrap(), json!({ "error": "wrong email or password" }));
    let right =
        tokens(server.post("/auth/login", &json!({ "email": DEMO_ACCOUNTS[0].0, "password": DEMO_ACCOUNTS[0].1 })));
    let right = right.await;
    assert!(right.body["expiresIn"].is_u64() && right.body["user"]["email"].is_string());
    let none = server.request(Method::GET, "/api/me").send().await.unwrap();
    assert_eq!((none.status().as_u16(), none.headers().contains_key("www-authenticate")), (401, true));
    assert!(none.headers().contains_key("content-security-policy") && none.headers().contains_key("x-request-id"));
    assert!(none.json::<Value>().await.unwrap()["error"].is_string());
    let logout = server.request(Method::POST, "/auth/logout").send().await.unwrap();
    assert_eq!(logout.status(), 200);
    assert_eq!(logout.json::<Value>().await.unwrap(), json!({ "success": true }));
}

/// As in `nodejs-refresh-tokens-guide.txt`.
#[tokio::test]
async fn no_expires_in_returns_no_lifetime() {
    let server = server_with("no-expires-in").await;
    let response = login(&server, DEMO_ACCOUNTS[0].1).await;
    let cookie = cookies(&response).remove(0);
    assert!(cookie.starts_with("refreshToken="), "{cookie}");
    assert_eq!(names(&response.json::<Value>().await.unwrap()), ["accessToken", "tokenType", "user"]);
    let cookie = cookie.split(';').next().unwrap();
    let next = server.request(Method::POST, "/auth/refresh").header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(next.status(), 200);
    let none: Value = server.request(Method::POST, "/auth/refresh").send().await.unwrap().json().await.unwrap();
    assert_eq!(none, json!({ "error": "a refresh token is required", "code": "NO_REFRESH_TOKEN" }));
}

/// As in `jwt-authentication-implementation.md`.
#[tokio::test]
async fn body_returns_both_tokens_in_the_body() {
    let server = server_with("body").await;
    let response = login(&server, DEMO_ACCOUNTS[0].1).await;
    assert_eq!(cookies(&response), [""; 0]);
    let grant: Value = response.json().await.unwrap();
    assert_eq!(names(&grant), ["accessToken", "expiresIn", "refreshToken", "tokenType", "user"]);
    let token = json!({ "refreshToken": grant["refreshToken"] });
    let next: Value = server.post("/auth/refresh", &token).send().await.unwrap().json().await.unwrap();
    assert_ne!(next["refreshToken"], grant["refreshToken"]);
    assert_eq!(outcome(server.post("/auth/refresh", &token)).await, (401, "REFRESH_TOKEN_REUSED".into()));
    let logout = server.post("/auth/logout", &token).send().await.unwrap();
    assert_eq!((logout.status().as_u16(), cookies(&logout).len()), (204, 0));
}

/// As in RFC 6749 §4.3, §5.2, §6; RFC 7009.
#[tokio::test]
async fn oauth2_has_a_token_and_a_revocation_endpoint() {
    let server = server_with("oauth2").await;
    let ask = |path: &str, form: &[(&str, &str)]| {
        let body = form.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect::<Vec<_>>();
        let request = server.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(body.join("&"));
        async {
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            assert_eq!(headers["cache-control"], "no-store");
            (status, response.json::<Value>().await.unwrap())
        }
    };
    let (email, password, _) = DEMO_ACCOUNTS[0];
    let grant = [("grant_type", "password"), ("username", email), ("password", password), ("client_id", "spa")];
    let (status, login) = ask("/oauth/token", &grant).await;
    assert_eq!((status, names(&login)), (200, vec!["access_token", "expires_in", "refresh_token", "token_type"]));
    let refresh = login["refresh_token"].as_str().unwrap();
    let (status, next) = ask("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    assert_eq!(status, 200);
    for (form, error) in [
        (vec![("grant_type", "password"), ("username", email), ("password", "wrong")], "invalid_grant"),
        (vec![("grant_type", "password"), ("username", email)], "invalid_request"),
        (vec![("grant_type", "client_credentials")], "unsupported_grant_type"),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "a.b")], "invalid_grant"),
        (vec![("nothing", "")], "invalid_request"),
    ] {
        let (status, answer) = ask("/oauth/token", &form).await;
        assert!((400..=422).contains(&status) && answer["error"] == error, "{form:?}: {status} {answer}");
        assert!(answer["error_description"].is_string());
    }
    // Revokes one access token, then the session.
    let access = next["access_token"].as_str().unwrap();
    assert_eq!(server.me(access).send().await.unwrap().status(), 200);
    assert_eq!(ask("/oauth/revoke", &[("token", access), ("token_type_hint", "access_token")]).await.0, 200);
    let rejected: Value = server.me(access).send().await.unwrap().json().await.unwrap();
    assert_eq!(rejected["error"], "invalid_token");
    let refresh = next["refresh_token"].as_str().unwrap();
    let (_, third) = ask("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    assert_eq!(
        server.me(third["access_token"].as_str().unwrap()).send().await.unwrap().status(),
        200,
        "the session continues"
    );
    assert_eq!(ask("/oauth/revoke", &[("token", third["refresh_token"].as_str().unwrap())]).await.0, 200);
    assert_eq!(server.me(third["access_token"].as_str().unwrap()).send().await.unwrap().status(), 401);
    assert_eq!(ask("/oauth/revoke", &[("token", "nonsense")]).await.0, 200);
    let plain = Server::start().await;
    assert_eq!(outcome(plain.request(Method::POST, "/oauth/token")).await.0, 404, "only with DIALECT=oauth2");
}

/// As at the end of `jwt-authentication-implementation.md`.
#[tokio::test]
async fn cookies_only_keeps_both_tokens_in_cookies() {
    let server = server_with("cookies-only").await;
    let response = login(&server, DEMO_ACCOUNTS[0].1).await;
    let both = cookies(&response);
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "success": true }));
    assert!(
        both.iter().all(|one| one.contains("HttpOnly") && one.contains("SameSite=Strict") && one.contains("Secure"))
    );
    let value = |name: &str| both.iter().find(|one| one.starts_with(name)).unwrap().split(';').next().unwrap();
    assert!(both.iter().any(|one| one.starts_with("accessToken=") && one.contains("Path=/;")), "{both:?}");
    let me = || server.request(Method::GET, "/api/me").header(COOKIE, value("accessToken="));
    assert_eq!(me().send().await.unwrap().status(), 200);
    // The browser attaches this cookie to requests of every page.
    assert_eq!(outcome(me().header("sec-fetch-site", "cross-site")).await, (403, "CSRF_REJECTED".into()));
    let all = server.request(Method::POST, "/auth/logout-all").header(COOKIE, value("accessToken="));
    assert_eq!(outcome(all.header("origin", "https://evil.example")).await, (403, "CSRF_REJECTED".into()));
    let next =
        server.request(Method::POST, "/auth/refresh").header(COOKIE, value("refreshToken=")).send().await.unwrap();
    assert_eq!((next.status().as_u16(), cookies(&next).len()), (200, 2));
    let logout =
        server.request(Method::POST, "/auth/logout").header(COOKIE, value("refreshToken=")).send().await.unwrap();
    assert_eq!(cookies(&logout).iter().filter(|one| one.contains("Max-Age=0")).count(), 2);
    assert_eq!(outcome(me()).await, (401, "TOKEN_REVOKED".into()));
    assert_eq!(outcome(server.request(Method::GET, "/api/me")).await, (401, "NO_TOKEN".into()));
    // In the other dialects the cookie is no credential.
    let plain = Server::start().await;
    let token = plain.login().await.access;
    let by_cookie = plain.request(Method::GET, "/api/me").header(COOKIE, format!("accessToken={token}"));
    assert_eq!(outcome(by_cookie).await, (401, "NO_TOKEN".into()));
}
