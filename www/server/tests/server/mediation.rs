//! `OIDC_TOKENS=provider`: pages receive the provider's tokens. Renewal, its faults, and what a sign-out does.

use std::time::Duration;

use aws_lc_rs::aead;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};
use tokenward_server::Config;

use crate::harness::{Redis, SHARED_KEYS, Server, Stop, on_each_store, outcome, two_servers, wait_until};
use crate::provider::{Behaviour, TestProvider};
use crate::sign_in::Browser;

const MEDIATED: (&str, &str) = ("OIDC_TOKENS", "provider");

fn settings(provider: &TestProvider) -> Vec<(&'static str, &str)> {
    let mut settings = provider.settings();
    settings.extend(SHARED_KEYS);
    settings.push(MEDIATED);
    settings
}

fn grant(grant: Value) -> Behaviour {
    Behaviour { grant, ..Behaviour::default() }
}

/// Tokens that are never recent, so that each refresh renews them.
fn short() -> Behaviour {
    grant(json!({ "expires_in": 1 }))
}

async fn signed_in<'a>(server: &'a Server, provider: &TestProvider) -> Browser<'a> {
    let browser = Browser::new(server);
    assert_eq!(browser.sign_in(provider).await, "/#~signed-in");
    browser
}

/// The response to a refresh.
#[derive(Debug)]
struct Refreshed {
    status: u16,
    body: Value,
    retry_after: Option<u64>,
    has_cookie: bool,
}

impl Refreshed {
    fn token(&self) -> &str {
        self.body["accessToken"].as_str().unwrap_or_else(|| panic!("no token in {self:?}"))
    }

    fn failure(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or_default())
    }
}

/// Refreshes with a key of its own. The browser keeps the cookie of the response.
async fn refresh(browser: &Browser<'_>) -> Refreshed {
    let cookie = browser.cookie("refresh_token").unwrap_or_default();
    let request = browser.server.refresh(&cookie, Some(&format!("{cookie} is rotated")));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let cookie = headers.get(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap());
    if let Some(value) = cookie {
        browser.cookies.lock().unwrap().insert("refresh_token".into(), value.into());
    }
    let retry_after = headers.get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    Refreshed { status, body: response.json().await.unwrap_or_default(), retry_after, has_cookie: cookie.is_some() }
}

/// The records of the provider's tokens in the SQLite file.
struct Records(rusqlite::Connection);

impl Records {
    fn of(server: &Server) -> Self {
        Self(rusqlite::Connection::open(server.folder.path().join("t.db")).unwrap())
    }

    fn count(&self) -> u32 {
        let query = "SELECT count(*) FROM records WHERE key LIKE 'provider-tokens:%'";
        self.0.query_row(query, [], |row| row.get(0)).unwrap()
    }

    fn are_in_flight(&self) -> bool {
        let query = "SELECT count(*) FROM records WHERE key LIKE 'provider-tokens:%' AND value LIKE '%InFlight%'";
        self.0.query_row(query, [], |row| row.get::<_, u32>(0)).unwrap() == self.count()
    }

    fn change(&self, change: impl Fn(&str, &mut Value)) {
        let mut query = self.0.prepare("SELECT key, value FROM records WHERE key LIKE 'provider-tokens:%'").unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>().unwrap();
        assert!(!rows.is_empty());
        for (key, value) in rows {
            let mut record = serde_json::from_str(&value).unwrap();
            change(key.strip_prefix("provider-tokens:").unwrap(), &mut record);
            let changed = self.0.execute("UPDATE records SET value = ?2 WHERE key = ?1", [key, record.to_string()]);
            assert_eq!(changed.unwrap(), 1);
        }
    }

    /// Lets time pass: the tokens are older by so many seconds, and a hold ends earlier.
    fn age(&self, seconds: u64) {
        self.change(|sid, record| {
            let mut tokens: Value = serde_json::from_slice(&open(record["tokens"].as_str().unwrap(), sid)).unwrap();
            tokens["issued_at"] = json!(tokens["issued_at"].as_u64().unwrap() - seconds);
            record["tokens"] = json!(seal(&tokens.to_string(), sid));
            if let Some(until) = record["hold"]["until"].as_u64() {
                record["hold"]["until"] = json!(until - seconds);
            }
        });
    }
}

