//! Extracts the refresh token of a request, from the body or the cookie.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::cookies::{genuine_refresh_tokens, refresh_token_of_cookie};
use crate::extract::json::{body_too_long, invalid_json};
use crate::extract::require_same_site;
use crate::state::{AppState, Shared};

/// How a refresh token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// httpOnly cookie.
    Cookie,
    /// JSON body, for native shells.
    Body,
}

/// The refresh token of a request, not yet verified. A token in the body takes precedence over one in the cookie; a token
/// in the cookie counts only if the request does not come from another site.
pub struct PresentedRefreshToken {
    source: Source,
}

enum Source {
    Body(String),
    Cookies(HeaderMap),
}

impl PresentedRefreshToken {
    pub fn transport(&self) -> Transport {
        match self.source {
            Source::Body(_) => Transport::Body,
            Source::Cookies(_) => Transport::Cookie,
        }
    }

    /// The token to refresh with.
    pub async fn text(&self, state: &AppState) -> Result<Option<String>, ApiError> {
        match &self.source {
            Source::Body(text) => Ok(Some(text.clone())),
            Source::Cookies(headers) => refresh_token_of_cookie(headers, state).await,
        }
    }

    /// The ids of all sessions of which the request presents a genuine token.
    pub fn sids(&self, state: &AppState) -> Vec<String> {
        match &self.source {
            Source::Body(text) => state.refresh_tokens.verify(text).map(|token| token.sid).into_iter().collect(),
            Source::Cookies(headers) => genuine_refresh_tokens(headers, state).into_keys().collect(),
        }
    }
}

/// A body with a refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshBody {
    /// The token that a login with `transport: "body"`, or the last refresh, returned.
    pub refresh_token: Option<String>,
}

impl<S: Send + Sync> FromRequest<S> for PresentedRefreshToken
where
    Shared: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let state = Shared::from_ref(state);
        let dialect = state.http.dialect;
        let (parts, body) = request.into_parts();
        let body = Bytes::from_request(Request::new(body), &()).await.map_err(|_| body_too_long())?;
        if !body.is_empty() {
            let mut json = Request::new(body.into());
            if let Some(content_type) = parts.headers.get(CONTENT_TYPE) {
                json.headers_mut().insert(CONTENT_TYPE, content_type.clone());
            }
            let Json(body) =
                Json::<RefreshBody>::from_request(json, &()).await.map_err(|rejection| invalid_json(&rejection))?;
            // In the dialect that keeps both tokens in cookies, a token in the body does not count.
            if let Some(text) = body.refresh_token.filter(|_| dialect.access_cookie().is_none()) {
                return Ok(Self { source: Source::Body(text) });
            }
        }
        require_same_site(&parts.headers, &state)?;
        Ok(Self { source: Source::Cookies(parts.headers) })
    }
}
