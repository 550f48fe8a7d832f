//! `GET /auth/start`, `/auth/callback`, `/auth/done` and `/auth/end`: sign-in and sign-out at an identity provider. Browsers
//! navigate to these endpoints, so they answer with redirects, also after an error.

use std::net::SocketAddr;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, REFERER, REFERRER_POLICY, USER_AGENT,
};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::extract::cookies::{cookies_with_prefix, genuine_refresh_tokens, refresh_token_of_cookie};
use crate::routes::logout::end_sessions;
use crate::routes::token_response::{expired_cookies, refresh_cookie};
use crate::sign_in::{
    AuthorizationParameters, BrowserId, Callback, Finished, LOGIN_LIFE, LoginSecrets, LoginState, Mark, ReturnTo,
    SignInError, finish, log_failure, provider_session,
};
use crate::state::Shared;
use crate::telemetry::AuthEvent;

/// How often a sign-in starts over after a response to its exchange was lost. The provider knows the user by then, so it
/// costs redirects and no click.
const MAX_ATTEMPTS: u8 = 2;
/// The longest hint and the longest `acr_values`, in bytes.
const MAX_TEXT: usize = 500;
/// How much of a browser's id is part of the name of its cookie.
const LOGIN_COOKIE_SUFFIX: usize = 6;
const DONE_SCRIPT: &str =
    "new BroadcastChannel('tokenward:sign-in').postMessage(location.hash.slice(1)); window.close();";

/// The parameters of `GET /auth/start`.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Start {
    /// Where the browser goes after the sign-in: a path of this origin, or an address of an origin in `ALLOWED_ORIGINS`.
    return_to: Option<String>,
    /// The name of a provider; the default is the first.
    provider: Option<String>,
    /// `none`, `login`, `select_account` or `consent`.
    prompt: Option<String>,
    /// The user's name or address, for the provider's form.
    login_hint: Option<String>,
    /// `acr_values`.
    acr: Option<String>,
    /// `max_age` in seconds.
    max_age: Option<String>,
    /// The id of the popup in which the sign-in happens.
    popup: Option<String>,
}

/// The parameters of `GET /auth/callback` (RFC 6749 §4.1.2, RFC 9207).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackParameters {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// The parameters of `GET /auth/end`.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct End {
    /// Where the browser goes after the sign-out, as for the sign-in.
    return_to: Option<String>,
    /// Set by the provider when the browser returns.
    state: Option<String>,
}

/// Where a sign-in ends.
struct Destination {
    return_to: ReturnTo,
    popup: Option<String>,
}

impl Destination {
    fn redirect(&self, mark: Mark) -> Response {
        match &self.popup {
            Some(id) => see_other(&format!("/auth/done#{id}{mark}")),
            None => see_other(&self.return_to.marked(mark)),
        }
    }

    fn failure(&self, error: SignInError) -> Response {
        self.redirect(Mark::Failed(error))
    }
}

/// Begin a sign-in at an identity provider
///
/// The browser navigates here, and is redirected to the provider. The cookie `login` ties the sign-in to this browser.
#[utoipa::path(get, path = "/auth/start", tag = "sign-in", params(Start),
    responses((status = 303, description = "To the provider, or back with an error")))]
