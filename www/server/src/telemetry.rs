//! What happened: counted for `/metrics`, and written as events with the id of the request. Never a token, a password or
//! an address of a user.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::config::LogFormat;

/// The things that are counted; in snake case, the values of the label `event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happened {
    LoginOk,
    LoginFailed,
    /// A refresh that made a new generation.
    RefreshRotated,
    /// A refresh that was answered again.
    RefreshRepeated,
    RefreshRefused,
    RefreshReused,
    /// A sign-out: of one session, by its own refresh token.
    Logout,
    /// A session, or all of a user, or one access token, ended from elsewhere.
    Revoked,
    Limited,
    CsrfRejected,
    /// A token that is bound to a key came without that key.
    WrongKey,
    /// An API call that was let in, and one that was not.
    ApiAuthorised,
    ApiUnauthorised,
}

use Happened::{
    ApiAuthorised, ApiUnauthorised, CsrfRejected, Limited, LoginFailed, LoginOk, Logout, RefreshRefused,
    RefreshRepeated, RefreshReused, RefreshRotated, Revoked, WrongKey,
};

const ALL: [(Happened, &str); 13] = [
    (LoginOk, "login_ok"),
    (LoginFailed, "login_failed"),
    (RefreshRotated, "refresh_rotated"),
    (RefreshRepeated, "refresh_repeated"),
    (RefreshRefused, "refresh_refused"),
    (RefreshReused, "refresh_reused"),
    (Logout, "logout"),
    (Revoked, "revoked"),
    (Limited, "limited"),
    (CsrfRejected, "csrf_rejected"),
    (WrongKey, "wrong_key"),
    (ApiAuthorised, "api_authorised"),
    (ApiUnauthorised, "api_unauthorised"),
];

impl EncodeLabelValue for Happened {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelValueEncoder) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&ALL[*self as usize].1, encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Event {
    event: Happened,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    status: u16,
}

const SECONDS: [f64; 13] = [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Counters since the start.
pub struct Telemetry {
    registry: Registry,
    events: [Counter; ALL.len()],
    requests: Family<Answered, Histogram>,
    revocations: Gauge,
    store_up: Gauge,
}

tokio::task_local! {
    /// The id of the request that the present task answers.
    pub static REQUEST_ID: String;
}

impl Telemetry {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tokenward");
        let events = Family::<Event, Counter>::default();
        let requests: Family<Answered, Histogram> = Family::new_with_constructor(|| Histogram::new(SECONDS));
        let (revocations, store_up) = (Gauge::default(), Gauge::default());
        registry.register("events", "What happened since the start", events.clone());
        registry.register("request_seconds", "How long answers took", Family::clone(&requests));
        registry.register("revocations", "Sessions and tokens in the list of revocations", revocations.clone());
        registry.register("store_up", "Whether the store answered when it was last asked", store_up.clone());
        let events = ALL.map(|(event, _)| events.get_or_create_owned(&Event { event }));
        Self { registry, events, requests, revocations, store_up }
    }

    /// Counts, and logs what belongs into a log: the session's id or nothing.
    pub fn count(&self, what: Happened, sid: &str) {
        self.events[what as usize].inc();
        let event = ALL[what as usize].1;
        let request = || REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        match what {
            ApiAuthorised | ApiUnauthorised => {}
            RefreshReused | WrongKey => tracing::warn!(event, sid, request = request()),
            _ => tracing::info!(event, sid, request = request()),
        }
    }

    pub fn answered(&self, route: Option<&str>, status: u16, took: Duration) {
        let label = Answered { route: route.unwrap_or("other").to_owned(), status };
        self.requests.get_or_create(&label).observe(took.as_secs_f64());
    }

    pub fn store_is(&self, up: bool) {
        self.store_up.set(i64::from(up));
    }

    /// The text format of OpenMetrics.
    pub fn render(&self, revocations: usize) -> String {
        self.revocations.set(i64::try_from(revocations).unwrap_or(i64::MAX));
        let mut text = String::new();
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Events on the standard output, from here on.
pub fn start_logging(format: LogFormat) {
    let lines = tracing_subscriber::fmt().with_target(false);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Off => {}
    }
}
