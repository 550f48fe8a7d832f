//! Extracts the caller of an API request from the access token.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::extract::cookies::{conflict, cookie_values};
use crate::extract::require_same_site;
use crate::session::revocations::RevocationStatus;
use crate::state::{AppState, Shared};
use crate::telemetry::AuthEvent;
use crate::token::access::Claims;

/// The caller of a request with a valid access token that is not revoked.
pub struct SignedIn(pub Claims);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn
where
    Shared: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let state = Shared::from_ref(state);
        let result = authorise(parts, &state).await;
        let event = if result.is_ok() { AuthEvent::ApiAuthorised } else { AuthEvent::ApiUnauthorised };
        state.telemetry.record(event, "");
        result.map(Self)
    }
}

async fn authorise(parts: &Parts, state: &AppState) -> Result<Claims, ApiError> {
    let claims = match authorization(&parts.headers) {
        Ok((scheme, token)) => by_header(parts, state, scheme, token)?,
        Err(error) => by_cookie(&parts.headers, state, error)?,
    };
    state.access_tokens.check_extension(&claims)?;
    state.sessions.check(&claims).await?;
    Ok(claims)
}

/// Verifies the token of the header `Authorization`, and the proof of its key if the token is bound to one.
fn by_header(parts: &Parts, state: &AppState, scheme: Scheme, token: &str) -> Result<Claims, ApiError> {
    let claims = state.access_tokens.verify(token)?;
    let proven = if scheme == Scheme::Dpop { state.dpop_proofs.check(parts, Some(token))? } else { None };
    let bound = claims.cnf.as_ref().map(|cnf| &cnf.jkt);
    if bound != proven.as_ref() || bound.is_some() != (scheme == Scheme::Dpop) {
        state.telemetry.record(AuthEvent::WrongKey, &claims.sid);
        return Err(ApiError::InvalidToken);
    }
    Ok(claims)
}

/// Verifies the token of the cookie, in the dialect that has one. The browser attaches a cookie to requests of every
/// page, so the request must not come from another site. `error` is what the header `Authorization` gave.
fn by_cookie(headers: &HeaderMap, state: &AppState, error: ApiError) -> Result<Claims, ApiError> {
    let name = state.http.access_cookie.as_deref().ok_or(error)?;
    let mut tokens = cookie_values(headers, name).peekable();
    if tokens.peek().is_none() {
        return Err(ApiError::NoToken);
    }
    require_same_site(headers, state)?;
    let (mut claims, mut failure) = (Vec::<Claims>::new(), ApiError::InvalidToken);
    for token in tokens {
        match state.access_tokens.verify(token) {
            Ok(one) if state.sessions.revocations.status(&one.sid, &one.jti) == RevocationStatus::Revoked => {
                failure = ApiError::TokenRevoked;
            }
            Ok(one) => claims.push(one),
            Err(error) => failure = error,
        }
    }
    let newest = claims.iter().max_by_key(|one| one.exp).ok_or(failure)?;
    if claims.iter().any(|one| one.sid != newest.sid) {
        return Err(conflict(state, name));
    }
    Ok(newest.clone())
}

/// The authentication scheme of an access token: RFC 6750, or RFC 9449 §7.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

/// The scheme and token of the header `Authorization`.
fn authorization(headers: &HeaderMap) -> Result<(Scheme, &str), ApiError> {
    let header = headers.get(AUTHORIZATION).ok_or(ApiError::NoToken)?;
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(ApiError::InvalidToken)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "dpop" => Scheme::Dpop,
        _ => return Err(ApiError::NoToken),
    };
    Ok((scheme, token.trim()))
}