pub async fn start(
    State(state): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    query: Result<Query<Start>, QueryRejection>,
) -> Response {
    let Ok(Query(parameters)) = query else { return unreadable() };
    let popup = parameters.popup.filter(|id| {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (1..=40).contains(&id.len()) && is_plain
    });
    let return_to = ReturnTo::read(parameters.return_to.as_deref(), &state.http.allowed_origins);
    let destination = Destination { return_to, popup };
    if !is_navigation(&headers) {
        return destination.failure(SignInError::ProviderRefused);
    }
    if state.rate_limits.sign_in(state.http.client_address(peer, &headers)).is_err() {
        state.telemetry.record(AuthEvent::RateLimited, "");
        return destination.failure(SignInError::ProviderUnavailable);
    }
    let Some(provider) = state.sign_in.provider(parameters.provider.as_deref()) else {
        return destination.failure(SignInError::ProviderRefused);
    };
    let browser = browser_ids(&state, &headers).next().unwrap_or_else(BrowserId::random);
    let now = state.sessions.now();
    let text = |text: Option<String>| text.filter(|text| !text.is_empty() && text.len() <= MAX_TEXT);
    let mut login = LoginState::new(provider.name(), destination.return_to.as_str(), &browser, now);
    login.popup.clone_from(&destination.popup);
    login.previous = genuine_refresh_tokens(&headers, &state).into_keys().take(2).collect();
    login.max_age = parameters.max_age.and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds < 1 << 32);
    login.acr_values = text(parameters.acr);
    let prompt = parameters.prompt.as_deref();
    let prompt = ["none", "login", "select_account", "consent"].into_iter().find(|one| Some(*one) == prompt);
    login.is_silent = prompt == Some("none");
    let response =
        authorize(&state, &headers, &login, &browser, prompt, text(parameters.login_hint), &destination).await;
    (CookieJar::new().add(login_cookie(&state, &browser)), response).into_response()
}

/// Redirects to the provider.
async fn authorize(
    state: &Shared,
    headers: &HeaderMap,
    login: &LoginState,
    browser: &BrowserId,
    prompt: Option<&'static str>,
    login_hint: Option<String>,
    destination: &Destination,
) -> Response {
    let Some(provider) = state.sign_in.provider(Some(&login.provider)) else {
        return destination.failure(SignInError::ProviderRefused);
    };
    let Some(public_url) = state.sign_in.public_url(headers) else {
        return destination.failure(SignInError::ProviderRefused);
    };
    let text = state.sign_in.states.write(login);
    let secrets = LoginSecrets {
        nonce: state.sign_in.states.nonce(&text, browser),
        verifier: state.sign_in.states.verifier(&text, browser),
        state: text,
    };
    let (acr_values, max_age) = (login.acr_values.clone(), login.max_age);
    let parameters = AuthorizationParameters { prompt, login_hint, acr_values, max_age };
    match provider.authorization_url(&public_url, &secrets, &parameters).await {
        Ok(url) => see_other(&url),
        Err(error) => {
            log_failure(state, provider, &error);
            destination.failure(error.into())
        }
    }
}

/// Finish a sign-in at an identity provider
///
/// The provider sends the browser here. The response sets the refresh cookie and redirects to where the sign-in began. A
/// callback that comes again, in the same browser, has the same result and redeems nothing.
#[utoipa::path(get, path = "/auth/callback", tag = "sign-in", params(CallbackParameters),
    responses((status = 303, description = "To the page at which the sign-in began")))]
pub async fn callback(
    State(state): State<Shared>,
    headers: HeaderMap,
    query: Result<Query<CallbackParameters>, QueryRejection>,
) -> Response {
    let Ok(Query(parameters)) = query else { return unreadable() };
    let text = parameters.state.unwrap_or_default();
    let Some(login) = state.sign_in.states.read(&text) else {
        return see_other(&ReturnTo::read(None, &[]).marked(Mark::Failed(SignInError::StaleSignIn)));
    };
    let return_to = ReturnTo::read(Some(&login.return_to), &state.http.allowed_origins);
    let destination = Destination { return_to, popup: login.popup.clone() };
    let age = state.sessions.now().saturating_sub(login.began_at);
    let browser = browser_ids(&state, &headers).find(|browser| login.is_of(browser));
    let Some(browser) = browser.filter(|_| age <= LOGIN_LIFE) else {
        // The address of an earlier callback, from the history, of a browser in which the user is signed in.
        let mark =
            if has_session(&state, &headers).await { Mark::SignedIn } else { Mark::Failed(SignInError::StaleSignIn) };
        return destination.redirect(mark);
    };
    let (Some(provider), Some(public_url)) =
        (state.sign_in.provider(Some(&login.provider)), state.sign_in.public_url(&headers))
    else {
        return destination.failure(SignInError::ProviderRefused);
    };
    if let Err(error) = provider.check_issuer(parameters.iss.as_deref()).await {
        log_failure(&state, provider, &error);
        return destination.failure(error.into());
    }
    if let Some(error) = parameters.error {
        return destination.failure(SignInError::of_provider(&error));
    }
    let Some(code) = parameters.code.filter(|code| !code.is_empty()) else {
        return destination.failure(SignInError::ProviderRefused);
    };
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let callback = Callback { public_url, code, text, state: login.clone(), browser: browser.clone(), user_agent };
    match finish(&state, callback).await {
        Ok(Finished::SignedIn(sid)) => signed_in(&state, &sid, &destination).await,
        Ok(Finished::CodeLost) if login.attempt < MAX_ATTEMPTS => {
            let login = login.next_attempt(state.sessions.now());
            let prompt = login.is_silent.then_some("none");
            authorize(&state, &headers, &login, &browser, prompt, None, &destination).await
        }
        Ok(Finished::Failed(error)) => destination.failure(error),
        // With an error, the store failed; a later sign-in may succeed.
        Ok(Finished::CodeLost) | Err(_) => destination.failure(SignInError::ProviderUnavailable),
    }
}