fn cipher() -> aead::LessSafeKey {
    let refresh_key = Key::new(HMAC_SHA256, &BASE64.decode(SHARED_KEYS[2].1).unwrap());
    let key = sign(&refresh_key, b"tokenward id token 1");
    aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, key.as_ref()).unwrap())
}

fn context(sid: &str) -> aead::Aad<String> {
    aead::Aad::from(format!("tokens of session {sid}"))
}

fn open(sealed: &str, sid: &str) -> Vec<u8> {
    let mut sealed = BASE64.decode(sealed).unwrap();
    let nonce = aead::Nonce::try_assume_unique_for_key(&sealed[..12]).unwrap();
    cipher().open_in_place(nonce, context(sid), &mut sealed[12..]).unwrap().to_vec()
}

fn seal(text: &str, sid: &str) -> String {
    let mut nonce = [0; 12];
    aws_lc_rs::rand::fill(&mut nonce).unwrap();
    let mut bytes = text.as_bytes().to_vec();
    let unique = aead::Nonce::assume_unique_for_key(nonce);
    cipher().seal_in_place_append_tag(unique, context(sid), &mut bytes).unwrap();
    BASE64.encode([&nonce[..], &bytes].concat())
}

#[tokio::test]
async fn a_page_receives_the_providers_token_on_each_store() {
    let provider = TestProvider::start().await;
    for (mut server, redis) in on_each_store(&settings(&provider)) {
        provider.behave(Behaviour::default());
        let before = provider.requests("refresh");
        let browser = signed_in(&server, &provider).await;
        let first = refresh(&browser).await;
        assert_eq!(Some(first.token()), provider.access_tokens().last().map(String::as_str));
        assert_eq!(
            (&first.body["tokenType"], &first.body["user"]["email"]),
            (&json!("Bearer"), &json!("ada@example.com"))
        );
        let left = first.body["expiresIn"].as_u64().unwrap();
        assert!((590..=600).contains(&left), "{left}");
        let second = refresh(&browser).await;
        assert_eq!(second.token(), first.token(), "a token of this minute");
        assert_eq!(provider.requests("refresh"), before);
        assert_eq!(outcome(server.me(first.token())).await, (401, "INVALID_TOKEN".into()), "it is for other APIs");

        provider.behave(short());
        let browser = signed_in(&server, &provider).await;
        let mut tokens = vec![refresh(&browser).await.token().to_owned()];
        for _ in 0..2 {
            tokens.push(refresh(&browser).await.token().to_owned());
        }
        tokens.dedup();
        assert_eq!((tokens.len(), provider.requests("refresh")), (3, before + 3));
        assert_eq!(
            provider.valid_grants(),
            usize::try_from(provider.requests("token")).unwrap(),
            "no token came twice"
        );
        let mut stored = redis.map(|redis| {
            let sid = browser.cookie("refresh_token").unwrap().split('.').next().unwrap().to_owned();
            redis.command(&format!("GET tokenward:record:provider-tokens:{sid}"))
        });
        if stored.is_none() {
            let read =
                |suffix: &str| std::fs::read(server.folder.path().join(format!("t.db{suffix}"))).unwrap_or_default();
            stored = Some(String::from_utf8_lossy(&[read(""), read("-wal")].concat()).into_owned());
        }
        let (stored, log) = (stored.unwrap(), server.kill_and_read_log());
        assert!(stored.contains("InFlight") || stored.contains("\"hold\":null"), "the record was read");
        assert!(log.contains("provider_renewed"), "{log}");
        for secret in provider.refresh_tokens().into_iter().chain(provider.access_tokens()) {
            assert!(!log.contains(&secret), "{secret} in the log");
            assert!(!stored.contains(&secret), "{secret} in the store");
        }
    }
}

