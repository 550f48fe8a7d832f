//! An auth server for tokenward in Axum: login, refresh with rotation and reuse detection, logout, and a protected API.
//! Sessions are in memory and passwords in the source: replace them by a database and a password hash (argon2id).
//! `www/server` is a complete server.
use std::collections::HashMap;
use std::env;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::json;

const USERS: [User; 1] = [User { id: "1", email: "ada@example.com", name: "Ada", password: "analytical engine" }];

#[derive(Serialize)]
struct User {
    id: &'static str,
    email: &'static str,
    name: &'static str,
    #[serde(skip)]
    password: &'static str,
}

/// The hashes of the current and the previous refresh token, and the key and the successor of the rotation between them.
struct Session {
    user: &'static User,
    current: Vec<u8>,
    previous: Vec<u8>,
    key: Option<String>,
    successor: String,
}

struct App {
    signing_key: [u8; 32],
    /// The lifetime of an access token in seconds.
    access_ttl: u64,
    cookie_secure: bool,
    sessions: Mutex<HashMap<String, Session>>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    iat: u64,
    exp: u64,
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

fn reject(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

/// The cookie is `SameSite=Strict`. Browsers also send the source of a request in `Sec-Fetch-Site`.
async fn same_origin(request: Request, next: Next) -> Response {
    match request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => next.run(request).await,
        Some(_) => reject(StatusCode::FORBIDDEN, "CSRF_REJECTED", "expected a request from this origin"),
    }
}

impl App {
    fn token_response(&self, sid: &str, user: &User, secret: &str) -> Response {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970").as_secs();
        let claims = Claims { sub: user.id.to_owned(), iat: now, exp: now + self.access_ttl };
        let key = EncodingKey::from_secret(&self.signing_key);
        let token = jsonwebtoken::encode(&Header::default(), &claims, &key).expect("claims are valid JSON");
        let cookie = Cookie::build(("refresh_token", format!("{sid}.{secret}")))
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.cookie_secure)
            .path("/auth");
        let body = Json(json!({ "accessToken": token, "expiresIn": self.access_ttl, "user": user }));
        (CookieJar::new().add(cookie), [(header::CACHE_CONTROL, "no-store")], body).into_response()
    }
}

async fn login(State(app): State<Arc<App>>, Json(credentials): Json<Credentials>) -> Response {
    let known = USERS.iter().find(|user| user.email == credentials.email && user.password == credentials.password);
    let Some(user) = known else {
        return reject(StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS", "wrong email or password");
    };
    let (sid, secret) = (URL_SAFE_NO_PAD.encode(random::<16>()), new_secret());
    let session = Session { user, current: hash(&secret), previous: Vec::new(), key: None, successor: String::new() };
    app.sessions.lock().expect("no handler panics while it holds the lock").insert(sid.clone(), session);
    app.token_response(&sid, user, &secret)
}

fn read_cookie(cookies: &CookieJar) -> (String, String) {
    let token = cookies.get("refresh_token").map_or("", Cookie::value);
    let (sid, secret) = token.split_once('.').unwrap_or_default();
    (sid.to_owned(), secret.to_owned())
}

async fn refresh(State(app): State<Arc<App>>, cookies: CookieJar, headers: HeaderMap) -> Response {
    let (sid, presented) = read_cookie(&cookies);
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let mut sessions = app.sessions.lock().expect("no handler panics while it holds the lock");
    let Some(session) = sessions.get_mut(&sid) else {
        return reject(StatusCode::UNAUTHORIZED, "INVALID_REFRESH_TOKEN", "no such session");
    };
    if verify_slices_are_equal(&hash(&presented), &session.current).is_ok() {
        // The successor is stored, because a request with its predecessor may be repeated.
        session.successor = new_secret();
        session.previous = std::mem::replace(&mut session.current, hash(&session.successor));
        session.key = key;
        return app.token_response(&sid, session.user, &session.successor);
    }
    // A repeated request (a lost response, a reload, two tabs) has the same key and gets the same successor.
    if key.is_some() && key == session.key && verify_slices_are_equal(&hash(&presented), &session.previous).is_ok() {
        return app.token_response(&sid, session.user, &session.successor);
    }
    // Every other second use counts as theft.
    sessions.remove(&sid);
    reject(
        StatusCode::UNAUTHORIZED,
        "REFRESH_TOKEN_REUSED",
        "this refresh token was used before; the session has ended",
    )
}

async fn logout(State(app): State<Arc<App>>, cookies: CookieJar) -> Response {
    app.sessions.lock().expect("no handler panics while it holds the lock").remove(&read_cookie(&cookies).0);
    (StatusCode::NO_CONTENT, CookieJar::new().add(Cookie::build("refresh_token").path("/auth").removal()))
        .into_response()
}

async fn me(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let key = DecodingKey::from_secret(&app.signing_key);
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    let claims = token.and_then(|token| jsonwebtoken::decode::<Claims>(token, &key, &validation).ok());
    if let Some(user) = claims.and_then(|token| USERS.iter().find(|user| user.id == token.claims.sub)) {
        return Json(user).into_response();
    }
    let rejection = reject(StatusCode::UNAUTHORIZED, "INVALID_TOKEN", "expected a valid access token");
    ([(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")], rejection).into_response()
}

#[tokio::main]
async fn main() {
    let number = |name, default| env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let app = Arc::new(App {
        signing_key: random(),
        access_ttl: number("ACCESS_TTL", 900),
        cookie_secure: env::var("COOKIE_SECURE").as_deref() != Ok("false"),
        sessions: Mutex::default(),
    });
    let auth = Router::new()
        .route("/auth/login", post(login))
        .route("/auth/refresh", post(refresh))
        .route("/auth/logout", post(logout))
        .layer(middleware::from_fn(same_origin));
    let routes = auth.route("/api/me", get(me)).with_state(app);
    let listener =
        tokio::net::TcpListener::bind(("127.0.0.1", number("PORT", 3000) as u16)).await.expect("a free port");
    println!("listening on http://{}", listener.local_addr().expect("the listener is bound"));
    axum::serve(listener, routes).await.expect("the server runs");
}
