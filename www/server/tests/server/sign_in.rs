//! Sign-in at an identity provider: the flow, its faults, and the attacks on it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::harness::{Redis, SHARED_KEYS, Server, on_each_store, outcome, payload, two_servers, wait_until};
use crate::provider::{Behaviour, CLIENT_ID, CLIENT_SECRET, TestProvider, closed_address, new_key, now};

/// A browser: it keeps cookies, and follows no redirect by itself.
pub struct Browser<'a> {
    pub server: &'a Server,
    http: reqwest::Client,
    pub cookies: Mutex<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub fn new(server: &'a Server) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { server, http, cookies: Mutex::default() }
    }

    /// The same browser at another server.
    pub fn at(&self, server: &'a Server) -> Self {
        let cookies = Mutex::new(self.cookies.lock().unwrap().clone());
        Self { server, http: self.http.clone(), cookies }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// The cookies that tie a sign-in to the browser.
    fn login_cookies(&self) -> Vec<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().filter(|(name, _)| name.starts_with("login-")).map(|(_, value)| value.clone()).collect()
    }

    fn without_cookie(self, name: &str) -> Self {
        self.cookies.lock().unwrap().remove(name);
        self
    }

    /// Navigates to a path; returns the address of the redirect.
    pub async fn go(&self, path: &str) -> String {
        self.go_with(path, &[]).await.0
    }

    async fn go_with(&self, path: &str, headers: &[(&str, &str)]) -> (String, HeaderMap) {
        let cookies: Vec<_> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.get(format!("http://{}{path}", self.server.address));
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 303, "{path}");
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() {
                cookies.remove(name)
            } else {
                cookies.insert(name.into(), value.into())
            };
        }
        let location = response.headers()[LOCATION].to_str().unwrap().to_owned();
        (location, response.headers().clone())
    }

    /// Begins a sign-in, and consents at the provider: the path of the callback.
    pub async fn begin(&self, provider: &TestProvider, query: &str) -> String {
        let url = self.go(&format!("/auth/start{query}")).await;
        path_of(&provider.consent(&url))
    }

    pub async fn sign_in(&self, provider: &TestProvider) -> String {
        let callback = self.begin(provider, "").await;
        self.go(&callback).await
    }

    async fn refresh(&self) -> Value {
        let cookie = self.cookie("refresh_token").unwrap_or_default();
        let response = self.server.refresh(&cookie, Some("a-key-of-this-browser")).send().await.unwrap();
        let headers = response.headers().clone();
        if let Some(cookie) = headers.get(SET_COOKIE) {
            let value = cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
            self.cookies.lock().unwrap().insert("refresh_token".into(), value);
        }
        response.json().await.unwrap_or_default()
    }
}

fn path_of(address: &str) -> String {
    let url = Url::parse(address).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

async fn start(provider: &TestProvider, further: &[(&str, &str)]) -> Server {
    let mut settings = provider.settings();
    settings.extend_from_slice(further);
    Server::start_with(&settings).await
}

fn claims(claims: Value) -> Behaviour {
    Behaviour { claims, ..Behaviour::default() }
}

#[tokio::test]
async fn a_sign_in_begins_a_session_on_each_store() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&provider.settings()) {
        let browser = Browser::new(&server);
        let url = browser.go("/auth/start?returnTo=/orders/7%3Ftab%3D2%23items&loginHint=ada&acr=x&maxAge=60").await;
        let query: BTreeMap<_, _> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
        assert_eq!(query["redirect_uri"], "http://127.0.0.1:4000/auth/callback");
        assert_eq!((query["scope"].as_str(), query["login_hint"].as_str()), ("openid email profile", "ada"));
        assert_eq!((query["acr_values"].as_str(), query["max_age"].as_str()), ("x", "60"));
        provider.behave(claims(json!({ "auth_time": now() })));
        let (location, headers) = browser.go_with(&path_of(&provider.consent(&url)), &[]).await;
        assert_eq!(location, "/orders/7?tab=2#items~signed-in");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        let cookie = headers[SET_COOKIE].to_str().unwrap();
        for part in ["refresh_token=", "HttpOnly", "SameSite=Strict", "Path=/auth", "Secure"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let body = browser.refresh().await;
        assert_eq!(
            (body["user"]["email"].as_str(), body["user"]["role"].as_str()),
            (Some("ada@example.com"), Some("user"))
        );
        assert_eq!(outcome(server.me(body["accessToken"].as_str().unwrap())).await.0, 200);
        // The same user again.
        let other = Browser::new(&server);
        provider.behave(Behaviour::default());
        assert_eq!(other.sign_in(&provider).await, "/#~signed-in");
        assert_eq!(other.refresh().await["user"]["id"], body["user"]["id"]);
    }
}

#[tokio::test]
async fn the_cookie_of_a_sign_in_is_lax_and_one_serves_all_tabs() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    let (_, headers) = browser.go_with("/auth/start", &[]).await;
    let cookie = headers[SET_COOKIE].to_str().unwrap();
    for part in ["login-", "HttpOnly", "SameSite=Lax", "Path=/auth", "Secure", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let first = browser.login_cookies();
    assert_eq!(first.len(), 1);
    let mut callbacks = Vec::new();
    for _ in 0..10 {
        callbacks.push(browser.begin(&provider, "").await);
    }
    assert_eq!(browser.login_cookies(), first);
    callbacks.reverse();
    for callback in &callbacks {
        assert_eq!(browser.go(callback).await, "/#~signed-in");
    }
    assert_eq!(provider.requests("token"), 10);
    let host_prefix = start(&provider, &[("COOKIE_HOST_PREFIX", "true")]).await;
    let (_, headers) = Browser::new(&host_prefix).go_with("/auth/start", &[]).await;
    assert!(headers[SET_COOKIE].to_str().unwrap().starts_with("__Host-login-"));
}