#[tokio::test]
async fn requests_at_once_on_two_servers_cost_one_renewal() {
    let provider = TestProvider::start().await;
    for redis in [None, Some(Redis::start())] {
        let mut settings = provider.settings();
        settings.push(MEDIATED);
        let [one, two] = two_servers(redis.as_ref(), &settings).await;
        provider.behave(short());
        let browser = signed_in(&one, &provider).await;
        refresh(&browser).await;
        let before = provider.requests("refresh");
        provider.behave(Behaviour { delay: Duration::from_millis(400), ..Behaviour::default() });
        let others = [browser.at(&two), browser.at(&one), browser.at(&two)];
        let (a, b, c, d) =
            tokio::join!(refresh(&browser), refresh(&others[0]), refresh(&others[1]), refresh(&others[2]));
        for response in [&b, &c, &d] {
            assert_eq!(response.token(), a.token());
        }
        assert_eq!(provider.requests("refresh"), before + 1);
        assert_eq!(refresh(&others[2]).await.token(), a.token());
    }
}

#[tokio::test]
async fn a_token_is_renewed_after_a_minute_and_returned_while_the_provider_is_away() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    let browser = signed_in(&server, &provider).await;
    let first = refresh(&browser).await.token().to_owned();
    let records = Records::of(&server);
    records.age(58);
    assert_eq!(refresh(&browser).await.token(), first);
    records.age(2);
    let renewed = refresh(&browser).await;
    assert_ne!(renewed.token(), first);
    assert_eq!(provider.requests("refresh"), 1);

    records.age(500);
    provider.behave(Behaviour { unavailable: 1_000, ..Behaviour::default() });
    let kept = refresh(&browser).await;
    assert_eq!(kept.token(), renewed.token());
    let left = kept.body["expiresIn"].as_u64().unwrap();
    assert!((90..=100).contains(&left), "{left}");
    records.age(75);
    let away = refresh(&browser).await;
    assert_eq!(away.failure(), (503, "PROVIDER_UNAVAILABLE"), "25 seconds are too few");
    assert_eq!((away.retry_after, away.has_cookie), (Some(1), false));
    provider.behave(Behaviour::default());
    records.age(1);
    assert_ne!(refresh(&browser).await.token(), renewed.token(), "the session continues");
}

#[tokio::test]
async fn a_provider_that_is_unavailable_ends_no_session_and_is_not_stormed() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&settings(&provider)) {
        provider.behave(short());
        let browser = signed_in(&server, &provider).await;
        let before = (browser.cookie("refresh_token"), provider.requests("refresh"));
        provider.behave(Behaviour { refusal: Some((503, "", "7")), ..short() });
        for _ in 0..20 {
            let away = refresh(&browser).await;
            assert_eq!(away.failure(), (503, "PROVIDER_UNAVAILABLE"));
            assert!(away.retry_after.is_some_and(|seconds| (1..=7).contains(&seconds)), "{away:?}");
        }
        assert_eq!(provider.requests("refresh"), before.1 + 1, "the provider asked to wait");
        assert_eq!(browser.cookie("refresh_token"), before.0, "the session is as before");
        provider.behave(short());
        wait_until("the pause ends", || async { refresh(&browser).await.status == 200 }).await;
        assert_eq!(provider.requests("refresh"), before.1 + 2);
        assert_eq!(server.counted("refresh_reused").await, 0);
    }
}

#[tokio::test]
async fn a_session_that_the_provider_has_ended_ends_here() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&settings(&provider)) {
        provider.behave(Behaviour::default());
        let other = signed_in(&server, &provider).await;
        provider.behave(short());
        let browser = signed_in(&server, &provider).await;
        refresh(&browser).await;
        provider.revoke_all();
        assert_eq!(refresh(&browser).await.failure(), (401, "INVALID_REFRESH_TOKEN"));
        let before = provider.requests("refresh");
        assert_eq!(refresh(&browser).await.failure(), (401, "INVALID_REFRESH_TOKEN"));
        assert_eq!(provider.requests("refresh"), before, "the provider is not asked again");
        assert_eq!(refresh(&other).await.status, 200, "another session, whose token is recent");
        assert_eq!(provider.requests("revoke"), 0, "there is nothing to revoke");
    }
}

