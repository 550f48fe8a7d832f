//! An identity provider for tests, whose every answer a test can change.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};

pub const CLIENT_ID: &str = "tokenward";
pub const CLIENT_SECRET: &str = "a secret: with +/ characters";

type Pairs = HashMap<String, String>;

/// What a test changes of the provider's next answers.
#[derive(Clone, Default)]
pub struct Behaviour {
    /// Claims that replace those of the ID token; null removes one.
    pub claims: Value,
    /// Claims that replace those of the user info.
    pub user_info: Value,
    /// Fields that replace those of the metadata; null removes one.
    pub metadata: Value,
    /// The token endpoint answers as many requests with 503.
    pub unavailable: u32,
    /// The token endpoint redeems the code of as many requests, and answers with 503.
    pub lost: u32,
    /// The token endpoint redeems the code, and its connection breaks, as many times.
    pub broken: u32,
    /// The endpoint of the keys answers with 503.
    pub keys_fail: bool,
    /// How long an exchange takes.
    pub delay: Duration,
    /// The header of the ID token.
    pub header: Option<Header>,
    /// Signs the ID token instead of the provider's key.
    pub signing: Option<EncodingKey>,
    /// The ID token itself.
    pub id_token: Option<String>,
    /// Fields that replace those of the token response; null removes one.
    pub grant: Value,
    /// Status, error code and `Retry-After` with which the token endpoint answers a refresh, which it does not process.
    pub refusal: Option<(u16, &'static str, &'static str)>,
    /// The endpoint for revocations answers as many requests with 503.
    pub revocation_fails: u32,
}

/// A refresh token that the provider has issued.
struct RefreshToken {
    /// The number of its grant.
    grant: usize,
    used: bool,
}

struct Code {
    challenge: String,
    nonce: String,
    redirect_uri: String,
    used: bool,
}

#[derive(Default)]
struct Inner {
    behaviour: Behaviour,
    codes: HashMap<String, Code>,
    pushed: HashMap<String, Pairs>,
    keys: Vec<(EncodingKey, Jwk)>,
    requests: HashMap<&'static str, u32>,
    refresh_tokens: HashMap<String, RefreshToken>,
    /// For each grant, whether it is valid.
    grants: Vec<bool>,
    access_tokens: Vec<String>,
}

impl Inner {
    /// Issues the tokens of a grant.
    fn issue(&mut self, grant: usize) -> Value {
        let number = self.access_tokens.len();
        let access_token =
            if number == 0 { "provider-access-token".into() } else { format!("provider-access-token-{number}") };
        let refresh_token = format!("provider-refresh-token-{}", random());
        self.access_tokens.push(access_token.clone());
        self.refresh_tokens.insert(refresh_token.clone(), RefreshToken { grant, used: false });
        let mut body = json!({
            "token_type": "Bearer", "access_token": access_token, "refresh_token": refresh_token, "expires_in": 600,
        });
        replace(&mut body, &self.behaviour.grant);
        body
    }
}

#[derive(Clone)]
pub struct TestProvider {
    pub issuer: String,
    inner: Arc<Mutex<Inner>>,
}

