//! Login, refresh, logout, and the list of sessions.

use std::net::SocketAddr;

use axum::Json as Answer;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::json::{Json, check_length};
use super::{Shared, errors};
use crate::dialect::Dialect;
use crate::dpop::Jkt;
use crate::error::ApiError;
use crate::guard::{InBody, ProvenKey, RefreshToken, SignedIn, Transport, own_site};
use crate::limits;
use crate::now;
use crate::sessions::Refreshed;
use crate::store::{Session, User};
use crate::telemetry::Happened;

const COOKIE_PATH: &str = "/auth";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

errors!(
    LoginErrors: ApiError::field("what is wrong"), ApiError::InvalidCredentials, ApiError::CsrfRejected,
    ApiError::InvalidProof("what is wrong"), ApiError::UseDpopNonce
);
errors!(
    RefreshErrors: ApiError::field("what is wrong"), ApiError::NoRefreshToken, ApiError::InvalidRefreshToken,
    ApiError::RefreshTokenReused, ApiError::CsrfRejected, ApiError::InvalidProof("what is wrong"),
    ApiError::UseDpopNonce
);
errors!(LogoutErrors: ApiError::field("what is wrong"), ApiError::CsrfRejected);

#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// 1 to 254 bytes; upper and lower case are the same.
    #[schema(min_length = 1, max_length = 254)]
    email: String,
    /// 1 to 1024 bytes.
    #[schema(min_length = 1, max_length = 1024)]
    password: String,
    /// Where the refresh token is to travel; the default is `cookie`.
    transport: Option<Transport>,
}

/// What a login or a refresh gives.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// A JWT (RFC 9068).
    access_token: String,
    /// `Bearer`; `DPoP` where the token is bound to the key of the request's proof (RFC 9449).
    token_type: &'static str,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    user: Profile,
    /// With `transport: "body"` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Profile {
    id: String,
    email: String,
    role: String,
}

#[derive(Serialize, ToSchema)]
pub struct SessionList {
    sessions: Vec<SessionInfo>,
}

/// One sign-in of the caller's. Times are seconds since the epoch.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    id: String,
    created_at: u64,
    last_used_at: u64,
    /// When it ends unless it is used before.
    expires_at: u64,
    user_agent: String,
    /// Whether the access token of this request belongs to it.
    current: bool,
}

/// Sign in
///
/// A failure leaves the present session as it was; a success ends it, because its cookie is replaced.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = Credentials,
    responses((status = 200, body = Grant), LoginErrors))]
pub async fn login(
    State(server): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    cookies: CookieJar,
    ProvenKey(key): ProvenKey,
    Json(Credentials { email, password, transport }): Json<Credentials>,
) -> Result<Response, ApiError> {
    let transport = match server.config.dialect {
        Dialect::CookiesOnly => Transport::Cookie,
        Dialect::Body => transport.unwrap_or(Transport::Body),
        _ => transport.unwrap_or(Transport::Cookie),
    };
    if transport == Transport::Cookie {
        own_site(&headers, &server)?;
    }
    let (user, session) = sign_in(&server, peer, &headers, &email, password).await?;
    // The session that this browser had before is over; its cookie is about to be replaced.
    let before = cookies.get(server.config.dialect.refresh_cookie()).filter(|_| transport == Transport::Cookie);
    if let Some(before) = before.and_then(|cookie| server.refresh.open(cookie.value())) {
        server.sessions.end(&before.sid).await?;
    }
    grant(&server, &user, &session, transport, key.as_deref())
}

