//! The options of a client, with their defaults.

use std::time::Duration;

use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::fetch::to_json;
use super::platform::{Entry, PlatformOptions, create_options, is_browser};
use super::{AuthClient, AuthError, LogEntry};
use crate::core::{Config, Millis, Restore};

/// How the refresh token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// In an httpOnly cookie, invisible to scripts.
    Cookie,
    /// In the bodies of the auth requests. Without [`remember`](AuthClientBuilder::remember) the client keeps it in memory: it
    /// is lost with the page, and each tab has its own.
    Body,
}

/// What the auth endpoints speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON bodies.
    Json,
    /// An RFC 6749 token endpoint of your own: grants `password` and `refresh_token`, RFC 7009 revocation.
    OAuth2,
}

/// Where a refresh token in the body of an answer is kept for the next page. Scripts of the page can read both storages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remember {
    /// In memory: a reload signs out.
    Memory,
    /// In `sessionStorage`: the session of a tab survives its reload.
    Tab,
    /// In `localStorage`: all tabs share the session, and it survives the browser.
    Browser,
}

/// Names of auth endpoints or of fields of a token response that differ from the defaults.
type Names = Vec<(&'static str, String)>;

/// The options of an [`AuthClient`]; each has a default.
///
/// ```no_run
/// use std::time::Duration;
/// use tokenward::AuthClient;
///
/// # fn main() -> Result<(), tokenward::AuthError> {
/// let auth = AuthClient::builder()
///     .base_url("https://api.example.com")
///     .renew_before(Duration::from_secs(60))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct AuthClientBuilder {
    base_url: Option<String>,
    endpoints: Names,
    fields: Names,
    transport: Option<Transport>,
    protocol: Option<Protocol>,
    client_id: Option<String>,
    pub(super) server: Option<ServerOption>,
    remember: Option<Remember>,
    api_origins: Vec<String>,
    token_scheme: Option<String>,
    /// Headers, or a function that returns them.
    pub(super) auth_headers: Option<JsValue>,
    idempotency_key: Option<bool>,
    renew_before: Option<Duration>,
    timeout: Option<Duration>,
    restore: Option<Restore>,
    cross_tab: Option<bool>,
    name: Option<String>,
    expose_token: bool,
    #[cfg(feature = "dpop")]
    dpop: Option<super::Dpop>,
    #[cfg(feature = "idle")]
    idle_timeout: Option<Duration>,
    #[cfg(feature = "idle")]
    idle_warning: Option<Duration>,
    pub(super) should_refresh: Option<Function>,
    pub(super) on_log: Option<Function>,
}

impl AuthClientBuilder {
    /// Where the auth endpoints are: an absolute http(s) URL. Default: the page's origin.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Path of the login, resolved against `base_url`. Default `/auth/login`; with [`Protocol::OAuth2`] `/oauth/token`.
    pub fn login_endpoint(mut self, path: impl Into<String>) -> Self {
        self.endpoints.push(("login", path.into()));
        self
    }

    /// Path of the refresh. Default `/auth/refresh`; with [`Protocol::OAuth2`] `/oauth/token`.
    pub fn refresh_endpoint(mut self, path: impl Into<String>) -> Self {
        self.endpoints.push(("refresh", path.into()));
        self
    }

    /// Path of the logout. Default `/auth/logout`; with [`Protocol::OAuth2`] `/oauth/revoke`.
    pub fn logout_endpoint(mut self, path: impl Into<String>) -> Self {
        self.endpoints.push(("logout", path.into()));
        self
    }

    /// Path to which [`AuthClient::sign_in`] navigates. Default `/auth/start`.
    #[cfg(feature = "sign-in")]
    pub fn start_endpoint(mut self, path: impl Into<String>) -> Self {
        self.endpoints.push(("start", path.into()));
        self
    }

    /// Path to which [`AuthClient::logout_at_provider`] navigates. Default `/auth/end`.
    #[cfg(feature = "sign-in")]
    pub fn end_endpoint(mut self, path: impl Into<String>) -> Self {
        self.endpoints.push(("end", path.into()));
        self
    }

    /// Path of the logout of every session of the user. Default `/auth/logout-all`; with [`Protocol::OAuth2`]
    /// `/oauth/revoke`.
    pub fn logout_all_endpoint(mut self, path: impl Into<String>) -> Self {
        self.endpoints.push(("logoutAll", path.into()));
        self
    }

    /// Name of the response's field with the access token; a dot descends (`data.token`). Default `accessToken`; with
    /// [`Protocol::OAuth2`] `access_token`.
    pub fn access_token_field(mut self, path: impl Into<String>) -> Self {
        self.fields.push(("accessToken", path.into()));
        self
    }

