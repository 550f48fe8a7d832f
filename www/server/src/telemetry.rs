//! Auth events and request times: counted for `/metrics`, and events also logged with the id of the request. No token,
//! password or address of a user is logged.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::config::LogFormat;
use crate::store::{Risks, Session};

/// An event that is counted and logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthEvent {
    LoginSucceeded,
    LoginFailed,
    /// A sign-in at an identity provider failed because of the provider.
    SignInFailed,
    /// A provider renewed the access token that a page receives.
    ProviderRenewed,
    /// It did not, for whatever reason.
    ProviderRenewalFailed,
    /// A refresh made a new generation.
    RefreshRotated,
    /// A refresh repeated an earlier one, and received the same successor again or, if it came late, a new one.
    RefreshRepeated,
    /// A session has repeated more refreshes than it has rotated.
    RepeatsExceedRotations,
    RefreshRejected,
    /// A refresh token was used a second time; its session has been ended.
    RefreshReused,
    /// A session was ended by its own refresh token.
    Logout,
    /// A session, all sessions of a user, or one access token was revoked with an access token.
    Revoked,
    RateLimited,
    CsrfRejected,
    /// A request presented cookies with tokens of several sessions.
    CookieConflict,
    /// A token that is bound to a key was presented without a proof of that key.
    WrongKey,
    /// An API request with a valid access token.
    ApiAuthorised,
    /// An API request without one.
    ApiUnauthorised,
}

use AuthEvent::{
    ApiAuthorised, ApiUnauthorised, CookieConflict, CsrfRejected, LoginFailed, LoginSucceeded, Logout,
    ProviderRenewalFailed, ProviderRenewed, RateLimited, RefreshRejected, RefreshRepeated, RefreshReused,
    RefreshRotated, RepeatsExceedRotations, Revoked, SignInFailed, WrongKey,
};

/// The names of the events in the log and in the label `event`, which dashboards and alerts rely on.
const EVENTS: [(AuthEvent, &str); 18] = [
    (LoginSucceeded, "login_ok"),
    (LoginFailed, "login_failed"),
    (SignInFailed, "sign_in_failed"),
    (ProviderRenewed, "provider_renewed"),
    (ProviderRenewalFailed, "provider_renewal_failed"),
    (RefreshRotated, "refresh_rotated"),
    (RefreshRepeated, "refresh_repeated"),
    (RepeatsExceedRotations, "repeats_exceed_rotations"),
    (RefreshRejected, "refresh_refused"),
    (RefreshReused, "refresh_reused"),
    (Logout, "logout"),
    (Revoked, "revoked"),
    (RateLimited, "limited"),
    (CsrfRejected, "csrf_rejected"),
    (CookieConflict, "cookie_conflict"),
    (WrongKey, "wrong_key"),
    (ApiAuthorised, "api_authorised"),
    (ApiUnauthorised, "api_unauthorised"),
];

impl AuthEvent {
    fn name(self) -> &'static str {
        EVENTS[self as usize].1
    }
}

