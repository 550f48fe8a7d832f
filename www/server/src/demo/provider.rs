//! An identity provider for the demo, so that a sign-in at a provider needs no network. It knows the demo accounts, asks for no
//! password, and can make the faults of a provider occur.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, HeaderMap, LOCATION, SET_COOKIE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Url;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;

use crate::config::providers::is_loopback;
use crate::config::{Config, NewUsers, PageTokens, ProviderConfig, Secret};
use crate::demo::Demo;
use crate::demo::accounts::{DEMO_ACCOUNT_IDS, DEMO_ACCOUNTS};
use crate::demo::faults::Fault;
use crate::extract::SignedIn;
use crate::extract::cookies::cookie_values;
use crate::routes::TokenErrors;
use crate::token::keys::{SigningAlgorithm, new_secret, random_bytes};

const PATH: &str = "/demo/provider";
const CLIENT_ID: &str = "demo";
const CODE_LIFE: Duration = Duration::from_secs(60);
/// The number of codes, and of pushed requests, that are remembered; beyond it, all are forgotten.
const CAPACITY: usize = 1_000;
/// The cookie of the provider's own session.
const SESSION_COOKIE: &str = "demo_provider";
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const STYLE: &str = "body{font:16px system-ui;max-width:26rem;margin:10vh auto;padding:0 1rem;line-height:1.5}\
a{display:block;margin:.75rem 0;padding:.75rem 1rem;border:1px solid;border-radius:.5rem;text-decoration:none}\
:root{color-scheme:light dark}";

type Parameters = HashMap<String, String>;

/// A code that the provider has issued.
struct Code {
    request: Parameters,
    account: usize,
    sid: String,
    issued_at: Instant,
}

/// The provider.
pub struct DemoProvider {
    issuer: String,
    public_url: Option<String>,
    secret: String,
    key: EncodingKey,
    jwk: Jwk,
    codes: Mutex<HashMap<String, Code>>,
    pushed: Mutex<HashMap<String, Parameters>>,
    http: reqwest::Client,
    /// How often each account has signed out; a session cookie of before is not valid.
    sign_outs: [AtomicU32; DEMO_ACCOUNTS.len()],
}

impl DemoProvider {
    /// The provider of a server with these settings, and the server's settings as its client. `None` if browsers could not
    /// reach the provider.
    pub fn new(config: &Config) -> Option<(Self, ProviderConfig)> {
        let origin = match &config.public_url {
            Some(url) => url.clone(),
            None if config.host.is_loopback() && config.port != 0 => {
                format!("http://{}", SocketAddr::new(config.host, config.port))
            }
            None => return None,
        };
        let issuer = format!("{origin}{PATH}");
        let secret = new_secret().ok()?;
        let pem = SigningAlgorithm::EdDsa.generate().ok()?;
        let key = EncodingKey::from_ed_pem(pem.as_bytes()).ok()?;
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA).ok()?;
        jwk.common.key_id = Some(random_text());
        let client = ProviderConfig {
            name: CLIENT_ID.into(),
            issuer: issuer.clone(),
            client_id: CLIENT_ID.into(),
            client_secret: Some(Secret::new(secret.clone())),
            client_key: None,
            scope: "openid email profile".into(),
            role_claim: Some("role".into()),
            roles: vec!["admin".into()],
            new_users: NewUsers::Create,
            tokens: PageTokens::Own,
        };
        let (codes, pushed) = (Mutex::default(), Mutex::default());
        let public_url = config.public_url.clone();
        let http = reqwest::Client::new();
        let sign_outs = [AtomicU32::new(0), AtomicU32::new(0)];
        Some((Self { issuer, public_url, secret, key, jwk, codes, pushed, http, sign_outs }, client))
    }

    /// Whether the request is of this server: the demo's redirect URIs are on this machine, or at `PUBLIC_URL`.
    fn accepts(&self, redirect_uri: &str, path: &str) -> bool {
        if let Some(public_url) = &self.public_url {
            return redirect_uri == format!("{public_url}{path}");
        }
        let url = Url::parse(redirect_uri).ok();
        url.is_some_and(|url| url.scheme() == "http" && url.host_str().is_some_and(is_loopback) && url.path() == path)
    }

    /// The account and the id of the session that a cookie names.
    fn session(&self, cookie: &str) -> Option<(usize, String)> {
        let mut parts = cookie.splitn(3, '.');
        let account: usize = parts.next()?.parse().ok()?;
        let sign_outs: u32 = parts.next()?.parse().ok()?;
        let is_current = self.sign_outs.get(account)?.load(Ordering::Relaxed) == sign_outs;
        parts.next().filter(|_| is_current).map(|sid| (account, sid.to_owned()))
    }

    fn check_client(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{}", self.secret)));
        let is_client = headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes());
        if is_client { Ok(()) } else { Err(Rejection::OAuth(StatusCode::UNAUTHORIZED, "invalid_client")) }
    }

    fn sign(&self, typ: &str, claims: &Value) -> String {
        let kid = self.jwk.common.key_id.clone();
        let header = Header { typ: Some(typ.into()), kid, ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.key).unwrap_or_default()
    }

    /// Remembers the parameters of a sign-in; returns their `request_uri` (RFC 9126 §2.2).
    fn push(&self, request: Parameters) -> String {
        let request_uri = format!("urn:ietf:params:oauth:request_uri:{}", random_text());
        if let Ok(mut pushed) = self.pushed.lock() {
            if pushed.len() >= CAPACITY {
                pushed.clear();
            }
            pushed.insert(request_uri.clone(), request);
        }
        request_uri
    }

    fn add_code(&self, request: Parameters, account: usize, sid: &str) -> String {
        let code = random_text();
        if let Ok(mut codes) = self.codes.lock() {
            if codes.len() >= CAPACITY {
                codes.clear();
            }
            let issued = Code { request, account, sid: sid.to_owned(), issued_at: Instant::now() };
            codes.insert(code.clone(), issued);
        }
        code
    }
}