    /// Name of the field with the refresh token. Default `refreshToken`; with [`Protocol::OAuth2`] `refresh_token`.
    pub fn refresh_token_field(mut self, path: impl Into<String>) -> Self {
        self.fields.push(("refreshToken", path.into()));
        self
    }

    /// Name of the field with the access token's lifetime in seconds. Default `expiresIn`; with [`Protocol::OAuth2`]
    /// `expires_in`.
    pub fn expires_in_field(mut self, path: impl Into<String>) -> Self {
        self.fields.push(("expiresIn", path.into()));
        self
    }

    /// Name of the field with the user. Default `user`.
    pub fn user_field(mut self, path: impl Into<String>) -> Self {
        self.fields.push(("user", path.into()));
        self
    }

    /// How the refresh token travels. Default [`Transport::Cookie`]; [`Transport::Body`] with [`Protocol::OAuth2`], and with a
    /// [`server`](Self::server) whose refresh has `{refresh}` or is `null`.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// What the auth endpoints speak. Default [`Protocol::Json`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// The public client's id, for [`Protocol::OAuth2`] and for `{clientId}` in [`server`](Self::server). Default: none is sent.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// What the server speaks, as data: its calls, where its answers have the tokens, and which answers end the session. The
    /// members are those of the option `server` of the npm package (`ServerOptions`), and each has a default. The value is a
    /// `serde_json::Value`, or a type of the app; its `None` is `null`, which says that the server has no such call, so a
    /// member that is to have its default is left out.
    ///
    /// The paths and bodies of this example are those of
    /// [simplejwt](https://django-rest-framework-simplejwt.readthedocs.io/en/latest/getting_started.html).
    ///
    /// ```no_run
    /// use serde_json::json;
    /// use tokenward::{AuthClient, AuthError, Remember};
    ///
    /// # fn main() -> Result<(), AuthError> {
    /// // djangorestframework-simplejwt, with the app `token_blacklist` for the logout.
    /// let auth = AuthClient::builder()
    ///     .base_url("https://api.example.com")
    ///     .server(&json!({
    ///         "login": { "path": "/api/token/" },
    ///         "refresh": { "path": "/api/token/refresh/", "body": { "refresh": "{refresh}" } },
    ///         "logout": { "path": "/api/token/blacklist/", "body": { "refresh": "{refresh}" } },
    ///         "answer": { "access": "access", "refresh": "refresh", "subject": "user_id" },
    ///     }))
    ///     .remember(Remember::Tab)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`build`](Self::build) returns [`AuthError::InvalidOption`] with the path of a member that is wrong, such as
    /// `server.refresh.body.refresh`, and [`AuthError::Json`] for a value that has no JSON.
    pub fn server(mut self, server: &(impl Serialize + ?Sized)) -> Self {
        // Values of JavaScript exist in a browser only.
        self.server = cfg!(target_arch = "wasm32").then(|| ServerOption::new(to_json(server).map(JsValue::from)));
        self
    }

    /// Where a refresh token in the body of an answer is kept for the next page. Default [`Remember::Memory`].
    pub fn remember(mut self, remember: Remember) -> Self {
        self.remember = Some(remember);
        self
    }

    /// One more origin that may receive the access token, besides `base_url`'s and the page's. A request to any other
    /// origin is a plain `fetch`.
    pub fn api_origin(mut self, origin: impl Into<String>) -> Self {
        self.api_origins.push(origin.into());
        self
    }

    /// Scheme of the `Authorization` header of API calls. Default `Bearer`; with `dpop` `DPoP`.
    pub fn token_scheme(mut self, scheme: impl Into<String>) -> Self {
        self.token_scheme = Some(scheme.into());
        self
    }

    /// Extra headers for auth requests, such as a CSRF token: `headers` returns the names and values for each request.
    pub fn auth_headers(mut self, headers: impl Fn() -> Vec<(String, String)> + 'static) -> Self {
        if !in_browser() {
            return self;
        }
        let call = Closure::<dyn Fn() -> JsValue>::new(move || {
            let object = js_sys::Object::new();
            for (name, value) in headers() {
                // Setting a member of a plain object cannot fail.
                let _ = js_sys::Reflect::set(&object, &name.into(), &value.into());
            }
            object.into()
        });
        self.auth_headers = Some(call.into_js_value());
        self
    }

    /// Send `Idempotency-Key` with refreshes, so that a refresh whose response was lost can be repeated. Default: to the
    /// page's own origin only (another origin needs the server's CORS consent).
    pub fn idempotency_key(mut self, send: bool) -> Self {
        self.idempotency_key = Some(send);
        self
    }

