//! Attacks: forged tokens (R-31), garbage (R-32), guessed passwords (R-36), requests from other sites (R-37).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokenward_server::{DEMO_ACCOUNTS, SigningAlgorithm};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Server, on_each_store, outcome, payload, rejection, tokens};

const SECRET: &str = "c2lnbmluZy1rZXktZm9yLXRlc3RzLW9ubHktMDAwMDAwMDE";

fn segment(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

fn flipped(signature: &str) -> String {
    let (first, rest) = signature.split_at(1);
    format!("{}{rest}", if first == "A" { "B" } else { "A" })
}

/// Makes forged tokens from a valid one.
struct Forger {
    token: String,
    header: Value,
    claims: Value,
}

impl Forger {
    fn new(token: &str) -> Self {
        Self { token: token.to_owned(), header: header(token), claims: payload(token) }
    }

    fn parts(&self) -> [&str; 3] {
        self.token.split('.').collect::<Vec<_>>().try_into().unwrap()
    }

    fn kid(&self) -> &str {
        self.header["kid"].as_str().unwrap()
    }

    /// The token's header with these changes.
    fn header_with(&self, changes: &Value) -> Value {
        let mut header = self.header.clone();
        header.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        header
    }

    /// Another header, without a signature.
    fn unsigned(&self, header: &Value) -> String {
        format!("{}.{}.", segment(header), self.parts()[1])
    }

    /// Another header, with the old signature.
    fn with_header(&self, header: &Value) -> String {
        let [_, body, signature] = self.parts();
        format!("{}.{body}.{signature}", segment(header))
    }

    /// Another body, with the old signature.
    fn with_body(&self, body: &str) -> String {
        let [header, _, signature] = self.parts();
        format!("{header}.{body}.{signature}")
    }

    /// Other claims (`null` removes a claim), signed as the server itself would.
    fn with_claims(&self, changes: &Value) -> String {
        let mut claims = self.claims.clone();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let kid = Some(self.kid().to_owned());
        let header = Header { typ: Some("at+jwt".into()), kid, ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, &server_key()).unwrap()
    }

    /// The claims under the `kid` of another key, with this HMAC secret.
    fn confused(&self, kid: &Value, secret: &[u8]) -> String {
        let kid = Some(kid.as_str().unwrap().to_owned());
        let header = Header { typ: Some("at+jwt".into()), kid, ..Header::new(Algorithm::HS256) };
        encode(&header, &self.claims, &EncodingKey::from_secret(secret)).unwrap()
    }

    /// Signed with the attacker's key, which the header contains or names.
    fn embedded(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[name] = value;
        let message = format!("{}.{}", segment(&header), self.parts()[1]);
        format!("{message}.{}", sign(&message, &EncodingKey::from_secret(&[7; 32])))
    }

    /// Two claims `sub`, signed as the server itself would.
    fn duplicate_claims(&self) -> String {
        let text = self.claims.to_string().replacen('{', r#"{"sub":"demo-user","#, 1);
        let message = format!("{}.{}", self.parts()[0], BASE64_URL_SAFE_NO_PAD.encode(text));
        format!("{message}.{}", sign(&message, &server_key()))
    }

    /// `rsa` is the public key of another key of the server, as a JWK.
    fn header_attacks(&self, rsa: &Value) -> Vec<(&'static str, String)> {
        let [_, body, _] = self.parts();
        let header = |changes: Value| self.with_header(&self.header_with(&changes));
        let modulus = rsa["n"].as_str().unwrap();
        let modulus_bytes = BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap();
        let jwk = json!({ "kty": "oct", "k": BASE64_URL_SAFE_NO_PAD.encode([7; 32]), "alg": "HS256" });
        vec![
            ("alg none", self.unsigned(&self.header_with(&json!({ "alg": "none" })))),
            ("alg None", self.unsigned(&self.header_with(&json!({ "alg": "None" })))),
            ("alg none without kid", self.unsigned(&json!({ "alg": "none", "typ": "at+jwt" }))),
            ("alg none, signature kept", header(json!({ "alg": "none" }))),
            ("no alg", self.unsigned(&json!({ "typ": "at+jwt", "kid": self.kid() }))),
            ("another HMAC", header(json!({ "alg": "HS512" }))),
            // The public key as an HMAC secret ("HS/RS confusion").
            ("the RSA modulus as a secret", self.confused(&rsa["kid"], modulus.as_bytes())),
            ("the RSA modulus' bytes as a secret", self.confused(&rsa["kid"], &modulus_bytes)),
            ("the kid of another key", header(json!({ "kid": rsa["kid"] }))),
            ("an unknown kid", header(json!({ "kid": "nobody" }))),
            ("kid as a path", header(json!({ "kid": "../../../../dev/null" }))),
            ("kid as SQL", header(json!({ "kid": "' OR 1=1 --" }))),
            ("kid empty", header(json!({ "kid": "" }))),
            ("kid a number", header(json!({ "kid": 1 }))),
            ("embedded jwk", self.embedded("jwk", jwk)),
            ("jku", self.embedded("jku", json!("https://evil.example/jwks.json"))),
            ("x5u", self.embedded("x5u", json!("https://evil.example/cert.pem"))),
            ("crit", self.embedded("crit", json!(["exp"]))),
            ("wrong typ", header(json!({ "typ": "JWT" }))),
            ("no typ", self.with_header(&json!({ "alg": "HS256", "kid": self.kid() }))),
            (
                "a header that is no UTF-8",
                format!("{}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode([0xff; 40]), self.parts()[2]),
            ),
        ]
    }

    fn claim_attacks(&self) -> Vec<(&'static str, String)> {
        let now = self.claims["iat"].as_u64().unwrap();
        let claims = |changes: Value| self.with_claims(&changes);
        vec![
            ("wrong iss", claims(json!({ "iss": "evil" }))),
            ("no iss", claims(json!({ "iss": null }))),
            ("wrong aud", claims(json!({ "aud": "another" }))),
            ("no aud", claims(json!({ "aud": null }))),
            ("not yet valid", claims(json!({ "nbf": now + 1_000 }))),
            ("no exp", claims(json!({ "exp": null }))),
            ("exp a string", claims(json!({ "exp": "9999999999" }))),
            ("exp negative", claims(json!({ "exp": -1 }))),
            ("exp huge", claims(json!({ "exp": 1e300 }))),
            ("no sub", claims(json!({ "sub": null }))),
            ("no sid", claims(json!({ "sid": null }))),
            ("duplicate claims", self.duplicate_claims()),
            ("a signature of another token", self.with_body(&segment(&json!({ "sub": "demo-user" })))),
            ("a JSON array", self.with_body(&segment(&json!([1])))),
            ("bytes that are no UTF-8", self.with_body(&BASE64_URL_SAFE_NO_PAD.encode([0xff; 40]))),
            ("deep JSON", self.with_body(&BASE64_URL_SAFE_NO_PAD.encode("[".repeat(2_000)))),
        ]
    }

    fn shape_attacks(&self) -> Vec<(&'static str, String)> {
        let (token, [header, body, signature]) = (&self.token, self.parts());
        vec![
            ("no signature", format!("{header}.{body}.")),
            ("truncated", token[..token.len() - 5].to_owned()),
            ("a bit flipped", format!("{header}.{body}.{}", flipped(signature))),
            ("one part", header.to_owned()),
            ("two parts", format!("{header}.{body}")),
            ("four parts", format!("{token}.{signature}")),
            ("five parts", "a.b.c.d.e".to_owned()),
            ("dots", "...".to_owned()),
            ("padding", format!("{header}=.{body}=.{signature}=")),
        ]
    }
}

/// The server's own signing key.
fn server_key() -> EncodingKey {
    EncodingKey::from_secret(&BASE64_URL_SAFE_NO_PAD.decode(SECRET).unwrap())
}

fn sign(message: &str, key: &EncodingKey) -> String {
    jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::HS256).unwrap()
}

/// R-31.
#[tokio::test]
async fn every_attack_on_a_token_gets_the_same_401() {
    let rsa = SigningAlgorithm::Rs256.generate().unwrap();
    let settings = [("ALGORITHM", "HS256"), ("SIGNING_KEY", SECRET), ("VERIFYING_KEYS", rsa.as_str()), ("LOG", "text")];
    let mut server = Server::spawn(&settings);
    let login = server.login().await;
    let forger = Forger::new(&login.access);
    let jwks: Value = server.request(Method::GET, "/.well-known/jwks.json").send().await.unwrap().json().await.unwrap();
    let mut attacks = forger.header_attacks(&jwks["keys"][0]);
    attacks.extend(forger.claim_attacks());
    attacks.extend(forger.shape_attacks());
    attacks.push(("a refresh token", login.refresh.clone()));
    assert_eq!(attacks.len(), 47);
    let mut shapes = BTreeSet::new();
    for (name, token) in &attacks {
        let response = server.me(token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{name}");
        let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
        shapes.insert((challenge, response.text().await.unwrap()));
    }
    assert_eq!(shapes.len(), 1, "one response to all attacks: {shapes:#?}");
    assert!(shapes.first().unwrap().1.contains("INVALID_TOKEN"));
    // An expired token has its own code, because clients refresh then.
    let expired = forger.with_claims(&json!({ "exp": forger.claims["iat"].as_u64().unwrap() - 1 }));
    assert_eq!(outcome(server.me(&expired)).await, (401, "TOKEN_EXPIRED".into()));
    // 1 MB is too long for a header.
    let huge = server.me(&"A".repeat(1_000_000)).send().await;
    assert!(huge.is_err() || huge.unwrap().status().is_client_error());
    // Malformed headers.
    for value in ["Bearer", "Bearer ", "Basic Zm9v", "bearer\tx", "", "Bearer \u{e9}"] {
        let request = server.request(Method::GET, "/api/me").header(AUTHORIZATION, value.as_bytes());
        assert_eq!(outcome(request).await.0, 401, "{value:?}");
    }
    assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK, "the server runs");
    let log = server.kill_and_read_log();
    for (name, token) in attacks.iter().filter(|(_, token)| token.len() > 20) {
        assert!(!log.contains(token.as_str()), "the log contains {name}");
    }
    assert!(log.contains("login_ok") && !log.contains(&login.access) && !log.contains(&login.refresh), "{log}");
}

/// A pseudo-random generator, so that each run sends the same garbage.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        (0..self.roll(longest)).map(|_| self.roll(256) as u8).collect()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.roll(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.roll(2) == 0),
            2 => json!(f64::from(self.roll(1_000) as u32) * 1e300),
            3 => json!(u64::MAX),
            4 => json!(String::from_utf8_lossy(&self.bytes(40))),
            5 => json!("x".repeat(self.roll(3_000))),
            6 => Value::Array((0..self.roll(4)).map(|_| self.value(depth - 1)).collect()),
            _ => Value::Object((0..self.roll(4)).map(|n| (n.to_string(), self.value(depth - 1))).collect()),
        }
    }

    /// An unexpected body.
    fn body(&mut self) -> Vec<u8> {
        let names = ["email", "password", "transport", "refreshToken", "grant_type", "token"];
        match self.roll(6) {
            0 => self.bytes(2_000),
            1 => "[".repeat(self.roll(20_000)).into_bytes(),
            2 => format!("{{\"email\":{}}}", "9".repeat(self.roll(5_000) + 1)).into_bytes(),
            3 => vec![b' '; self.roll(40_000)],
            4 => self.value(3).to_string().into_bytes(),
            _ => {
                let fields = (0..self.roll(5)).map(|_| (self.pick(&names).to_owned(), self.value(2))).collect();
                Value::Object(fields).to_string().into_bytes()
            }
        }
    }
}