#[tokio::test]
async fn a_provider_that_rejects_this_server_is_an_error_of_the_operator() {
    let provider = TestProvider::start().await;
    let mut server = Server::spawn(&settings(&provider));
    for (status, code) in [(401, "invalid_client"), (400, "unauthorized_client"), (400, "invalid_scope"), (403, "")] {
        provider.behave(short());
        let browser = signed_in(&server, &provider).await;
        provider.behave(Behaviour { refusal: Some((status, code, "")), ..short() });
        assert_eq!(refresh(&browser).await.failure(), (502, "PROVIDER_REFUSED"), "{code}");
        provider.behave(short());
        wait_until("the session continues", || async { refresh(&browser).await.status == 200 }).await;
    }
    for changes in [json!({ "access_token": null }), json!({ "token_type": "DPoP" }), json!({ "expires_in": "soon" })] {
        provider.behave(short());
        let browser = signed_in(&server, &provider).await;
        provider.behave(grant(changes.clone()));
        assert_eq!(refresh(&browser).await.failure(), (502, "PROVIDER_REFUSED"), "{changes}");
    }
    let log = server.kill_and_read_log();
    for text in ["error invalid_client", "error invalid_scope", "token_type: expected Bearer", "expires_in: expected"] {
        assert!(log.contains(text), "{text} in {log}");
    }
    for secret in provider.refresh_tokens().into_iter().chain(provider.access_tokens()) {
        assert!(!log.contains(&secret), "{secret} in the log");
    }
}

#[tokio::test]
async fn after_a_lost_response_nobody_sends_the_refresh_token_for_ten_seconds() {
    let provider = TestProvider::start().await;
    // With rotation, the provider has used the refresh token up. Without, it remains valid.
    for (rotates, status) in [(true, 401), (false, 200)] {
        let server = Server::start_with(&settings(&provider)).await;
        let normal = || if rotates { short() } else { grant(json!({ "expires_in": 1, "refresh_token": null })) };
        provider.behave(short());
        let browser = signed_in(&server, &provider).await;
        let before = provider.requests("refresh");
        provider.behave(Behaviour { broken: 1, ..normal() });
        let lost = refresh(&browser).await;
        assert_eq!((lost.failure(), lost.retry_after), ((503, "PROVIDER_UNAVAILABLE"), Some(10)));
        let records = Records::of(&server);
        records.age(8);
        assert_eq!(refresh(&browser).await.failure(), (503, "PROVIDER_UNAVAILABLE"));
        assert_eq!(provider.requests("refresh"), before + 1);
        records.age(2);
        assert_eq!(refresh(&browser).await.status, status, "rotates: {rotates}");
        assert_eq!(provider.requests("refresh"), before + 2, "sent once more");
        if rotates {
            assert_eq!(refresh(&browser).await.failure(), (401, "INVALID_REFRESH_TOKEN"), "it cannot be cured");
        }
    }
}

#[tokio::test]
async fn a_gateway_and_a_response_that_is_no_json_count_as_a_lost_response() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    for status in [502, 504] {
        provider.behave(short());
        let browser = signed_in(&server, &provider).await;
        provider.behave(Behaviour { refusal: Some((status, "", "3")), ..short() });
        let lost = refresh(&browser).await;
        assert_eq!((lost.failure(), lost.retry_after), ((503, "PROVIDER_UNAVAILABLE"), Some(10)), "{status}");
    }
    provider.behave(short());
    let browser = signed_in(&server, &provider).await;
    provider.behave(grant(json!({ "access_token": 7 })));
    assert_eq!(refresh(&browser).await.retry_after, Some(10));
    // A provider that does not answer in time.
    provider.behave(short());
    let browser = signed_in(&server, &provider).await;
    provider.behave(Behaviour { delay: Duration::from_secs(8), ..short() });
    let late = refresh(&browser).await;
    assert_eq!((late.failure(), late.retry_after), ((503, "PROVIDER_UNAVAILABLE"), Some(10)));
}

#[tokio::test]
async fn a_renewal_is_finished_although_the_browser_leaves() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    provider.behave(short());
    let browser = signed_in(&server, &provider).await;
    provider.behave(Behaviour { delay: Duration::from_millis(400), ..Behaviour::default() });
    assert!(tokio::time::timeout(Duration::from_millis(100), refresh(&browser)).await.is_err());
    // (A request that ended with the browser would count as under way for 24 seconds.)
    let next = tokio::time::timeout(Duration::from_secs(12), refresh(&browser)).await.unwrap();
    assert_eq!(Some(next.token()), provider.access_tokens().last().map(String::as_str));
    assert_eq!((provider.requests("refresh"), provider.valid_grants()), (1, 1));
}