impl TestProvider {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self { issuer: format!("http://{}", listener.local_addr().unwrap()), inner: Arc::default() };
        provider.rotate_keys();
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/par", post(par))
            .route("/userinfo", get(user_info))
            .route("/revoke", post(revoke))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    /// The settings of a server that is a client of this provider.
    pub fn settings(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("PUBLIC_URL", "http://127.0.0.1:4000"),
            ("OIDC_ISSUER", &self.issuer),
            ("OIDC_CLIENT_ID", CLIENT_ID),
            ("OIDC_CLIENT_SECRET", CLIENT_SECRET),
        ]
    }

    pub fn behave(&self, behaviour: Behaviour) {
        self.inner.lock().unwrap().behaviour = behaviour;
    }

    /// Replaces the keys of the provider.
    pub fn rotate_keys(&self) {
        self.inner.lock().unwrap().keys = vec![new_key()];
    }

    /// Replaces the key, and gives the new one the id of the former.
    pub fn replace_key_under_its_id(&self) {
        let mut inner = self.inner.lock().unwrap();
        let (key, mut jwk) = new_key();
        jwk.common.key_id.clone_from(&inner.keys[0].1.common.key_id);
        inner.keys = vec![(key, jwk)];
    }

    /// How many requests an endpoint has received.
    pub fn requests(&self, endpoint: &'static str) -> u32 {
        self.inner.lock().unwrap().requests.get(endpoint).copied().unwrap_or(0)
    }

    /// What a user's consent leads to: the address of the callback.
    pub fn consent(&self, authorization_url: &str) -> String {
        let url = reqwest::Url::parse(authorization_url).unwrap();
        let mut query: Pairs = url.query_pairs().into_owned().collect();
        let mut inner = self.inner.lock().unwrap();
        if let Some(uri) = query.get("request_uri") {
            query = inner.pushed.remove(uri).unwrap();
        }
        assert_eq!((query["response_type"].as_str(), query["code_challenge_method"].as_str()), ("code", "S256"));
        assert_eq!(query["client_id"], CLIENT_ID);
        let code = format!("code-{}", inner.codes.len());
        let record = Code {
            challenge: query["code_challenge"].clone(),
            nonce: query["nonce"].clone(),
            redirect_uri: query["redirect_uri"].clone(),
            used: false,
        };
        inner.codes.insert(code.clone(), record);
        let parameters = [("code", code.as_str()), ("state", &query["state"]), ("iss", &self.issuer)];
        reqwest::Url::parse_with_params(&query["redirect_uri"], parameters).unwrap().to_string()
    }

    /// A token that the provider signs.
    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        let inner = self.inner.lock().unwrap();
        let (key, jwk) = &inner.keys[0];
        let header = Header { kid: jwk.common.key_id.clone(), ..header.clone() };
        encode(&header, claims, key).unwrap()
    }

    /// A valid logout token with these changes.
    pub fn logout_token(&self, changes: &Value) -> String {
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now(), "exp": now() + 120, "jti": random(),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} }, "sub": "ada", "sid": "provider-session",
        });
        replace(&mut claims, changes);
        self.sign(&Header { typ: Some("logout+jwt".into()), ..Header::new(Algorithm::EdDSA) }, &claims)
    }

    /// The secrets of all grants so far.
    pub fn refresh_tokens(&self) -> Vec<String> {
        self.inner.lock().unwrap().refresh_tokens.keys().cloned().collect()
    }

    pub fn access_tokens(&self) -> Vec<String> {
        self.inner.lock().unwrap().access_tokens.clone()
    }

    /// How many grants are valid.
    pub fn valid_grants(&self) -> usize {
        self.inner.lock().unwrap().grants.iter().filter(|valid| **valid).count()
    }

    pub fn revoke_all(&self) {
        self.inner.lock().unwrap().grants.fill(false);
    }

    fn count(&self, endpoint: &'static str) -> Behaviour {
        let mut inner = self.inner.lock().unwrap();
        *inner.requests.entry(endpoint).or_default() += 1;
        inner.behaviour.clone()
    }
}

pub fn new_key() -> (EncodingKey, Jwk) {
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let key = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap();
    jwk.common.key_id = Some(random());
    (key, jwk)
}

