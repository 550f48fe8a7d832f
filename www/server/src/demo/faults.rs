//! Faults that occur on networks and servers, which a switch makes occur on this one.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::demo::Demo;
use crate::error::{ApiError, error_responses};
use crate::extract::SignedIn;
use crate::extract::json::Json;
use crate::routes::TokenErrors;

/// The longest time for which a fault may be started, in seconds.
const MAX_SECONDS: u64 = 60;
/// How much longer a response takes with [`Fault::Slow`].
const DELAY: Duration = Duration::from_millis(1_500);

error_responses!(FaultErrors: ApiError::InvalidRequest(StatusCode::BAD_REQUEST, "fault: expected …".into()));

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The server carries out the next refresh, and its response is lost: the client receives a gateway's 504.
    LoseRefresh,
    /// A gateway answers auth requests with 503 and an HTML page.
    Unavailable,
    /// The server answers auth requests with 429 and `Retry-After`.
    RateLimited,
    /// The server answers auth requests and API requests 1.5 seconds later.
    Slow,
    /// The session store is unavailable: the server answers auth requests with 503 `STORE_UNAVAILABLE`.
    StoreAway,
    /// The demo's identity provider redeems the next code, and its response is lost.
    LoseExchange,
    /// The demo's identity provider is down.
    ProviderDown,
    /// The next callback names another identity provider (RFC 9207).
    WrongIssuer,
}

/// A fault to start, and for how long.
#[derive(Deserialize, ToSchema)]
pub struct NewFault {
    fault: Fault,
    /// 1 to 60. `lose-refresh` ends with the first refresh.
    #[serde(default = "default_seconds")]
    seconds: u64,
}

const fn default_seconds() -> u64 {
    10
}

/// The current faults, each with its end.
#[derive(Default)]
pub struct Faults(Mutex<Vec<(Fault, Instant)>>);

impl Faults {
    fn start(&self, fault: Fault, duration: Duration) {
        if let Ok(mut faults) = self.0.lock() {
            faults.retain(|(other, _)| *other != fault);
            faults.push((fault, Instant::now() + duration));
        }
    }

    fn end_all(&self) {
        if let Ok(mut faults) = self.0.lock() {
            faults.clear();
        }
    }

    /// How long the fault still lasts; `None` if it is not current.
    pub fn remaining(&self, fault: Fault) -> Option<Duration> {
        let faults = self.0.lock().ok()?;
        let (_, end) = faults.iter().find(|(other, _)| *other == fault)?;
        end.checked_duration_since(Instant::now()).filter(|remaining| !remaining.is_zero())
    }

    /// Ends the fault; returns whether it was current.
    pub fn take(&self, fault: Fault) -> bool {
        let current = self.remaining(fault).is_some();
        if current && let Ok(mut faults) = self.0.lock() {
            faults.retain(|(other, _)| *other != fault);
        }
        current
    }
}

/// Start a fault
///
/// It affects every user of this server. Starting a current fault again restarts its time.
#[utoipa::path(post, path = "/demo/faults", tag = "demo", request_body = NewFault,
    responses((status = 204), FaultErrors, TokenErrors), security(("access token" = [])))]
pub async fn start_fault(
    State(demo): State<Demo>,
    SignedIn(_): SignedIn,
    Json(NewFault { fault, seconds }): Json<NewFault>,
) -> Result<StatusCode, ApiError> {
    if !(1..=MAX_SECONDS).contains(&seconds) {
        return Err(ApiError::invalid_field(format!("seconds: expected 1 to {MAX_SECONDS}, got {seconds}")));
    }
    demo.faults.start(fault, Duration::from_secs(seconds));
    Ok(StatusCode::NO_CONTENT)
}

/// End all faults
#[utoipa::path(delete, path = "/demo/faults", tag = "demo", responses((status = 204), TokenErrors),
    security(("access token" = [])))]
pub async fn end_faults(State(demo): State<Demo>, SignedIn(_): SignedIn) -> StatusCode {
    demo.faults.end_all();
    StatusCode::NO_CONTENT
}

/// Makes the current faults occur. The endpoints of the switches are never affected.
pub async fn inject_fault(State(demo): State<Demo>, request: Request, next: Next) -> Response {
    let faults = &demo.faults;
    let path = request.uri().path();
    let is_auth = path.starts_with("/auth/") || path.starts_with("/oauth/");
    let is_refresh = path == "/auth/refresh" || path == "/oauth/token";
    if !is_auth && !path.starts_with("/api/") {
        return next.run(request).await;
    }
    if faults.remaining(Fault::Slow).is_some() {
        tokio::time::sleep(DELAY).await;
    }
    if is_auth {
        if faults.remaining(Fault::Unavailable).is_some() {
            return gateway_page(StatusCode::SERVICE_UNAVAILABLE, "the server behind this gateway is unavailable");
        }
        if let Some(wait) = faults.remaining(Fault::RateLimited) {
            return ApiError::RateLimited(wait).into_response();
        }
        if faults.remaining(Fault::StoreAway).is_some() {
            return ApiError::StoreUnavailable.into_response();
        }
    }
    let response = next.run(request).await;
    if is_refresh && response.status().is_success() && faults.take(Fault::LoseRefresh) {
        return gateway_page(StatusCode::GATEWAY_TIMEOUT, "the response of the server was lost");
    }
    response
}

/// The response of a proxy in front of a server: an HTML page without the server's headers.
fn gateway_page(status: StatusCode, text: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "text/html")], format!("<!doctype html><title>{status}</title><p>{text}")).into_response()
}