#[tokio::test]
async fn a_renewal_of_a_server_that_was_killed_is_taken_over_later() {
    let provider = TestProvider::start().await;
    let mut server = Server::spawn(&settings(&provider));
    provider.behave(short());
    let browser = signed_in(&server, &provider).await;
    let cookie = browser.cookie("refresh_token").unwrap();
    provider.behave(Behaviour { delay: Duration::from_secs(60), ..short() });
    let records = Records::of(&server);
    let leaving = tokio::spawn(server.refresh(&cookie, Some("k")).send());
    wait_until("the request is under way", || async { records.are_in_flight() }).await;
    server.kill();
    assert!(leaving.await.unwrap().is_err());
    server.restart();
    provider.behave(Behaviour::default());
    let request = || server.refresh(&cookie, Some("k"));
    let waiting = tokio::time::timeout(Duration::from_millis(500), request().send()).await;
    assert!(waiting.is_err(), "the request may still be under way");
    assert_eq!(provider.requests("refresh"), 0);
    records.age(24);
    assert_eq!(outcome(request()).await.0, 200);
    assert_eq!(provider.requests("refresh"), 1, "also if the request that the client gave up took over");
}

#[tokio::test]
async fn a_renewal_is_saved_although_the_store_is_away_for_a_while() {
    let provider = TestProvider::start().await;
    let mut redis = Redis::start();
    let redis_settings = redis.connection();
    let mut settings = settings(&provider);
    settings.extend(redis_settings.iter().map(|(name, value)| (*name, value.as_str())));
    let server = Server::start_with(&settings).await;
    provider.behave(short());
    let browser = signed_in(&server, &provider).await;
    provider.behave(Behaviour { delay: Duration::from_millis(1_500), ..Behaviour::default() });
    let (response, ()) = tokio::join!(refresh(&browser), async {
        // The record says that the request is under way.
        let sid = browser.cookie("refresh_token").unwrap().split('.').next().unwrap().to_owned();
        let record = format!("GET tokenward:record:provider-tokens:{sid}");
        wait_until("the request is under way", || async { redis.command(&record).contains("InFlight") }).await;
        redis.stop(Stop::Kill);
        wait_until("the provider has processed it", || async { provider.requests("refresh") == 1 }).await;
        redis.restart();
    });
    let issued = provider.access_tokens();
    let last = issued.last().unwrap();
    if response.status == 200 {
        assert_eq!(response.token(), last);
    }
    let token_of_next = async || refresh(&browser).await.body["accessToken"].as_str().unwrap_or_default() == last;
    wait_until("the new token is in the store", token_of_next).await;
    assert_eq!((provider.requests("refresh"), provider.valid_grants()), (1, 1));
}

#[tokio::test]
async fn a_logout_revokes_the_refresh_token_at_the_provider() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&settings(&provider)) {
        provider.behave(Behaviour { revocation_fails: 2, ..short() });
        let (browser, other) = (signed_in(&server, &provider).await, signed_in(&server, &provider).await);
        refresh(&browser).await;
        let valid = provider.valid_grants();
        let cookie = format!("refresh_token={}", browser.cookie("refresh_token").unwrap());
        let logout = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie);
        assert_eq!(logout.send().await.unwrap().status(), 204);
        wait_until("the grant is revoked", || async { provider.valid_grants() == valid - 1 }).await;
        assert_eq!(refresh(&browser).await.failure(), (401, "INVALID_REFRESH_TOKEN"));
        assert_eq!(refresh(&other).await.status, 200);
        let location = other.go("/auth/end?returnTo=/bye").await;
        assert!(location.starts_with(&format!("{}/end?", provider.issuer)), "{location}");
        wait_until("the grant is revoked", || async { provider.valid_grants() == valid - 2 }).await;
    }
}

