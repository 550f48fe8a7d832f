//! Plays a thief who has copied a refresh token and uses it before its owner does.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::demo::Demo;
use crate::error::{ApiError, error_responses};
use crate::extract::SignedIn;
use crate::routes::TokenErrors;
use crate::session::RefreshOutcome;
use crate::token::keys::random_bytes;
use crate::token::refresh::VerifiedRefreshToken;

/// The number of stolen tokens that are remembered; beyond it, all are forgotten.
const CAPACITY: usize = 1_000;
const THIEF_IDEMPOTENCY_KEY: &[u8] = b"thief";

error_responses!(UnknownTheft: ApiError::NotFound);

/// The refresh tokens that thieves have, by the id of the theft.
#[derive(Default)]
pub struct StolenTokens(Mutex<HashMap<String, VerifiedRefreshToken>>);

impl StolenTokens {
    fn add(&self, id: &str, token: VerifiedRefreshToken) {
        if let Ok(mut tokens) = self.0.lock() {
            if tokens.len() >= CAPACITY {
                tokens.clear();
            }
            tokens.insert(id.to_owned(), token);
        }
    }

    fn take(&self, id: &str) -> Option<VerifiedRefreshToken> {
        self.0.lock().ok()?.remove(id)
    }
}

/// The outcome for the thief.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Theft {
    /// The thief has new tokens. The owner's next refresh is the second use of the stolen token and ends the session.
    Rotated {
        /// The id of the theft, for the thief's next request.
        id: String,
    },
    /// The thief has nothing: the refresh token is bound to a key (RFC 9449).
    Bound,
    /// The thief has nothing: the session has ended.
    #[serde(rename = "refused")]
    Rejected,
}

/// Steal the refresh token of this session and use it first
#[utoipa::path(post, path = "/demo/theft", tag = "demo", responses((status = 200, body = Theft), TokenErrors),
    security(("access token" = [])))]
pub async fn steal(State(demo): State<Demo>, SignedIn(claims): SignedIn) -> Result<Json<Theft>, ApiError> {
    if claims.cnf.is_some() {
        return Ok(Json(Theft::Bound));
    }
    let session = demo
        .server
        .sessions
        .store
        .find(&claims.sid, demo.server.sessions.now())
        .await?
        .ok_or(ApiError::TokenRevoked)?;
    let token = VerifiedRefreshToken { sid: session.sid, generation: session.generation, jkt: None };
    refresh_as_thief(&demo, &token).await
}

/// Use the refresh token that the theft returned
///
/// The token is valid once. The request needs no access token, because the theft may have signed the owner out.
#[utoipa::path(post, path = "/demo/theft/{id}", tag = "demo", params(("id" = String, Path)),
    responses((status = 200, body = Theft), UnknownTheft))]
pub async fn use_stolen_token(
    State(demo): State<Demo>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Theft>, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::NotFound)?;
    let token = demo.stolen.take(&id).ok_or(ApiError::NotFound)?;
    refresh_as_thief(&demo, &token).await
}

async fn refresh_as_thief(demo: &Demo, token: &VerifiedRefreshToken) -> Result<Json<Theft>, ApiError> {
    let task = {
        let (server, token) = (demo.server.clone(), token.clone());
        async move { Ok(server.sessions.refresh(&token, Some(THIEF_IDEMPOTENCY_KEY)).await?) }
    };
    let outcome = demo.server.store_tasks.run(task).await?;
    let RefreshOutcome::Refreshed(refreshed) = outcome else {
        return Ok(Json(Theft::Rejected));
    };
    let (_, session) = *refreshed;
    let id = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>());
    let next = VerifiedRefreshToken { sid: session.sid, generation: session.generation, jkt: None };
    demo.stolen.add(&id, next);
    Ok(Json(Theft::Rotated { id }))
}
