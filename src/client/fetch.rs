//! API calls: the requests that the client takes, and the response.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit};

use super::builder::quoted;
use super::decode::decode;
use super::error::text_of;
use super::{AuthClient, AuthError};

/// A request of an API, to be sent by [`AuthClient::fetch`].
///
/// ```no_run
/// # use tokenward::{ApiRequest, AuthClient, AuthError};
/// # async fn example(auth: AuthClient) -> Result<(), AuthError> {
/// let response = auth.fetch(ApiRequest::post("/api/notes").json(&[("title", "Analytical engine")])?).await?;
/// assert_eq!(response.status(), 201);
/// # Ok(())
/// # }
/// ```
///
/// Outside of a browser it holds nothing, and `fetch` returns [`AuthError::NoBrowser`].
#[derive(Debug)]
pub struct ApiRequest(Option<Parts>);

#[derive(Debug)]
struct Parts {
    /// A URL or a `Request`.
    input: JsValue,
    init: RequestInit,
    headers: Headers,
    /// Whether `init` says more than a `Request` in `input`.
    is_changed: bool,
}

impl ApiRequest {
    /// A request with this method.
    pub fn new(method: &str, url: &str) -> Self {
        // Values of JavaScript exist in a browser only.
        Self(cfg!(target_arch = "wasm32").then(|| {
            let init = RequestInit::new();
            init.set_method(method);
            let headers = Headers::new().expect("headers without an argument are valid");
            Parts { input: url.into(), init, headers, is_changed: true }
        }))
    }

    /// A `GET` request.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A `POST` request.
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// A `PUT` request.
    pub fn put(url: &str) -> Self {
        Self::new("PUT", url)
    }

    /// A `PATCH` request.
    pub fn patch(url: &str) -> Self {
        Self::new("PATCH", url)
    }

    /// A `DELETE` request.
    pub fn delete(url: &str) -> Self {
        Self::new("DELETE", url)
    }

    /// Sets a header.
    ///
    /// # Errors
    /// [`AuthError::InvalidOption`] for a name or a value that no header can have.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, AuthError> {
        if let Some(parts) = &mut self.0 {
            let set = parts.headers.set(name, value);
            set.map_err(|_| AuthError::invalid_option("header", "a name and a value of HTTP", quoted(name)))?;
            parts.is_changed = true;
        }
        Ok(self)
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// [`AuthError::Json`] if the value cannot be written as JSON, such as a map whose keys are no strings.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Result<Self, AuthError> {
        if self.0.is_none() {
            return Ok(self);
        }
        let text = to_json(body)?;
        self.header("content-type", "application/json").map(|request| request.body(&text))
    }

    /// Sends a body: a string, a `Blob`, a `FormData`, …
    #[must_use]
    pub fn body(self, body: &JsValue) -> Self {
        self.with_init(|init| init.set_body(body))
    }

    /// The options of the browser's `fetch`, for those without a method here. A request with a `signal` of the app is aborted by
    /// that signal alone, and not by dropping the future.
    ///
    /// ```no_run
    /// # use tokenward::{ApiRequest, AuthClient, AuthError};
    /// # async fn example(auth: AuthClient) -> Result<(), AuthError> {
    /// let timeout = web_sys::AbortSignal::timeout_with_u32(5_000);
    /// auth.fetch(ApiRequest::get("/api/me").with_init(|init| init.set_signal(Some(&timeout)))).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_init(mut self, change: impl FnOnce(&RequestInit)) -> Self {
        if let Some(parts) = &mut self.0 {
            change(&parts.init);
            parts.is_changed = true;
        }
        self
    }
}

/// What [`AuthClient::fetch`] sends: a URL, an [`ApiRequest`], a `web_sys::Request`, or a request of gloo-net (feature
/// `gloo-net`).
pub trait IntoApiRequest {
    /// The request.
    fn into_api_request(self) -> ApiRequest;
}

impl IntoApiRequest for ApiRequest {
    fn into_api_request(self) -> ApiRequest {
        self
    }
}

impl IntoApiRequest for &str {
    fn into_api_request(self) -> ApiRequest {
        ApiRequest::get(self)
    }
}

impl IntoApiRequest for String {
    fn into_api_request(self) -> ApiRequest {
        ApiRequest::get(&self)
    }
}

/// A response of an API.
#[derive(Debug, Clone)]
pub struct Response(web_sys::Response);