    /// Renew the access token this long before it expires: at most an hour. Default 60 s, and never more than half of the
    /// token's lifetime.
    pub fn renew_before(mut self, duration: Duration) -> Self {
        self.renew_before = Some(duration);
        self
    }

    /// Abort an auth request after this long, and let calls wait for a token no longer than that: 1 ms to 10 minutes.
    /// Default 10 s.
    pub fn timeout(mut self, duration: Duration) -> Self {
        self.timeout = Some(duration);
        self
    }

    /// Resume the session when the client starts. Default [`Restore::Auto`]: if this browser was signed in, or has never
    /// asked the server.
    pub fn restore(mut self, restore: Restore) -> Self {
        self.restore = Some(restore);
        self
    }

    /// Keep the tabs of one origin in step: one auth request at a time, sign-in and sign-out in all of them. Default true.
    pub fn cross_tab(mut self, cross_tab: bool) -> Self {
        self.cross_tab = Some(cross_tab);
        self
    }

    /// Separates several clients of one origin; clients with different names do not share a session. Default `default`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Allow [`AuthClient::access_token`], for a WebSocket or the like. Default false: then no function of this crate can
    /// read a token, and neither can a script that gets hold of what the app's wasm holds.
    pub fn expose_token(mut self, expose: bool) -> Self {
        self.expose_token = expose;
        self
    }

    /// Bind the tokens to a non-extractable key of this browser (RFC 9449). The server must support it.
    #[cfg(feature = "dpop")]
    pub fn dpop(mut self, key: super::Dpop) -> Self {
        self.dpop = Some(key);
        self
    }

