//! Finishes a sign-in: exchanges the code once, however often the callback comes, and begins the session.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::login_state::LoginStates;
use super::provider::{LoginSecrets, Provider, ProviderError, ProviderUser};
use super::{BrowserId, LOGIN_LIFE, LoginState, SignInError, mediation};
use crate::config::NewUsers;
use crate::error::ApiError;
use crate::state::Shared;
use crate::store::{Session, StoreError, User};
use crate::telemetry::AuthEvent;
use crate::token::access::Authentication;
use crate::users::{first_credential_version, provider_user_id};

/// A provider that takes longer for the exchange, with all attempts, keys and user info, counts as unavailable.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(18);
/// An exchange without an outcome after this time counts as lost, in seconds: more than `EXCHANGE_TIMEOUT`, and less than the
/// time within which the server answers a request.
const EXCHANGE_LIFE: u64 = 24;
/// How often another request looks for the outcome of the exchange.
const POLL: Duration = Duration::from_millis(50);

/// The outcome of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Finished {
    /// The session with this id has begun.
    SignedIn(String),
    /// The code is spent, and its response was lost.
    CodeLost,
    /// Nobody has signed in.
    Failed(SignInError),
}

/// The record of an exchange.
#[derive(Serialize, Deserialize)]
enum Record {
    Pending,
    Finished(Finished),
}

/// The record of a session that began at a provider.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProviderSession {
    /// The name of the provider.
    pub provider: String,
    /// The id of the provider's session.
    pub sid: Option<String>,
    /// The ID token, encrypted.
    pub id_token: String,
    /// For the access tokens of the session.
    #[serde(flatten)]
    authentication: Authentication,
}

/// A callback whose `state` is valid.
pub struct Callback {
    pub public_url: String,
    pub code: String,
    /// The text of `state`.
    pub text: String,
    pub state: LoginState,
    pub browser: BrowserId,
    pub user_agent: String,
}

/// Exchanges the code, or waits for the exchange that another request with the same state has begun. The exchange runs to
/// its end also if the browser leaves: a code is valid once.
pub async fn finish(state: &Shared, callback: Callback) -> Result<Finished, ApiError> {
    let store = &state.sessions.store;
    let key = LoginStates::record_key(&callback.text);
    let now = state.sessions.now();
    let pending = serde_json::to_string(&Record::Pending).map_err(|_| ApiError::Internal)?;
    if store.add_record(&key, &pending, now + EXCHANGE_LIFE, now).await? {
        let task = {
            let state = state.clone();
            async move {
                let outcome = sign_in(&state, &callback).await?;
                let record = serde_json::to_string(&Record::Finished(outcome.clone()));
                let until = callback.state.began_at + LOGIN_LIFE + EXCHANGE_LIFE;
                let record = record.map_err(|_| ApiError::Internal)?;
                state.sessions.store.set_record(&key, &record, until, state.sessions.now()).await?;
                Ok(outcome)
            }
        };
        return state.store_tasks.run(task).await;
    }
    loop {
        let Some(record) = store.record(&key, state.sessions.now()).await? else { return Ok(Finished::CodeLost) };
        match serde_json::from_str(&record) {
            Ok(Record::Finished(outcome)) => return Ok(outcome),
            _ => tokio::time::sleep(POLL).await,
        }
    }
}

/// Exchanges the code and begins the session.
async fn sign_in(state: &Shared, callback: &Callback) -> Result<Finished, ApiError> {
    let Some(provider) = state.sign_in.provider(Some(&callback.state.provider)) else {
        return Ok(Finished::Failed(SignInError::ProviderRefused));
    };
    let secrets = LoginSecrets {
        state: callback.text.clone(),
        nonce: state.sign_in.states.nonce(&callback.text, &callback.browser),
        verifier: state.sign_in.states.verifier(&callback.text, &callback.browser),
    };
    let max_age = callback.state.max_age;
    let exchange = provider.exchange(&callback.public_url, &callback.code, &secrets, max_age);
    let late = || Err(ProviderError::Unavailable("the exchange took too long".into()));
    let user = match tokio::time::timeout(EXCHANGE_TIMEOUT, exchange).await.unwrap_or_else(|_| late()) {
        Ok(user) => user,
        Err(error) => {
            log_failure(state, provider, &error);
            return Ok(match error {
                ProviderError::CodeLost(_) => Finished::CodeLost,
                error => Finished::Failed(error.into()),
            });
        }
    };
    let Some(session) = begin(state, provider, &user, callback).await? else {
        if let Some(grant) = &user.grant {
            mediation::discard(state, provider, grant);
        }
        state.telemetry.record(AuthEvent::LoginFailed, "");
        return Ok(Finished::Failed(SignInError::AccessDenied));
    };
    state.telemetry.record(AuthEvent::LoginSucceeded, &session.sid);
    Ok(Finished::SignedIn(session.sid))
}