fn random() -> String {
    let mut bytes = [0; 12];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub fn now() -> u64 {
    tokenward_server::now()
}

fn replace(target: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().into_iter().flatten() {
        let target = target.as_object_mut().unwrap();
        if value.is_null() { drop(target.remove(name)) } else { drop(target.insert(name.clone(), value.clone())) }
    }
}

async fn metadata(State(provider): State<TestProvider>) -> Json<Value> {
    let behaviour = provider.count("metadata");
    let at = |path: &str| format!("{}{path}", provider.issuer);
    let mut metadata = json!({
        "issuer": provider.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"), "userinfo_endpoint": at("/userinfo"), "end_session_endpoint": at("/end"),
        "revocation_endpoint": at("/revoke"),
        "authorization_response_iss_parameter_supported": true,
    });
    replace(&mut metadata, &behaviour.metadata);
    Json(metadata)
}

async fn jwks(State(provider): State<TestProvider>) -> Response {
    if provider.count("jwks").keys_fail {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let inner = provider.inner.lock().unwrap();
    let mut keys: Vec<Value> = inner.keys.iter().map(|(_, jwk)| serde_json::to_value(jwk).unwrap()).collect();
    // A key of a kind that no library knows.
    keys.insert(0, json!({ "kty": "FUTURE", "kid": "other", "alg": "FUTURE512", "use": "enc" }));
    Json(json!({ "keys": keys })).into_response()
}

async fn par(
    State(provider): State<TestProvider>,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    provider.count("par");
    if !is_authenticated(&headers) {
        return error("invalid_client");
    }
    let form: Pairs = pairs.iter().cloned().collect();
    if form.len() < pairs.len() {
        return error("invalid_request"); // a parameter that comes twice (RFC 6749 §3.2)
    }
    let uri = format!("urn:ietf:params:oauth:request_uri:{}", random());
    provider.inner.lock().unwrap().pushed.insert(uri.clone(), form);
    (StatusCode::CREATED, Json(json!({ "request_uri": uri, "expires_in": 60 }))).into_response()
}

async fn user_info(State(provider): State<TestProvider>, headers: HeaderMap) -> Response {
    let behaviour = provider.count("userinfo");
    if headers.get("authorization").is_none_or(|value| !value.as_bytes().starts_with(b"Bearer provider-access-token")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut claims = json!({ "sub": "ada", "email": "ada@example.com", "email_verified": true });
    replace(&mut claims, &behaviour.user_info);
    Json(claims).into_response()
}

fn error(code: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": code, "error_description": "<script>alert(1)</script>" })))
        .into_response()
}

fn is_authenticated(headers: &HeaderMap) -> bool {
    let mut url = reqwest::Url::parse("http://x.invalid").unwrap();
    url.query_pairs_mut().append_key_only(CLIENT_SECRET);
    let expected = BASE64_STANDARD.encode(format!("{CLIENT_ID}:{}", url.query().unwrap()));
    headers.get("authorization").is_some_and(|value| value == format!("Basic {expected}").as_str())
}

/// Renews a token (RFC 6749 §6). A refresh token that comes a second time ends its grant (RFC 9700 §4.14.2).
fn refresh(provider: &TestProvider, form: &Pairs) -> Response {
    let behaviour = provider.count("refresh");
    let mut inner = provider.inner.lock().unwrap();
    if let Some((status, code, wait)) = behaviour.refusal {
        let mut response = (StatusCode::from_u16(status).unwrap(), Json(json!({ "error": code }))).into_response();
        if !wait.is_empty() {
            response.headers_mut().insert("retry-after", wait.parse().unwrap());
        }
        return response;
    }
    if inner.behaviour.unavailable > 0 {
        inner.behaviour.unavailable -= 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(token) = inner.refresh_tokens.get_mut(&form["refresh_token"]) else { return error("invalid_grant") };
    let (grant, was_used) = (token.grant, token.used);
    // A provider without rotation returns no refresh token, and the former one remains valid.
    token.used = behaviour.grant.get("refresh_token").is_none();
    if was_used {
        inner.grants[grant] = false;
    }
    if !inner.grants[grant] {
        return error("invalid_grant");
    }
    let body = inner.issue(grant);
    if inner.behaviour.broken > 0 {
        inner.behaviour.broken -= 1;
        return Response::new(axum::body::Body::new(Broken));
    }
    Json(body).into_response()
}

/// RFC 7009. The grant ends with its refresh token.
async fn revoke(State(provider): State<TestProvider>, headers: HeaderMap, Form(form): Form<Pairs>) -> Response {
    let behaviour = provider.count("revoke");
    tokio::time::sleep(behaviour.delay).await;
    let mut inner = provider.inner.lock().unwrap();
    if inner.behaviour.revocation_fails > 0 {
        inner.behaviour.revocation_fails -= 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if !is_authenticated(&headers) {
        return error("invalid_client");
    }
    if let Some(grant) = inner.refresh_tokens.get(&form["token"]).map(|token| token.grant) {
        inner.grants[grant] = false;
    }
    StatusCode::OK.into_response()
}

async fn token(State(provider): State<TestProvider>, headers: HeaderMap, Form(form): Form<Pairs>) -> Response {
    if form["grant_type"] == "refresh_token" {
        let delay = provider.inner.lock().unwrap().behaviour.delay;
        tokio::time::sleep(delay).await;
        return if is_authenticated(&headers) { refresh(&provider, &form) } else { error("invalid_client") };
    }
    let behaviour = provider.count("token");
    tokio::time::sleep(behaviour.delay).await;
    if !is_authenticated(&headers) {
        return error("invalid_client");
    }
    {
        let mut inner = provider.inner.lock().unwrap();
        if inner.behaviour.unavailable > 0 {
            inner.behaviour.unavailable -= 1;
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
        let Some(code) = inner.codes.get_mut(&form["code"]).filter(|code| !code.used) else {
            return error("invalid_grant");
        };
        if code.challenge != challenge || code.redirect_uri != form["redirect_uri"] {
            return error("invalid_grant");
        }
        code.used = true;
        if inner.behaviour.lost > 0 {
            inner.behaviour.lost -= 1;
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        if inner.behaviour.broken > 0 {
            inner.behaviour.broken -= 1;
            return Response::new(axum::body::Body::new(Broken));
        }
    }
    let mut inner = provider.inner.lock().unwrap();
    let mut claims = json!({
        "iss": provider.issuer, "aud": CLIENT_ID, "sub": "ada", "iat": now(), "exp": now() + 60,
        "nonce": inner.codes[&form["code"]].nonce, "sid": "provider-session",
    });
    replace(&mut claims, &behaviour.claims);
    let (key, jwk) = &inner.keys[0];
    let header = Header { kid: jwk.common.key_id.clone(), ..Header::new(Algorithm::EdDSA) };
    let header = behaviour.header.unwrap_or(header);
    let claims: Map<String, Value> = serde_json::from_value(claims).unwrap();
    let id_token = encode(&header, &claims, &behaviour.signing.unwrap_or_else(|| key.clone())).unwrap();
    inner.grants.push(true);
    let grant = inner.grants.len() - 1;
    let mut body = inner.issue(grant);
    body["id_token"] = json!(behaviour.id_token.unwrap_or(id_token));
    Json(body).into_response()
}

/// A body that fails, so that the connection breaks.
struct Broken;

impl http_body::Body for Broken {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Ready(Some(Err(std::io::Error::other("the connection breaks"))))
    }
}

/// The address of a server that nobody listens to.
pub async fn closed_address() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
