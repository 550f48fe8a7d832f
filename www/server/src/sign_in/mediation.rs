//! `OIDC_TOKENS=provider`: pages receive the access tokens of the provider instead of those of this server ("mediation").
//! Nothing here concerns a server without this setting.
//!
//! The session, its cookie and its rotation are as always. Beside them, the store keeps one record per session: the
//! provider's tokens, encrypted in the context of the session. A refresh first renews the token at the provider, unless the
//! kept one is recent, and only then rotates the session: if the provider fails, the session is as before.
//!
//! A provider that rotates refresh tokens takes a second use for theft and ends the grant. So there is one request at a
//! time, for all tabs and servers: the record says who sends it, and changes only from the value that was read. After a
//! lost response, nobody sends the refresh token until the provider can no longer be processing the first request. Then it
//! is sent once more, because there is no other: a provider that has used it up answers `invalid_grant`, and the user signs
//! in again.

use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::exchange::provider_session;
use super::grant::{Grant, RenewalError};
use super::provider::Provider;
use crate::config::Secret;
use crate::error::ApiError;
use crate::extract::cookies::refresh_token_of_cookie;
use crate::extract::require_same_site;
use crate::state::Shared;
use crate::store::{Session, StoreError};
use crate::telemetry::AuthEvent;

/// A token is recent for half of its lifetime, and for so many seconds at most. So a token that the provider has revoked is
/// returned for no longer, and several tabs cost one renewal.
const RECENT: u64 = 60;
/// While the provider is not available, a token that is valid for so many seconds more is returned.
const USABLE: u64 = 30;
/// How long the request of another server counts as under way, in seconds: longer than reading the metadata, the request
/// and saving its result can take, and less than the time within which this server answers.
const IN_FLIGHT: u64 = 24;
/// The pauses after a failure, in seconds: unless the provider asks for a longer one; and after a lost response, which the
/// provider may still be processing.
const PAUSE: u64 = 1;
const PAUSE_AFTER_LOSS: u64 = 10;
/// The longest pause that a provider may ask for, in seconds.
const MAX_PAUSE: u64 = 60;
/// How long the result of a renewal is offered to a store that is not available.
const SAVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often another request looks for the result of the renewal, and a result is offered to the store again.
const POLL: Duration = Duration::from_millis(50);

/// An access token of the provider, for a page.
#[derive(Debug)]
pub struct ProviderToken {
    pub access_token: Secret,
    /// Seconds.
    pub expires_in: u64,
}

/// What a refresh of a session returns.
pub enum Renewal {
    /// A token of this server.
    NotMediated,
    /// A token of the provider.
    Token(ProviderToken),
    /// Nothing: the session began at a provider whose tokens pages receive, and the store has none for it.
    Missing,
}

impl Renewal {
    /// The token, after the session was rotated. A session without one ends.
    pub async fn into_token(self, state: &Shared, session: &Session) -> Result<Option<ProviderToken>, ApiError> {
        match self {
            Self::NotMediated => Ok(None),
            Self::Token(token) => Ok(Some(token)),
            Self::Missing => {
                end(state, &session.sid).await?;
                Err(ApiError::InvalidRefreshToken)
            }
        }
    }
}

/// The tokens of a session. Times are seconds since the epoch.
#[derive(Serialize, Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    issued_at: u64,
    lifetime: u64,
}

impl Tokens {
    /// The seconds for which the access token remains valid, also if the clock went back.
    fn left(&self, now: u64) -> u64 {
        self.lifetime.saturating_sub(now.saturating_sub(self.issued_at))
    }

    fn is_recent(&self, now: u64) -> bool {
        now.saturating_sub(self.issued_at) < RECENT.min(self.lifetime / 2)
    }

    fn for_page(self, now: u64) -> Renewal {
        let expires_in = self.left(now).max(1);
        Renewal::Token(ProviderToken { access_token: Secret::new(self.access_token), expires_in })
    }
}

/// What the store keeps of a session's tokens.
#[derive(Serialize, Deserialize)]
struct Record {
    provider: String,
    /// [`Tokens`], encrypted.
    tokens: String,
    /// When the session ends at the latest.
    until: u64,
    hold: Option<Hold>,
}

