//! Switches for the demo page and the tests, there only where `DEMO=true`: what goes wrong on networks and servers, made to
//! happen on this one.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Json as Answer;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::json::Json;
use super::{Shared, TokenErrors, errors};
use crate::error::ApiError;
use crate::guard::SignedIn;
use crate::keys::random_bytes;
use crate::now;
use crate::refresh_token::Presented;
use crate::revocations;
use crate::sessions::Refreshed;
use crate::telemetry::Happened;

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

/// What can be made to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The next refresh is done, and its answer lost: a gateway says 504 in its place.
    LoseRefresh,
    /// A gateway answers 503 with an HTML page for the auth endpoints.
    Unavailable,
    /// The auth endpoints answer 429 with `Retry-After`.
    RateLimited,
    /// Auth endpoints and APIs answer a second and a half later.
    Slow,
    /// The session store is away: the auth endpoints answer 503 `STORE_UNAVAILABLE`.
    StoreAway,
}

/// Which, and for how long.
#[derive(Deserialize, ToSchema)]
pub struct NewFault {
    fault: Fault,
    /// Seconds, up to 60. `lose-refresh` waits so long for a refresh.
    #[serde(default = "ten")]
    seconds: u64,
}

const fn ten() -> u64 {
    10
}

const LONGEST: u64 = 60;
const LONGEST_WATCH: Duration = Duration::from_secs(20);
const SLOWNESS: Duration = Duration::from_millis(1_500);

/// What goes wrong at present, and until when.
#[derive(Default)]
pub struct Faults(Mutex<Vec<(Fault, Instant)>>);

impl Faults {
    fn start(&self, fault: Fault, span: Duration) {
        if let Ok(mut faults) = self.0.lock() {
            faults.retain(|(other, _)| *other != fault);
            faults.push((fault, Instant::now() + span));
        }
    }

    fn end_all(&self) {
        if let Ok(mut faults) = self.0.lock() {
            faults.clear();
        }
    }

    /// How long it still lasts.
    fn left(&self, fault: Fault) -> Option<Duration> {
        let faults = self.0.lock().ok()?;
        let (_, until) = faults.iter().find(|(other, _)| *other == fault)?;
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Whether it was there; it happens once.
    fn take(&self, fault: Fault) -> bool {
        let there = self.left(fault).is_some();
        if there && let Ok(mut faults) = self.0.lock() {
            faults.retain(|(other, _)| *other != fault);
        }
        there
    }
}

errors!(FaultErrors: ApiError::InvalidRequest(StatusCode::BAD_REQUEST, "fault: expected …".into()));

/// Makes something go wrong
///
/// For everybody who uses this server; the same again begins anew.
#[utoipa::path(post, path = "/demo/faults", tag = "demo", request_body = NewFault,
    responses((status = 204), FaultErrors, TokenErrors), security(("access token" = [])))]
pub async fn start_fault(
    State(server): State<Shared>,
    SignedIn(_): SignedIn,
    Json(NewFault { fault, seconds }): Json<NewFault>,
) -> Result<StatusCode, ApiError> {
    if seconds == 0 || seconds > LONGEST {
        let problem = format!("seconds: expected 1 to {LONGEST}, got {seconds}");
        return Err(ApiError::InvalidRequest(StatusCode::BAD_REQUEST, problem));
    }
    server.faults.start(fault, Duration::from_secs(seconds));
    Ok(StatusCode::NO_CONTENT)
}

/// Lets everything go well again
#[utoipa::path(delete, path = "/demo/faults", tag = "demo", responses((status = 204), TokenErrors),
    security(("access token" = [])))]
pub async fn end_faults(State(server): State<Shared>, SignedIn(_): SignedIn) -> StatusCode {
    server.faults.end_all();
    StatusCode::NO_CONTENT
}

/// What thieves have got, by the number of the theft.
#[derive(Default)]
pub struct Loot(Mutex<HashMap<String, Presented>>);

impl Loot {
    fn keep(&self, id: &str, stolen: Presented) {
        if let Ok(mut loot) = self.0.lock() {
            if loot.len() >= 1_000 {
                loot.clear();
            }
            loot.insert(id.to_owned(), stolen);
        }
    }

    fn take(&self, id: &str) -> Option<Presented> {
        self.0.lock().ok()?.remove(id)
    }
}