impl EncodeLabelValue for AuthEvent {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.name(), encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    event: AuthEvent,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

/// The bounds of the histogram's buckets in seconds.
const BUCKETS: [f64; 13] = [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// The bounds of the buckets for the ages of repeated refreshes, in seconds.
const AGE_BUCKETS: [f64; 8] = [1.0, 5.0, 30.0, 120.0, 600.0, 3_600.0, 86_400.0, 604_800.0];

/// A greater difference between the clocks of the server and the store is a warning, in seconds.
const MAX_CLOCK_DIFFERENCE: i64 = 5;

/// The metrics since the start.
pub struct Telemetry {
    registry: Registry,
    events: [Counter; EVENTS.len()],
    requests: Family<RequestLabels, Histogram>,
    repeat_ages: Histogram,
    revocations: Gauge,
    store_up: Gauge,
    store_evicts: Gauge,
    store_volatile: Gauge,
    clock_difference: Gauge,
}

tokio::task_local! {
    /// The id of the request that the current task answers.
    pub static REQUEST_ID: String;
}

impl Telemetry {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tokenward");
        let events = Family::<EventLabels, Counter>::default();
        let requests: Family<RequestLabels, Histogram> = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let repeat_ages = Histogram::new(AGE_BUCKETS);
        let (revocations, store_up) = (Gauge::default(), Gauge::default());
        let (store_evicts, store_volatile, clock_difference) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("events", "Auth events since the start", events.clone());
        registry.register("request_seconds", "Time to answer a request", Family::clone(&requests));
        let age = "Seconds between a rotation and a refresh that repeated it";
        registry.register("repeat_age_seconds", age, repeat_ages.clone());
        registry.register("revocations", "Sessions and tokens in the list of revocations", revocations.clone());
        registry.register("store_up", "Whether the store answered the last time", store_up.clone());
        let evicts = "Whether the store deletes records when its memory is full";
        registry.register("store_evicts", evicts, store_evicts.clone());
        let volatile = "Whether the store does not write every change to a disk";
        registry.register("store_volatile", volatile, store_volatile.clone());
        let difference = "Difference between the clocks of this server and of the store";
        registry.register("clock_difference_seconds", difference, clock_difference.clone());
        let events = EVENTS.map(|(event, _)| events.get_or_create_owned(&EventLabels { event }));
        Self {
            registry,
            events,
            requests,
            repeat_ages,
            revocations,
            store_up,
            store_evicts,
            store_volatile,
            clock_difference,
        }
    }

    /// Counts an event and logs it, except for API requests. `sid` is the session's id, or empty if there is none.
    pub fn record(&self, event: AuthEvent, sid: &str) {
        self.events[event as usize].inc();
        let request = || REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        let name = event.name();
        match event {
            ApiAuthorised | ApiUnauthorised => {}
            RefreshReused | RepeatsExceedRotations | CookieConflict | WrongKey => {
                tracing::warn!(event = name, sid, request = request());
            }
            _ => tracing::info!(event = name, sid, request = request()),
        }
    }

    /// Records a refresh that repeated the last rotation of its session, which was `age` seconds ago. A late one came
    /// after `REPEAT_WINDOW`.
    pub fn record_repeat(&self, session: &Session, age: u64, late: bool) {
        self.events[RefreshRepeated as usize].inc();
        self.repeat_ages.observe(age as f64);
        let request = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        tracing::info!(event = RefreshRepeated.name(), sid = session.sid, age, late, request);
        // Once, not for each further repeat.
        if session.repeats == session.generation + 1 {
            self.record(RepeatsExceedRotations, &session.sid);
        }
    }

    pub fn record_request(&self, route: Option<&str>, status: u16, duration: Duration) {
        let labels = RequestLabels { route: route.unwrap_or("other").to_owned(), status };
        self.requests.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    pub fn set_store_up(&self, up: bool) {
        self.store_up.set(i64::from(up));
    }

    /// Reports the difference between the clocks of this server and of the store, in seconds.
    pub fn set_clock_difference(&self, seconds: u64) {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let was_small = self.clock_difference.set(seconds) <= MAX_CLOCK_DIFFERENCE;
        if was_small && seconds > MAX_CLOCK_DIFFERENCE {
            tracing::warn!(
                seconds,
                "the clocks of this server and of the store differ: other servers may reject its tokens"
            );
        }
    }

    /// Reports settings of the store with which it may lose data.
    pub fn set_store_risks(&self, risks: Risks) {
        if risks.evicts {
            tracing::warn!("Redis: expected maxmemory-policy noeviction, got a policy that deletes sessions and users");
        }
        if risks.is_volatile {
            tracing::warn!("Redis: expected appendonly yes, got no: a restart loses sign-ins, sign-outs and users");
        }
        self.store_evicts.set(i64::from(risks.evicts));
        self.store_volatile.set(i64::from(risks.is_volatile));
    }

    /// The metrics in the `OpenMetrics` text format; `revocations` is the length of the list of revocations.
    pub fn render(&self, revocations: usize) -> String {
        self.revocations.set(i64::try_from(revocations).unwrap_or(i64::MAX));
        let mut text = String::new();
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Writes log events to the standard output from now on.
pub fn start_logging(format: LogFormat) {
    let lines = tracing_subscriber::fmt().with_target(false);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Off => {}
    }
}
