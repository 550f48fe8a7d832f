//! A switch for the demo page and the tests, there only where `DEMO=true`.

use std::collections::HashSet;
use std::sync::Mutex;

use axum::extract::State;
use axum::http::StatusCode;

use super::{Shared, TokenErrors};
use crate::guard::SignedIn;

/// Tokens (by `jti`) that are taken for expired before their time.
#[derive(Default)]
pub struct Expired(Mutex<HashSet<String>>);

impl Expired {
    pub fn contains(&self, jti: &str) -> bool {
        self.0.lock().is_ok_and(|set| set.contains(jti))
    }
}

/// Makes the access token of this request count as expired
#[utoipa::path(post, path = "/demo/expire-token", tag = "demo", responses((status = 204), TokenErrors),
    security(("access token" = [])))]
pub async fn expire_token(State(server): State<Shared>, SignedIn(claims): SignedIn) -> StatusCode {
    if let Ok(mut set) = server.expired.0.lock() {
        if set.len() >= 10_000 {
            set.clear();
        }
        set.insert(claims.jti);
    }
    StatusCode::NO_CONTENT
}