/// The response that gives the browser the session's refresh cookie. A session that has been refreshed since has its cookie
/// in the browser already; a second token of the first generation would look stolen.
async fn signed_in(state: &Shared, sid: &str, destination: &Destination) -> Response {
    match state.sessions.store.find(sid, state.sessions.now()).await {
        Ok(Some(session)) if session.generation == 0 => {
            let token = state.refresh_tokens.issue(sid, 0, None);
            let idle_ttl = session.idle_expires_at.saturating_sub(state.sessions.now());
            let cookies = CookieJar::new().add(refresh_cookie(state, token, idle_ttl));
            (cookies, destination.redirect(Mark::SignedIn)).into_response()
        }
        Ok(Some(_)) => destination.redirect(Mark::SignedIn),
        // The session has ended since.
        Ok(None) => destination.failure(SignInError::StaleSignIn),
        Err(_) => destination.failure(SignInError::ProviderUnavailable),
    }
}

/// Whether the request has the cookie of a session that continues.
async fn has_session(state: &Shared, headers: &HeaderMap) -> bool {
    let Ok(Some(token)) = refresh_token_of_cookie(headers, state).await else { return false };
    let Some(token) = state.refresh_tokens.verify(&token) else { return false };
    state.sessions.store.find(&token.sid, state.sessions.now()).await.is_ok_and(|session| session.is_some())
}

/// The page on which a popup ends
///
/// It reports the result to the other pages of this origin and closes itself.
#[utoipa::path(get, path = "/auth/done", tag = "sign-in",
    responses((status = 200, content_type = "text/html", description = "The page")))]
pub async fn done() -> Response {
    let hash = BASE64_STANDARD.encode(digest(&SHA256, DONE_SCRIPT.as_bytes()));
    let policy = format!("default-src 'none'; script-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'");
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Signed in</title>\
         <p>You can close this window.</p><script>{DONE_SCRIPT}</script></html>"
    );
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (REFERRER_POLICY, "no-referrer")];
    ([(CONTENT_SECURITY_POLICY, policy)], headers, page).into_response()
}

/// Sign out, also at the identity provider
///
/// The browser navigates here; the session of its cookie ends. If it began at a provider that has an end-session endpoint, the
/// browser is redirected there (OpenID Connect RP-Initiated Logout 1.0), and the provider sends it back here.
#[utoipa::path(get, path = "/auth/end", tag = "sign-in", params(End),
    responses((status = 303, description = "To the provider, or to the page that `returnTo` names")))]
