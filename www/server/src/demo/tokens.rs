//! Access tokens in the demo: they tell the generation of their session, and a switch makes them expire early.

use std::collections::HashSet;
use std::sync::Mutex;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::demo::Demo;
use crate::error::ApiError;
use crate::extract::SignedIn;
use crate::routes::TokenErrors;
use crate::store::Session;
use crate::token::access::{Claims, TokenExtension};

/// The number of expired tokens that are remembered; beyond it, all are forgotten.
const CAPACITY: usize = 10_000;

/// The tokens (by `jti`) that count as expired before their time.
#[derive(Default)]
pub struct DemoTokens {
    expired: Mutex<HashSet<String>>,
}

impl DemoTokens {
    fn expire(&self, jti: String) {
        if let Ok(mut expired) = self.expired.lock() {
            if expired.len() >= CAPACITY {
                expired.clear();
            }
            expired.insert(jti);
        }
    }
}

impl TokenExtension for DemoTokens {
    /// `generation`: how often the session's refresh token has been rotated.
    fn claims(&self, session: &Session) -> Map<String, Value> {
        Map::from_iter([("generation".to_owned(), session.generation.into())])
    }

    fn check(&self, claims: &Claims) -> Result<(), ApiError> {
        let expired = self.expired.lock().is_ok_and(|expired| expired.contains(&claims.jti));
        if expired { Err(ApiError::TokenExpired) } else { Ok(()) }
    }
}

/// Make the access token of this request count as expired
#[utoipa::path(post, path = "/demo/expire-token", tag = "demo", responses((status = 204), TokenErrors),
    security(("access token" = [])))]
pub async fn expire_token(State(demo): State<Demo>, SignedIn(claims): SignedIn) -> StatusCode {
    demo.tokens.expire(claims.jti);
    StatusCode::NO_CONTENT
}