pub async fn sign_in(
    server: &Shared,
    peer: SocketAddr,
    headers: &HeaderMap,
    email: &str,
    password: String,
) -> Result<(User, Session), ApiError> {
    check_length("email", email, 254)?;
    check_length("password", &password, 1_024)?;
    let address = limits::caller(peer.ip(), headers, server.config.proxies);
    server.limits.login(email, address).inspect_err(|_| server.telemetry.count(Happened::Limited, ""))?;
    let user = server.sessions.store.user_by_email(email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let right = server.passwords.verify(password, hash).await?;
    let Some(user) = user.filter(|_| right) else {
        server.telemetry.count(Happened::LoginFailed, "");
        return Err(ApiError::InvalidCredentials);
    };
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let session = server.sessions.begin(&user, user_agent).await?;
    server.telemetry.count(Happened::LoginOk, &session.sid);
    Ok((user, session))
}

/// Renew
///
/// Takes the refresh token of the cookie, or of the body. It is good once: the answer brings the next. A repeat with the
/// same `Idempotency-Key` gets the same successor again, as long as that has not been used itself; any other second use
/// is taken for theft and ends the session. A refusal leaves the cookie alone: it may come late, after another tab has
/// signed in again, and would take the new session's cookie away.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = Option<InBody>,
    params(("Idempotency-Key" = Option<String>, Header, description = "One random value per sign-in")),
    responses((status = 200, body = Grant), RefreshErrors), security(("refresh cookie" = []), ()))]
pub async fn refresh(
    State(server): State<Shared>,
    headers: HeaderMap,
    ProvenKey(key): ProvenKey,
    token: RefreshToken,
) -> Result<Response, ApiError> {
    let (user, session) = rotate(&server, &headers, token.text.as_deref(), key.as_ref()).await?;
    grant(&server, &user, &session, token.transport, key.as_deref())
}

/// A session that was begun with a key goes on with that key alone; one that was begun without is bound to the key that
/// comes with a genuine token of it.
pub async fn rotate(
    server: &Shared,
    headers: &HeaderMap,
    token: Option<&str>,
    key: Option<&Jkt>,
) -> Result<(User, Session), ApiError> {
    let refused = |error| {
        server.telemetry.count(Happened::RefreshRefused, "");
        error
    };
    let token = token.ok_or_else(|| refused(ApiError::NoRefreshToken))?;
    let presented = server.refresh.open(token).ok_or_else(|| refused(ApiError::InvalidRefreshToken))?;
    if presented.jkt.is_some() && presented.jkt.as_ref() != key {
        server.telemetry.count(Happened::WrongKey, &presented.sid);
        return Err(refused(ApiError::InvalidRefreshToken));
    }
    let limited = |_: &ApiError| server.telemetry.count(Happened::Limited, &presented.sid);
    server.limits.refresh(&presented.sid).inspect_err(limited)?;
    let key = headers.get(IDEMPOTENCY_KEY).map(axum::http::HeaderValue::as_bytes);
    let (user, session, happened) = match server.sessions.refresh(&presented, key).await? {
        Refreshed::Rotated(user, session) => (user, session, Happened::RefreshRotated),
        Refreshed::Repeated(user, session) => (user, session, Happened::RefreshRepeated),
        Refreshed::Reused => {
            server.telemetry.count(Happened::RefreshReused, &presented.sid);
            return Err(ApiError::RefreshTokenReused);
        }
        Refreshed::Unknown => return Err(refused(ApiError::InvalidRefreshToken)),
    };
    server.telemetry.count(happened, &session.sid);
    Ok((user, session))
}

/// Sign out
///
/// By the refresh token of the cookie, or of the body, of whatever generation: whoever holds a genuine token of the
/// session may end it, but nobody else. 204 also when there was no session.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", request_body = Option<InBody>,
    responses((status = 204, description = "There is no such session any more"), LogoutErrors),
    security(("refresh cookie" = []), ()))]
pub async fn logout(State(server): State<Shared>, token: RefreshToken) -> Result<Response, ApiError> {
    if let Some(presented) = token.text.as_deref().and_then(|text| server.refresh.open(text))
        && server.sessions.end(&presented.sid).await?
    {
        server.telemetry.count(Happened::Logout, &presented.sid);
    }
    Ok(farewell(&server, token.transport))
}

/// Sign out everywhere
#[utoipa::path(post, path = "/auth/logout-all", tag = "auth",
    responses((status = 204, description = "Every session of the user is over"), super::TokenErrors),
    security(("access token" = [])))]
pub async fn logout_all(State(server): State<Shared>, SignedIn(claims): SignedIn) -> Result<Response, ApiError> {
    server.sessions.end_all(&claims.sub).await?;
    server.telemetry.count(Happened::Revoked, &claims.sid);
    Ok(farewell(&server, Transport::Cookie))
}