#[tokio::test]
async fn tabs_that_begin_at_once_in_a_new_browser_all_sign_in() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    let mut callbacks = Vec::new();
    for _ in 0..10 {
        // The request of this tab was on its way before the response of another one set a cookie.
        let tab = Browser::new(&server);
        callbacks.push(tab.begin(&provider, "").await);
        browser.cookies.lock().unwrap().extend(tab.cookies.into_inner().unwrap());
    }
    for callback in &callbacks {
        assert_eq!(browser.go(callback).await, "/#~signed-in");
    }
    assert_eq!(provider.requests("token"), 10);
}

#[tokio::test]
async fn a_callback_that_comes_again_shares_one_exchange() {
    let provider = TestProvider::start().await;
    for redis in [None, Some(Redis::start())] {
        let before = provider.requests("token");
        let [one, two] = two_servers(redis.as_ref(), &provider.settings()).await;
        let browser = Browser::new(&one);
        provider.behave(Behaviour { delay: Duration::from_millis(300), ..Behaviour::default() });
        let callback = browser.begin(&provider, "").await;
        let other = browser.at(&two);
        let (first, second) = tokio::join!(browser.go(&callback), other.go(&callback));
        assert_eq!((first.as_str(), second.as_str()), ("/#~signed-in", "/#~signed-in"));
        assert_eq!(browser.cookie("refresh_token"), other.cookie("refresh_token"));
        assert_eq!(provider.requests("token"), before + 1);
        // After the first refresh, the callback gives no token: an old one would look stolen.
        assert!(browser.refresh().await["accessToken"].is_string());
        let rotated = browser.cookie("refresh_token");
        assert_eq!(browser.go(&callback).await, "/#~signed-in");
        assert_eq!(browser.cookie("refresh_token"), rotated);
        assert!(browser.refresh().await["accessToken"].is_string());
        assert_eq!(provider.requests("token"), before + 1);
        assert_eq!(one.counted("refresh_reused").await + two.counted("refresh_reused").await, 0);
    }
}

#[tokio::test]
async fn an_exchange_is_finished_although_the_browser_leaves() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    provider.behave(Behaviour { delay: Duration::from_millis(500), ..Behaviour::default() });
    let callback = browser.begin(&provider, "").await;
    let leaving = tokio::time::timeout(Duration::from_millis(150), browser.go(&callback)).await;
    assert!(leaving.is_err());
    assert_eq!(browser.go(&callback).await, "/#~signed-in");
    assert_eq!(provider.requests("token"), 1);
}

#[tokio::test]
async fn a_lost_exchange_starts_over_twice_at_most() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let faults: [fn(u32) -> Behaviour; 2] = [
        |times| Behaviour { lost: times, ..Behaviour::default() },
        |times| Behaviour { broken: times, ..Behaviour::default() },
    ];
    for fault in faults {
        for times in 1..=3 {
            let browser = Browser::new(&server);
            // A sign-in that must not show anything does not show anything later either.
            let prompt = if times == 2 { "&prompt=none" } else { "&prompt=login" };
            let mut callback = browser.begin(&provider, &format!("?returnTo=/orders{prompt}")).await;
            provider.behave(fault(times));
            let mut starts_over = 0;
            let end = loop {
                let location = browser.go(&callback).await;
                if !location.starts_with(&provider.issuer) {
                    break location;
                }
                assert_eq!(location.contains("prompt="), times == 2, "the provider knows the user: {location}");
                assert!(!location.contains("prompt=") || location.contains("prompt=none"), "{location}");
                callback = path_of(&provider.consent(&location));
                starts_over += 1;
            };
            assert_eq!(starts_over, times.min(2));
            let expected = if times < 3 { "/orders#~signed-in" } else { "/orders#~sign-in-error=provider_unavailable" };
            assert_eq!(end, expected);
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_unavailable_for_a_while_delays_the_sign_in() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    let callback = browser.begin(&provider, "").await;
    provider.behave(Behaviour { unavailable: 2, ..Behaviour::default() });
    assert_eq!(browser.go(&callback).await, "/#~signed-in");
    assert_eq!(provider.requests("token"), 3);
    let signed_in = browser.cookie("refresh_token");
    let callback = browser.begin(&provider, "").await;
    provider.behave(Behaviour { unavailable: 1_000, ..Behaviour::default() });
    assert_eq!(browser.go(&callback).await, "/#~sign-in-error=provider_unavailable");
    assert_eq!(provider.requests("token"), 3 + 4);
    assert_eq!(browser.cookie("refresh_token"), signed_in);
    assert!(browser.refresh().await["accessToken"].is_string(), "the session of before continues");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_an_error_and_recovers_without_a_restart() {
    let closed = closed_address().await;
    let settings = [
        ("PUBLIC_URL", "http://127.0.0.1:4000"),
        ("OIDC_ISSUER", &*format!("http://{closed}")),
        ("OIDC_CLIENT_ID", "x"),
    ];
    let server = Server::start_with(&settings).await;
    let browser = Browser::new(&server);
    let location = browser.go("/auth/start?returnTo=/orders").await;
    assert_eq!(location, "/orders#~sign-in-error=provider_unavailable");

    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&provider).await, "/#~signed-in");
    provider.rotate_keys();
    // The server reads the keys once a second at most.
    let signs_in = || async { browser.sign_in(&provider).await == "/#~signed-in" };
    wait_until("the server has the new keys", signs_in).await;
    assert_eq!(provider.requests("metadata"), 1);
}