/// Resident memory of a process in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The highest resident memory of a process so far, in KiB.
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// R-45: 480 logins from 8 addresses, and from 480 addresses, each closed after some milliseconds. A verification that has
/// begun cannot be stopped, and takes 19 MiB.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hang_up_during_a_login_cannot_fill_the_memory() {
    let server = Server::spawn(&[("PROXIES", "1"), ("LOG", "off")]);
    server.login().await;
    let before = peak_memory(server.process_id());
    for addresses in [8, 480] {
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..480 {
            let address = server.address;
            clients.spawn(async move {
                let from = number % addresses;
                let body = r#"{"email":"ada@example.com","password":"wrong"}"#;
                let head = format!(
                    "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                     x-forwarded-for: 10.0.{}.{}\r\ncontent-length: {}\r\n\r\n",
                    from / 200,
                    from % 200,
                    body.len()
                );
                let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20 + number % 50)).await;
            });
        }
        clients.join_all().await;
    }
    // A login that is answered shows that the verifications before it are over.
    while rejection(server.post("/auth/login", &json!({ "email": "ada@example.com", "password": "x" }))).await.0 == 429
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    let peak = peak_memory(server.process_id());
    println!("peak memory: {before} KiB before, {peak} KiB after");
    assert!(peak - before < cores * 20 * 1_024 + 32 * 1_024, "{before} KiB before, {peak} KiB after");
    let metrics = server.metrics().await;
    assert!(!metrics.contains("status=\"500\""), "{metrics}");
}

