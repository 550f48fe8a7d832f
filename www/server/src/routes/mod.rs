//! The endpoints, and the layers around them.

mod api;
mod auth;
pub mod demo;
pub mod json;
mod oauth;
mod ops;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY as POLICY, CONTENT_TYPE, HeaderName, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, get_service};
use http_body_util::BodyExt;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::services::{ServeDir, ServeFile};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{OpenApi, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;
use crate::dialect::Dialect;
use crate::dpop::{DPOP, DPOP_NONCE, Proofs};
use crate::error::ApiError;
use crate::limits::Limits;
use crate::passwords::Passwords;
use crate::refresh_token::RefreshTokens;
use crate::sessions::Sessions;
use crate::telemetry::{REQUEST_ID, Telemetry};
use crate::tokens::AccessTokens;

/// Bodies of auth calls are small.
const AUTH_BODY_LIMIT: usize = 16 * 1024;
const API_BODY_LIMIT: usize = 2 * 1024 * 1024;
/// How much of a body that is too long is read and thrown away.
const DRAINED: usize = 4 * 1024 * 1024;
/// A request that has not arrived and been answered by then never will be.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// `'wasm-unsafe-eval'` allows compiling wasm, nothing else.
macro_rules! content_security_policy {
    ($connect:literal) => {
        concat!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
            $connect,
            "; style-src 'self'; img-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'"
        )
    };
}
const CONTENT_SECURITY_POLICY: &str = content_security_policy!("");
/// Of the page that developers point at servers of their own.
const OWN_SERVER_POLICY: &str = content_security_policy!(" http: https:");

const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// What every handler shares.
pub struct Server {
    pub config: Config,
    pub access: AccessTokens,
    pub refresh: RefreshTokens,
    pub proofs: Proofs,
    pub passwords: Passwords,
    pub limits: Limits,
    pub telemetry: Telemetry,
    pub sessions: Sessions,
    pub expired: demo::Expired,
    pub faults: demo::Faults,
    pub loot: demo::Loot,
    /// The front of all request ids of this process.
    pub request_prefix: String,
    pub requests: AtomicU64,
}

pub type Shared = Arc<Server>;

/// Names the failures of an endpoint once, for its OpenAPI description.
macro_rules! errors {
    ($name:ident: $($error:expr),+) => {
        pub struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                $crate::error::describe(&[$($error),+])
            }
        }
    };
}
use errors;

errors!(
    TokenErrors: ApiError::NoToken, ApiError::TokenExpired, ApiError::InvalidToken, ApiError::TokenRevoked,
    ApiError::InvalidProof("what is wrong"), ApiError::UseDpopNonce
);
errors!(
    AnyErrors: ApiError::InvalidRequest(axum::http::StatusCode::PAYLOAD_TOO_LARGE, "body: too long".into()),
    ApiError::InvalidRequest(axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type: expected …".into()),
    ApiError::MethodNotAllowed, ApiError::RequestTimeout, ApiError::RateLimited(Duration::ZERO),
    ApiError::StoreUnavailable
);

/// Every failure.
#[derive(ToSchema)]
#[allow(dead_code)]
struct ErrorBody {
    error: ErrorDetail,
}

/// Every failure, with `DIALECT=error-text` and, with its code, `no-expires-in`.
#[derive(ToSchema)]
#[allow(dead_code)]
struct ErrorText {
    error: String,
    code: Option<String>,
}

/// Every failure, with `DIALECT=oauth2` (RFC 6749 §5.2).
#[derive(ToSchema)]
#[allow(dead_code)]
struct OauthError {
    error: String,
    error_description: String,
}

/// Success where there is nothing else to say.
#[derive(ToSchema)]
#[allow(dead_code)]
struct Success {
    success: bool,
}

#[derive(ToSchema)]
#[allow(dead_code)]
struct ErrorDetail {
    /// For programs.
    code: String,
    /// For people; never holds a token or a password.
    message: String,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "tokenward-server", description = "Login, rotating refresh tokens, revocation, roles."),
    components(schemas(ErrorBody))
)]
struct Document;

pub fn router(server: Shared) -> Router {
    let config = &server.config;
    let (router, document) = endpoints(config.dialect, config.demo).split_for_parts();
    let document: &'static str = Box::leak(document.to_json().unwrap_or_default().into_boxed_str());
    let json = [(CONTENT_TYPE, "application/json")];
    let app = router.route("/openapi.json", get(move || async move { (json, document) }));
    let app = match &config.demo_dir {
        Some(folder) => app
            .route_service("/own-server", own_server(folder))
            .fallback_service(ServeDir::new(folder).fallback(get(not_found))),
        None => app.fallback(not_found),
    };
    let app = if config.demo { app.layer(from_fn_with_state(server.clone(), demo::go_wrong)) } else { app };
    app.method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(cors(config))
        .layer(from_fn_with_state(server.clone(), around))
        .with_state(server)
}

/// The demo page once more, with leave to talk to any server.
fn own_server(folder: &Path) -> MethodRouter {
    let policy = [(POLICY, HeaderValue::from_static(OWN_SERVER_POLICY))];
    get_service(ServeFile::new(folder.join("index.html"))).layer(map_response(move |response: Response| {
        let policy = policy.clone();
        async move { (policy, response) }
    }))
}

