//! Proofs of possession (RFC 9449): a token that is bound to a key is valid only with a proof of this key.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokenward_server::DEMO_ACCOUNTS;

use crate::harness::{Server, Tokens, outcome, payload, tokens};

/// Without this setting, the server rejects proofs for http.
pub const HTTP: (&str, &str) = ("COOKIE_SECURE", "false");
const FORM: &str = "application/x-www-form-urlencoded";

/// A client's key.
struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let coordinate = |at: usize| BASE64_URL_SAFE_NO_PAD.encode(&point[at..at + 32]);
        json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1), "y": coordinate(33) })
    }

    fn private_jwk(&self) -> Value {
        let mut jwk = self.jwk();
        let private: EcPrivateKeyBin = self.0.private_key().as_be_bytes().unwrap();
        jwk["d"] = BASE64_URL_SAFE_NO_PAD.encode(private.as_ref()).into();
        jwk
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() })
    }

    fn proof(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn hash(token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

fn random() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("proof-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn claims(server: &Server, method: &str, path: &str, token: Option<&str>) -> Value {
    let mut claims = json!({
        "jti": random(), "htm": method, "htu": format!("http://{}{path}", server.address), "iat": now(),
    });
    if let Some(token) = token {
        claims["ath"] = hash(token).into();
    }
    claims
}

/// The proof of a new key for a POST request.
pub fn proof_for(server: &Server, path: &str) -> String {
    Key::new().proof(&claims(server, "POST", path, None))
}

/// The claims with these changes; `null` removes a claim.
fn changed(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

async fn login(server: &Server, key: &Key) -> Tokens {
    let (email, password, _) = DEMO_ACCOUNTS[0];
    let proof = key.proof(&claims(server, "POST", "/auth/login", None));
    let body = json!({ "email": email, "password": password });
    tokens(server.request(Method::POST, "/auth/login").header("dpop", proof).json(&body)).await
}

fn me(server: &Server, token: &str, proof: &str) -> RequestBuilder {
    server.request(Method::GET, "/api/me").header(AUTHORIZATION, format!("DPoP {token}")).header("dpop", proof)
}

fn refresh(server: &Server, cookie: &str, key: Option<&Key>) -> RequestBuilder {
    let request = server.refresh(cookie, Some("key"));
    match key {
        Some(key) => request.header("dpop", key.proof(&claims(server, "POST", "/auth/refresh", None))),
        None => request,
    }
}

#[tokio::test]
async fn a_bound_session_works_with_its_key_only() {
    let settings = [("LOG", "text"), HTTP];
    let server = Server::spawn(&settings);
    let (key, thief) = (Key::new(), Key::new());
    let login = login(&server, &key).await;
    let jwk = key.jwk();
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
    assert_eq!(payload(&login.access)["cnf"]["jkt"], hash(&canonical), "RFC 7638");
    let good = key.proof(&claims(&server, "GET", "/api/me", Some(&login.access)));
    let answer = me(&server, &login.access, &good).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers().contains_key("dpop-nonce"));

    // A stolen access token is rejected: with a proof of another key, as a bearer token, without a proof.
    let stolen = thief.proof(&claims(&server, "GET", "/api/me", Some(&login.access)));
    assert_eq!(outcome(me(&server, &login.access, &stolen)).await, (401, "INVALID_TOKEN".into()));
    assert_eq!(outcome(server.me(&login.access)).await, (401, "INVALID_TOKEN".into()));
    assert_eq!(outcome(server.me(&login.access).header("dpop", stolen)).await, (401, "INVALID_TOKEN".into()));
    let bare = server.request(Method::GET, "/api/me").header(AUTHORIZATION, format!("DPoP {}", login.access));
    assert_eq!(outcome(bare).await, (401, "INVALID_TOKEN".into()));

    // So is a stolen refresh token, and the session continues.
    let rejected = (401, "INVALID_REFRESH_TOKEN".into());
    assert_eq!(outcome(refresh(&server, &login.refresh, Some(&thief))).await, rejected);
    assert_eq!(outcome(refresh(&server, &login.refresh, None)).await, rejected);
    assert_eq!(server.counted("wrong_key").await, 6);
    let log = server.log_with("wrong_key").await;
    assert!(log.contains("WARN"), "{log}");
    assert!(!log.contains(&login.access) && !log.contains(&login.refresh));
    let next = tokens(refresh(&server, &login.refresh, Some(&key))).await;
    assert_eq!(payload(&next.access)["cnf"], payload(&login.access)["cnf"]);
    // A repeated refresh gets the same successor.
    let again = tokens(refresh(&server, &login.refresh, Some(&key))).await;
    assert_eq!(again.refresh, next.refresh);
    assert_eq!(server.counted("refresh_reused").await, 0);
}

#[tokio::test]
async fn the_first_proof_on_refresh_binds_a_session() {
    let server = Server::start_with(&[HTTP]).await;
    let key = Key::new();
    let login = server.login().await;
    assert!(payload(&login.access).get("cnf").is_none());
    let proof = key.proof(&claims(&server, "GET", "/api/me", Some(&login.access)));
    assert_eq!(outcome(me(&server, &login.access, &proof)).await, (401, "INVALID_TOKEN".into()));
    let bound = tokens(refresh(&server, &login.refresh, Some(&key))).await;
    assert!(payload(&bound.access).get("cnf").is_some());
    assert_eq!(outcome(refresh(&server, &bound.refresh, None)).await, (401, "INVALID_REFRESH_TOKEN".into()));
}

#[tokio::test]
async fn each_invalid_proof_is_rejected() {
    let server = Server::start_with(&[HTTP]).await;
    let key = Key::new();
    let login = login(&server, &key).await;
    let token = login.access.as_str();
    let own = |changes: Value| key.proof(&changed(claims(&server, "GET", "/api/me", Some(token)), &changes));
    let header = |changes: Value| {
        let mut header = key.header();
        header.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        key.sign(&header, &claims(&server, "GET", "/api/me", Some(token)))
    };
    let good = own(json!({}));
    assert_eq!(me(&server, token, &good).send().await.unwrap().status(), 200);
    let parts: Vec<_> = good.split('.').collect();
    let other = Key::new();
    let elsewhere = format!("http://{}/api/admin", server.address);
    let invalid = [
        ("replayed", good.clone()),
        ("another method", own(json!({ "htm": "POST" }))),
        ("lower case", own(json!({ "htm": "get" }))),
        ("another path", own(json!({ "htu": elsewhere }))),
        ("another host", own(json!({ "htu": "http://evil.test/api/me" }))),
        ("no address", own(json!({ "htu": "/api/me" }))),
        ("no htu", own(json!({ "htu": null }))),
        ("no htm", own(json!({ "htm": null }))),
        ("no iat", own(json!({ "iat": null }))),
        ("no jti", own(json!({ "jti": null }))),
        ("an empty jti", own(json!({ "jti": "" }))),
        ("a long jti", own(json!({ "jti": "x".repeat(201) }))),
        ("no ath", own(json!({ "ath": null }))),
        ("another ath", own(json!({ "ath": hash("another token") }))),
        ("an iat that is no number", own(json!({ "iat": "now" }))),
        ("another typ", header(json!({ "typ": "jwt" }))),
        ("alg none", header(json!({ "alg": "none" }))),
        ("alg HS256", header(json!({ "alg": "HS256" }))),
        ("crit", header(json!({ "crit": ["x"], "x": 1 }))),
        ("a private key", header(json!({ "jwk": key.private_jwk() }))),
        ("another's key in the header", header(json!({ "jwk": other.jwk() }))),
        ("no key", header(json!({ "jwk": null }))),
        ("a symmetric key", header(json!({ "jwk": { "kty": "oct", "k": "AAAA" } }))),
        ("a key off the curve", header(json!({ "jwk": { "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" } }))),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("garbage", "garbage".into()),
        ("empty", String::new()),
        ("very long", "x".repeat(5_000)),
    ];
    for (name, proof) in invalid {
        assert_eq!(outcome(me(&server, token, &proof)).await, (401, "INVALID_DPOP_PROOF".into()), "{name}");
    }
    let two = me(&server, token, &own(json!({}))).header("dpop", own(json!({})));
    assert_eq!(outcome(two).await, (401, "INVALID_DPOP_PROOF".into()), "two proofs");
    let challenge = me(&server, token, "x").send().await.unwrap();
    assert_eq!(challenge.headers()["www-authenticate"], "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"");
    // Query and fragment do not count, and host names are compared without regard to case.
    let lenient = format!("HTTP://{}/api/me?a=b#c", server.address);
    assert_eq!(me(&server, token, &own(json!({ "htu": lenient }))).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_with_a_wrong_clock_receives_a_nonce() {
    let server = Server::start_with(&[HTTP]).await;
    let key = Key::new();
    let login = login(&server, &key).await;
    let token = login.access.as_str();
    let at = |iat: u64, nonce: Option<&str>| {
        let mut claims = claims(&server, "GET", "/api/me", Some(token));
        claims["iat"] = iat.into();
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        key.proof(&claims)
    };
    for iat in [0, now() - 70, now() + 70, now() + 315_360_000] {
        let answer = me(&server, token, &at(iat, None)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{iat}");
        assert_eq!(answer.headers()["www-authenticate"], "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"");
        let nonce = answer.headers()["dpop-nonce"].to_str().unwrap().to_owned();
        assert_eq!(me(&server, token, &at(iat, Some(&nonce))).send().await.unwrap().status(), 200, "{iat}");
    }
    let forged = me(&server, token, &at(now(), Some("AAAAAAAAAAAAAAAAAAAAAA")));
    assert_eq!(outcome(forged).await, (401, "USE_DPOP_NONCE".into()));
    // Another process with the same keys accepts the nonce.
    let other = Server::start_in(server.folder.clone(), &[HTTP]).await;
    let nonce = me(&server, token, "x").send().await.unwrap().headers()["dpop-nonce"].to_str().unwrap().to_owned();
    let mut claims = claims(&other, "GET", "/api/me", Some(token));
    claims["iat"] = 0.into();
    claims["nonce"] = nonce.into();
    assert_eq!(me(&other, token, &key.proof(&claims)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn in_oauth2_the_responses_follow_the_rfc() {
    let server = Server::start_with(&[("DIALECT", "oauth2"), HTTP]).await;
    let key = Key::new();
    let (email, password, _) = DEMO_ACCOUNTS[0];
    let form = |iat: u64| {
        let mut claims = claims(&server, "POST", "/oauth/token", None);
        claims["iat"] = iat.into();
        server
            .request(Method::POST, "/oauth/token")
            .header("dpop", key.proof(&claims))
            .header(CONTENT_TYPE, FORM)
            .body(format!("grant_type=password&username={email}&password={}", password.replace(' ', "+")))
    };
    let late = form(0).send().await.unwrap();
    assert_eq!(late.status(), 400);
    assert!(late.headers().contains_key("dpop-nonce"));
    assert_eq!(late.json::<Value>().await.unwrap()["error"], "use_dpop_nonce");
    let grant: Value = form(now()).send().await.unwrap().json().await.unwrap();
    assert_eq!(grant["token_type"], "DPoP");
    let refreshed = |proof: Option<&Key>| {
        let request = server
            .request(Method::POST, "/oauth/token")
            .header(CONTENT_TYPE, FORM)
            .body(format!("grant_type=refresh_token&refresh_token={}", grant["refresh_token"].as_str().unwrap()));
        match proof {
            Some(key) => request.header("dpop", key.proof(&claims(&server, "POST", "/oauth/token", None))),
            None => request,
        }
    };
    for proof in [None, Some(Key::new())] {
        let rejected = refreshed(proof.as_ref()).send().await.unwrap();
        assert_eq!(rejected.status(), 400);
        assert_eq!(rejected.json::<Value>().await.unwrap()["error"], "invalid_grant");
    }
    assert_eq!(refreshed(Some(&key)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_sign_out_needs_no_proof() {
    let server = Server::start_with(&[HTTP]).await;
    let key = Key::new();
    let login = login(&server, &key).await;
    let cookie = format!("refresh_token={}", login.refresh);
    let answer = server.request(Method::POST, "/auth/logout").header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(outcome(refresh(&server, &login.refresh, Some(&key))).await, (401, "INVALID_REFRESH_TOKEN".into()));
}
