//! The endpoints, and the layers around them.

mod api;
mod auth;
pub mod demo;
mod json;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;

use crate::config::Config;
use crate::error::ApiError;
use crate::limits::Limits;
use crate::passwords::Passwords;
use crate::refresh_token::RefreshTokens;
use crate::store::{SessionStore, UserStore};
use crate::telemetry::Telemetry;
use crate::tokens::AccessTokens;

/// Bodies of auth calls are small.
const AUTH_BODY_LIMIT: usize = 16 * 1024;
const API_BODY_LIMIT: usize = 2 * 1024 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// `'wasm-unsafe-eval'` allows compiling wasm, nothing else. Inline styles are for the demo page's charts.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
     style-src 'self'; img-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// What every handler shares.
pub struct Server {
    pub config: Config,
    pub access: AccessTokens,
    pub refresh: RefreshTokens,
    pub passwords: Passwords,
    pub limits: Limits,
    pub telemetry: Telemetry,
    pub sessions: Arc<dyn SessionStore>,
    pub users: Arc<dyn UserStore>,
    pub expired: demo::Expired,
}

pub type Shared = Arc<Server>;

pub fn router(server: Server) -> Router {
    let cors = cors(&server.config);
    let demo_dir = server.config.demo_dir.clone();
    let demo = server.config.demo;
    let auth = Router::new()
        .route("/auth/login", post(auth::login))
        .route("/auth/refresh", post(auth::refresh))
        .route("/auth/logout", post(auth::logout))
        .route("/auth/logout-all", post(auth::logout_all))
        .layer(DefaultBodyLimit::max(AUTH_BODY_LIMIT))
        .layer(from_fn(no_store));
    let api = Router::new()
        .route("/api/me", get(api::me))
        .route("/api/admin", get(api::admin))
        .route("/api/echo", post(api::echo))
        .layer(DefaultBodyLimit::max(API_BODY_LIMIT));
    let mut app = Router::new()
        .merge(auth)
        .merge(api)
        .route("/healthz", get(|| async { "ok" }))
        .route("/metrics", get(metrics))
        .route("/.well-known/jwks.json", get(jwks));
    if demo {
        app = app.route("/demo/expire-token", post(demo::expire_token));
    }
    let app = match demo_dir {
        Some(folder) => app.fallback_service(ServeDir::new(folder).fallback(get(not_found))),
        None => app.fallback(not_found),
    };
    app.layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(from_fn(security_headers))
        .layer(cors)
        .with_state(Arc::new(server))
}

/// Seconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

async fn metrics(State(server): State<Shared>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], server.telemetry.render()).into_response()
}

async fn jwks(State(server): State<Shared>) -> Response {
    let keys = axum::Json(server.access.jwks());
    ([(CACHE_CONTROL, "public, max-age=300")], keys).into_response()
}

async fn not_found() -> ApiError {
    ApiError::NotFound
}

async fn no_store(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn security_headers(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        response.headers_mut().entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn cors(config: &Config) -> CorsLayer {
    let origins = config.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("idempotency-key")])
        .expose_headers([RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}
