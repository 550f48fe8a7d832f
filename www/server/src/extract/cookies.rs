//! Reads cookies from a request. A page of a sibling domain, or a script, can set a second cookie of the same name beside
//! the server's own ("cookie tossing"), so all of them are read, and genuine tokens of several sessions are a conflict.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::header::{COOKIE, HeaderMap};

use crate::error::ApiError;
use crate::state::AppState;
use crate::telemetry::AuthEvent;

/// The values of all cookies with this name.
pub fn cookie_values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    cookies(headers).filter(move |(other, _)| *other == name).map(|(_, value)| value)
}

/// The values of the cookies whose names begin so.
pub fn cookies_with_prefix<'a>(headers: &'a HeaderMap, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    cookies(headers).filter(move |(name, _)| name.starts_with(prefix)).map(|(_, value)| value)
}

/// The names and the values of the cookies.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let parse = |pair| std::str::from_utf8(pair).ok()?.split_once('=');
    pairs.filter_map(parse).map(|(name, value)| (name.trim(), value.trim()))
}

/// The genuine refresh tokens of the cookies: for each session, the newest.
pub fn genuine_refresh_tokens(headers: &HeaderMap, state: &AppState) -> BTreeMap<String, (u32, String)> {
    let mut newest = BTreeMap::new();
    for value in cookie_values(headers, &state.http.refresh_cookie) {
        let Some(token) = state.refresh_tokens.verify(value) else { continue };
        let entry = newest.entry(token.sid).or_insert_with(|| (token.generation, value.to_owned()));
        if token.generation > entry.0 {
            *entry = (token.generation, value.to_owned());
        }
    }
    newest
}

/// The refresh token of the cookie. Of several sessions, those that have ended do not count; several that continue are a
/// conflict, because the browser does not say which cookie the server has set.
pub async fn refresh_token_of_cookie(headers: &HeaderMap, state: &AppState) -> Result<Option<String>, ApiError> {
    let mut genuine = genuine_refresh_tokens(headers, state);
    if genuine.len() > 1 {
        let mut live = BTreeMap::new();
        for (sid, token) in &genuine {
            if state.sessions.store.find(sid, state.sessions.now()).await?.is_some() {
                live.insert(sid.clone(), token.clone());
            }
        }
        if live.len() > 1 {
            return Err(conflict(state, &state.http.refresh_cookie));
        }
        if !live.is_empty() {
            genuine = live;
        }
    }
    let genuine = genuine.into_values().next().map(|(_, token)| token);
    // Without a genuine token, the endpoint rejects the presented one.
    Ok(genuine.or_else(|| cookie_values(headers, &state.http.refresh_cookie).next().map(str::to_owned)))
}

/// Reports cookies with tokens of several sessions.
pub fn conflict(state: &AppState, name: &str) -> ApiError {
    state.telemetry.record(AuthEvent::CookieConflict, "");
    let text = format!("cookie {name}: expected the token of one session, got tokens of several; remove the others");
    ApiError::InvalidRequest(StatusCode::BAD_REQUEST, text)
}