#[tokio::test]
async fn an_id_token_that_is_not_valid_begins_nothing() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&provider).await, "/#~signed-in");
    let signed_in = browser.cookie("refresh_token");
    let header = |algorithm| Some(Header::new(algorithm));
    let unsigned = {
        use base64::Engine;
        let encode = |value: Value| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({ "iss": provider.issuer, "aud": CLIENT_ID, "sub": "ada", "exp": now() + 60, "iat": now() });
        format!("{}.{}.", encode(json!({ "alg": "none" })), encode(claims))
    };
    let secret = EncodingKey::from_secret(CLIENT_SECRET.as_bytes());
    let with_key = |header, signing| Behaviour { header, signing: Some(signing), ..Behaviour::default() };
    let behaviours = vec![
        claims(json!({ "aud": "another client" })),
        claims(json!({ "aud": null })),
        claims(json!({ "aud": [CLIENT_ID, "another client"] })),
        claims(json!({ "azp": "another client" })),
        claims(json!({ "aud": [CLIENT_ID, "another client"], "azp": "another client" })),
        claims(json!({ "iss": "https://evil.example" })),
        claims(json!({ "iss": null })),
        claims(json!({ "nonce": "another" })),
        claims(json!({ "nonce": null })),
        claims(json!({ "exp": now() - 3_600 })),
        claims(json!({ "exp": null })),
        claims(json!({ "iat": now() + 3_600 })),
        claims(json!({ "iat": null })),
        claims(json!({ "nbf": now() + 3_600 })),
        claims(json!({ "sub": null })),
        claims(json!({ "sub": "" })),
        claims(json!({ "sub": 7 })),
        with_key(None, new_key().0),
        with_key(header(Algorithm::EdDSA), new_key().0),
        with_key(header(Algorithm::HS256), secret),
        Behaviour { id_token: Some(unsigned), ..Behaviour::default() },
        Behaviour { id_token: Some("no token".into()), ..Behaviour::default() },
    ];
    for (number, behaviour) in behaviours.into_iter().enumerate() {
        let callback = browser.begin(&provider, "").await;
        provider.behave(behaviour);
        assert_eq!(browser.go(&callback).await, "/#~sign-in-error=provider_refused", "case {number}");
        assert_eq!(browser.cookie("refresh_token"), signed_in, "case {number}");
    }
    provider.behave(Behaviour::default());
    let callback = browser.begin(&provider, "?maxAge=60").await;
    assert_eq!(browser.go(&callback).await, "/#~sign-in-error=provider_refused", "max_age without auth_time");
    provider.behave(claims(json!({ "aud": [CLIENT_ID, "another client"], "azp": CLIENT_ID })));
    assert_eq!(browser.sign_in(&provider).await, "/#~signed-in");
}

#[tokio::test]
async fn a_callback_that_this_browser_did_not_begin_redeems_nothing() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let (attacker, victim) = (Browser::new(&server), Browser::new(&server));
    let callback = attacker.begin(&provider, "?returnTo=/account").await;
    victim.go("/auth/start").await;
    assert_eq!(victim.go(&callback).await, "/account#~sign-in-error=stale_sign_in");
    assert_eq!(Browser::new(&server).go(&callback).await, "/account#~sign-in-error=stale_sign_in", "no cookie at all");
    let own = victim.begin(&provider, "").await;
    let parameters = |callback: &str| -> BTreeMap<String, String> {
        let url = Url::parse(&format!("http://x{callback}")).unwrap();
        url.query_pairs().into_owned().collect()
    };
    let (own, other) = (parameters(&own), parameters(&callback));
    let callback = |code: &str, state: &str, iss: &str| {
        let url = Url::parse_with_params("http://x/auth/callback", [("code", code), ("state", state), ("iss", iss)]);
        path_of(url.unwrap().as_str())
    };
    for (code, state, iss, expected) in [
        (&*own["code"], "", &*provider.issuer, "stale_sign_in"),
        (&own["code"], "x.y", &provider.issuer, "stale_sign_in"),
        (&own["code"], &own["state"][..own["state"].len() - 3], &provider.issuer, "stale_sign_in"),
        (&own["code"], &format!("A{}", &own["state"][1..]), &provider.issuer, "stale_sign_in"),
        (&own["code"], &own["state"], "https://evil.example", "provider_refused"),
        (&own["code"], &own["state"], "", "provider_refused"),
    ] {
        assert_eq!(
            victim.go(&callback(code, state, iss)).await,
            format!("/#~sign-in-error={expected}"),
            "{state} {iss}"
        );
    }
    assert_eq!(provider.requests("token"), 0, "nothing was redeemed");
    // The code of another sign-in does not fit the verifier of this one.
    let swapped = callback(&other["code"], &own["state"], &provider.issuer);
    assert_eq!(victim.go(&swapped).await, "/#~sign-in-error=provider_refused");
    assert_eq!(victim.cookie("refresh_token"), None);
    let without_issuer = format!("/auth/callback?code=x&state={}", victim_state(&victim, &provider).await);
    assert_eq!(victim.go(&without_issuer).await, "/#~sign-in-error=provider_refused", "the metadata promise iss");
}

async fn victim_state(browser: &Browser<'_>, provider: &TestProvider) -> String {
    let url = Url::parse(&format!("http://x{}", browser.begin(provider, "").await)).unwrap();
    url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

#[tokio::test]
async fn an_error_of_the_provider_becomes_one_of_five_names() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    for (error, expected) in [
        ("access_denied", "access_denied"),
        ("login_required", "interaction_required"),
        ("consent_required", "interaction_required"),
        ("unmet_authentication_requirements", "access_denied"),
        ("temporarily_unavailable", "provider_unavailable"),
        ("invalid_scope", "provider_refused"),
        ("<script>alert(1)</script>", "provider_refused"),
    ] {
        let state = victim_state(&browser, &provider).await;
        let parameters = [
            ("error", error),
            ("error_description", "<script>alert(1)</script>"),
            ("state", &state),
            ("iss", &provider.issuer),
        ];
        let url = Url::parse_with_params("http://x/auth/callback", parameters).unwrap();
        assert_eq!(browser.go(&path_of(url.as_str())).await, format!("/#~sign-in-error={expected}"));
    }
    assert_eq!(browser.go("/auth/start?provider=unknown").await, "/#~sign-in-error=provider_refused");
}