/// One address gets a share of the queue only.
#[tokio::test(flavor = "multi_thread")]
async fn the_logins_of_one_address_do_not_fill_the_queue() {
    let server = Server::spawn(&[("PROXIES", "1"), ("LOG", "off")]);
    let login = |address: &'static str, password: &str| {
        let body = json!({ "email": "ada@example.com", "password": password });
        server.post("/auth/login", &body).header("x-forwarded-for", address)
    };
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..400 {
        flood.spawn(outcome(login("6.6.6.6", "wrong")));
    }
    let mut codes = Vec::new();
    while let Some(code) = flood.join_next().await {
        codes.push(code.unwrap().1);
        if codes.len() == 1 {
            tokens(login("1.2.3.4", DEMO_ACCOUNTS[0].1)).await;
        }
    }
    assert!(codes.iter().any(|code| code == "RATE_LIMITED"), "{codes:?}");
    assert!(codes.iter().any(|code| code == "INVALID_CREDENTIALS"), "{codes:?}");
}

const GARBAGE_PER_ENDPOINT: usize = 10_000;

/// R-32: each request gets a 4xx, the server runs on, and its memory does not grow.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_garbage_requests_to_each_endpoint() {
    let server = Server::spawn(&[("LOGIN_LIMIT", "1000000"), ("DIALECT", "oauth2"), ("LOG", "off")]);
    let login = server.login().await;
    let endpoints: [(&str, &str, bool); 12] = [
        ("POST", "/auth/login", false),
        ("POST", "/auth/refresh", false),
        ("POST", "/auth/logout", false),
        ("POST", "/auth/logout-all", false),
        ("GET", "/auth/sessions", false),
        ("DELETE", "/auth/sessions/x", true),
        ("POST", "/oauth/token", false),
        ("POST", "/oauth/revoke", false),
        ("GET", "/api/me", false),
        ("GET", "/api/admin", false),
        ("GET", "/api/step-up", false),
        ("POST", "/api/echo", false),
    ];
    let mut at = Vec::new();
    for round in 0..2 {
        let mut work = tokio::task::JoinSet::new();
        for (seed, (method, path, _)) in endpoints.into_iter().enumerate() {
            let address = server.address;
            let count = GARBAGE_PER_ENDPOINT / 2;
            work.spawn(async move { garbage(address, method, path, (seed * 2 + round) as u64, count).await });
        }
        for result in work.join_all().await {
            result.unwrap();
        }
        at.push(memory(server.process_id()));
    }
    assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK, "the server runs");
    let grown = at[1].saturating_sub(at[0]);
    assert!(grown < 8_192, "memory grew by {grown} KiB in the second half: {at:?}");
    let metrics = server.metrics().await;
    assert!(!metrics.contains("status=\"500\""), "{metrics}");
}