/// The OpenAPI document of a server with these settings.
pub fn openapi(dialect: Dialect, demo: bool) -> utoipa::openapi::OpenApi {
    endpoints(dialect, demo).split_for_parts().1
}

fn endpoints(dialect: Dialect, demo: bool) -> OpenApiRouter<Shared> {
    let mut auth = OpenApiRouter::new()
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::logout_all))
        .routes(routes!(auth::sessions))
        .routes(routes!(auth::end_session));
    if dialect == Dialect::Oauth2 {
        auth = auth.routes(routes!(oauth::token)).routes(routes!(oauth::revoke));
    }
    let auth = auth.layer(from_fn_with_state(AUTH_BODY_LIMIT, whole_body)).layer(from_fn(no_store));
    let api = OpenApiRouter::new()
        .routes(routes!(api::me))
        .routes(routes!(api::admin))
        .routes(routes!(api::echo))
        .layer(from_fn_with_state(API_BODY_LIMIT, whole_body));
    let mut all = OpenApiRouter::with_openapi(Document::openapi())
        .merge(auth)
        .merge(api)
        .routes(routes!(ops::jwks))
        .routes(routes!(ops::healthz))
        .routes(routes!(ops::readyz))
        .routes(routes!(ops::metrics));
    if demo {
        all = all
            .routes(routes!(demo::expire_token))
            .routes(routes!(demo::start_fault, demo::end_faults))
            .routes(routes!(demo::theft))
            .routes(routes!(demo::use_loot))
            .routes(routes!(demo::session_end));
    }
    complete(all.get_openapi_mut(), dialect);
    all
}

/// What is true of every endpoint is not written at each.
fn complete(document: &mut utoipa::openapi::OpenApi, dialect: Dialect) {
    let common = <AnyErrors as utoipa::IntoResponses>::responses();
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            if dialect.says_success()
                && let Some(nothing) = operation.responses.responses.remove("204")
            {
                operation.responses.responses.entry("200".into()).or_insert(nothing);
            }
            for (status, response) in &common {
                operation.responses.responses.entry(status.clone()).or_insert_with(|| response.clone());
            }
        }
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(dialect.refresh_cookie())));
    let components = document.components.get_or_insert_default();
    let mut is_like = |name: &str, schema| drop(components.schemas.insert(name.to_owned(), schema));
    match dialect {
        Dialect::ErrorText | Dialect::NoExpiresIn => is_like("ErrorBody", ErrorText::schema()),
        Dialect::Oauth2 => is_like("ErrorBody", OauthError::schema()),
        Dialect::CookiesOnly => is_like("Grant", Success::schema()),
        Dialect::Tokenward | Dialect::Body => {}
    }
    components.add_security_scheme("access token", SecurityScheme::Http(bearer));
    components.add_security_scheme("refresh cookie", cookie);
}

/// What every request gets: an id, a limit of time, the dialect's errors, security headers, a line in the metrics.
async fn around(State(server): State<Shared>, path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers(), &server);
    let proves = request.headers().contains_key(DPOP);
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request));
    let answer = REQUEST_ID.scope(id.clone(), answer).await;
    let mut response = answer.unwrap_or_else(|_| ApiError::RequestTimeout.into_response());
    let dialect = server.config.dialect;
    if dialect != Dialect::Tokenward
        && let Some(error) = response.extensions_mut().remove::<ApiError>()
    {
        let mut headers = std::mem::take(response.headers_mut());
        response = error.response(dialect);
        for name in response.headers().keys() {
            headers.remove(name);
        }
        headers.remove(axum::http::header::CONTENT_LENGTH);
        response.headers_mut().extend(headers);
    }
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    if proves && let Ok(nonce) = HeaderValue::from_str(&server.proofs.nonce()) {
        response.headers_mut().insert(DPOP_NONCE, nonce);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, id);
    }
    server.telemetry.answered(path.as_ref().map(MatchedPath::as_str), response.status().as_u16(), started.elapsed());
    response
}

/// The one that a proxy gave, if it is a plain word, or a new one.
fn request_id(headers: &HeaderMap, server: &Server) -> String {
    let plain = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
    };
    let given = headers.get(REQUEST_ID_HEADER).and_then(|id| id.to_str().ok()).filter(plain);
    given.map_or_else(
        || format!("{}-{:x}", server.request_prefix, server.requests.fetch_add(1, Ordering::Relaxed)),
        str::to_owned,
    )
}

/// Takes in the body before anything is decided. An answer that is sent while a body is still coming ends the connection,
/// and the caller may see a broken connection instead of the 401 that it could have mended. What is too long is read to
/// its end as well, within reason, and thrown away.
async fn whole_body(State(limit): State<usize>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, mut body) = request.into_parts();
    let (mut whole, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Some(data) = frame.ok().and_then(|frame| frame.into_data().ok()) else { break };
        length += data.len();
        if length <= limit {
            whole.extend_from_slice(&data);
        } else if length > limit + DRAINED {
            break;
        }
    }
    if length > limit {
        return json::too_long().into_response();
    }
    next.run(Request::from_parts(parts, Body::from(whole))).await
}

async fn not_found() -> ApiError {
    ApiError::NotFound
}

async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn cors(config: &Config) -> CorsLayer {
    let origins = config.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("idempotency-key"), DPOP])
        .expose_headers([RETRY_AFTER, REQUEST_ID_HEADER, DPOP_NONCE, WWW_AUTHENTICATE])
        .max_age(Duration::from_secs(600))
}
