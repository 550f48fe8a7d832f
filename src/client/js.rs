//! The client as a JavaScript class, for Rust apps that share it with JavaScript. Its interface is that of the class of the npm
//! package, as far as a Rust app has use for it; sessions cross with serde-wasm-bindgen.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use js_sys::{Function, JsString, Object, Promise, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};

use super::builder::ServerOption;
use super::decode::decode;
use super::error::whole_seconds;
use super::platform::{self, LoginRequest};
use super::{
    AuthClient, AuthClientBuilder, AuthError, AuthEvent, Protocol, Remember, SessionSnapshot, SessionStatus, Transport,
    set_member,
};
use crate::core::{ErrorCode, Failure, Restore};

/// The client as a JavaScript class.
///
/// ```no_run
/// use tokenward::{AuthClient, JsAuthClient};
///
/// # fn example(auth: &AuthClient, from_javascript: &JsAuthClient) {
/// // To JavaScript, and back: both are the same client.
/// let for_javascript = JsAuthClient::from(auth.clone());
/// let auth: AuthClient = from_javascript.client();
/// # }
/// ```
#[wasm_bindgen(js_name = AuthClient)]
#[derive(Debug)]
pub struct JsAuthClient {
    client: AuthClient,
    sessions: Rc<SessionObjects>,
}

/// The last snapshot with its object: the object is the same until the session changes.
#[derive(Debug, Default)]
struct SessionObjects(RefCell<Option<(SessionSnapshot, JsValue)>>);

impl SessionObjects {
    fn object(&self, snapshot: SessionSnapshot) -> JsValue {
        let mut last = self.0.borrow_mut();
        match last.as_ref() {
            Some((same, object)) if *same == snapshot => object.clone(),
            _ => {
                let object = session_object(&snapshot);
                *last = Some((snapshot, object.clone()));
                object
            }
        }
    }
}

impl From<AuthClient> for JsAuthClient {
    fn from(client: AuthClient) -> Self {
        Self { client, sessions: Rc::default() }
    }
}

impl JsAuthClient {
    /// The same client for Rust.
    pub fn client(&self) -> AuthClient {
        self.client.clone()
    }
}

const OPTIONS: &[&str] = &[
    "baseUrl",
    "endpoints",
    "fields",
    "transport",
    "protocol",
    "clientId",
    "server",
    "remember",
    "apiOrigins",
    "tokenScheme",
    "authHeaders",
    "idempotencyKey",
    "renewBeforeSeconds",
    "timeoutSeconds",
    "restore",
    "crossTab",
    "name",
    "exposeToken",
    "shouldRefresh",
    "onLog",
    #[cfg(feature = "idle")]
    "idleTimeoutSeconds",
    #[cfg(feature = "idle")]
    "idleWarningSeconds",
    #[cfg(feature = "dpop")]
    "dpop",
];
const ENDPOINTS: &[&str] = &[
    "login",
    "refresh",
    "logout",
    "logoutAll",
    #[cfg(feature = "sign-in")]
    "start",
    #[cfg(feature = "sign-in")]
    "end",
];
const FIELDS: &[&str] = &["accessToken", "refreshToken", "expiresIn", "user"];