/// Sends `count` garbage requests to one endpoint; fails on a response that is not a typed 4xx.
async fn garbage(
    address: std::net::SocketAddr,
    method: &str,
    path: &str,
    seed: u64,
    count: usize,
) -> Result<(), String> {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let client = Client::new();
    for _ in 0..count {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut path = path.to_owned();
        if dice.roll(10) == 0 {
            path = format!("{path}?{}", BASE64_URL_SAFE_NO_PAD.encode(dice.bytes(300)));
        }
        let mut request = client.request(method, format!("http://{address}{path}"));
        let body = dice.body();
        if dice.roll(8) > 0 {
            let kinds = [
                "application/json",
                "application/json; charset=utf-7",
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data",
                "\u{e9}",
            ];
            request = request.header(CONTENT_TYPE, dice.pick(&kinds).as_bytes());
        }
        for name in
            ["authorization", "cookie", "idempotency-key", "origin", "user-agent", "x-request-id", "sec-fetch-site"]
        {
            if dice.roll(4) == 0 {
                let front = dice.pick(&["Bearer ", "refresh_token=", "", "Bearer e30.e30.", "refresh_token=a.b;"]);
                let noise: Vec<u8> =
                    dice.bytes(400).into_iter().map(|byte| byte.clamp(0x20, 0xfe)).filter(|b| *b != 0x7f).collect();
                request = request.header(name, [front.as_bytes(), &noise].concat());
            }
        }
        let response = request.body(body).send().await.map_err(|error| format!("{path}: {error}"))?;
        let status = response.status();
        let expected = status.is_client_error()
            || (path.starts_with("/auth/logout") && status == StatusCode::NO_CONTENT)
            || (path.starts_with("/oauth/revoke") && status == StatusCode::OK);
        let text = response.text().await.map_err(|error| format!("{path}: {error}"))?;
        if !expected
            || (status.is_client_error()
                && serde_json::from_str::<Value>(&text).map_or(true, |body| body["error"].is_null()))
        {
            return Err(format!("{path}: {status} {text}"));
        }
    }
    Ok(())
}

