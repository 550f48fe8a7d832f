//! `POST /auth/login`.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dialect::Dialect;
use crate::error::{ApiError, error_responses};
use crate::extract::cookies::genuine_refresh_tokens;
use crate::extract::json::{Json, check_length};
use crate::extract::{DpopKey, Transport, require_same_site};
use crate::rate_limit::network;
use crate::routes::token_response::{Grantee, TokenResponse, token_response};
use crate::sign_in::mediation;
use crate::state::Shared;
use crate::store::{Session, StoreError, User};
use crate::telemetry::AuthEvent;

const MAX_EMAIL_LENGTH: usize = 254;
const MAX_PASSWORD_LENGTH: usize = 1_024;
/// How often a login verifies the password while the user's credentials change.
const ATTEMPTS: u32 = 3;

error_responses!(
    LoginErrors: ApiError::invalid_field("what is wrong"), ApiError::InvalidCredentials, ApiError::CsrfRejected,
    ApiError::InvalidProof("what is wrong"), ApiError::UseDpopNonce
);

#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// 1 to 254 bytes, compared without regard to ASCII case.
    #[schema(min_length = 1, max_length = 254)]
    email: String,
    /// 1 to 1024 bytes.
    #[schema(min_length = 1, max_length = 1024)]
    password: String,
    /// How the refresh token is to travel; the default is `cookie`.
    transport: Option<Transport>,
}

/// Sign in
///
/// A failed login leaves the browser's present session unchanged. A successful login ends that session, because its
/// cookie is replaced.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = Credentials,
    responses((status = 200, body = TokenResponse), LoginErrors))]
pub async fn login(
    State(state): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    DpopKey(key): DpopKey,
    Json(Credentials { email, password, transport }): Json<Credentials>,
) -> Result<Response, ApiError> {
    let dialect = state.http.dialect;
    let transport = match dialect {
        Dialect::CookiesOnly => Transport::Cookie,
        Dialect::Body => transport.unwrap_or(Transport::Body),
        Dialect::Tokenward | Dialect::ErrorText | Dialect::NoExpiresIn | Dialect::Oauth2 => {
            transport.unwrap_or(Transport::Cookie)
        }
    };
    if transport == Transport::Cookie {
        require_same_site(&headers, &state)?;
    }
    let previous = match transport {
        Transport::Cookie => genuine_refresh_tokens(&headers, &state).into_keys().collect(),
        Transport::Body => Vec::new(),
    };
    let (user, session) = sign_in(&state, peer, &headers, &email, password, previous).await?;
    let grantee = Grantee::with_password(user, session);
    token_response(&state, &grantee, transport, key.as_deref())
}

/// Checks the credentials, begins a session, and ends the `previous` ones of this browser.
pub async fn sign_in(
    state: &Shared,
    peer: SocketAddr,
    headers: &HeaderMap,
    email: &str,
    password: String,
    previous: Vec<String>,
) -> Result<(User, Session), ApiError> {
    check_length("email", email, MAX_EMAIL_LENGTH)?;
    check_length("password", &password, MAX_PASSWORD_LENGTH)?;
    let address = state.http.client_address(peer, headers);
    let limited = |_: &ApiError| state.telemetry.record(AuthEvent::RateLimited, "");
    state.rate_limits.login(email, address).inspect_err(limited)?;
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for _ in 0..ATTEMPTS {
        let user = state.sessions.store.user_by_email(email).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let correct = state.passwords.verify(network(address), password.clone(), hash).await?;
        let Some(user) = user.filter(|user| correct && !state.sessions.is_blocked(&user.id)) else {
            state.telemetry.record(AuthEvent::LoginFailed, "");
            return Err(ApiError::InvalidCredentials);
        };
        state.rate_limits.remember(email, address);
        if let Some(session) = begin(state, &user, user_agent, &previous).await? {
            return Ok((user, session));
        }
        // The password was changed, or all sessions were ended, since it was verified.
    }
    Err(ApiError::StoreUnavailable)
}

/// Begins a session, and ends the previous ones. `None` if the user's credential version has changed.
async fn begin(
    state: &Shared,
    user: &User,
    user_agent: &str,
    previous: &[String],
) -> Result<Option<Session>, ApiError> {
    let task = {
        let (state, user) = (state.clone(), user.clone());
        let (user_agent, previous) = (user_agent.to_owned(), previous.to_vec());
        async move {
            let session = match state.sessions.begin(&user, &user_agent).await {
                Err(StoreError::CredentialsChanged) => return Ok(None),
                result => result?,
            };
            state.telemetry.record(AuthEvent::LoginSucceeded, &session.sid);
            for previous in &previous {
                state.sessions.end(previous).await?;
            }
            mediation::release(&state, &previous).await;
            Ok(Some(session))
        }
    };
    state.store_tasks.run(task).await
}