#[tokio::test]
async fn the_session_of_before_ends_when_another_user_signs_in() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&provider.settings()) {
        provider.behave(Behaviour::default());
        let browser = Browser::new(&server);
        browser.sign_in(&provider).await;
        let ada = browser.refresh().await;
        let callback = browser.begin(&provider, "").await;
        provider.behave(Behaviour {
            claims: json!({ "sub": "grace", "sid": "another" }),
            user_info: json!({ "sub": "grace", "email": "grace@example.com" }),
            ..Behaviour::default()
        });
        // The refresh cookie is SameSite=Strict and does not come with the callback.
        let navigation = browser.at(&server).without_cookie("refresh_token");
        assert_eq!(navigation.go(&callback).await, "/#~signed-in");
        assert_eq!(navigation.refresh().await["user"]["email"], "grace@example.com");
        assert_eq!(outcome(server.me(ada["accessToken"].as_str().unwrap())).await, (401, "TOKEN_REVOKED".into()));
    }
}

#[tokio::test]
async fn a_tab_with_the_cookie_of_before_is_not_signed_out_before_the_browser_has_the_new_one() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    browser.sign_in(&provider).await;
    browser.refresh().await;
    let other_tab = browser.at(&server);
    let callback = browser.begin(&provider, "").await;
    assert_eq!(browser.go(&callback).await, "/#~signed-in");
    assert!(other_tab.refresh().await["accessToken"].is_string(), "its request left before the new cookie came");
    assert!(browser.refresh().await["accessToken"].is_string());
    assert_eq!(other_tab.refresh().await["error"]["code"], "INVALID_REFRESH_TOKEN");
}

/// A `state` as the server writes it, but begun so many seconds earlier.
fn aged(state: &str, seconds: u64) -> String {
    use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
    let refresh_key = BASE64.decode(SHARED_KEYS[2].1).unwrap();
    let key = sign(&Key::new(HMAC_SHA256, &refresh_key), b"tokenward sign-in 1");
    let mut body: Value = serde_json::from_slice(&BASE64.decode(state.split_once('.').unwrap().0).unwrap()).unwrap();
    body["t"] = json!(body["t"].as_u64().unwrap() - seconds);
    let body = BASE64.encode(body.to_string());
    let mac = sign(&Key::new(HMAC_SHA256, key.as_ref()), format!("state\0{body}\0").as_bytes());
    format!("{body}.{}", BASE64.encode(mac))
}

#[tokio::test]
async fn a_sign_in_that_began_more_than_ten_minutes_ago_is_stale() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &SHARED_KEYS).await;
    let browser = Browser::new(&server);
    let callback = async |seconds: u64| {
        let state = victim_state(&browser, &provider).await;
        let parameters = [("code", "x"), ("state", &aged(&state, seconds)), ("iss", &provider.issuer)];
        path_of(Url::parse_with_params("http://x/auth/callback", parameters).unwrap().as_str())
    };
    assert_eq!(browser.go(&callback(660).await).await, "/#~sign-in-error=stale_sign_in");
    assert_eq!(provider.requests("token"), 0, "nothing was redeemed");
    assert_eq!(browser.go(&callback(540).await).await, "/#~sign-in-error=provider_refused");
    assert_eq!(provider.requests("token"), 1);
    // In a browser that is signed in, the address of an old callback is no error.
    browser.sign_in(&provider).await;
    assert_eq!(browser.go(&callback(660).await).await, "/#~signed-in");
}

#[tokio::test]
async fn a_user_is_known_by_issuer_and_subject_and_never_by_email() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let local = server.login().await;
    let browser = Browser::new(&server);
    browser.sign_in(&provider).await;
    let body = browser.refresh().await;
    assert_eq!(body["user"]["email"], local.body["user"]["email"], "the same email");
    assert_ne!(body["user"]["id"], local.body["user"]["id"]);
    assert_eq!(body["user"]["role"], "user", "the local user is an admin");
    assert!(server.login().await.body["accessToken"].is_string(), "the password of the local user remains valid");
    for changes in [json!({ "email_verified": false }), json!({ "sub": "another subject" })] {
        provider.behave(Behaviour {
            claims: json!({ "sub": changes.to_string() }),
            user_info: changes,
            ..Behaviour::default()
        });
        let browser = Browser::new(&server);
        browser.sign_in(&provider).await;
        let body = browser.refresh().await;
        assert!(body["user"]["email"].as_str().unwrap().ends_with("@provider.invalid"), "{body}");
    }
}

#[tokio::test]
async fn roles_come_from_the_claim_and_follow_it() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[("OIDC_ROLE_CLAIM", "realm_access.roles"), ("OIDC_ROLES", "admin,editor")]).await;
    for (roles, expected) in [(json!(["editor", "admin"]), "admin"), (json!(["editor"]), "editor"), (json!([]), "user")]
    {
        provider.behave(claims(json!({ "realm_access": { "roles": roles } })));
        let browser = Browser::new(&server);
        browser.sign_in(&provider).await;
        let body = browser.refresh().await;
        assert_eq!(payload(body["accessToken"].as_str().unwrap())["role"], expected);
    }
}

/// Calls the API that requires a step-up; returns the status and the challenge.
async fn step_up(server: &Server, token: &str, query: &str) -> (u16, String) {
    let response =
        server.request(Method::GET, &format!("/api/step-up{query}")).bearer_auth(token).send().await.unwrap();
    let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), challenge.unwrap_or_default())
}

