//! `POST /auth/backchannel-logout`.

use axum::Json;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::routes::logout::end_sessions;
use crate::sign_in::{
    LOGOUT_TOKEN_LIFE, LogoutToken, Provider, ProviderError, claimed_issuer, provider_session, provider_session_key,
};
use crate::state::Shared;
use crate::telemetry::AuthEvent;
use crate::users::provider_user_id;

/// How long the id of a logout token is remembered, in seconds: as long as a token may be old, with both clocks wrong.
const REPLAY_LIFE: u64 = LOGOUT_TOKEN_LIFE + 120;

#[derive(Deserialize, ToSchema)]
pub struct LogoutRequest {
    /// A JWT that the provider signed.
    logout_token: String,
}

/// The provider reports a sign-out
///
/// Ends the sessions that began in the provider's session, or all of the user's that began at the provider (OpenID Connect
/// Back-Channel Logout 1.0). Their access tokens are rejected as after any sign-out.
#[utoipa::path(post, path = "/auth/backchannel-logout", tag = "sign-in",
    request_body(content = LogoutRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The sessions have ended"),
        (status = 400, description = "The logout token is not valid, or came before")))]
pub async fn backchannel_logout(
    State(state): State<Shared>,
    form: Result<Form<LogoutRequest>, axum::extract::rejection::FormRejection>,
) -> Response {
    let Ok(Form(LogoutRequest { logout_token })) = form else {
        return rejected("logout_token: expected a form with this field");
    };
    let issuer = claimed_issuer(&logout_token);
    let Some(provider) = issuer.and_then(|issuer| state.sign_in.provider_of_issuer(&issuer)) else {
        return rejected("iss: expected the issuer of a provider of this server");
    };
    let token = match provider.logout_token(&logout_token).await {
        Ok(token) => token,
        Err(ProviderError::Refused(text)) => return rejected(&text),
        // The keys could not be read: the provider may send the token again.
        Err(_) => return ApiError::StoreUnavailable.into_response(),
    };
    match end_provider_sessions(&state, provider, &token).await {
        Ok(true) => StatusCode::OK.into_response(),
        Ok(false) => rejected("jti: expected a new token, got one that came before"),
        Err(error) => error.into_response(),
    }
}

/// Ends the sessions that the token names; returns whether the token is new.
async fn end_provider_sessions(state: &Shared, provider: &Provider, token: &LogoutToken) -> Result<bool, ApiError> {
    let store = &state.sessions.store;
    let now = state.sessions.now();
    let replay_key = format!("logout-token:{}", provider_user_id(provider.issuer(), &token.jti));
    if store.record(&replay_key, now).await?.is_some() {
        return Ok(false);
    }
    let user_id = match (&token.subject, &token.sid) {
        (Some(subject), _) => Some(provider_user_id(provider.issuer(), subject)),
        (None, Some(sid)) => store.record(&provider_session_key(provider.issuer(), sid), now).await?,
        (None, None) => None,
    };
    if let Some(user_id) = user_id {
        let mut sids = Vec::new();
        for session in store.sessions_of(&user_id, now).await? {
            let began_in = provider_session(state, &session.sid).await?.and_then(|began| began.sid);
            if token.sid.is_none() || began_in.is_none() || began_in == token.sid {
                sids.push(session.sid);
            }
        }
        end_sessions(state, sids, AuthEvent::Revoked).await?;
    }
    // Only now: if the store fails before, the provider may send the token again.
    store.set_record(&replay_key, "", now + REPLAY_LIFE, now).await?;
    Ok(true)
}

fn rejected(text: &str) -> Response {
    let body = json!({ "error": "invalid_request", "error_description": text });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