fn random_text() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>())
}

/// The endpoints of the provider.
pub fn endpoints() -> OpenApiRouter<Demo> {
    OpenApiRouter::new()
        .route(&format!("{PATH}/.well-known/openid-configuration"), get(metadata))
        .route(&format!("{PATH}/jwks"), get(jwks))
        .route(&format!("{PATH}/par"), post(par))
        .route(&format!("{PATH}/authorize"), get(authorize))
        .route(&format!("{PATH}/choose"), get(choose))
        .route(&format!("{PATH}/token"), post(token))
        .route(&format!("{PATH}/end"), get(end))
}

/// Why the provider rejects a request.
pub enum Rejection {
    /// The provider is missing, or a fault makes it unavailable.
    Down,
    /// The provider redeemed the code, and its response is lost.
    ResponseLost,
    /// A parameter of a navigation is wrong.
    BadRequest(&'static str),
    /// RFC 6749 §5.2.
    OAuth(StatusCode, &'static str),
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::Down => (StatusCode::SERVICE_UNAVAILABLE, "the identity provider is down").into_response(),
            Self::ResponseLost => (StatusCode::SERVICE_UNAVAILABLE, "the response was lost").into_response(),
            Self::BadRequest(text) => (StatusCode::BAD_REQUEST, text).into_response(),
            Self::OAuth(status, error) => (status, Json(json!({ "error": error }))).into_response(),
        }
    }
}

/// The provider, unless it is missing or down.
fn provider(demo: &Demo) -> Result<&DemoProvider, Rejection> {
    let down = demo.faults.remaining(Fault::ProviderDown).is_some();
    let provider = demo.provider.as_deref().filter(|_| !down);
    provider.ok_or(Rejection::Down)
}

async fn metadata(State(demo): State<Demo>) -> Result<Json<Value>, Rejection> {
    let issuer = &provider(&demo)?.issuer;
    Ok(Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "pushed_authorization_request_endpoint": format!("{issuer}/par"),
        "end_session_endpoint": format!("{issuer}/end"),
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "code_challenge_methods_supported": ["S256"],
    })))
}

async fn jwks(State(demo): State<Demo>) -> Result<Json<Value>, Rejection> {
    Ok(Json(json!({ "keys": [provider(&demo)?.jwk] })))
}

