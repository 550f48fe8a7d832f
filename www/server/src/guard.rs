//! Who may call: access tokens on APIs, refresh tokens on the auth endpoints, and no other site where a cookie opens.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN};
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::dpop::Jkt;
use crate::error::ApiError;
use crate::routes::Shared;
use crate::routes::json::{invalid, too_long};
use crate::telemetry::Happened;
use crate::tokens::Claims;

/// A caller with a good access token that was not revoked.
pub struct SignedIn(pub Claims);

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, ApiError> {
        let result = authorise(parts, server).await;
        let happened = if result.is_ok() { Happened::ApiAuthorised } else { Happened::ApiUnauthorised };
        server.telemetry.count(happened, "");
        result.map(Self)
    }
}

async fn authorise(parts: &Parts, server: &Shared) -> Result<Claims, ApiError> {
    let headers = &parts.headers;
    let claims = match presented(headers) {
        Ok((scheme, token)) => {
            let claims = server.access.verify(token)?;
            let key = if scheme == Scheme::Dpop { server.proofs.check(parts, Some(token))? } else { None };
            let bound = claims.cnf.as_ref().map(|cnf| &cnf.jkt);
            if bound != key.as_ref() || bound.is_some() != (scheme == Scheme::Dpop) {
                server.telemetry.count(Happened::WrongKey, &claims.sid);
                return Err(ApiError::InvalidToken);
            }
            claims
        }
        Err(error) => {
            // Cookies-only: the browser brings the token, so it must be asked whose page wants it to.
            let name = server.config.dialect.access_cookie().ok_or(error)?;
            let cookies = CookieJar::from_headers(headers);
            let cookie = cookies.get(name).ok_or(ApiError::NoToken)?;
            own_site(headers, server)?;
            server.access.verify(cookie.value())?
        }
    };
    if server.expired.contains(&claims.jti) {
        return Err(ApiError::TokenExpired);
    }
    server.sessions.check(&claims).await?;
    Ok(claims)
}

/// How an access token is presented: RFC 6750, or RFC 9449 §7.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

fn presented(headers: &HeaderMap) -> Result<(Scheme, &str), ApiError> {
    let header = headers.get(AUTHORIZATION).ok_or(ApiError::NoToken)?;
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(ApiError::InvalidToken)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "dpop" => Scheme::Dpop,
        _ => return Err(ApiError::NoToken),
    };
    Ok((scheme, token.trim()))
}

/// The key that an auth call proves to have, if it proves one.
pub struct ProvenKey(pub Option<Jkt>);

impl FromRequestParts<Shared> for ProvenKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, ApiError> {
        server.proofs.check(parts, None).map(Self)
    }
}

/// Where a refresh token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// httpOnly cookie.
    Cookie,
    /// JSON body, for native shells.
    Body,
}

/// The refresh token of a request, not yet opened. One in the body counts before one in the cookie; one in the cookie
/// counts only if no page of another site sent it.
pub struct RefreshToken {
    pub text: Option<String>,
    pub transport: Transport,
}

/// A refresh token in a body.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InBody {
    /// As a login with `transport: "body"` gave it.
    pub refresh_token: Option<String>,
}

impl FromRequest<Shared> for RefreshToken {
    type Rejection = ApiError;

    async fn from_request(request: Request, server: &Shared) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = Bytes::from_request(Request::new(body), server).await.map_err(|_| too_long())?;
        if !body.is_empty() {
            let mut json = Request::new(body.into());
            if let Some(kind) = parts.headers.get(CONTENT_TYPE) {
                json.headers_mut().insert(CONTENT_TYPE, kind.clone());
            }
            let Json(given) =
                Json::<InBody>::from_request(json, server).await.map_err(|rejection| invalid(&rejection))?;
            // Where both tokens are in cookies, so is the one that counts.
            let in_body = given.refresh_token.filter(|_| server.config.dialect.access_cookie().is_none());
            if let Some(text) = in_body {
                return Ok(Self { text: Some(text), transport: Transport::Body });
            }
        }
        let transport = Transport::Cookie;
        own_site(&parts.headers, server)?;
        let cookies = CookieJar::from_headers(&parts.headers);
        let text = cookies.get(server.config.dialect.refresh_cookie()).map(|cookie| cookie.value().to_owned());
        Ok(Self { text, transport })
    }
}

/// That a request does not come from a page of another site. Browsers say where a request comes from in
/// `Sec-Fetch-Site` and `Origin`, and no page can forge either; callers that are no browsers send neither.
pub fn own_site(headers: &HeaderMap, server: &Shared) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(ORIGIN);
    let allowed = origin.is_some_and(|origin| server.config.allowed_origins.iter().any(|one| one == origin));
    let own = match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(site) => site == b"same-origin" || site == b"none",
        None => headers.get(ORIGIN).is_none_or(|_| {
            let host = origin.and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
            host.is_some() && host == text(HOST)
        }),
    };
    if own || allowed {
        return Ok(());
    }
    server.telemetry.count(Happened::CsrfRejected, "");
    Err(ApiError::CsrfRejected)
}