#[tokio::test]
async fn access_tokens_say_how_and_when_the_user_authenticated() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&provider.settings()) {
        provider.behave(Behaviour::default());
        let browser = Browser::new(&server);
        browser.sign_in(&provider).await;
        let weak = browser.refresh().await["accessToken"].as_str().unwrap().to_owned();
        assert_eq!((&payload(&weak)["acr"], &payload(&weak)["auth_time"]), (&Value::Null, &Value::Null));
        let query = "?acr=urn:example:mfa%20urn:example:key&maxAge=300";
        let challenge = "Bearer error=\"insufficient_user_authentication\", \
                         acr_values=\"urn:example:mfa urn:example:key\", max_age=\"300\"";
        assert_eq!(step_up(&server, &weak, query).await, (401, challenge.into()));
        assert_eq!(step_up(&server, &weak, "").await, (200, String::new()), "nothing is required");

        let callback = browser.begin(&provider, "?acr=urn:example:mfa&maxAge=300").await;
        let time = now() - 5;
        provider.behave(claims(json!({ "acr": "urn:example:mfa", "auth_time": time })));
        assert_eq!(browser.go(&callback).await, "/#~signed-in");
        for round in 0..2 {
            let token = browser.refresh().await["accessToken"].as_str().unwrap().to_owned();
            let claims = payload(&token);
            let expected = (&json!("urn:example:mfa"), &json!(time));
            assert_eq!((&claims["acr"], &claims["auth_time"]), expected, "refresh {round}");
            assert_eq!(step_up(&server, &token, query).await.0, 200);
            assert_eq!(step_up(&server, &token, "?maxAge=4").await.0, 401);
            assert_eq!(step_up(&server, &token, "?acr=urn:example:key").await.0, 401);
        }
        // A user with a password has neither.
        let token = server.login().await.access;
        assert_eq!(step_up(&server, &token, "?maxAge=300").await.0, 401);
        let wrong = server.request(Method::GET, "/api/step-up?acr=%22").bearer_auth(&token);
        assert_eq!(outcome(wrong).await, (400, "INVALID_REQUEST".into()));
    }
}

#[tokio::test]
async fn max_age_is_enforced_and_acr_is_not() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    for (query, changes, expected) in [
        ("?maxAge=300", json!({}), "~sign-in-error=provider_refused"),
        ("?maxAge=300", json!({ "auth_time": now() - 400 }), "~sign-in-error=provider_refused"),
        ("?maxAge=300", json!({ "auth_time": "soon" }), "~sign-in-error=provider_refused"),
        ("?maxAge=300", json!({ "auth_time": now() - 200 }), "~signed-in"),
        ("?maxAge=300", json!({ "auth_time": u64::MAX }), "~sign-in-error=provider_refused"),
        // `acr_values` asks for a voluntary claim (OpenID Connect Core §3.1.2.1): the API decides.
        ("?acr=urn:example:mfa", json!({}), "~signed-in"),
        ("?acr=urn:example:mfa", json!({ "acr": "0" }), "~signed-in"),
        ("", json!({ "acr": "x".repeat(256) }), "~signed-in"),
        ("", json!({ "acr": ["urn:example:mfa"] }), "~signed-in"),
    ] {
        let callback = browser.begin(&provider, query).await;
        provider.behave(claims(changes.clone()));
        assert_eq!(browser.go(&callback).await, format!("/#{expected}"), "{query} {changes}");
    }
    let token = browser.refresh().await["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(payload(&token)["acr"], Value::Null, "an acr that is no text, or too long, is left out");
}

#[tokio::test]
async fn only_known_users_sign_in_if_the_settings_say_so() {
    let provider = TestProvider::start().await;
    let mut settings = provider.settings();
    settings.push(("OIDC_USERS", "known"));
    let server = Server::spawn(&settings);
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&provider).await, "/#~sign-in-error=access_denied");
    let arguments =
        ["user", "add", "ada@example.org", "--role", "admin", "--issuer", &provider.issuer, "--subject", "ada"];
    assert!(server.run(&arguments, "").status.success());
    assert_eq!(browser.sign_in(&provider).await, "/#~signed-in");
    let body = browser.refresh().await;
    assert_eq!(body["user"]["role"], "admin");
    let id = body["user"]["id"].as_str().unwrap();
    assert!(server.run(&["user", "role", id, "editor"], "").status.success());
    assert_eq!(browser.refresh().await["user"]["role"], "editor");
    let output = server.run(&["user", "password", id], "a password that is long\n");
    assert!(!output.status.success(), "the user has no password");
    assert!(server.run(&["user", "remove", id], "").status.success());
    assert_eq!(browser.refresh().await["error"]["code"], "INVALID_REFRESH_TOKEN");
}

#[tokio::test]
async fn pushed_parameters_are_used_where_the_provider_offers_them() {
    let provider = TestProvider::start().await;
    let endpoint = format!("{}/par", provider.issuer);
    provider.behave(Behaviour {
        metadata: json!({ "pushed_authorization_request_endpoint": endpoint }),
        ..Behaviour::default()
    });
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    let url = browser.go("/auth/start").await;
    assert!(url.contains("request_uri=") && !url.contains("state="), "{url}");
    assert_eq!(browser.go(&path_of(&provider.consent(&url))).await, "/#~signed-in");
    assert_eq!(provider.requests("par"), 1);

    let settings: Vec<_> = provider.settings().into_iter().filter(|(name, _)| *name != "OIDC_CLIENT_SECRET").collect();
    let public = Server::start_with(&settings).await;
    let url = Browser::new(&public).go("/auth/start").await;
    assert!(url.contains("code_challenge="), "a client that may not push does not have to: {url}");
    provider.behave(Behaviour {
        metadata: json!({ "pushed_authorization_request_endpoint": endpoint, "require_pushed_authorization_requests": true }),
        ..Behaviour::default()
    });
    let public = Server::start_with(&settings).await;
    assert_eq!(Browser::new(&public).go("/auth/start").await, "/#~sign-in-error=provider_refused");
}