/// Bytes that are not HTTP, and clients that never finish their headers.
#[tokio::test]
async fn noise_and_slow_clients_do_not_delay_other_clients() {
    let server = Server::spawn(&[("LOG", "off")]);
    let mut dice = Dice(1);
    for _ in 0..200 {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let _ = stream.write_all(&dice.bytes(3_000)).await;
    }
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"POST /auth/login HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        slow.push(stream);
    }
    let login = server.login().await;
    assert_eq!(server.me(&login.access).send().await.unwrap().status(), StatusCode::OK);
    // The server closes a connection whose headers do not end.
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), slow[0].read_to_end(&mut answer)).await;
    assert!(closed.is_ok(), "the connection is closed");
}

/// R-36. The test measures both in turns and compares the faster quarter of each, which other tests disturb least. It
/// tries three times, because the machine may be busy; a real difference fails all three.
#[tokio::test]
async fn a_wrong_password_takes_as_long_as_an_unknown_user() {
    let server = Server::start().await;
    let mut ratios = Vec::new();
    while ratios.len() < 3 {
        let [known, unknown] = login_times(&server).await;
        println!("{:.2} ms for a known user, {:.2} ms for an unknown one", known * 1e3, unknown * 1e3);
        let ratio = known / unknown;
        if (ratio - 1.0).abs() < 0.15 {
            return;
        }
        ratios.push(ratio);
    }
    panic!("a known user takes {ratios:?} times as long as an unknown one");
}

/// The time in seconds within which the server answered a quarter of the failed logins of a known and of an unknown user.
async fn login_times(server: &Server) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..60 {
        for turn in 0..2 {
            let who = (round + turn) % 2;
            let email = [DEMO_ACCOUNTS[0].0.to_owned(), format!("nobody{round}@example.com")][who].clone();
            let start = Instant::now();
            let wrong = server.post("/auth/login", &json!({ "email": email, "password": "wrong" }));
            assert_eq!(outcome(wrong).await.1, "INVALID_CREDENTIALS");
            times[who].push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 4].as_secs_f64()
    })
}

/// R-36.
#[tokio::test]
async fn guesses_are_limited_and_the_user_elsewhere_is_not_locked_out() {
    let server = Server::start_with(&[("LOGIN_LIMIT", "10"), ("PROXIES", "1")]).await;
    let (email, password, _) = DEMO_ACCOUNTS[0];
    let from = |address: &'static str, password: &str| {
        server.post("/auth/login", &json!({ "email": email, "password": password })).header("x-forwarded-for", address)
    };
    for _ in 0..10 {
        assert_eq!(outcome(from("6.6.6.6", "wrong")).await.1, "INVALID_CREDENTIALS");
    }
    assert_eq!(
        outcome(from("6.6.6.6", password)).await.1,
        "RATE_LIMITED",
        "from this address, also the correct password"
    );
    tokens(from("1.2.3.4", password)).await;
    // The server ignores entries that the client itself wrote.
    assert_eq!(outcome(from("9.9.9.9, 6.6.6.6", password)).await.1, "RATE_LIMITED");
}

/// A subscriber often has a /48 network, with 65,536 networks of /64.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_from_one_ipv6_network_are_limited() {
    let server = Server::spawn(&[("LOGIN_LIMIT", "10"), ("PROXIES", "1"), ("LOG", "off")]);
    let mut passed = 0;
    for number in 0..40 {
        let guess = server.post("/auth/login", &json!({ "email": "ada@example.com", "password": "wrong" }));
        let address = format!("2001:db8:7:{number:x}::1");
        passed += u32::from(outcome(guess.header("x-forwarded-for", address)).await.1 == "INVALID_CREDENTIALS");
    }
    assert!((10..=15).contains(&passed), "{passed} guesses passed");
}