    /// Sign a user out who was not active for this long; 1 s to 30 days. Input on a page counts as activity, in all tabs, and so
    /// does [`AuthClient::stay_active`]; requests do not. The time for which the machine sleeps counts as idle. The session is signed
    /// out with the reason [`SignedOutReason::Idle`](crate::SignedOutReason::Idle). Default: never. (The server must limit the
    /// session, too: a page that is closed signs nobody out.) Without a document, as in a worker, nobody is watched.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use tokenward::{AuthClient, AuthError, AuthEvent};
    /// # use futures_util::StreamExt;
    /// # async fn example() -> Result<(), AuthError> {
    /// let auth = AuthClient::builder().idle_timeout(Duration::from_secs(15 * 60)).build()?;
    /// let mut events = auth.events();
    /// while let Some(event) = events.next().await {
    ///     match event {
    ///         AuthEvent::IdleWarning { sign_out_at } => { /* Show a dialog with the time that is left. */ }
    ///         AuthEvent::IdleWarningEnded => { /* Hide it. */ }
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "idle")]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// Send [`AuthEvent::IdleWarning`](crate::AuthEvent::IdleWarning) this long before an idle user is signed out: less than
    /// [`idle_timeout`](Self::idle_timeout), at most an hour; zero for no warning. Default: a minute, at most half of `idle_timeout`.
    #[cfg(feature = "idle")]
    pub fn idle_warning(mut self, warning: Duration) -> Self {
        self.idle_warning = Some(warning);
        self
    }

    /// Which responses mean that the access token is no longer valid. Default: status 401.
    pub fn should_refresh(mut self, decide: impl Fn(&web_sys::Response) -> bool + 'static) -> Self {
        if !in_browser() {
            return self;
        }
        let call = Closure::<dyn Fn(web_sys::Response) -> bool>::new(move |response| decide(&response));
        self.should_refresh = Some(call.into_js_value().unchecked_into());
        self
    }

    /// Receives each diagnostic entry at once; never a token.
    pub fn on_log(mut self, receive: impl Fn(&LogEntry) + 'static) -> Self {
        if !in_browser() {
            return self;
        }
        let call = Closure::<dyn Fn(Entry)>::new(move |entry| receive(&LogEntry::from_js(&entry)));
        self.on_log = Some(call.into_js_value().unchecked_into());
        self
    }

    /// Makes the client, which starts at once: with a session hint in the storage it asks the server for a token.
    ///
    /// Outside of a browser (server-side rendering, also on a server that is wasm and has no `location`) the client does nothing:
    /// its session stays `Restoring`, and its calls return [`AuthError::NoBrowser`].
    ///
    /// # Errors
    /// [`AuthError::InvalidOption`], which names the option, what is valid and the given value; [`AuthError::Json`] for a
    /// [`server`](Self::server) that has no JSON.
    pub fn build(self) -> Result<AuthClient, AuthError> {
        if !in_browser() {
            return Ok(AuthClient::outside_of_a_browser());
        }
        self.validate()?;
        let config = Config {
            renew_before: self.renew_before.map_or(60_000, |duration| duration.as_millis() as Millis),
            timeout: self.timeout.map_or(10_000, |duration| duration.as_millis() as Millis),
            restore: self.restore.unwrap_or(Restore::Auto),
            cross_tab: self.cross_tab.unwrap_or(true),
        };
        let options = self.platform_options();
        if let Some(server) = self.server.clone() {
            (server.set)(&options, &server.value?)?;
        }
        let prover = self.prover(&options);
        Ok(AuthClient::start(config, &options, prover))
    }

    fn validate(&self) -> Result<(), AuthError> {
        let check = |valid: bool, option, expected, received: &dyn ToString| {
            if valid { Ok(()) } else { Err(AuthError::invalid_option(option, expected, received.to_string())) }
        };
        if let Some(url) = &self.base_url {
            let expected = "an absolute http(s) URL without a user name, a query or a fragment";
            check(is_http_url(url, None) && !url.contains(['?', '#']), "base_url", expected, &quoted(url))?;
        }
        for (name, path) in &self.endpoints {
            let option = match *name {
                "login" => "login_endpoint",
                "refresh" => "refresh_endpoint",
                "logout" => "logout_endpoint",
                "start" => "start_endpoint",
                "end" => "end_endpoint",
                _ => "logout_all_endpoint",
            };
            let valid = is_http_url(path, Some("http://localhost"));
            check(valid, option, "a path or an http(s) URL", &quoted(path))?;
        }
        for (name, path) in &self.fields {
            let option = match *name {
                "accessToken" => "access_token_field",
                "refreshToken" => "refresh_token_field",
                "expiresIn" => "expires_in_field",
                _ => "user_field",
            };
            check(!path.is_empty(), option, "the name of a field", &quoted(path))?;
        }
        for origin in &self.api_origins {
            check(is_origin(origin), "api_origin", r#"an origin, such as "https://api.example.com""#, &quoted(origin))?;
        }
        if let Some(id) = &self.client_id {
            check(!id.is_empty(), "client_id", "a string that is not empty", &quoted(id))?;
            let valid = self.protocol == Some(Protocol::OAuth2) || self.server.is_some();
            check(valid, "client_id", "Protocol::OAuth2 or server beside it", &quoted(id))?;
        }
        if let Some(scheme) = &self.token_scheme {
            check(is_token(scheme), "token_scheme", r#"one word, such as "Bearer""#, &quoted(scheme))?;
        }
        if let Some(name) = &self.name {
            check(!name.is_empty(), "name", "a string that is not empty", &quoted(name))?;
        }
        if let Some(duration) = self.renew_before {
            check(duration <= Duration::from_secs(3_600), "renew_before", "at most an hour", &seconds(duration))?;
        }
        if let Some(duration) = self.timeout {
            let valid = (Duration::from_millis(1)..=Duration::from_secs(600)).contains(&duration);
            check(valid, "timeout", "1 ms to 10 minutes", &seconds(duration))?;
        }
        #[cfg(feature = "idle")]
        {
            let timeout = self.idle_timeout.unwrap_or_default();
            if self.idle_timeout.is_some() {
                let valid = (Duration::from_secs(1)..=Duration::from_secs(2_592_000)).contains(&timeout);
                check(valid, "idle_timeout", "1 s to 30 days", &seconds(timeout))?;
            }
            if let Some(warning) = self.idle_warning.filter(|warning| !warning.is_zero()) {
                check(warning <= Duration::from_secs(3_600), "idle_warning", "at most an hour", &seconds(warning))?;
                check(warning < timeout, "idle_warning", "less than idle_timeout", &seconds(warning))?;
            }
        }
        Ok(())
    }

    /// The options that JavaScript completes with its defaults.
    fn platform_options(&self) -> PlatformOptions {
        let options = create_options();
        let set_text = |value: &Option<String>, set: fn(&PlatformOptions, &str)| {
            if let Some(value) = value {
                set(&options, value);
            }
        };
        set_text(&self.base_url, PlatformOptions::set_base_url);
        set_text(&self.client_id, PlatformOptions::set_client_id);
        set_text(&self.token_scheme, PlatformOptions::set_token_scheme);
        set_text(&self.name, PlatformOptions::set_name);
        for (name, path) in &self.endpoints {
            options.endpoints().set(name, path);
        }
        for (name, path) in &self.fields {
            options.fields().set(name, path);
        }
        if let Some(transport) = self.transport {
            options.set_transport(if transport == Transport::Body { "body" } else { "cookie" });
        }
        if self.protocol == Some(Protocol::OAuth2) {
            options.set_protocol("oauth2");
        }
        match self.remember {
            Some(Remember::Tab) => options.set_remember("tab"),
            Some(Remember::Browser) => options.set_remember("browser"),
            Some(Remember::Memory) | None => {}
        }
        options.set_api_origins(self.api_origins.clone());
        if let Some(headers) = &self.auth_headers {
            options.set_auth_headers(headers);
        }
        if let Some(send) = self.idempotency_key {
            options.set_idempotency_key(send);
        }
        if let Some(timeout) = self.timeout {
            options.set_timeout_seconds(timeout.as_secs_f64());
        }
        if let Some(cross_tab) = self.cross_tab {
            options.set_cross_tab(cross_tab);
        }
        options.set_expose_token(self.expose_token);
        #[cfg(feature = "idle")]
        {
            if let Some(timeout) = self.idle_timeout {
                options.set_idle_timeout_seconds(timeout.as_secs_f64());
            }
            if let Some(warning) = self.idle_warning {
                options.set_idle_warning_seconds(warning.as_secs_f64());
            }
        }
        if let Some(decide) = &self.should_refresh {
            options.set_should_refresh(decide);
        }
        if let Some(receive) = &self.on_log {
            options.set_on_log(receive);
        }
        #[cfg(feature = "dpop")]
        options.set_dpop(self.dpop.is_some());
        options
    }

    #[cfg(feature = "dpop")]
    fn prover(&self, options: &PlatformOptions) -> Option<js_sys::Promise> {
        self.dpop.map(|key| {
            // The key is in memory if no other page needs it.
            let stored = key == super::Dpop::Stored;
            let name = stored.then(|| super::platform::stored_key_name(options)).flatten();
            super::platform::create_prover(name.as_deref())
        })
    }

    #[cfg(not(feature = "dpop"))]
    #[expect(clippy::unused_self, reason = "as with the feature dpop")]
    fn prover(&self, _: &PlatformOptions) -> Option<js_sys::Promise> {
        None
    }
}

/// The option `server`.
#[derive(Debug, Clone)]
pub(super) struct ServerOption {
    /// What the server speaks, as JSON or as an object, or why it has no JSON.
    value: Result<JsValue, AuthError>,
    /// [`set_server`], as a value: an app that does not describe its server does not load the module of this function.
    set: fn(&PlatformOptions, &JsValue) -> Result<(), AuthError>,
}

impl ServerOption {
    pub fn new(value: Result<JsValue, AuthError>) -> Self {
        Self { value, set: set_server }
    }
}

/// Functions of JavaScript exist in a browser only, and so does a client that does something.
fn in_browser() -> bool {
    cfg!(target_arch = "wasm32") && is_browser()
}

/// Hands the option `server` to JavaScript, which checks it as it does in the npm package.
fn set_server(options: &PlatformOptions, server: &JsValue) -> Result<(), AuthError> {
    let Some(parts) = super::platform::set_server(options, server) else { return Ok(()) };
    let part = |index| parts.get(index).as_string().unwrap_or_default();
    Err(AuthError::InvalidOption { option: part(0).into(), expected: part(1).into(), received: part(2) })
}

pub(super) fn quoted(text: &str) -> String {
    // (`{:?}` would bring the tables of Unicode into the app.)
    format!("\"{text}\"")
}

/// In seconds, or in milliseconds if it is no whole number of seconds.
fn seconds(duration: Duration) -> String {
    // (`as_millis` is a u128, whose formatting would be part of the app.)
    match u64::from(duration.subsec_millis()) {
        0 => format!("{} s", duration.as_secs()),
        millis => format!("{} ms", duration.as_secs().saturating_mul(1_000).saturating_add(millis)),
    }
}

/// Whether this is an http(s) URL without a user name, absolute unless there is a base.
fn is_http_url(url: &str, base: Option<&str>) -> bool {
    let parsed = match base {
        Some(base) => web_sys::Url::new_with_base(url, base),
        None => web_sys::Url::new(url),
    };
    parsed.is_ok_and(|parsed| {
        matches!(parsed.protocol().as_str(), "http:" | "https:")
            && !url.is_empty()
            && parsed.username().is_empty()
            && parsed.password().is_empty()
    })
}

fn is_origin(url: &str) -> bool {
    is_http_url(url, None)
        && web_sys::Url::new(url).is_ok_and(|parsed| parsed.href() == format!("{}/", parsed.origin()))
}

/// A `token` of RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