impl Response {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// Whether the status is 200 to 299.
    pub fn ok(&self) -> bool {
        self.0.ok()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<String> {
        self.0.headers().get(name).ok().flatten()
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`AuthError::Fetch`] if the connection breaks, or the body was read before.
    pub async fn text(&self) -> Result<String, AuthError> {
        Ok(read(self.0.text()).await?.as_string().unwrap_or_default())
    }

    /// The body, read from JSON as the app's own type. JavaScript reads the numbers: an integer from 2⁵³ is an error, or rounded
    /// where the type takes any JSON (`serde_json::Value`), and `1.0` is 1. A server sends larger integers as strings.
    ///
    /// # Errors
    /// [`AuthError::Fetch`] if the connection breaks, or the body was read before; [`AuthError::Json`] if it is no JSON, or does
    /// not fit the type.
    pub async fn json<T: DeserializeOwned>(&self) -> Result<T, AuthError> {
        decode(read(self.0.json()).await?)
    }

    /// The response of the browser.
    pub fn into_inner(self) -> web_sys::Response {
        self.0
    }
}

impl From<Response> for web_sys::Response {
    fn from(response: Response) -> Self {
        response.0
    }
}

async fn read(body: Result<js_sys::Promise, JsValue>) -> Result<JsValue, AuthError> {
    let value = match body {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    value.map_err(|error| {
        let text = text_of(&error);
        if error.is_instance_of::<js_sys::SyntaxError>() { AuthError::Json(text) } else { AuthError::Fetch(text) }
    })
}

/// A value as JSON text.
pub(super) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<js_sys::JsString, AuthError> {
    let written = value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(JsValue::from)
        .and_then(|value| js_sys::JSON::stringify(&value));
    match written {
        Ok(text) if text.is_string() => Ok(text),
        Ok(_) => Err(AuthError::Json("the value has no JSON".into())),
        Err(error) => Err(AuthError::Json(text_of(&error))),
    }
}

/// Aborts when it is dropped before its work is done.
pub(super) struct AbortOnDrop(Option<AbortController>);

impl AbortOnDrop {
    pub fn new() -> Self {
        Self(AbortController::new().ok())
    }

    pub fn signal(&self) -> Option<web_sys::AbortSignal> {
        self.0.as_ref().map(AbortController::signal)
    }

    pub fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = self.0.take() {
            controller.abort();
        }
    }
}

impl AuthClient {
    /// Sends a request. Requests to the page's origin, `base_url`'s and the `api_origin`s carry the access token, wait while
    /// it is renewed, and are sent once more after a 401; all others are plain `fetch`. Dropping the future aborts a request
    /// that was made from a URL or an [`ApiRequest`].
    ///
    /// # Errors
    /// [`AuthError::Fetch`] where `fetch` rejects, or [`AuthError::Auth`] with `SignedOut`, `SessionEnded` or
    /// `RefreshUnavailable`.
    pub async fn fetch(&self, request: impl IntoApiRequest) -> Result<Response, AuthError> {
        let inner = self.inner()?;
        let Parts { input, init, headers, is_changed } = request.into_api_request().0.ok_or(AuthError::NoBrowser)?;
        if is_changed {
            init.set_headers(&headers);
        }
        let abort = (input.is_string() && init.get_signal().is_none()).then(AbortOnDrop::new);
        if let Some(abort) = &abort {
            init.set_signal(abort.signal().as_ref());
        }
        let init: &JsValue = if is_changed { &init } else { &JsValue::UNDEFINED };
        let sent = JsFuture::from(inner.platform.fetch(&input, init)).await;
        if let Some(abort) = abort {
            abort.done();
        }
        sent.map(|response| Response(response.unchecked_into())).map_err(AuthError::from_js)
    }
}

impl IntoApiRequest for web_sys::Request {
    fn into_api_request(self) -> ApiRequest {
        let headers = Headers::new_with_headers(&self.headers()).expect("headers of a request are valid");
        ApiRequest(Some(Parts { input: self.into(), init: RequestInit::new(), headers, is_changed: false }))
    }
}

#[cfg(feature = "gloo-net")]
impl IntoApiRequest for gloo_net::http::Request {
    fn into_api_request(self) -> ApiRequest {
        web_sys::Request::from(self).into_api_request()
    }
}