/// The limit of an account over all addresses.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_from_everywhere_are_limited_and_do_not_lock_the_user_out() {
    let server = Server::spawn(&[("LOGIN_LIMIT", "2"), ("PROXIES", "1"), ("LOG", "off")]);
    let login = |address: String, password: &str| {
        let body = json!({ "email": "ada@example.com", "password": password });
        server.post("/auth/login", &body).header("x-forwarded-for", address)
    };
    tokens(login("1.2.3.4".into(), DEMO_ACCOUNTS[0].1)).await;
    let mut passed = 0;
    for number in 0..60 {
        let guess = outcome(login(format!("6.6.{number}.6:5000"), "wrong")).await;
        passed += u32::from(guess.1 == "INVALID_CREDENTIALS");
    }
    assert!((19..=30).contains(&passed), "{passed} guesses passed");
    tokens(login("1.2.3.4:80".into(), DEMO_ACCOUNTS[0].1)).await;
    let other = server.post("/auth/login", &json!({ "email": "grace@example.com", "password": DEMO_ACCOUNTS[1].1 }));
    tokens(other.header("x-forwarded-for", "6.6.9.6")).await;
}

/// One address tries one password on many accounts.
#[tokio::test]
async fn an_address_has_a_limit_over_all_accounts() {
    let server = Server::start_with(&[("LOGIN_LIMIT", "2"), ("PROXIES", "1")]).await;
    let from = |address: &'static str, number: u32| {
        let body = json!({ "email": format!("user{number}@example.com"), "password": "123456" });
        server.post("/auth/login", &body).header("x-forwarded-for", address)
    };
    for number in 0..12 {
        assert_eq!(outcome(from("6.6.6.6", number)).await.1, "INVALID_CREDENTIALS");
    }
    assert_eq!(outcome(from("6.6.6.6", 12)).await.1, "RATE_LIMITED");
    assert_eq!(outcome(from("1.2.3.4", 13)).await.1, "INVALID_CREDENTIALS");
}

/// R-37.
#[tokio::test]
async fn a_page_of_another_site_cannot_use_the_cookie() {
    let server = Server::start().await;
    let login = server.login().await;
    let cookie = format!("refresh_token={}", login.refresh);
    for path in ["/auth/refresh", "/auth/logout"] {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")]
        {
            let request = server.request(Method::POST, path).header(COOKIE, &cookie).header(name, value);
            assert_eq!(outcome(request).await, (403, "CSRF_REJECTED".into()), "{path} {name}: {value}");
        }
    }
    // The page cannot sign the user in to another account either, which would replace the cookie.
    let (email, password, _) = DEMO_ACCOUNTS[1];
    let sign_in = server.post("/auth/login", &json!({ "email": email, "password": password }));
    assert_eq!(outcome(sign_in.header("sec-fetch-site", "cross-site")).await.1, "CSRF_REJECTED");
    let preflight = server.request(Method::OPTIONS, "/auth/refresh").header("origin", "https://evil.example");
    let preflight = preflight.header("access-control-request-method", "POST").send().await.unwrap();
    assert!(!preflight.headers().contains_key("access-control-allow-origin"));
    assert_eq!(server.counted("csrf_rejected").await, 7);
    tokens(server.refresh(&login.refresh, Some("k"))).await;
}