/// The options, named as those of the npm package.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    base_url: Option<String>,
    endpoints: Endpoints,
    fields: Fields,
    transport: Option<TransportName>,
    protocol: Option<ProtocolName>,
    client_id: Option<String>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    server: JsValue,
    remember: Option<RememberName>,
    api_origins: Vec<String>,
    token_scheme: Option<String>,
    idempotency_key: Option<bool>,
    renew_before_seconds: Option<f64>,
    timeout_seconds: Option<f64>,
    restore: Option<RestoreName>,
    cross_tab: Option<bool>,
    name: Option<String>,
    expose_token: bool,
    /// Headers, or a function that returns them or a promise of them.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    auth_headers: JsValue,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    should_refresh: JsValue,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    on_log: JsValue,
    #[cfg(feature = "idle")]
    idle_timeout_seconds: Option<f64>,
    #[cfg(feature = "idle")]
    idle_warning_seconds: Option<f64>,
    /// `true`, or `"memory"`.
    #[cfg(feature = "dpop")]
    #[serde(with = "serde_wasm_bindgen::preserve")]
    dpop: JsValue,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoints {
    login: Option<String>,
    refresh: Option<String>,
    logout: Option<String>,
    logout_all: Option<String>,
    #[cfg(feature = "sign-in")]
    start: Option<String>,
    #[cfg(feature = "sign-in")]
    end: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<String>,
    user: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TransportName {
    Cookie,
    Body,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ProtocolName {
    Json,
    OAuth2,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RememberName {
    Memory,
    Tab,
    Browser,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RestoreName {
    Auto,
    Hint,
    Always,
    Never,
}

/// Calls a method of the builder for each option that is set.
macro_rules! set {
    ($builder:ident, $($value:expr => $method:ident),+ $(,)?) => {
        $(if let Some(value) = $value {
            $builder = $builder.$method(value);
        })+
    };
}

impl Options {
    fn builder(self) -> AuthClientBuilder {
        let mut builder = AuthClient::builder().expose_token(self.expose_token);
        builder.auth_headers = Some(self.auth_headers).filter(JsValue::is_truthy);
        builder.server =
            Some(self.server).filter(|server| !server.is_undefined()).map(|server| ServerOption::new(Ok(server)));
        builder.should_refresh = self.should_refresh.dyn_into().ok();
        builder.on_log = self.on_log.dyn_into().ok();
        #[cfg(feature = "dpop")]
        if self.dpop.is_truthy() {
            builder = builder.dpop(if self.dpop == "memory" { super::Dpop::InMemory } else { super::Dpop::Stored });
        }
        #[cfg(feature = "idle")]
        set!(builder,
            self.idle_timeout_seconds.map(duration) => idle_timeout,
            self.idle_warning_seconds.map(duration) => idle_warning,
        );
        #[cfg(feature = "sign-in")]
        set!(builder, self.endpoints.start => start_endpoint, self.endpoints.end => end_endpoint);
        let transport = self.transport.map(|name| match name {
            TransportName::Cookie => Transport::Cookie,
            TransportName::Body => Transport::Body,
        });
        let protocol = self.protocol.map(|name| match name {
            ProtocolName::Json => Protocol::Json,
            ProtocolName::OAuth2 => Protocol::OAuth2,
        });
        let remember = self.remember.map(|name| match name {
            RememberName::Memory => Remember::Memory,
            RememberName::Tab => Remember::Tab,
            RememberName::Browser => Remember::Browser,
        });
        let restore = self.restore.map(|name| match name {
            RestoreName::Auto => Restore::Auto,
            RestoreName::Hint => Restore::Hint,
            RestoreName::Always => Restore::Always,
            RestoreName::Never => Restore::Never,
        });
        set!(builder,
            self.base_url => base_url,
            self.endpoints.login => login_endpoint,
            self.endpoints.refresh => refresh_endpoint,
            self.endpoints.logout => logout_endpoint,
            self.endpoints.logout_all => logout_all_endpoint,
            self.fields.access_token => access_token_field,
            self.fields.refresh_token => refresh_token_field,
            self.fields.expires_in => expires_in_field,
            self.fields.user => user_field,
            transport => transport,
            protocol => protocol,
            self.client_id => client_id,
            remember => remember,
            self.token_scheme => token_scheme,
            self.idempotency_key => idempotency_key,
            self.renew_before_seconds.map(duration) => renew_before,
            self.timeout_seconds.map(duration) => timeout,
            restore => restore,
            self.cross_tab => cross_tab,
            self.name => name,
        );
        self.api_origins.into_iter().fold(builder, AuthClientBuilder::api_origin)
    }
}

/// Reads the options. Serde ignores members that it does not know, so they are checked first.
fn read_options(options: &JsValue) -> Result<Options, JsValue> {
    check_members("options", options, OPTIONS)?;
    let options = own_members(options);
    for (name, path, known) in [("endpoints", "options.endpoints", ENDPOINTS), ("fields", "options.fields", FIELDS)] {
        let inner = Reflect::get(&options, &name.into())?;
        if !inner.is_undefined() {
            check_members(path, &inner, known)?;
            Reflect::set(&options, &name.into(), &own_members(&inner))?;
        }
    }
    decode(options)
        .map_err(|error| invalid("options", "the options of docs/reference/rust-client.md", error.to_string()))
}

/// A copy without a prototype: JSON that a page merged into `Object.prototype` is no option.
fn own_members(object: &JsValue) -> JsValue {
    let copy: Object = Object::create(JsValue::NULL.unchecked_ref());
    Object::assign(&copy, object.unchecked_ref()).into()
}

fn check_members(path: &'static str, object: &JsValue, known: &[&str]) -> Result<(), JsValue> {
    let Some(object) = object.dyn_ref::<Object>().filter(|_| !js_sys::Array::is_array(object)) else {
        return Err(invalid(path, "an object", text(object)));
    };
    for name in Object::keys(object) {
        let name = text(&name);
        if !known.contains(&name.as_str()) {
            let message = format!("INVALID_OPTIONS: {path}.{name}: expected one of {}", known.join(", "));
            return Err(js_error(&message, "INVALID_OPTIONS", None, false, None));
        }
    }
    Ok(())
}

/// The longest duration for what is no duration: the builder rejects it with its name.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[wasm_bindgen(js_class = AuthClient)]
impl JsAuthClient {
    /// Makes a client. Throws an `AuthError` with the code `INVALID_OPTIONS`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<JsAuthClient, JsValue> {
        let options = if options.is_undefined() { Options::default() } else { read_options(options)? };
        options.builder().build().map(Self::from).map_err(|error| thrown(&error))
    }

    /// Resolves with the session when the first restore is settled.
    pub async fn ready(&self) -> JsValue {
        self.client.ready().await;
        self.session()
    }

    /// The session now: a frozen object, the same until something changes.
    #[wasm_bindgen(getter)]
    pub fn session(&self) -> JsValue {
        self.sessions.object(self.client.snapshot())
    }

    /// Signs in; with `{ call: 'mfa' }` by another call of the server.
    pub async fn login(&self, credentials: JsValue, options: Option<Object>) -> Result<JsValue, JsValue> {
        let credentials = json_of("login.credentials", &credentials)?;
        let call = Reflect::get(&own_members(&options.into()), &"call".into())?;
        let call = (!call.is_undefined()).then(|| text(&call));
        self.log_in(platform::create_login(&credentials, call.as_deref())).await
    }

    /// Signs in at an identity provider.
    #[cfg(feature = "sign-in")]
    #[wasm_bindgen(js_name = signIn)]
    pub async fn sign_in(&self, options: JsValue) -> Result<JsValue, JsValue> {
        self.client.sign_in_with(options).await.map_err(|error| thrown(&error))?;
        Ok(self.session())
    }

    /// Signs out, also at the identity provider: the page goes away.
    #[cfg(feature = "sign-in")]
    #[wasm_bindgen(js_name = logoutAtProvider)]
    pub async fn logout_at_provider(&self, return_to: Option<String>) -> Result<bool, JsValue> {
        let outcome = self.client.logout_at_provider(return_to.as_deref()).await;
        outcome.map(|outcome| outcome.revoked).map_err(|error| thrown(&error))
    }

    /// Signs in with an answer of the auth server that the app got elsewhere.
    pub async fn adopt(&self, answer: JsValue) -> Result<JsValue, JsValue> {
        self.log_in(platform::create_adoption(&json_of("adopt.answer", &answer)?)).await
    }

    async fn log_in(&self, request: LoginRequest) -> Result<JsValue, JsValue> {
        self.client.log_in(request).await.map_err(|error| thrown(&error))?;
        Ok(self.session())
    }

    /// As the browser's `fetch`, with the access token.
    pub fn fetch(&self, input: &JsValue, init: &JsValue) -> Promise {
        // (Not an async function: the caller may change the body as soon as this returns.)
        let sent = match self.client.inner() {
            Ok(inner) => inner.platform.fetch(input, init),
            Err(error) => return Promise::reject(&thrown(&error)),
        };
        future_to_promise(async move {
            JsFuture::from(sent).await.map_err(|error| match AuthError::from_js(error.clone()) {
                AuthError::Fetch(_) => error,
                ours => thrown(&ours),
            })
        })
    }

    /// Renews the access token now.
    pub async fn refresh(&self) -> Result<JsValue, JsValue> {
        self.client.refresh().await.map_err(|error| thrown(&error))?;
        Ok(self.session())
    }

    /// Asks the server whether there is a session, also after a logout.
    pub async fn restore(&self) -> Result<JsValue, JsValue> {
        self.client.restore().await.map_err(|error| thrown(&error))?;
        Ok(self.session())
    }

    /// Signs out; with `true` out of every session of the user. Resolves with whether the server confirmed it.
    pub async fn logout(&self, all: Option<bool>) -> Result<bool, JsValue> {
        if self.client.inner().is_ok_and(|inner| inner.disposed.get()) {
            return Err(thrown(&Failure::of(ErrorCode::Disposed).into()));
        }
        let outcome = if all == Some(true) { self.client.logout_all().await } else { self.client.logout().await };
        Ok(outcome.revoked)
    }

    /// Counts as activity of the user.
    #[cfg(feature = "idle")]
    #[wasm_bindgen(js_name = stayActive)]
    pub fn stay_active(&self) {
        self.client.stay_active();
    }

    /// The access token.
    #[wasm_bindgen(js_name = getAccessToken)]
    pub async fn access_token(&self, min_validity_seconds: Option<f64>) -> Result<String, JsValue> {
        self.client.access_token(duration(min_validity_seconds.unwrap_or(0.0))).await.map_err(|error| thrown(&error))
    }

    /// Whether the user has a role. For display only.
    #[wasm_bindgen(js_name = hasRole)]
    pub fn has_role(&self, role: &str) -> bool {
        self.client.snapshot().has_role(role)
    }

    /// Calls the listener with the session now and after each change. Returns a function that stops it.
    pub fn subscribe(&self, listener: Function) -> Function {
        let sessions = self.sessions.clone();
        let mut changes = self.client.changes();
        report(listener.call1(&JsValue::UNDEFINED, &self.session()));
        stoppable(async move {
            while let Some(snapshot) = changes.next().await {
                report(listener.call1(&JsValue::UNDEFINED, &sessions.object(snapshot)));
            }
        })
    }

    /// Calls the listener with the name and the detail of each event. Returns a function that stops it.
    #[wasm_bindgen(js_name = onEvent)]
    pub fn on_event(&self, listener: Function) -> Function {
        let sessions = self.sessions.clone();
        let mut events = self.client.events();
        stoppable(async move {
            while let Some(event) = events.next().await {
                let (name, detail) = event_detail(event, &sessions);
                report(listener.call2(&JsValue::UNDEFINED, &name.into(), &detail));
            }
        })
    }

    /// The last 100 diagnostic entries.
    pub fn diagnostics(&self) -> js_sys::Array {
        self.client.inner().map(|inner| inner.platform.diagnostics()).unwrap_or_default()
    }

    /// Stops the client.
    pub fn dispose(&self) {
        self.client.dispose();
    }
}

fn json_of(argument: &'static str, value: &JsValue) -> Result<JsString, JsValue> {
    // (A circular object, a BigInt, or a `toJSON` that throws.)
    let not_json = || invalid(argument, "a JSON value", text(value));
    js_sys::JSON::stringify(value).ok().filter(|json| json.is_string()).ok_or_else(not_json)
}

/// Runs a task until the returned function is called.
fn stoppable(task: impl Future<Output = ()> + 'static) -> Function {
    let (stop, registration) = AbortHandle::new_pair();
    spawn_local(async move {
        // An aborted task is what the caller asked for.
        let _ = Abortable::new(task, registration).await;
    });
    Closure::<dyn Fn()>::new(move || stop.abort()).into_js_value().unchecked_into()
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = reportError)]
    fn report_error(error: &JsValue);
    #[wasm_bindgen(js_name = String)]
    fn text(value: &JsValue) -> String;
}

/// Reports an error that a listener threw as an uncaught error of the page.
fn report(result: Result<JsValue, JsValue>) {
    if let Err(error) = result {
        spawn_local(async move { report_error(&error) });
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionObject {
    status: &'static str,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    user: JsValue,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    claims: JsValue,
    expires_at: Option<f64>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    reason: JsValue,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    error: JsValue,
    retry_at: Option<f64>,
}

fn session_object(snapshot: &SessionSnapshot) -> JsValue {
    let (status, expires_at, reason) = match snapshot.status {
        SessionStatus::Restoring => ("restoring", None, JsValue::NULL),
        SessionStatus::SignedIn { expires_at } => ("signed-in", expires_at, JsValue::NULL),
        SessionStatus::SignedOut { reason } => ("signed-out", None, reason.as_str().into()),
    };
    let claims = snapshot.claims_object().map_or(JsValue::NULL, freeze);
    let error = snapshot.error().map_or(JsValue::NULL, thrown);
    let retry_at = snapshot.retry_at();
    let object = SessionObject { status, user: snapshot.user_value(), claims, expires_at, reason, error, retry_at };
    freeze(to_js(&object))
}

fn event_detail(event: AuthEvent, sessions: &SessionObjects) -> (&'static str, JsValue) {
    let detail = |members: &[(&str, JsValue)]| {
        let object = Object::new();
        for (name, value) in members {
            set_member(&object, name, value);
        }
        freeze(object.into())
    };
    match event {
        AuthEvent::SignedIn(session) => ("signed-in", sessions.object(session)),
        AuthEvent::AccountChanged { from, to } => {
            ("account-changed", detail(&[("from", from.user_value()), ("to", sessions.object(to))]))
        }
        AuthEvent::Refreshed(session) => ("refreshed", sessions.object(session)),
        AuthEvent::SignedOut { reason } => ("signed-out", detail(&[("reason", reason.as_str().into())])),
        AuthEvent::StepUpRequired(response) => ("step-up-required", detail(&[("response", response.into())])),
        #[cfg(feature = "sign-in")]
        AuthEvent::SignInFailed { error, return_to } => {
            ("sign-in-failed", detail(&[("error", thrown(&error)), ("returnTo", return_to.into())]))
        }
        #[cfg(feature = "idle")]
        AuthEvent::IdleWarning { sign_out_at } => ("idle-warning", detail(&[("signOutAt", sign_out_at.into())])),
        #[cfg(feature = "idle")]
        AuthEvent::IdleWarningEnded => ("idle-warning-ended", detail(&[])),
        AuthEvent::RefreshFailed { error, retry_at } => {
            let retry_at = retry_at.map_or(JsValue::NULL, JsValue::from);
            ("refresh-failed", detail(&[("error", thrown(&error)), ("retryAt", retry_at)]))
        }
    }
}

fn to_js(value: &impl Serialize) -> JsValue {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).unwrap_or(JsValue::NULL)
}

/// Freezes a JSON value and everything inside it.
fn freeze(value: JsValue) -> JsValue {
    let Ok(object) = value.dyn_into::<Object>() else { return JsValue::NULL };
    for member in Object::values(&object) {
        if member.is_object() && !Object::is_frozen(member.unchecked_ref::<Object>()) {
            freeze(member);
        }
    }
    Object::freeze(&object).into()
}

fn invalid(option: &'static str, expected: &'static str, received: String) -> JsValue {
    thrown(&AuthError::invalid_option(option, expected, received))
}

/// An error as the npm package's.
fn thrown(error: &AuthError) -> JsValue {
    let (status, retry_after) = match error {
        AuthError::Auth { status, retry_after, .. } => (*status, *retry_after),
        _ => (None, None),
    };
    let seconds = retry_after.map(|wait| whole_seconds(wait) as f64);
    let thrown = js_error(&error.to_string(), error.code(), status, error.is_retryable(), seconds);
    set_member(&thrown, "body", &error.body_value().map_or(JsValue::UNDEFINED, freeze));
    thrown
}

/// An `Error` with the name `AuthError` and the members of the npm package's.
fn js_error(message: &str, code: &str, status: Option<u16>, retryable: bool, retry_after: Option<f64>) -> JsValue {
    let thrown = js_sys::Error::new(message);
    thrown.set_name("AuthError");
    for (name, value) in [
        ("code", code.into()),
        ("status", status.map_or(JsValue::NULL, JsValue::from)),
        ("retryable", retryable.into()),
        ("retryAfterSeconds", retry_after.map_or(JsValue::NULL, JsValue::from)),
    ] {
        set_member(&thrown, name, &value);
    }
    thrown.into()
}