/// The caller's sessions, the latest first
#[utoipa::path(get, path = "/auth/sessions", tag = "auth",
    responses((status = 200, body = SessionList), super::TokenErrors), security(("access token" = [])))]
pub async fn sessions(
    State(server): State<Shared>,
    SignedIn(claims): SignedIn,
) -> Result<Answer<SessionList>, ApiError> {
    let sessions = server.sessions.store.sessions_of(&claims.sub, now()).await?;
    let info = |session: Session| SessionInfo {
        current: session.sid == claims.sid,
        id: session.sid,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.idle_expires_at,
        user_agent: session.user_agent,
    };
    Ok(Answer(SessionList { sessions: sessions.into_iter().map(info).collect() }))
}

/// End one of the caller's sessions
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", params(("id" = String, Path)),
    responses((status = 204, description = "It is over"), super::TokenErrors, SessionErrors),
    security(("access token" = [])))]
pub async fn end_session(
    State(server): State<Shared>,
    SignedIn(claims): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    // Somebody else's session and none at all are the same to the caller.
    let session = server.sessions.store.find(&id, now()).await?.filter(|session| session.user_id == claims.sub);
    let session = session.ok_or(ApiError::NotFound)?;
    server.sessions.end(&session.sid).await?;
    server.telemetry.count(Happened::Revoked, &session.sid);
    Ok(StatusCode::NO_CONTENT)
}

errors!(SessionErrors: ApiError::NotFound);

fn grant(
    server: &Shared,
    user: &User,
    session: &Session,
    transport: Transport,
    jkt: Option<&str>,
) -> Result<Response, ApiError> {
    let dialect = server.config.dialect;
    let (access_token, expires_in) = server.access.issue(user, session, jkt, now())?;
    let refresh_token = server.refresh.issue(&session.sid, session.generation, jkt);
    let idle = session.idle_expires_at.saturating_sub(now());
    let cookies = CookieJar::new();
    if let Some(name) = dialect.access_cookie() {
        let cookies = cookies.add(cookie(server, name, "/", access_token, expires_in)).add(cookie(
            server,
            dialect.refresh_cookie(),
            COOKIE_PATH,
            refresh_token,
            idle,
        ));
        return Ok((cookies, Answer(json!({ "success": true }))).into_response());
    }
    let mut body = Grant {
        access_token,
        token_type: token_type(jkt),
        expires_in: (dialect != Dialect::NoExpiresIn).then_some(expires_in),
        user: Profile { id: user.id.clone(), email: user.email.clone(), role: user.role.clone() },
        refresh_token: None,
    };
    if transport == Transport::Body {
        body.refresh_token = Some(refresh_token);
        return Ok(Answer(body).into_response());
    }
    let refresh_cookie = cookie(server, dialect.refresh_cookie(), COOKIE_PATH, refresh_token, idle);
    Ok((cookies.add(refresh_cookie), Answer(body)).into_response())
}

pub fn token_type(jkt: Option<&str>) -> &'static str {
    if jkt.is_some() { "DPoP" } else { "Bearer" }
}

/// Takes the cookies back.
fn farewell(server: &Shared, transport: Transport) -> Response {
    let dialect = server.config.dialect;
    let mut cookies = CookieJar::new();
    if transport == Transport::Cookie {
        cookies = cookies.add(cookie(server, dialect.refresh_cookie(), COOKIE_PATH, String::new(), 0));
        if let Some(name) = dialect.access_cookie() {
            cookies = cookies.add(cookie(server, name, "/", String::new(), 0));
        }
    }
    if dialect.says_success() {
        (cookies, Answer(json!({ "success": true }))).into_response()
    } else {
        (cookies, StatusCode::NO_CONTENT).into_response()
    }
}

fn cookie(server: &Shared, name: &'static str, path: &'static str, value: String, max_age: u64) -> Cookie<'static> {
    Cookie::build((name, value))
        .http_only(true)
        .same_site(SameSite::Strict)
        .path(path)
        .secure(server.config.cookie_secure)
        .max_age(time::Duration::seconds(i64::try_from(max_age).unwrap_or(i64::MAX)))
        .build()
}