#[tokio::test]
async fn metadata_of_another_issuer_or_with_plain_http_are_refused() {
    for metadata in [
        json!({ "issuer": "https://evil.example" }),
        json!({ "token_endpoint": "http://evil.example/token" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
    ] {
        let provider = TestProvider::start().await;
        provider.behave(Behaviour { metadata: metadata.clone(), ..Behaviour::default() });
        let server = start(&provider, &[]).await;
        assert_eq!(Browser::new(&server).go("/auth/start").await, "/#~sign-in-error=provider_refused", "{metadata}");
    }
}

#[tokio::test]
async fn a_sign_out_ends_the_session_here_and_at_the_provider() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&provider.settings()) {
        let browser = Browser::new(&server);
        browser.sign_in(&provider).await;
        let body = browser.refresh().await;
        let cross_site = browser.go_with("/auth/end?returnTo=/bye", &[("sec-fetch-site", "cross-site")]).await;
        assert_eq!(cross_site.0, "/");
        let prefetch = browser.go_with("/auth/end", &[("sec-purpose", "prefetch;prerender")]).await;
        assert_eq!(prefetch.0, "/");
        let token = body["accessToken"].as_str().unwrap();
        assert_eq!(outcome(server.me(token)).await.0, 200, "another site changes nothing");
        let location = browser.go_with("/auth/end?returnTo=/bye", &[("sec-fetch-site", "same-origin")]).await.0;
        let url = Url::parse(&location).unwrap();
        assert!(location.starts_with(&format!("{}/end?", provider.issuer)), "{location}");
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(payload(&query["id_token_hint"])["sub"], "ada");
        assert_eq!(query["post_logout_redirect_uri"], "http://127.0.0.1:4000/auth/end");
        assert_eq!(browser.cookie("refresh_token"), None);
        assert_eq!(outcome(server.me(token)).await, (401, "TOKEN_REVOKED".into()));
        assert_eq!(browser.go(&format!("/auth/end?state={}", query["state"])).await, "/bye#~signed-out");
        assert_eq!(browser.go("/auth/end?state=forged.state").await, "/");
        assert_eq!(browser.go("/auth/end?returnTo=/bye").await, "/bye#~signed-out", "without a session");
    }
}

#[tokio::test]
async fn a_logout_token_ends_the_sessions_that_it_names() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&provider.settings()) {
        let post =
            |token: String| server.request(Method::POST, "/auth/backchannel-logout").form(&[("logout_token", token)]);
        let sign_in = async |sid: &str| {
            provider.behave(claims(json!({ "sid": sid })));
            let browser = Browser::new(&server);
            browser.sign_in(&provider).await;
            browser.refresh().await["accessToken"].as_str().unwrap().to_owned()
        };
        let (one, two) = (sign_in("one").await, sign_in("two").await);
        for (number, changes) in [
            json!({ "aud": "another client" }),
            json!({ "iss": "https://evil.example" }),
            json!({ "events": {} }),
            json!({ "events": { "http://schemas.openid.net/event/backchannel-logout": "yes" } }),
            json!({ "nonce": "x" }),
            json!({ "exp": now() - 3_600 }),
            json!({ "iat": now() - 3_600 }),
            json!({ "jti": null }),
            json!({ "sub": null, "sid": null }),
        ]
        .iter()
        .enumerate()
        {
            assert_eq!(post(provider.logout_token(changes)).send().await.unwrap().status(), 400, "case {number}");
        }
        for text in ["", "no token", &provider.logout_token(&json!({}))[..40]] {
            assert_eq!(post(text.to_owned()).send().await.unwrap().status(), 400, "{text:?}");
        }
        assert_eq!(server.post("/auth/backchannel-logout", &json!({})).send().await.unwrap().status(), 400);
        assert_eq!(outcome(server.me(&one)).await.0, 200);

        let token = provider.logout_token(&json!({ "sid": "one" }));
        assert_eq!(post(token.clone()).send().await.unwrap().status(), 200);
        assert_eq!(outcome(server.me(&one)).await, (401, "TOKEN_REVOKED".into()));
        assert_eq!(outcome(server.me(&two)).await.0, 200);
        assert_eq!(post(token).send().await.unwrap().status(), 400, "a token that came before");
        let token = provider.logout_token(&json!({ "sub": null, "sid": "two" }));
        assert_eq!(post(token).send().await.unwrap().status(), 200);
        assert_eq!(outcome(server.me(&two)).await, (401, "TOKEN_REVOKED".into()));
        let (three, four) = (sign_in("three").await, sign_in("four").await);
        assert_eq!(post(provider.logout_token(&json!({ "sid": null }))).send().await.unwrap().status(), 200);
        for token in [three, four] {
            assert_eq!(outcome(server.me(&token)).await.0, 401);
        }
    }
}

#[tokio::test]
async fn a_logout_token_ends_the_sessions_on_every_server() {
    let provider = TestProvider::start().await;
    let redis = Redis::start();
    let [one, two] = two_servers(Some(&redis), &provider.settings()).await;
    let browser = Browser::new(&one);
    browser.sign_in(&provider).await;
    let body = browser.refresh().await;
    let token = body["accessToken"].as_str().unwrap();
    assert_eq!(outcome(two.me(token)).await.0, 200);
    let request = one.request(Method::POST, "/auth/backchannel-logout");
    let request = request.form(&[("logout_token", provider.logout_token(&json!({})))]);
    assert_eq!(request.send().await.unwrap().status(), 200);
    wait_until("the other server rejects the token", || async { outcome(two.me(token)).await.0 == 401 }).await;
}

