//! The server's half of tokenward in Axum: three endpoints, rotation, reuse detection, and one call that wants a token.
//! Sessions are in memory and passwords in the source: put a database and a password hash (argon2id) in their place.
//! (`www/server` is the grown-up one.)
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

/// Hashes of the present refresh token and of the one before, with the key that rotated it and what came of it.
struct Session {
    user: &'static User,
    present: Vec<u8>,
    before: Vec<u8>,
    key: Option<String>,
    successor: String,
}

struct App {
    key: [u8; 32],
    life: u64,
    secure: bool,
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
    rand::fill(&mut bytes).expect("the system has randomness");
    bytes
}

fn secret() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

/// The cookie is `SameSite=Strict`; browsers also say themselves where a request comes from.
async fn same_origin(request: Request, next: Next) -> Response {
    match request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => next.run(request).await,
        Some(_) => refuse(StatusCode::FORBIDDEN, "CSRF_REJECTED", "expected a call from this origin"),
    }
}

impl App {
    fn grant(&self, sid: &str, user: &User, secret: &str) -> Response {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
        let claims = Claims { sub: user.id.to_owned(), iat: now, exp: now + self.life };
        let key = EncodingKey::from_secret(&self.key);
        let token = jsonwebtoken::encode(&Header::default(), &claims, &key).expect("claims are JSON");
        let cookie = Cookie::build(("refresh_token", format!("{sid}.{secret}")))
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.secure)
            .path("/auth");
        let body = Json(json!({ "accessToken": token, "expiresIn": self.life, "user": user }));
        (CookieJar::new().add(cookie), [(header::CACHE_CONTROL, "no-store")], body).into_response()
    }
}

async fn login(State(app): State<Arc<App>>, Json(given): Json<Credentials>) -> Response {
    let known = USERS.iter().find(|user| user.email == given.email && user.password == given.password);
    let Some(user) = known else {
        return refuse(StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS", "wrong email or password");
    };
    let (sid, secret) = (URL_SAFE_NO_PAD.encode(random::<16>()), secret());
    let session = Session { user, present: hash(&secret), before: Vec::new(), key: None, successor: String::new() };
    app.sessions.lock().expect("nobody panics").insert(sid.clone(), session);
    app.grant(&sid, user, &secret)
}

fn presented(cookies: &CookieJar) -> (String, String) {
    let token = cookies.get("refresh_token").map_or("", Cookie::value);
    let (sid, secret) = token.split_once('.').unwrap_or_default();
    (sid.to_owned(), secret.to_owned())
}

async fn refresh(State(app): State<Arc<App>>, cookies: CookieJar, headers: HeaderMap) -> Response {
    let (sid, given) = presented(&cookies);
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let mut sessions = app.sessions.lock().expect("nobody panics");
    let Some(session) = sessions.get_mut(&sid) else {
        return refuse(StatusCode::UNAUTHORIZED, "INVALID_REFRESH_TOKEN", "no such session");
    };
    if verify_slices_are_equal(&hash(&given), &session.present).is_ok() {
        // The successor is kept for as long as its predecessor may be repeated.
        session.successor = secret();
        session.before = std::mem::replace(&mut session.present, hash(&session.successor));
        session.key = key;
        return app.grant(&sid, session.user, &session.successor);
    }
    // A lost answer, a reload, two tabs: the same key asks for the same successor.
    if key.is_some() && key == session.key && verify_slices_are_equal(&hash(&given), &session.before).is_ok() {
        return app.grant(&sid, session.user, &session.successor);
    }
    // Anything else is a second use: somebody has a stolen token.
    sessions.remove(&sid);
    refuse(StatusCode::UNAUTHORIZED, "REFRESH_TOKEN_REUSED", "this refresh token was used before; the session is over")
}

async fn logout(State(app): State<Arc<App>>, cookies: CookieJar) -> Response {
    app.sessions.lock().expect("nobody panics").remove(&presented(&cookies).0);
    (StatusCode::NO_CONTENT, CookieJar::new().add(Cookie::build("refresh_token").path("/auth").removal()))
        .into_response()
}

async fn me(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let key = DecodingKey::from_secret(&app.key);
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    let claims = token.and_then(|token| jsonwebtoken::decode::<Claims>(token, &key, &validation).ok());
    if let Some(user) = claims.and_then(|token| USERS.iter().find(|user| user.id == token.claims.sub)) {
        return Json(user).into_response();
    }
    let refusal = refuse(StatusCode::UNAUTHORIZED, "INVALID_TOKEN", "expected a token that is good");
    ([(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")], refusal).into_response()
}

#[tokio::main]
async fn main() {
    let number = |name, default| env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let app = Arc::new(App {
        key: random(),
        life: number("ACCESS_TTL", 900),
        secure: env::var("COOKIE_SECURE").as_deref() != Ok("false"),
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
    println!("listening on http://{}", listener.local_addr().expect("it is bound"));
    axum::serve(listener, routes).await.expect("the server runs");
}