#[tokio::test]
async fn a_logout_of_all_sessions_takes_the_user_from_the_cookie() {
    let provider = TestProvider::start().await;
    for (server, _redis) in on_each_store(&settings(&provider)) {
        let (browser, other) = (signed_in(&server, &provider).await, signed_in(&server, &provider).await);
        let former = browser.cookie("refresh_token").unwrap();
        let token = refresh(&browser).await.token().to_owned();
        let valid = provider.valid_grants();
        let send = |cookie: &str, site: &str| {
            let request = server.request(Method::POST, "/auth/logout-all").bearer_auth(&token);
            outcome(request.header(COOKIE, format!("refresh_token={cookie}")).header("sec-fetch-site", site))
        };
        let current = browser.cookie("refresh_token").unwrap();
        for (cookie, site) in [(current.as_str(), "cross-site"), (&former, "same-origin"), ("", "same-origin")] {
            assert_eq!(send(cookie, site).await, (401, "INVALID_TOKEN".into()), "{cookie} {site}");
        }
        let password = server.login().await;
        assert_eq!(send(&password.refresh, "same-origin").await.0, 401, "this user has an access token");
        assert_eq!(refresh(&other).await.status, 200);
        assert_eq!(send(&current, "same-origin").await.0, 204);
        for browser in [browser, other] {
            assert_eq!(refresh(&browser).await.failure(), (401, "INVALID_REFRESH_TOKEN"));
        }
        wait_until("both grants are revoked", || async { provider.valid_grants() == valid - 2 }).await;
    }
}

#[tokio::test]
async fn a_logout_does_not_wait_for_the_provider() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    let logout = async |browser: &Browser<'_>| {
        let cookie = format!("refresh_token={}", browser.cookie("refresh_token").unwrap());
        let request = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie).send();
        tokio::time::timeout(Duration::from_secs(3), request).await.unwrap().unwrap().status()
    };
    let browser = signed_in(&server, &provider).await;
    provider.behave(Behaviour { delay: Duration::from_secs(4), ..Behaviour::default() });
    assert_eq!(logout(&browser).await, 204);
    assert_eq!((Records::of(&server).count(), provider.valid_grants()), (0, 1), "the tokens are deleted at once");
    wait_until("the grant is revoked", || async { provider.valid_grants() == 0 }).await;

    let without = TestProvider::start().await;
    without.behave(Behaviour { metadata: json!({ "revocation_endpoint": null }), ..Behaviour::default() });
    let server = Server::start_with(&settings(&without)).await;
    let browser = signed_in(&server, &without).await;
    let cookie = format!("refresh_token={}", browser.cookie("refresh_token").unwrap());
    let request = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie);
    assert_eq!(request.send().await.unwrap().status(), 204);
    assert_eq!(Records::of(&server).count(), 0);
}

#[tokio::test]
async fn a_logout_during_a_renewal_revokes_what_the_renewal_brings() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    provider.behave(short());
    let browser = signed_in(&server, &provider).await;
    // A provider that lets a refresh win over a revocation of the former token.
    provider.behave(Behaviour { delay: Duration::from_millis(600), revocation_fails: 1, ..Behaviour::default() });
    let logout = async {
        let records = Records::of(&server);
        wait_until("the request is under way", || async { records.are_in_flight() }).await;
        let cookie = format!("refresh_token={}", browser.cookie("refresh_token").unwrap());
        server.request(Method::POST, "/auth/logout").header(COOKIE, cookie).send().await.unwrap().status()
    };
    let (refreshed, status) = tokio::join!(refresh(&browser), logout);
    assert_eq!((status.as_u16(), refreshed.failure()), (204, (401, "INVALID_REFRESH_TOKEN")));
    wait_until("the grant is revoked", || async { provider.valid_grants() == 0 }).await;
    wait_until("both tokens are revoked", || async { provider.requests("revoke") >= 2 }).await;
    assert_eq!(Records::of(&server).count(), 0);
}

#[tokio::test]
async fn a_reused_refresh_token_ends_the_session_and_the_grant() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    let browser = signed_in(&server, &provider).await;
    let thief = browser.at(&server);
    refresh(&browser).await;
    refresh(&browser).await;
    assert_eq!(refresh(&thief).await.failure(), (401, "REFRESH_TOKEN_REUSED"));
    wait_until("the grant is revoked", || async { provider.valid_grants() == 0 }).await;
    assert_eq!(refresh(&browser).await.failure(), (401, "INVALID_REFRESH_TOKEN"));
}