#[tokio::test]
async fn a_popup_ends_on_a_page_that_reports_and_closes() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    let callback = browser.begin(&provider, "?popup=abc-1_2").await;
    assert_eq!(browser.go(&callback).await, "/auth/done#abc-1_2~signed-in");
    let page = server.request(Method::GET, "/auth/done").send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'sha256-"));
    assert!(page.text().await.unwrap().contains("BroadcastChannel('tokenward:sign-in')"));
    let callback = browser.begin(&provider, "?popup=%3Cscript%3E").await;
    assert_eq!(browser.go(&callback).await, "/#~signed-in", "an id with other characters does not count");
}

#[tokio::test]
async fn another_origin_begins_a_sign_in_only_if_it_is_allowed() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[("ALLOWED_ORIGINS", "https://app.example.com")]).await;
    let browser = Browser::new(&server);
    let callback = browser.begin(&provider, "?returnTo=https://app.example.com/orders").await;
    assert_eq!(browser.go(&callback).await, "https://app.example.com/orders#~signed-in");
    let callback = browser.begin(&provider, "?returnTo=https://evil.example/").await;
    assert_eq!(browser.go(&callback).await, "/#~signed-in");
    let referrer = [("sec-fetch-site", "same-site"), ("referer", "https://app.example.com/orders")];
    let location = browser.go_with("/auth/end?returnTo=https://app.example.com/", &referrer).await.0;
    assert!(location.starts_with(&provider.issuer), "{location}");
}

#[tokio::test]
async fn sign_ins_are_limited_per_address() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[("LOGIN_LIMIT", "1")]).await;
    let browser = Browser::new(&server);
    let mut locations = Vec::new();
    for _ in 0..8 {
        locations.push(browser.go("/auth/start").await);
    }
    assert_eq!(locations.iter().filter(|location| location.starts_with(&provider.issuer)).count(), 6);
    assert_eq!(locations[7], "/#~sign-in-error=provider_unavailable");
}

#[tokio::test]
async fn several_providers_have_users_of_their_own() {
    let (one, two) = (TestProvider::start().await, TestProvider::start().await);
    let mut settings = one.settings();
    settings.extend([
        ("OIDC_PROVIDERS", "corp"),
        ("OIDC_CORP_ISSUER", &two.issuer),
        ("OIDC_CORP_CLIENT_ID", CLIENT_ID),
        ("OIDC_CORP_CLIENT_SECRET", CLIENT_SECRET),
    ]);
    let server = Server::start_with(&settings).await;
    let browser = Browser::new(&server);
    browser.sign_in(&one).await;
    let first = browser.refresh().await;
    let callback = browser.begin(&two, "?provider=corp").await;
    assert_eq!(browser.go(&callback).await, "/#~signed-in");
    let second = browser.refresh().await;
    assert_ne!(first["user"]["id"], second["user"]["id"], "the same subject at two providers");
    // Mix-up: the callback of one provider with the issuer of the other.
    let callback = browser.begin(&one, "").await;
    let mixed = Url::parse(&format!("http://x{callback}")).unwrap();
    let replaced = mixed.query_pairs().map(|(name, value)| match &*name {
        "iss" => (name, two.issuer.clone().into()),
        _ => (name, value),
    });
    let mixed = Url::parse_with_params("http://x/auth/callback", replaced).unwrap();
    assert_eq!(browser.go(&path_of(mixed.as_str())).await, "/#~sign-in-error=provider_refused");
}

/// Chooses an account at the demo's identity provider; returns the path of the callback.
async fn choose(browser: &Browser<'_>, authorization_url: &str, account: &str) -> String {
    let page = browser.server.request(Method::GET, &path_of(authorization_url)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    let link = page.split(&format!("id=\"{account}\" href=\"")).nth(1).unwrap().split('"').next().unwrap();
    path_of(&browser.go(link).await)
}

#[tokio::test]
async fn the_demo_has_an_identity_provider_with_faults() {
    let server = Server::spawn(&[]);
    let browser = Browser::new(&server);
    let fault = async |fault: &str| {
        let token = server.login().await.access;
        let request = server.post("/demo/faults", &json!({ "fault": fault })).bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status(), 204);
    };
    let url = browser.go("/auth/start").await;
    assert_eq!(browser.go(&choose(&browser, &url, "cancel").await).await, "/#~sign-in-error=access_denied");
    let url = browser.go("/auth/start?prompt=login").await;
    assert_eq!(browser.go(&choose(&browser, &url, "account-0").await).await, "/#~signed-in");
    let body = browser.refresh().await;
    assert_eq!(
        (body["user"]["email"].as_str(), body["user"]["role"].as_str()),
        (Some("ada@example.com"), Some("admin"))
    );
    // The user is signed in at the provider: no page.
    let silent = async |query: &str| {
        let url = browser.go(&format!("/auth/start{query}")).await;
        if url.starts_with("http") { path_of(&browser.go(&path_of(&url)).await) } else { url }
    };
    assert_eq!(browser.go(&silent("?prompt=none").await).await, "/#~signed-in");
    fault("wrong-issuer").await;
    assert_eq!(browser.go(&silent("").await).await, "/#~sign-in-error=provider_refused");
    fault("lose-exchange").await;
    let again = browser.go(&silent("").await).await;
    assert!(again.contains("/demo/provider/authorize"), "{again}");
    assert_eq!(browser.go(&path_of(&browser.go(&path_of(&again)).await)).await, "/#~signed-in");
    fault("provider-down").await;
    assert_eq!(silent("").await, "/#~sign-in-error=provider_unavailable");
    let token = server.login().await.access;
    let end = server.request(Method::DELETE, "/demo/faults").bearer_auth(&token);
    assert_eq!(end.send().await.unwrap().status(), 204);
    let logout = |token: &str| server.request(Method::POST, "/demo/provider-logout").bearer_auth(token).send();
    assert_eq!(logout(&token).await.unwrap().status(), 400, "a user with a password");
    let access = browser.refresh().await["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(logout(&access).await.unwrap().status(), 204);
    assert_eq!(outcome(server.me(&access)).await, (401, "TOKEN_REVOKED".into()));
    assert!(silent("?prompt=none").await.contains("error=login_required"), "the provider's session has ended, too");
    let end = browser.go("/demo/provider/end?post_logout_redirect_uri=https://evil.example/auth/end").await;
    assert_eq!(end, "/");
    assert_eq!(silent("?prompt=none").await.split_once("error=").unwrap().1.split('&').next(), Some("login_required"));
}

#[tokio::test]
async fn many_first_sign_ins_of_one_user_at_once_make_one_user() {
    let provider = TestProvider::start().await;
    let mut settings = provider.settings();
    settings.push(("LOGIN_LIMIT", "100000"));
    for (server, _redis) in on_each_store(&settings) {
        for round in 0..10 {
            let subject = format!("user {round}");
            let browsers: Vec<_> = (0..8).map(|_| Browser::new(&server)).collect();
            let mut callbacks = Vec::new();
            for browser in &browsers {
                callbacks.push(browser.begin(&provider, "").await);
            }
            let user_info = json!({ "sub": subject });
            provider.behave(Behaviour { claims: json!({ "sub": subject }), user_info, ..Behaviour::default() });
            let mut ids = std::collections::BTreeSet::new();
            let go = |index: usize| browsers[index].go(&callbacks[index]);
            let results = tokio::join!(go(0), go(1), go(2), go(3), go(4), go(5), go(6), go(7));
            for result in <[String; 8]>::from(results) {
                assert_eq!(result, "/#~signed-in");
            }
            for browser in &browsers {
                ids.insert(browser.refresh().await["user"]["id"].as_str().unwrap().to_owned());
            }
            assert_eq!(ids.len(), 1, "one user, in eight sessions");
        }
    }
}

#[tokio::test]
async fn a_slow_provider_is_unavailable_before_the_request_times_out() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    let callback = browser.begin(&provider, "").await;
    provider.behave(Behaviour { delay: Duration::from_millis(4_700), unavailable: 1_000, ..Behaviour::default() });
    let (first, second) = tokio::join!(browser.go(&callback), browser.go(&callback));
    assert_eq!(first, "/#~sign-in-error=provider_unavailable");
    assert_eq!(second, first, "a callback that comes again has the same result");
}