pub async fn end(
    State(state): State<Shared>,
    headers: HeaderMap,
    query: Result<Query<End>, QueryRejection>,
) -> Response {
    let Ok(Query(parameters)) = query else { return see_other("/") };
    let allowed = &state.http.allowed_origins;
    if let Some(text) = parameters.state {
        let return_to = state.sign_in.states.read_end(&text);
        let is_ours = return_to.is_some();
        let return_to = ReturnTo::read(return_to.as_deref(), allowed);
        return see_other(&if is_ours { return_to.marked(Mark::SignedOut) } else { return_to.as_str().to_owned() });
    }
    if !is_own_navigation(&state, &headers) {
        state.telemetry.record(AuthEvent::CsrfRejected, "");
        return see_other("/");
    }
    let return_to = ReturnTo::read(parameters.return_to.as_deref(), allowed);
    let sids: Vec<String> = genuine_refresh_tokens(&headers, &state).into_keys().collect();
    let at_provider = url_at_provider(&state, &headers, &sids, &return_to).await;
    if end_sessions(&state, sids, AuthEvent::Logout).await.is_err() {
        // Without the mark, the page sends the sign-out again.
        return see_other(return_to.as_str());
    }
    let response = see_other(&at_provider.unwrap_or_else(|| return_to.marked(Mark::SignedOut)));
    (expired_cookies(&state), response).into_response()
}

/// Where the provider's session ends, if one of the sessions began at a provider.
async fn url_at_provider(state: &Shared, headers: &HeaderMap, sids: &[String], return_to: &ReturnTo) -> Option<String> {
    let public_url = state.sign_in.public_url(headers)?;
    for sid in sids {
        let Ok(Some(session)) = provider_session(state, sid).await else { continue };
        let Some(provider) = state.sign_in.provider(Some(&session.provider)) else { continue };
        let id_token = state.sign_in.states.unseal(&session.id_token, "");
        let end_state = state.sign_in.states.write_end(return_to.as_str());
        if let Some(url) = provider.end_session_url(&public_url, id_token.as_deref(), &end_state).await {
            return Some(url);
        }
    }
    None
}

/// The response to parameters that come twice or are not a query.
fn unreadable() -> Response {
    see_other(&ReturnTo::read(None, &[]).marked(Mark::Failed(SignInError::ProviderRefused)))
}

/// Whether a browser navigates, as opposed to an image or a script of a page that names this address.
fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

/// Whether a page of this origin or of an origin in `ALLOWED_ORIGINS`, or the user, began a navigation. A browser that does not
/// say so does not send the refresh cookie with a navigation of another site either.
fn is_own_navigation(state: &Shared, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_in_tab = text("sec-fetch-dest").is_none_or(|destination| destination == "document");
    if !is_navigation(headers) || !is_in_tab || text("sec-purpose").is_some_and(|purpose| purpose.contains("prefetch"))
    {
        return false;
    }
    let origin = headers.get(REFERER).and_then(|referrer| referrer.to_str().ok());
    let origin = origin.and_then(|referrer| reqwest::Url::parse(referrer).ok());
    let origin = origin.map(|referrer| referrer.origin().ascii_serialization());
    let allowed = origin.is_some_and(|origin| state.http.allowed_origins.contains(&origin));
    allowed || matches!(text("sec-fetch-site"), None | Some("same-origin" | "none"))
}

/// The ids of the cookies `login`. A page of a sibling domain may have set a second one.
fn browser_ids<'a>(state: &'a Shared, headers: &'a HeaderMap) -> impl Iterator<Item = BrowserId> + 'a {
    cookies_with_prefix(headers, &state.http.login_cookie).filter_map(BrowserId::read)
}

/// The cookie comes with the callback, which another site begins: `SameSite=Lax`.
fn login_cookie(state: &Shared, browser: &BrowserId) -> Cookie<'static> {
    // The name follows from the value: where several tabs begin at once in a new browser, no response replaces another's cookie.
    let name = format!("{}{}", state.http.login_cookie, &browser.as_str()[..LOGIN_COOKIE_SUFFIX]);
    Cookie::build((name, browser.as_str().to_owned()))
        .http_only(true)
        .same_site(SameSite::Lax)
        .path(state.http.refresh_cookie_path)
        .secure(state.http.cookie_secure)
        .max_age(time::Duration::seconds(LOGIN_LIFE.cast_signed()))
        .build()
}

fn see_other(location: &str) -> Response {
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(LOCATION, location), (REFERRER_POLICY, HeaderValue::from_static("no-referrer"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}