#[tokio::test]
async fn a_reused_refresh_token_ends_the_grants_of_all_sessions_of_the_user_if_a_setting_says_so() {
    let provider = TestProvider::start().await;
    let mut settings = settings(&provider);
    settings.push(("REUSE_REVOKES", "user"));
    for (server, _redis) in on_each_store(&settings) {
        let (browser, other) = (signed_in(&server, &provider).await, signed_in(&server, &provider).await);
        let thief = browser.at(&server);
        refresh(&browser).await;
        refresh(&browser).await;
        let valid = provider.valid_grants();
        assert_eq!(refresh(&thief).await.failure(), (401, "REFRESH_TOKEN_REUSED"));
        wait_until("both grants are revoked", || async { provider.valid_grants() == valid - 2 }).await;
        assert_eq!(refresh(&other).await.failure(), (401, "INVALID_REFRESH_TOKEN"));
    }
}

#[tokio::test]
async fn a_login_by_password_revokes_the_grant_of_the_session_that_it_replaces() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    let browser = signed_in(&server, &provider).await;
    let cookie = format!("refresh_token={}", browser.cookie("refresh_token").unwrap());
    let credentials = json!({ "email": "ada@example.com", "password": "analytical engine" });
    let login = server.request(Method::POST, "/auth/login").header(COOKIE, cookie).json(&credentials);
    assert_eq!(login.send().await.unwrap().status(), 200);
    wait_until("the grant is revoked", || async { provider.valid_grants() == 0 }).await;
    assert_eq!(Records::of(&server).count(), 0);
}

#[tokio::test]
async fn a_logout_token_ends_the_session() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    let browser = signed_in(&server, &provider).await;
    refresh(&browser).await;
    let form = [("logout_token", provider.logout_token(&json!({})))];
    let response = server.request(Method::POST, "/auth/backchannel-logout").form(&form).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(refresh(&browser).await.failure(), (401, "INVALID_REFRESH_TOKEN"));
    assert_eq!(Records::of(&server).count(), 0);
}

#[tokio::test]
async fn the_session_of_before_is_forgotten_and_not_revoked() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    let browser = signed_in(&server, &provider).await;
    refresh(&browser).await;
    assert_eq!(browser.sign_in(&provider).await, "/#~signed-in");
    assert_eq!(refresh(&browser).await.status, 200);
    assert_eq!(Records::of(&server).count(), 1);
    assert_eq!(provider.requests("revoke"), 0, "the provider may have given both sessions one grant");
}

#[tokio::test]
async fn a_refresh_with_a_proof_is_rejected_and_changes_nothing() {
    let provider = TestProvider::start().await;
    let mut settings = settings(&provider);
    settings.push(crate::dpop::HTTP);
    let server = Server::start_with(&settings).await;
    let browser = signed_in(&server, &provider).await;
    let cookie = browser.cookie("refresh_token").unwrap();
    let proof = crate::dpop::proof_for(&server, "/auth/refresh");
    let response = server.refresh(&cookie, Some("k")).header("dpop", proof).send().await.unwrap();
    assert_eq!(response.status(), 400);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "INVALID_REQUEST");
    assert!(body["error"]["message"].as_str().unwrap().starts_with("DPoP: expected no proof, because"), "{body}");
    assert_eq!(refresh(&browser).await.status, 200);
}

#[tokio::test]
async fn a_sign_in_without_what_mediation_needs_is_refused() {
    let provider = TestProvider::start().await;
    let mut server = Server::spawn(&settings(&provider));
    let browser = Browser::new(&server);
    for changes in [
        json!({ "refresh_token": null }),
        json!({ "access_token": null }),
        json!({ "token_type": "DPoP" }),
        json!({ "expires_in": -1 }),
    ] {
        let callback = browser.begin(&provider, "").await;
        provider.behave(grant(changes.clone()));
        assert_eq!(browser.go(&callback).await, "/#~sign-in-error=provider_refused", "{changes}");
    }
    assert_eq!(browser.cookie("refresh_token"), None);
    let log = server.kill_and_read_log();
    assert!(log.contains("refresh_token: expected one, because OIDC_TOKENS is provider"), "{log}");
}

