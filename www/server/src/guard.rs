//! Who may call: access tokens on APIs, and no other site on the endpoints that a cookie opens.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN};
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::routes::Shared;
use crate::telemetry::Happened;
use crate::tokens::Claims;

/// A caller with a good access token whose session lives.
pub struct SignedIn(pub Claims);

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, ApiError> {
        let result = authorise(parts, server).await;
        let happened = if result.is_ok() { Happened::Authorised } else { Happened::Unauthorised };
        server.telemetry.count(happened, "");
        result.map(Self)
    }
}

async fn authorise(parts: &Parts, server: &Shared) -> Result<Claims, ApiError> {
    let header = parts.headers.get(AUTHORIZATION).ok_or(ApiError::NoToken)?;
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(ApiError::InvalidToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::NoToken);
    }
    let claims = server.access.verify(token.trim())?;
    if server.expired.contains(&claims.jti) {
        return Err(ApiError::TokenExpired);
    }
    if server.sessions.find(&claims.sid, crate::routes::now()).await?.is_none() {
        return Err(ApiError::TokenRevoked);
    }
    Ok(claims)
}

/// A request that does not come from a page of another site. Browsers say where a request comes from in
/// `Sec-Fetch-Site` and `Origin`, and no page can forge either; callers that are no browsers send neither.
pub struct OwnSite;

impl FromRequestParts<Shared> for OwnSite {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, ApiError> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let origin = text(ORIGIN);
        let allowed = origin.is_some_and(|origin| server.config.allowed_origins.iter().any(|one| one == origin));
        let own = match parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            Some(site) => site == b"same-origin" || site == b"none",
            None => origin.is_none_or(|origin| {
                let host = origin.split_once("://").map(|(_, host)| host);
                host.is_some() && host == text(HOST)
            }),
        };
        if own || allowed { Ok(Self) } else { Err(ApiError::CsrfRejected) }
    }
}