/// A page of a sibling domain sets a second cookie, with a token of its own account.
#[tokio::test(flavor = "multi_thread")]
async fn a_planted_cookie_does_not_open_another_account() {
    for (server, _redis) in on_each_store(&[]) {
        let (mut owner, thief) = (server.login_as_grace().await, server.login().await);
        let both = |one: &str, two: &str| {
            [
                format!("refresh_token={one}; refresh_token={two}"),
                format!("refresh_token={two}; x=y; refresh_token={one}"),
            ]
        };
        let refresh = |cookies: &str| {
            server.request(Method::POST, "/auth/refresh").header(COOKIE, cookies).header("idempotency-key", "k")
        };
        for cookies in both(&owner.refresh, &thief.refresh) {
            assert_eq!(outcome(refresh(&cookies)).await, (400, "INVALID_REQUEST".into()), "{cookies}");
        }
        let [mine, planted] = [&owner.refresh, &thief.refresh].map(|token| format!("refresh_token={token}"));
        let two_headers = refresh(&mine).header(COOKIE, planted);
        assert_eq!(outcome(two_headers).await, (400, "INVALID_REQUEST".into()));
        assert_eq!(server.counted("cookie_conflict").await, 3);
        // What is not genuine does not count.
        let forged = format!("{}.{}", thief.refresh.split('.').next().unwrap(), "A".repeat(48));
        for junk in ["", "x.y", forged.as_str()] {
            for order in 0..2 {
                let cookies = &both(&owner.refresh, junk)[order];
                owner = tokens(refresh(cookies)).await;
                assert_eq!(owner.body["user"]["email"], "grace@example.com", "{junk} {order}");
            }
        }
        let other_bytes = [b"name=\xff\xfe; refresh_token=", owner.refresh.as_bytes()].concat();
        owner = tokens(server.request(Method::POST, "/auth/refresh").header(COOKIE, other_bytes)).await;
        // Of two tokens of one session, the newer one counts.
        let next = tokens(refresh(&format!("refresh_token={}", owner.refresh))).await;
        for cookies in both(&owner.refresh, &next.refresh) {
            let status = outcome(refresh(&cookies)).await.0;
            assert_eq!(status, 200, "{cookies}");
        }
        assert_eq!(server.counted("refresh_reused").await, 0);
        // A session that has ended does not count, so that a new login repairs the conflict.
        let body = json!({ "email": "grace@example.com", "password": DEMO_ACCOUNTS[1].1 });
        let [cookies, _] = both(&next.refresh, &thief.refresh);
        let login = tokens(server.post("/auth/login", &body).header(COOKIE, cookies)).await;
        let [cookies, _] = both(&login.refresh, &thief.refresh);
        let login = tokens(refresh(&cookies)).await;
        assert_eq!(login.body["user"]["email"], "grace@example.com");
        // A sign-out ends every session that the browser presents.
        let thief = server.login().await;
        let [cookies, _] = both(&thief.refresh, &login.refresh);
        assert_eq!(outcome(server.request(Method::POST, "/auth/logout").header(COOKIE, cookies)).await.0, 204);
        assert_eq!(outcome(server.me(&login.access)).await.1, "TOKEN_REVOKED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_access_cookie_does_not_open_another_account() {
    let server = Server::spawn(&[("DIALECT", "cookies-only")]);
    let mut access = Vec::new();
    for (email, password, _) in DEMO_ACCOUNTS {
        let response =
            server.post("/auth/login", &json!({ "email": email, "password": password })).send().await.unwrap();
        let cookies = response.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned());
        access.extend(
            cookies.filter_map(|cookie| Some(cookie.strip_prefix("accessToken=")?.split(';').next()?.to_owned())),
        );
    }
    let me = |cookies: String| outcome(server.request(Method::GET, "/api/me").header(COOKIE, cookies));
    let [ada, grace] = access.try_into().unwrap();
    for (one, two) in [(&ada, &grace), (&grace, &ada)] {
        let status = me(format!("accessToken={one}; accessToken={two}")).await.0;
        assert_eq!(status, 400);
        assert_eq!(me(format!("accessToken={one}; accessToken=junk")).await.0, 200);
        assert_eq!(me(format!("accessToken=junk; accessToken={one}")).await.0, 200);
    }
}

/// RFC 6265bis §4.1.3.2.
#[tokio::test(flavor = "multi_thread")]
async fn with_the_host_prefix_other_cookies_do_not_count() {
    let server = Server::spawn(&[("COOKIE_HOST_PREFIX", "true")]);
    let login = server.login().await;
    let cookie = login.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-refresh_token=") && cookie.contains("Path=/;") && cookie.contains("Secure"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(outcome(server.refresh(&login.refresh, Some("k"))).await.1, "NO_REFRESH_TOKEN");
    let refresh = server.request(Method::POST, "/auth/refresh");
    tokens(refresh.header(COOKIE, format!("__Host-refresh_token={}", login.refresh))).await;
}

/// The body of a request is not kept before the token is checked.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_requests_without_a_token_take_no_memory() {
    const BODY: usize = 2 * 1024 * 1024;
    let server = Server::spawn(&[("LOG", "off")]);
    server.login().await;
    let before = peak_memory(server.process_id());
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let address = server.address;
        clients.spawn(async move {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let head = format!("POST /api/echo HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&vec![b'x'; BODY - 1]).await.unwrap();
            stream
        });
    }
    let streams = clients.join_all().await;
    let peak = peak_memory(server.process_id());
    println!("peak memory: {before} KiB before, {peak} KiB after");
    assert!(peak - before < 32 * 1_024, "{before} KiB before, {peak} KiB after");
    for mut stream in streams {
        stream.write_all(b"x").await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 401", "the response arrives after the upload");
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let server = Server::start().await;
    for path in ["/api/me", "/nowhere", "/healthz", "/.well-known/jwks.json"] {
        let headers = server.request(Method::GET, path).send().await.unwrap().headers().clone();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self' 'wasm-unsafe-eval';"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains('*'));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(headers.contains_key("x-request-id"), "{path}");
    }
    let (status, _, headers) = rejection(server.request(Method::GET, "/auth/login")).await;
    assert_eq!((status, headers.contains_key("allow")), (405, true));
}

/// A proxy may read another one of two headers than this server, so that each believes something else of the request.
#[tokio::test]
async fn a_header_that_comes_twice_decides_nothing() {
    let server = Server::start().await;
    let login = server.login().await;
    let bearer = format!("Bearer {}", login.access);
    let me = || server.request(Method::GET, "/api/me").header(AUTHORIZATION, &bearer);
    for (name, value) in [
        ("host", "evil.example"),
        ("authorization", bearer.as_str()),
        ("authorization", "Bearer x"),
        ("origin", "https://evil.example"),
    ] {
        let request = me().header("host", "app.example").header("origin", "http://app.example").header(name, value);
        assert_eq!(outcome(request).await, (400, "INVALID_REQUEST".into()), "{name}: {value}");
    }
    // The session continues, and the client may send the refresh again.
    let cookie = format!("refresh_token={}", login.refresh);
    for (name, values) in [("idempotency-key", ["one", "two"]), ("sec-fetch-site", ["same-origin", "cross-site"])] {
        let request = server.request(Method::POST, "/auth/refresh").header(COOKIE, &cookie);
        let request = request.header(name, values[0]).header(name, values[1]);
        assert_eq!(outcome(request).await, (400, "INVALID_REQUEST".into()), "{name}");
    }
    let types = server.request(Method::POST, "/auth/login").header("content-type", "application/json");
    let types = types.header("content-type", "text/plain").body("{}");
    assert_eq!(outcome(types).await.0, 400);
    tokens(server.refresh(&login.refresh, Some("one"))).await;
    // HTTP/1.1 requires `Host`.
    let answer = exchange(&server, &format!("GET /api/me HTTP/1.1\r\nauthorization: {bearer}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

/// Sends bytes and returns the response up to the end of its headers.
async fn exchange(server: &Server, request: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") && stream.read_buf(&mut answer).await.unwrap() > 0 {}
    String::from_utf8(answer).unwrap()
}

/// Also an address that is no UTF-8 gets an error of the API, in its dialect.
#[tokio::test]
async fn unusual_addresses_get_the_error_of_an_unknown_resource() {
    for (dialect, code) in [("tokenward", "NOT_FOUND"), ("oauth2", "")] {
        let server = Server::start_with(&[("DIALECT", dialect)]).await;
        let login = if dialect == "oauth2" { None } else { Some(server.login().await) };
        let bearer = login.map_or(String::new(), |login| format!("authorization: Bearer {}\r\n", login.access));
        for path in [
            "/auth/sessions/%ff",
            "/auth/sessions/%2e%2e%2f%00",
            "/api/me%00",
            "//api/me",
            "/api/./me",
            "/demo/theft/%ff",
        ] {
            let method = if path.starts_with("/auth") { "DELETE" } else { "POST" };
            let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{bearer}content-length: 0\r\n\r\n");
            let answer = exchange(&server, &request).await;
            let status = answer.split(' ').nth(1).unwrap();
            assert!(["401", "404"].contains(&status) && answer.contains("application/json"), "{path}: {answer}");
            assert!(status == "404" || code.is_empty(), "{path}: {answer}");
        }
    }
}