#[tokio::test]
async fn the_grant_of_a_user_who_is_rejected_is_revoked() {
    let provider = TestProvider::start().await;
    let mut settings = settings(&provider);
    settings.push(("OIDC_USERS", "known"));
    let server = Server::start_with(&settings).await;
    assert_eq!(Browser::new(&server).sign_in(&provider).await, "/#~sign-in-error=access_denied");
    wait_until("the grant is revoked", || async { provider.valid_grants() == 0 }).await;
    assert_eq!((provider.requests("token"), provider.requests("revoke")), (1, 1));
}

#[tokio::test]
async fn sessions_follow_a_change_of_the_setting_and_of_the_key() {
    let provider = TestProvider::start().await;
    let mut own = settings(&provider);
    own.retain(|setting| *setting != MEDIATED);
    let first = Server::start_with(&own).await;
    let browser = signed_in(&first, &provider).await;
    let token = refresh(&browser).await.token().to_owned();
    assert_eq!(outcome(first.me(&token)).await.0, 200, "a token of this server");
    let password = first.login().await;

    let second = Server::start_in(first.folder.clone(), &settings(&provider)).await;
    let at_second = browser.at(&second);
    assert_eq!(refresh(&at_second).await.failure(), (401, "INVALID_REFRESH_TOKEN"), "the user signs in again");
    assert_eq!(outcome(second.refresh(&password.refresh, Some("k"))).await.0, 200, "a user with a password does not");
    let browser = signed_in(&second, &provider).await;

    let mut rotated = settings(&provider);
    rotated.retain(|(name, _)| *name != "REFRESH_KEY");
    rotated.push(("REFRESH_KEY", "bmV3LXJlZnJlc2gta2V5LWZvci10ZXN0cy1vbmx5LTE"));
    rotated.push(("OLD_REFRESH_KEYS", SHARED_KEYS[2].1));
    Records::of(&second).age(100);
    let third = Server::start_in(first.folder.clone(), &rotated).await;
    let renewed = refresh(&browser.at(&third)).await;
    assert_eq!(Some(renewed.token()), provider.access_tokens().last().map(String::as_str));
}

#[tokio::test]
async fn tokens_of_another_session_are_not_opened() {
    let provider = TestProvider::start().await;
    let server = Server::start_with(&settings(&provider)).await;
    let (one, two) = (signed_in(&server, &provider).await, signed_in(&server, &provider).await);
    let kept = std::cell::RefCell::new(Vec::new());
    let records = Records::of(&server);
    records.change(|_, record| kept.borrow_mut().push(record["tokens"].clone()));
    records.change(|_, record| record["tokens"] = kept.borrow_mut().pop().unwrap());
    for browser in [one, two] {
        assert_eq!(refresh(&browser).await.failure(), (401, "INVALID_REFRESH_TOKEN"));
    }
    assert_eq!(provider.requests("refresh"), 0);
}

#[test]
fn wrong_settings_are_named() {
    let problems = |further: &[(&str, &str)]| {
        let base = [
            ("PUBLIC_URL", "https://app.example.com"),
            ("OIDC_ISSUER", "https://idp.example.com"),
            ("OIDC_CLIENT_ID", "x"),
            ("OIDC_PROVIDERS", "corp"),
            ("OIDC_CORP_ISSUER", "https://corp.example.com"),
            ("OIDC_CORP_CLIENT_ID", "x"),
        ];
        let get = |name: &str| {
            let found = base.iter().chain(further).find(|(one, _)| *one == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::from_env(get).err().map(|problems| problems.to_string()).unwrap_or_default()
    };
    assert_eq!(problems(&[("OIDC_TOKENS", "provider"), ("OIDC_CORP_TOKENS", "own")]), "");
    for (name, value) in [("OIDC_TOKENS", "both"), ("OIDC_CORP_TOKENS", "")] {
        let found = problems(&[(name, value)]);
        assert!(found.contains(&format!("{name}: expected own or provider, got {value:?}")), "{found}");
    }
    for dialect in ["no-expires-in", "cookies-only", "oauth2"] {
        let found = problems(&[("OIDC_CORP_TOKENS", "provider"), ("DIALECT", dialect)]);
        assert!(
            found.contains("DIALECT: expected tokenward, because pages receive the tokens of the provider corp"),
            "{found}"
        );
    }
}