/// Until when nobody but the holder sends the refresh token.
#[derive(Serialize, Deserialize)]
struct Hold {
    until: u64,
    reason: Reason,
    /// Makes two holds differ.
    id: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Reason {
    /// The request is under way.
    InFlight,
    /// The provider was not available.
    Unavailable,
    /// The provider rejected this server.
    Refused,
}

impl Record {
    fn new(state: &Shared, provider: &str, sid: &str, tokens: &Tokens, until: u64) -> Result<Self, ApiError> {
        let text = serde_json::to_string(tokens).map_err(|_| ApiError::Internal)?;
        let tokens = state.sign_in.states.seal(&text, &context(sid));
        Ok(Self { provider: provider.to_owned(), tokens, until, hold: None })
    }

    fn hold(self, reason: Reason, until: u64) -> Self {
        let id = crate::token::refresh::RefreshTokens::new_sid();
        Self { hold: Some(Hold { until, reason, id }), ..self }
    }

    fn write(&self) -> Result<String, ApiError> {
        serde_json::to_string(self).map_err(|_| ApiError::Internal)
    }

    /// Reads a record and its tokens; `None` if no key of this server opens them.
    fn read(state: &Shared, sid: &str, text: &str) -> Option<(Self, Tokens)> {
        let record: Self = serde_json::from_str(text).ok()?;
        let tokens = state.sign_in.states.unseal(&record.tokens, &context(sid))?;
        Some((record, serde_json::from_str(&tokens).ok()?))
    }
}

/// Keeps the tokens of a session that begins.
pub async fn keep(state: &Shared, provider: &Provider, session: &Session, grant: &Grant) -> Result<(), ApiError> {
    let now = state.sessions.now();
    let refresh_token = grant.refresh_token.as_ref().map(Secret::expose).unwrap_or_default();
    let tokens = tokens_of(grant, refresh_token, now);
    let record = Record::new(state, provider.name(), &session.sid, &tokens, session.absolute_expires_at)?;
    Ok(state.sessions.store.set_record(&key(&session.sid), &record.write()?, record.until, now).await?)
}

fn tokens_of(grant: &Grant, previous: &str, issued_at: u64) -> Tokens {
    Tokens {
        access_token: grant.access_token.expose().to_owned(),
        refresh_token: grant.refresh_token.as_ref().map_or(previous, Secret::expose).to_owned(),
        issued_at,
        lifetime: grant.lifetime,
    }
}

/// The token for a page of this session, renewed at the provider unless the kept one is recent. A request with a proof
/// (RFC 9449) is rejected: a token of the provider is not bound to a key of the page.
pub async fn renew(state: &Shared, sid: &str, has_proof: bool) -> Result<Renewal, ApiError> {
    if !state.sign_in.mediates() {
        return Ok(Renewal::NotMediated);
    }
    let task = {
        let (state, sid) = (state.clone(), sid.to_owned());
        async move { renew_in_turn(&state, &sid, has_proof).await }
    };
    // In a task of its own: if the browser leaves, the response of the provider must not be lost.
    state.store_tasks.run(task).await
}

async fn renew_in_turn(state: &Shared, sid: &str, has_proof: bool) -> Result<Renewal, ApiError> {
    let store = &state.sessions.store;
    loop {
        let now = state.sessions.now();
        let Some(text) = store.record(&key(sid), now).await? else { return without_record(state, sid).await };
        let Some((record, tokens)) = Record::read(state, sid, &text) else {
            tracing::error!(sid, "no key of this server opens the provider's tokens of a session");
            return Ok(Renewal::Missing);
        };
        let provider = state.sign_in.provider(Some(&record.provider)).filter(|provider| provider.mediates());
        let Some(provider) = provider else { return Ok(Renewal::NotMediated) };
        if has_proof {
            let reason = "because pages receive the provider's tokens (OIDC_TOKENS=provider)";
            return Err(ApiError::invalid_field(format!("DPoP: expected no proof, {reason}, got one")));
        }
        if tokens.is_recent(now) {
            return Ok(tokens.for_page(now));
        }
        match record.hold.as_ref().filter(|hold| hold.until > now) {
            Some(hold) if hold.reason == Reason::InFlight => {
                tokio::time::sleep(POLL).await;
                continue;
            }
            Some(hold) => return while_held(hold.reason, hold.until, tokens, now),
            None => {}
        }
        if store.find(sid, now).await?.is_none() {
            return Ok(Renewal::Missing);
        }
        let held = record.hold(Reason::InFlight, now + IN_FLIGHT);
        let held_text = held.write()?;
        let is_ours = store.replace_record(&key(sid), &text, &held_text, held.until, now).await?;
        if is_ours && let Some(renewal) = send(state, provider, sid, held, held_text, tokens).await? {
            return Ok(renewal);
        }
    }
}

/// The session began without a provider, or its tokens are lost.
async fn without_record(state: &Shared, sid: &str) -> Result<Renewal, ApiError> {
    let began = provider_session(state, sid).await?;
    let provider = began.and_then(|began| state.sign_in.provider(Some(&began.provider)));
    Ok(if provider.is_some_and(Provider::mediates) { Renewal::Missing } else { Renewal::NotMediated })
}

/// What a refresh returns while the provider is not to be asked.
fn while_held(reason: Reason, until: u64, tokens: Tokens, now: u64) -> Result<Renewal, ApiError> {
    match reason {
        _ if tokens.left(now) >= USABLE => Ok(tokens.for_page(now)),
        Reason::Refused => Err(ApiError::ProviderRefused),
        _ => Err(ApiError::ProviderUnavailable(Duration::from_secs(until.saturating_sub(now)))),
    }
}

/// Sends the refresh token, as the holder. `None` if the record has changed meanwhile.
async fn send(
    state: &Shared,
    provider: &Provider,
    sid: &str,
    held: Record,
    held_text: String,
    tokens: Tokens,
) -> Result<Option<Renewal>, ApiError> {
    let sent_at = state.sessions.now();
    let result = provider.renew(&tokens.refresh_token).await;
    let event = if result.is_ok() { AuthEvent::ProviderRenewed } else { AuthEvent::ProviderRenewalFailed };
    state.telemetry.record(event, sid);
    let (pause, reason) = match result {
        Ok(grant) => {
            let tokens = tokens_of(&grant, &tokens.refresh_token, sent_at);
            let record = Record::new(state, provider.name(), sid, &tokens, held.until)?;
            return match save(state, sid, &held_text, &record).await? {
                Saved::Yes => Ok(Some(tokens.for_page(state.sessions.now()))),
                Saved::Changed => Ok(None),
                Saved::Gone => {
                    // The session ended meanwhile, and the new refresh token with it.
                    revoke_in_background(state, provider.name(), tokens.refresh_token);
                    Ok(Some(Renewal::Missing))
                }
            };
        }
        Err(RenewalError::Ended) => {
            if state.sessions.store.record(&key(sid), state.sessions.now()).await? != Some(held_text) {
                return Ok(None);
            }
            tracing::info!(provider = provider.name(), sid, "the provider has ended a session");
            end(state, sid).await?;
            return Err(ApiError::InvalidRefreshToken);
        }
        Err(RenewalError::Unavailable(text, wait)) => {
            tracing::warn!(provider = provider.name(), sid, text, "a provider is not available for a renewal");
            (wait.unwrap_or(PAUSE).clamp(PAUSE, MAX_PAUSE), Reason::Unavailable)
        }
        Err(RenewalError::Lost(text)) => {
            tracing::warn!(provider = provider.name(), sid, text, "the response of a provider to a renewal is lost");
            (PAUSE_AFTER_LOSS, Reason::Unavailable)
        }
        Err(RenewalError::Refused(text)) => {
            tracing::error!(provider = provider.name(), sid, text, "a provider rejects the renewals of this server");
            (PAUSE, Reason::Refused)
        }
    };
    let now = state.sessions.now();
    let until = now + pause;
    save(state, sid, &held_text, &held.hold(reason, until)).await?;
    while_held(reason, until, tokens, now).map(Some)
}

enum Saved {
    Yes,
    /// Another server has changed the record.
    Changed,
    /// There is no record any more.
    Gone,
}

/// Replaces the record of the holder. Tries again while the store is not available: a new refresh token that is not saved is
/// lost, and the former one may be used up.
async fn save(state: &Shared, sid: &str, held: &str, record: &Record) -> Result<Saved, ApiError> {
    let (store, key, text) = (&state.sessions.store, key(sid), record.write()?);
    let began = Instant::now();
    let attempt = async || -> Result<Saved, StoreError> {
        let now = state.sessions.now();
        if store.replace_record(&key, held, &text, record.until, now).await? {
            return Ok(Saved::Yes);
        }
        // An earlier attempt may have succeeded, and its response was lost.
        Ok(match store.record(&key, now).await? {
            Some(found) if found == text => Saved::Yes,
            Some(_) => Saved::Changed,
            None => Saved::Gone,
        })
    };
    loop {
        match attempt().await {
            Ok(saved) => return Ok(saved),
            Err(error) if began.elapsed() > SAVE_TIMEOUT => {
                tracing::error!(%error, sid, "the result of a renewal could not be saved");
                return Err(ApiError::StoreUnavailable);
            }
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}

/// Ends a session whose tokens are not valid any more, or missing.
async fn end(state: &Shared, sid: &str) -> Result<(), ApiError> {
    if state.sessions.end(sid).await? {
        state.telemetry.record(AuthEvent::Revoked, sid);
    }
    forget(state, sid).await;
    Ok(())
}

/// Deletes the tokens of sessions that have ended, and revokes their refresh tokens at the provider, which nobody waits for.
pub async fn release(state: &Shared, sids: &[String]) {
    for sid in sids {
        if let Some((provider, refresh_token)) = forget(state, sid).await {
            revoke_in_background(state, &provider, refresh_token);
        }
    }
}

/// Deletes the tokens of a session; returns its provider and its refresh token.
pub async fn forget(state: &Shared, sid: &str) -> Option<(String, String)> {
    if !state.sign_in.mediates() {
        return None;
    }
    match state.sessions.store.take_record(&key(sid), state.sessions.now()).await {
        Ok(text) => Record::read(state, sid, &text?).map(|(record, tokens)| (record.provider, tokens.refresh_token)),
        Err(error) => {
            // They remain encrypted until they expire.
            tracing::warn!(%error, sid, "the provider's tokens of a session that has ended could not be deleted");
            None
        }
    }
}

/// Revokes the tokens of a sign-in that begins no session.
pub fn discard(state: &Shared, provider: &Provider, grant: &Grant) {
    if let Some(refresh_token) = &grant.refresh_token {
        revoke_in_background(state, provider.name(), refresh_token.expose().to_owned());
    }
}

fn revoke_in_background(state: &Shared, provider: &str, refresh_token: String) {
    let (state, name) = (state.clone(), provider.to_owned());
    tokio::spawn(async move {
        let task = {
            let state = state.clone();
            async move {
                let Some(provider) = state.sign_in.provider(Some(&name)) else { return Ok(()) };
                if let Err(error) = provider.revoke(&refresh_token).await {
                    tracing::warn!(provider = name, ?error, "a refresh token could not be revoked at its provider");
                }
                Ok(())
            }
        };
        // (As a task that the server finishes before it stops.)
        let _ = state.store_tasks.run(task).await;
    });
}

/// The user and the session of the refresh token in the cookie, where pages have no access token of this server. The token must
/// be the current one, and the request must not come from another site.
pub async fn session_of_cookie(state: &Shared, headers: &HeaderMap) -> Result<Option<(String, String)>, ApiError> {
    if !state.sign_in.mediates() || require_same_site(headers, state).is_err() {
        return Ok(None);
    }
    let token = refresh_token_of_cookie(headers, state).await?;
    let Some(token) = token.and_then(|token| state.refresh_tokens.verify(&token)) else { return Ok(None) };
    let (store, now) = (&state.sessions.store, state.sessions.now());
    let session = store.find(&token.sid, now).await?.filter(|session| session.generation == token.generation);
    let Some(session) = session.filter(|_| token.jkt.is_none()) else { return Ok(None) };
    let is_mediated = store.record(&key(&session.sid), now).await?.is_some();
    Ok(is_mediated.then_some((session.user_id, session.sid)))
}

/// The context in which a session's tokens are encrypted.
fn context(sid: &str) -> String {
    format!("tokens of session {sid}")
}

fn key(sid: &str) -> String {
    format!("provider-tokens:{sid}")
}