/// What the thief got.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Theft {
    /// New tokens. The next refresh by whoever they were stolen from is the second use, and ends the session.
    Rotated {
        /// The theft, for what the thief does next.
        id: String,
    },
    /// Nothing: the refresh token is bound to a key that the thief does not have (RFC 9449).
    Bound,
    /// Nothing: the session is over for the thief as well.
    Refused,
}

/// Plays a thief who has copied the present refresh token of this session, and uses it first
#[utoipa::path(post, path = "/demo/theft", tag = "demo", responses((status = 200, body = Theft), TokenErrors),
    security(("access token" = [])))]
pub async fn theft(State(server): State<Shared>, SignedIn(claims): SignedIn) -> Result<Answer<Theft>, ApiError> {
    if claims.cnf.is_some() {
        return Ok(Answer(Theft::Bound));
    }
    let session = server.sessions.store.find(&claims.sid, now()).await?.ok_or(ApiError::TokenRevoked)?;
    let stolen = Presented { sid: session.sid, generation: session.generation, jkt: None };
    use_stolen(&server, &stolen).await
}

/// The thief uses the refresh token that the theft brought
///
/// It is good once. Nobody need be signed in: whoever was robbed no longer is.
#[utoipa::path(post, path = "/demo/theft/{id}", tag = "demo", params(("id" = String, Path)),
    responses((status = 200, body = Theft), LootErrors))]
pub async fn use_loot(State(server): State<Shared>, Path(id): Path<String>) -> Result<Answer<Theft>, ApiError> {
    let stolen = server.loot.take(&id).ok_or(ApiError::NotFound)?;
    use_stolen(&server, &stolen).await
}

errors!(LootErrors: ApiError::NotFound);

async fn use_stolen(server: &Shared, stolen: &Presented) -> Result<Answer<Theft>, ApiError> {
    let Refreshed::Rotated(_, session) = server.sessions.refresh(stolen, Some(b"thief")).await? else {
        return Ok(Answer(Theft::Refused));
    };
    server.telemetry.count(Happened::RefreshRotated, &session.sid);
    let id = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>());
    server.loot.keep(&id, Presented { sid: session.sid, generation: session.generation, jkt: None });
    Ok(Answer(Theft::Rotated { id }))
}

/// Waits for the end of the session
///
/// Answers 401 in the moment in which the session is over, wherever it was ended, or 204 after 20 seconds in which it was
/// not. A page that keeps asking is signed out at once.
#[utoipa::path(get, path = "/demo/session-end", tag = "demo",
    responses((status = 204, description = "It goes on"), TokenErrors), security(("access token" = [])))]
pub async fn session_end(State(server): State<Shared>, SignedIn(claims): SignedIn) -> Result<StatusCode, ApiError> {
    let end = Instant::now() + LONGEST_WATCH;
    while Instant::now() < end {
        tokio::time::sleep(revocations::POLL).await;
        // (A store that is away says nothing of the session.)
        if let Err(ApiError::TokenRevoked) = server.sessions.check(&claims).await {
            return Err(ApiError::TokenRevoked);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Lets happen what was switched on. The switches themselves always work.
pub async fn go_wrong(State(server): State<Shared>, request: Request, next: Next) -> Response {
    let faults = &server.faults;
    let path = request.uri().path();
    let auth = path.starts_with("/auth/") || path.starts_with("/oauth/");
    let refresh = path == "/auth/refresh" || path == "/oauth/token";
    if !auth && !path.starts_with("/api/") {
        return next.run(request).await;
    }
    if faults.left(Fault::Slow).is_some() {
        tokio::time::sleep(SLOWNESS).await;
    }
    if auth {
        if faults.left(Fault::Unavailable).is_some() {
            return gateway(StatusCode::SERVICE_UNAVAILABLE, "the server behind this gateway is away");
        }
        if let Some(left) = faults.left(Fault::RateLimited) {
            return ApiError::RateLimited(left).into_response();
        }
        if faults.left(Fault::StoreAway).is_some() {
            return ApiError::StoreUnavailable.into_response();
        }
    }
    let response = next.run(request).await;
    if refresh && response.status().is_success() && faults.take(Fault::LoseRefresh) {
        return gateway(StatusCode::GATEWAY_TIMEOUT, "the answer of the server was lost on the way");
    }
    response
}

/// As a proxy in front of a server says it: a page, and none of the server's headers.
fn gateway(status: StatusCode, text: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "text/html")], format!("<!doctype html><title>{status}</title><p>{text}")).into_response()
}