async fn par(
    State(demo): State<Demo>,
    headers: HeaderMap,
    Form(form): Form<Parameters>,
) -> Result<Response, Rejection> {
    let provider = provider(&demo)?;
    provider.check_client(&headers)?;
    let request_uri = provider.push(form);
    Ok((StatusCode::CREATED, Json(json!({ "request_uri": request_uri, "expires_in": 60 }))).into_response())
}

/// The page on which the user chooses an account. A user who is signed in at the provider does not see it.
async fn authorize(
    State(demo): State<Demo>,
    headers: HeaderMap,
    Query(query): Query<Parameters>,
) -> Result<Response, Rejection> {
    let provider = provider(&demo)?;
    let pushed = query.get("request_uri").and_then(|uri| provider.pushed.lock().ok()?.get(uri).cloned());
    let request = pushed.unwrap_or_else(|| query.clone());
    let parameter = |name: &str| request.get(name).map(String::as_str).unwrap_or_default();
    if !provider.accepts(parameter("redirect_uri"), "/auth/callback") {
        return Err(Rejection::BadRequest("redirect_uri: expected that of the demo"));
    }
    let prompt = parameter("prompt");
    let session = cookie_values(&headers, SESSION_COOKIE).find_map(|value| provider.session(value));
    if let Some((account, sid)) = session.filter(|_| prompt != "login" && prompt != "select_account") {
        let code = provider.add_code(request.clone(), account, &sid);
        return Ok(back(&demo, provider, &request, &[("code", &code)]));
    }
    if prompt == "none" {
        return Ok(back(&demo, provider, &request, &[("error", "login_required")]));
    }
    let id = provider.push(request).rsplit(':').next().unwrap_or_default().to_owned();
    let account = |(number, (email, _, role)): (usize, &(&str, &str, &str))| {
        format!("<a id=\"account-{number}\" href=\"{PATH}/choose?request={id}&account={number}\">{email} ({role})</a>")
    };
    let accounts: String = DEMO_ACCOUNTS.iter().enumerate().map(account).collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Demo identity provider</title>\
         <style>{STYLE}</style><main><h1>Demo identity provider</h1>\
         <p>This page plays the identity provider of a company. Choose the account that signs in.</p>\
         {accounts}<a id=\"cancel\" href=\"{PATH}/choose?request={id}\">Cancel</a></main></html>"
    );
    let hash = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'");
    Ok(([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
}

/// Sends the browser back with a code for the chosen account, or with an error.
async fn choose(State(demo): State<Demo>, Query(query): Query<Parameters>) -> Result<Response, Rejection> {
    let provider = provider(&demo)?;
    let id = query.get("request").map(String::as_str).unwrap_or_default();
    let request_uri = format!("urn:ietf:params:oauth:request_uri:{id}");
    let request = provider.pushed.lock().ok().and_then(|pushed| pushed.get(&request_uri).cloned());
    let request = request.ok_or(Rejection::BadRequest("request: expected that of a sign-in"))?;
    let account = query.get("account").and_then(|account| account.parse::<usize>().ok());
    let Some(account) = account.filter(|account| *account < DEMO_ACCOUNTS.len()) else {
        return Ok(back(&demo, provider, &request, &[("error", "access_denied")]));
    };
    let sid = random_text();
    let code = provider.add_code(request.clone(), account, &sid);
    let sign_outs = provider.sign_outs[account].load(Ordering::Relaxed);
    let cookie = format!("{SESSION_COOKIE}={account}.{sign_outs}.{sid}; HttpOnly; SameSite=Lax; Path={PATH}");
    Ok(([(SET_COOKIE, cookie)], back(&demo, provider, &request, &[("code", &code)])).into_response())
}

fn back(demo: &Demo, provider: &DemoProvider, request: &Parameters, result: &[(&str, &str)]) -> Response {
    let empty = String::new();
    let (redirect_uri, state) = (request.get("redirect_uri"), request.get("state"));
    let wrong = demo.faults.take(Fault::WrongIssuer);
    let issuer = if wrong { "https://another-provider.example" } else { &provider.issuer };
    let mut parameters = result.to_vec();
    parameters.extend([("state", state.unwrap_or(&empty).as_str()), ("iss", issuer)]);
    match Url::parse_with_params(redirect_uri.unwrap_or(&empty), parameters) {
        Ok(url) => (StatusCode::SEE_OTHER, [(LOCATION, url.to_string())]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn token(
    State(demo): State<Demo>,
    headers: HeaderMap,
    Form(form): Form<Parameters>,
) -> Result<Response, Rejection> {
    let provider = provider(&demo)?;
    provider.check_client(&headers)?;
    let parameter = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let code = provider.codes.lock().ok().and_then(|mut codes| codes.remove(parameter("code")));
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, parameter("code_verifier").as_bytes()));
    let fits = |code: &Code| {
        let of_request = |name: &str| code.request.get(name).map(String::as_str).unwrap_or_default();
        of_request("code_challenge") == challenge
            && of_request("redirect_uri") == parameter("redirect_uri")
            && code.issued_at.elapsed() < CODE_LIFE
    };
    let code = code.filter(fits).ok_or(Rejection::OAuth(StatusCode::BAD_REQUEST, "invalid_grant"))?;
    if demo.faults.take(Fault::LoseExchange) {
        return Err(Rejection::ResponseLost);
    }
    let (email, _, role) = DEMO_ACCOUNTS[code.account];
    let now = crate::now();
    let claims = json!({
        "iss": provider.issuer, "aud": CLIENT_ID, "sub": DEMO_ACCOUNT_IDS[code.account], "sid": code.sid, "iat": now,
        "exp": now + 300, "auth_time": now, "nonce": code.request.get("nonce"), "email": email, "email_verified": true,
        "role": role,
    });
    Ok(Json(
        json!({ "access_token": random_text(), "token_type": "Bearer", "id_token": provider.sign("JWT", &claims) }),
    )
    .into_response())
}

/// Ends the provider's session (`OpenID` Connect RP-Initiated Logout 1.0).
async fn end(State(demo): State<Demo>, Query(query): Query<Parameters>) -> Result<Response, Rejection> {
    let provider = provider(&demo)?;
    let cookie = format!("{SESSION_COOKIE}=; Max-Age=0; HttpOnly; SameSite=Lax; Path={PATH}");
    let back = query.get("post_logout_redirect_uri").filter(|uri| provider.accepts(uri, "/auth/end"));
    let state = query.get("state").map(String::as_str).unwrap_or_default();
    let back = back.and_then(|uri| Url::parse_with_params(uri, [("state", state)]).ok());
    let location = back.map_or_else(|| "/".to_owned(), String::from);
    Ok((StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, location)]).into_response())
}

/// Sign the user out at the demo provider
///
/// The provider reports it to the server (`OpenID` Connect Back-Channel Logout 1.0), which ends the user's sessions that began
/// there.
#[utoipa::path(post, path = "/demo/provider-logout", tag = "demo",
    responses((status = 204), (status = 400, description = "The session did not begin at the provider"), (status = 503, description = "The provider is down, or missing"), TokenErrors),
    security(("access token" = [])))]
pub async fn provider_logout(State(demo): State<Demo>, SignedIn(claims): SignedIn) -> Result<StatusCode, Rejection> {
    let provider = provider(&demo)?;
    let known = |id: &str| crate::users::provider_user_id(&provider.issuer, id) == claims.sub;
    let unknown = Rejection::BadRequest("the session did not begin at the demo provider");
    let account = DEMO_ACCOUNT_IDS.iter().position(|id| known(id)).ok_or(unknown)?;
    provider.sign_outs[account].fetch_add(1, Ordering::Relaxed);
    let subject = DEMO_ACCOUNT_IDS[account];
    let now = crate::now();
    let token = json!({
        "iss": provider.issuer, "aud": CLIENT_ID, "sub": subject, "iat": now, "exp": now + 120, "jti": random_text(),
        "events": { LOGOUT_EVENT: {} },
    });
    let form = [("logout_token", provider.sign("logout+jwt", &token))];
    let address = format!("{}/auth/backchannel-logout", provider.issuer.trim_end_matches(PATH));
    let sent = provider.http.post(address).form(&form).send().await;
    match sent {
        Ok(response) if response.status().is_success() => Ok(StatusCode::NO_CONTENT),
        _ => Err(Rejection::Down),
    }
}
