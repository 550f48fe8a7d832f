//! The response to a login or refresh, and the cookies of the tokens.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::Transport;
use crate::now;
use crate::sign_in::mediation::ProviderToken;
use crate::state::AppState;
use crate::store::{Session, User};
use crate::token::access::Authentication;

const ACCESS_COOKIE_PATH: &str = "/";

/// The response to a login or refresh.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenResponse {
    /// A JWT (RFC 9068); with `OIDC_TOKENS=provider`, the provider's token.
    access_token: String,
    /// `Bearer`; `DPoP` if the token is bound to the key of the request's proof (RFC 9449).
    token_type: &'static str,
    /// The lifetime of the access token in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    user: Profile,
    /// Only with `transport: "body"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Profile {
    id: String,
    email: String,
    role: String,
}

/// Whom a login or refresh issues tokens for.
pub struct Grantee {
    pub user: User,
    pub session: Session,
    pub authentication: Authentication,
    /// The access token that the page receives instead of one of this server.
    pub provider_token: Option<ProviderToken>,
}

impl Grantee {
    /// A user who has signed in with a password.
    pub fn with_password(user: User, session: Session) -> Self {
        Self { user, session, authentication: Authentication::default(), provider_token: None }
    }
}

/// Issues the tokens of the session's current generation.
pub fn token_response(
    state: &AppState,
    grantee: &Grantee,
    transport: Transport,
    jkt: Option<&str>,
) -> Result<Response, ApiError> {
    let dialect = state.http.dialect;
    let Grantee { user, session, authentication, provider_token } = grantee;
    let (access_token, expires_in) = match provider_token {
        Some(token) => (token.access_token.expose().to_owned(), token.expires_in),
        None => state.access_tokens.issue(user, session, authentication, jkt, now())?,
    };
    let refresh_token = state.refresh_tokens.issue(&session.sid, session.generation, jkt);
    let idle_ttl = session.idle_expires_at.saturating_sub(state.sessions.now());
    if let Some(name) = &state.http.access_cookie {
        let cookies = CookieJar::new()
            .add(cookie(state, name, ACCESS_COOKIE_PATH, access_token, expires_in))
            .add(refresh_cookie(state, refresh_token, idle_ttl));
        return Ok((cookies, Json(json!({ "success": true }))).into_response());
    }
    let mut body = TokenResponse {
        access_token,
        token_type: token_type(jkt),
        expires_in: (dialect != Dialect::NoExpiresIn).then_some(expires_in),
        user: Profile { id: user.id.clone(), email: user.email.clone(), role: user.role.clone() },
        refresh_token: None,
    };
    if transport == Transport::Body {
        body.refresh_token = Some(refresh_token);
        return Ok(Json(body).into_response());
    }
    let cookies = CookieJar::new().add(refresh_cookie(state, refresh_token, idle_ttl));
    Ok((cookies, Json(body)).into_response())
}

/// `DPoP` for a token that is bound to a key, otherwise `Bearer`.
pub fn token_type(jkt: Option<&str>) -> &'static str {
    if jkt.is_some() { "DPoP" } else { "Bearer" }
}

/// The response to a logout; it removes the cookies if the refresh token was in one.
pub fn clear_cookies(state: &AppState, transport: Transport) -> Response {
    let cookies = if transport == Transport::Cookie { expired_cookies(state) } else { CookieJar::new() };
    if state.http.dialect.says_success() {
        (cookies, Json(json!({ "success": true }))).into_response()
    } else {
        (cookies, StatusCode::NO_CONTENT).into_response()
    }
}

/// Cookies that remove those of the tokens.
pub fn expired_cookies(state: &AppState) -> CookieJar {
    let cookies = CookieJar::new().add(refresh_cookie(state, String::new(), 0));
    match &state.http.access_cookie {
        Some(name) => cookies.add(cookie(state, name, ACCESS_COOKIE_PATH, String::new(), 0)),
        None => cookies,
    }
}

/// The cookie of a refresh token; `max_age` in seconds.
pub fn refresh_cookie(state: &AppState, value: String, max_age: u64) -> Cookie<'static> {
    cookie(state, &state.http.refresh_cookie, state.http.refresh_cookie_path, value, max_age)
}

/// An httpOnly cookie; `max_age` in seconds.
fn cookie(state: &AppState, name: &str, path: &'static str, value: String, max_age: u64) -> Cookie<'static> {
    Cookie::build((name.to_owned(), value))
        .http_only(true)
        .same_site(SameSite::Strict)
        .path(path)
        .secure(state.http.cookie_secure)
        .max_age(time::Duration::seconds(i64::try_from(max_age).unwrap_or(i64::MAX)))
        .build()
}