/// Ends the sessions that a session replaces, when the browser presents the first refresh token of it. Before that, another tab
/// may send the cookie of the former session once more, and would show a sign-out.
pub async fn end_replaced(state: &Shared, session: &Session) -> Result<(), StoreError> {
    // (One read in the life of a session, and none without a provider.)
    if session.generation != 1 || state.sign_in.provider(None).is_none() {
        return Ok(());
    }
    let record = state.sessions.store.record(&replaced_key(&session.sid), state.sessions.now()).await?;
    let replaced: Vec<String> = record.and_then(|record| serde_json::from_str(&record).ok()).unwrap_or_default();
    for sid in replaced {
        // The rotation is done, so its response is sent also if the end of the former session is not confirmed.
        if let Err(error) = state.sessions.end(&sid).await {
            tracing::warn!(%error, sid, "the end of a replaced session is not confirmed");
        }
        // Not revoked: the provider may have given the new session the same grant.
        mediation::forget(state, &sid).await;
    }
    Ok(())
}

/// Counts and logs a failure of a provider.
pub fn log_failure(state: &Shared, provider: &Provider, error: &ProviderError) {
    state.telemetry.record(AuthEvent::SignInFailed, "");
    tracing::warn!(provider = provider.name(), ?error, "a sign-in at a provider failed");
}

/// Begins a session of the provider's user; `None` if the user is not known and is not to be created.
async fn begin(
    state: &Shared,
    provider: &Provider,
    who: &ProviderUser,
    callback: &Callback,
) -> Result<Option<Session>, ApiError> {
    let Some(user) = user(state, provider, who).await? else { return Ok(None) };
    let store = &state.sessions.store;
    if let Some(sid) = &who.sid {
        // Before the session begins: a logout token that comes meanwhile must find its user.
        let (key, now) = (provider_session_key(provider.issuer(), sid), state.sessions.now());
        store.set_record(&key, &user.id, now + LOGIN_LIFE, now).await?;
    }
    let session = state.sessions.begin(&user, &callback.user_agent).await?;
    let (now, until) = (state.sessions.now(), session.absolute_expires_at);
    let record = ProviderSession {
        provider: provider.name().to_owned(),
        sid: who.sid.clone(),
        id_token: state.sign_in.states.seal(&who.id_token, ""),
        authentication: who.authentication.clone(),
    };
    let record = serde_json::to_string(&record).map_err(|_| ApiError::Internal)?;
    store.set_record(&session_key(&session.sid), &record, until, now).await?;
    if let Some(grant) = &who.grant {
        mediation::keep(state, provider, &session, grant).await?;
    }
    if let Some(sid) = &who.sid {
        store.set_record(&provider_session_key(provider.issuer(), sid), &user.id, until, now).await?;
    }
    if !callback.state.previous.is_empty() {
        let replaced = serde_json::to_string(&callback.state.previous).map_err(|_| ApiError::Internal)?;
        store.set_record(&replaced_key(&session.sid), &replaced, until, now).await?;
    }
    Ok(Some(session))
}

/// The user whom the provider names, created or brought up to date.
async fn user(state: &Shared, provider: &Provider, who: &ProviderUser) -> Result<Option<User>, ApiError> {
    let store = &state.sessions.store;
    let id = provider_user_id(provider.issuer(), &who.subject);
    if let Some(mut user) = store.user(&id).await? {
        if let Some(email) = who.email.as_ref().filter(|email| **email != user.email) {
            store.change_email(&id, email).await?;
            user.email.clone_from(email);
        }
        if let Some(role) = who.role.as_ref().filter(|role| **role != user.role) {
            store.change_role(&id, role).await?;
            user.role.clone_from(role);
        }
        return Ok(Some(user));
    }
    if provider.new_users() == NewUsers::Reject {
        return Ok(None);
    }
    let user = User {
        // RFC 2606: nobody has an address in the domain `invalid`.
        email: who.email.clone().unwrap_or_else(|| format!("{id}@provider.invalid")),
        role: who.role.clone().unwrap_or_else(|| "user".to_owned()),
        password_hash: String::new(),
        credential_version: first_credential_version(),
        id,
    };
    match store.add_user(user.clone()).await {
        Ok(()) => Ok(Some(user)),
        // Another sign-in of the same user has created the user since.
        Err(StoreError::Taken) => Ok(store.user(&user.id).await?),
        Err(error) => Err(error.into()),
    }
}

/// The record of a session's provider.
pub async fn provider_session(state: &Shared, sid: &str) -> Result<Option<ProviderSession>, StoreError> {
    let record = state.sessions.store.record(&session_key(sid), state.sessions.now()).await?;
    Ok(record.and_then(|record| serde_json::from_str(&record).ok()))
}

/// How the session's user authenticated at the provider.
pub async fn authentication(state: &Shared, user: &User, session: &Session) -> Result<Authentication, StoreError> {
    // (No read for a user with a password.)
    if !user.password_hash.is_empty() || state.sign_in.provider(None).is_none() {
        return Ok(Authentication::default());
    }
    let began = provider_session(state, &session.sid).await?;
    Ok(began.map(|began| began.authentication).unwrap_or_default())
}

fn replaced_key(sid: &str) -> String {
    format!("replaced-by:{sid}")
}

fn session_key(sid: &str) -> String {
    format!("provider-session:{sid}")
}

/// The key of the record that names the user of a provider's session.
pub fn provider_session_key(issuer: &str, sid: &str) -> String {
    format!("provider-sid:{}", provider_user_id(issuer, sid))
}