#[tokio::test]
async fn images_and_scripts_begin_and_end_nothing() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[("LOGIN_LIMIT", "1")]).await;
    let browser = Browser::new(&server);
    browser.sign_in(&provider).await;
    let token = browser.refresh().await["accessToken"].as_str().unwrap().to_owned();
    for headers in [
        [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
    ] {
        assert_eq!(browser.go_with("/auth/end", &headers).await.0, "/");
        assert_eq!(outcome(server.me(&token)).await.0, 200, "{headers:?}");
    }
    let image = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    for _ in 0..20 {
        let location = browser.go_with("/auth/start", &image).await.0;
        assert_eq!(location, "/#~sign-in-error=provider_refused");
    }
    let navigation = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    assert!(browser.go_with("/auth/start", &navigation).await.0.starts_with(&provider.issuer));
    for _ in 0..20 {
        browser.go_with("/auth/start", &navigation).await;
    }
    assert!(server.login().await.body["accessToken"].is_string(), "sign-ins do not count as logins");
}

#[tokio::test]
async fn a_key_that_is_replaced_under_its_id_is_read_again_and_failures_are_limited() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    assert_eq!(browser.sign_in(&provider).await, "/#~signed-in");
    provider.replace_key_under_its_id();
    let signs_in = || async { browser.sign_in(&provider).await == "/#~signed-in" };
    wait_until("the server has the new key", signs_in).await;
    let before = provider.requests("jwks");
    provider.behave(Behaviour { keys_fail: true, ..Behaviour::default() });
    provider.rotate_keys();
    let started = std::time::Instant::now();
    for _ in 0..50 {
        let form = [("logout_token", provider.logout_token(&json!({})))];
        let response = server.request(Method::POST, "/auth/backchannel-logout").form(&form).send().await.unwrap();
        assert!([400, 503].contains(&response.status().as_u16()));
    }
    let allowed = 2 + started.elapsed().as_secs();
    assert!(u64::from(provider.requests("jwks") - before) <= allowed, "one reading a second");
}

#[tokio::test]
async fn parameters_that_come_twice_are_answered_with_a_redirect() {
    let provider = TestProvider::start().await;
    let server = start(&provider, &[]).await;
    let browser = Browser::new(&server);
    for path in ["/auth/start?popup=a&popup=b", "/auth/callback?code=a&code=b"] {
        assert_eq!(browser.go(path).await, "/#~sign-in-error=provider_refused");
    }
    assert_eq!(browser.go("/auth/end?state=a&state=b").await, "/");
}

#[tokio::test]
async fn a_sign_in_survives_a_new_refresh_key() {
    let provider = TestProvider::start().await;
    let mut settings = SHARED_KEYS.to_vec();
    settings.extend(provider.settings());
    let old = Server::start_with(&settings).await;
    let browser = Browser::new(&old);
    let callback = browser.begin(&provider, "").await;
    let new_key = "bmV3LXJlZnJlc2gta2V5LWZvci10ZXN0cy1vbmx5LTE";
    settings[2] = ("REFRESH_KEY", new_key);
    settings.push(("OLD_REFRESH_KEYS", SHARED_KEYS[2].1));
    let new = Server::start_in(old.folder.clone(), &settings).await;
    let browser = browser.at(&new);
    assert_eq!(browser.go(&callback).await, "/#~signed-in");
    assert!(browser.refresh().await["accessToken"].is_string());
}
