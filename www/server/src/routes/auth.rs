//! Login, refresh, logout: what the refresh cookie opens.

use std::net::SocketAddr;

use axum::Json as Answer;
use axum::extract::{ConnectInfo, State};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::json::{Json, check_length};
use super::{Shared, now};
use crate::error::ApiError;
use crate::guard::{OwnSite, SignedIn};
use crate::refresh_token::RefreshTokens;
use crate::store::{NewSession, Rotation, Session, User};
use crate::telemetry::Happened;

const COOKIE: &str = "refresh_token";
const COOKIE_PATH: &str = "/auth";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

#[derive(Deserialize)]
pub struct Credentials {
    email: String,
    password: String,
}

type Granted = (CookieJar, Answer<Value>);

/// `POST /auth/login`
pub async fn login(
    State(server): State<Shared>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    cookies: CookieJar,
    Json(Credentials { email, password }): Json<Credentials>,
) -> Result<Granted, ApiError> {
    check_length("email", &email, 254)?;
    check_length("password", &password, 1_024)?;
    server.limits.login(&email, address.ip()).inspect_err(|_| server.telemetry.count(Happened::Limited, ""))?;
    let user = server.users.user_by_email(&email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let right = server.passwords.verify(password, hash).await;
    let Some(user) = user.filter(|_| right) else {
        server.telemetry.count(Happened::LoginFailed, "");
        return Err(ApiError::InvalidCredentials);
    };
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let new = NewSession {
        sid: RefreshTokens::new_sid(),
        user_id: user.id.clone(),
        user_agent: user_agent.chars().take(200).collect(),
        idle_ttl: server.config.refresh_idle_ttl,
        absolute_ttl: server.config.refresh_absolute_ttl,
    };
    // The session that this browser had before is over; its cookie is about to be replaced.
    if let Some(before) = cookies.get(COOKIE).and_then(|cookie| server.refresh.open(cookie.value())) {
        server.sessions.end(&before.sid).await?;
    }
    let session = server.sessions.create(new, now()).await?;
    server.telemetry.count(Happened::LoginOk, &session.sid);
    grant(&server, cookies, &user, &session)
}

/// `POST /auth/refresh`. A refusal leaves the cookie alone: it may come late, after another tab has signed in again, and
/// would take the new session's cookie away.
pub async fn refresh(
    State(server): State<Shared>,
    _: OwnSite,
    headers: HeaderMap,
    cookies: CookieJar,
) -> Result<Granted, ApiError> {
    let (user, session) = rotate(&server, &headers, &cookies).await?;
    grant(&server, cookies, &user, &session)
}

async fn rotate(server: &Shared, headers: &HeaderMap, cookies: &CookieJar) -> Result<(User, Session), ApiError> {
    let refused = |error| {
        server.telemetry.count(Happened::RefreshRefused, "");
        error
    };
    let cookie = cookies.get(COOKIE).ok_or_else(|| refused(ApiError::NoRefreshToken))?;
    let presented = server.refresh.open(cookie.value()).ok_or_else(|| refused(ApiError::InvalidRefreshToken))?;
    let limited = |_: &ApiError| server.telemetry.count(Happened::Limited, &presented.sid);
    server.limits.refresh(&presented.sid).inspect_err(limited)?;
    let key = headers.get(IDEMPOTENCY_KEY).map(|key| Sha256::digest(key.as_bytes()).into());
    let idle_ttl = server.config.refresh_idle_ttl;
    let rotation = server.sessions.rotate(&presented.sid, presented.generation, key, idle_ttl, now()).await?;
    let (session, happened) = match rotation {
        Rotation::Rotated(session) => (session, Happened::Rotated),
        Rotation::Repeated(session) => (session, Happened::Repeated),
        Rotation::Reused => {
            server.telemetry.count(Happened::Reused, &presented.sid);
            return Err(ApiError::RefreshTokenReused);
        }
        Rotation::Unknown => return Err(refused(ApiError::InvalidRefreshToken)),
    };
    server.telemetry.count(happened, &session.sid);
    // Read again each time: a role that was taken away is gone with the next token.
    match server.users.user(&session.user_id).await? {
        Some(user) => Ok((user, session)),
        None => Err(refused(ApiError::InvalidRefreshToken)),
    }
}

/// `POST /auth/logout`: 204 also when there was no session.
pub async fn logout(
    State(server): State<Shared>,
    _: OwnSite,
    cookies: CookieJar,
) -> Result<(CookieJar, StatusCode), ApiError> {
    // Any generation will do: whoever holds a genuine token of the session may end it, but nobody else.
    if let Some(presented) = cookies.get(COOKIE).and_then(|cookie| server.refresh.open(cookie.value())) {
        server.sessions.end(&presented.sid).await?;
        server.telemetry.count(Happened::Logout, &presented.sid);
    }
    Ok((cookies.add(no_cookie(&server)), StatusCode::NO_CONTENT))
}

/// `POST /auth/logout-all`
pub async fn logout_all(
    State(server): State<Shared>,
    SignedIn(claims): SignedIn,
    cookies: CookieJar,
) -> Result<(CookieJar, StatusCode), ApiError> {
    server.sessions.end_all(&claims.sub).await?;
    server.telemetry.count(Happened::Logout, &claims.sid);
    Ok((cookies.add(no_cookie(&server)), StatusCode::NO_CONTENT))
}

fn grant(server: &Shared, cookies: CookieJar, user: &User, session: &Session) -> Result<Granted, ApiError> {
    let (access_token, expires_in) = server.access.issue(user, &session.sid, now())?;
    let refresh_token = server.refresh.issue(&session.sid, session.generation);
    let max_age = session.idle_expires_at.saturating_sub(now());
    let body = json!({
        "accessToken": access_token,
        "tokenType": "Bearer",
        "expiresIn": expires_in,
        "user": { "id": user.id, "email": user.email, "role": user.role },
    });
    Ok((cookies.add(cookie(server, refresh_token, max_age)), Answer(body)))
}

fn cookie(server: &Shared, value: String, max_age: u64) -> Cookie<'static> {
    let mut cookie = Cookie::new(COOKIE, value);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_path(COOKIE_PATH);
    cookie.set_secure(server.config.cookie_secure);
    cookie.set_max_age(time::Duration::seconds(i64::try_from(max_age).unwrap_or(i64::MAX)));
    cookie
}

fn no_cookie(server: &Shared) -> Cookie<'static> {
    cookie(server, String::new(), 0)
}
