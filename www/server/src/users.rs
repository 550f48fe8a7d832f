//! Adds, changes and removes users, for the command line.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::passwords;
use crate::store::{Store, StoreError, User};
use crate::token::keys::random_bytes;

/// Why a user could not be added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// An argument is wrong; the text names it.
    #[error("{0}")]
    Invalid(String),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// The shortest password in characters (NIST SP 800-63B-4 §3.1.1.2, for a password without a second factor).
const MIN_PASSWORD_LENGTH: usize = 15;
/// The longest password in bytes.
const MAX_PASSWORD_LENGTH: usize = 1_024;

/// Adds a user, who can sign in with this password; returns the new id.
pub async fn add(store: &dyn Store, email: &str, role: &str, password: &str) -> Result<String, UserError> {
    let is_plain = |text: &str| !text.is_empty() && text.len() <= 254 && !text.contains(|c: char| c.is_control());
    if !is_plain(email) || !email.contains('@') {
        return Err(UserError::Invalid(format!("email: expected an address such as ada@example.com, got {email:?}")));
    }
    if !is_plain(role) {
        return Err(UserError::Invalid(format!(
            "role: expected 1 to 254 bytes without control characters, got {role:?}"
        )));
    }
    check_password(password)?;
    let id = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<12>());
    let password_hash = passwords::hash(password);
    let user = User {
        id: id.clone(),
        email: email.into(),
        role: role.into(),
        password_hash,
        credential_version: first_credential_version(),
    };
    store.add_user(user).await?;
    Ok(id)
}

/// Sets a user's role; the next access token carries it.
pub async fn change_role(store: &dyn Store, email: &str, role: &str) -> Result<(), UserError> {
    let user = find(store, email).await?;
    store.change_role(&user.id, role).await?;
    Ok(())
}

/// Sets a user's password and ends all of the user's sessions. `tokens_live_until` is the second (since the epoch) at
/// which the last access token of these sessions expires.
pub async fn change_password(
    store: &dyn Store,
    email: &str,
    password: &str,
    tokens_live_until: u64,
) -> Result<(), UserError> {
    let user = find(store, email).await?;
    check_password(password)?;
    // In this order: a login in between begins no session that stays.
    store.change_password(&user.id, &passwords::hash(password)).await?;
    store.end_all(&user.id, tokens_live_until).await?;
    store.confirm().await?;
    Ok(())
}

/// Removes a user and ends all of the user's sessions; `tokens_live_until` as for [`change_password`].
pub async fn remove(store: &dyn Store, email: &str, tokens_live_until: u64) -> Result<(), UserError> {
    let user = find(store, email).await?;
    // In this order: a login in between finds no user, and a refresh in between ends its session.
    store.remove_user(&user.id).await?;
    store.end_all(&user.id, tokens_live_until).await?;
    store.confirm().await?;
    Ok(())
}

/// The credential version of a new user. It is random, so that no session of a removed user with the same id fits.
pub fn first_credential_version() -> u64 {
    u32::from_be_bytes(random_bytes()).into()
}

async fn find(store: &dyn Store, email: &str) -> Result<User, UserError> {
    let unknown = || UserError::Invalid(format!("email: expected a user's, got {email:?}"));
    store.user_by_email(email).await?.ok_or_else(unknown)
}

fn check_password(password: &str) -> Result<(), UserError> {
    let length = password.chars().count();
    if length < MIN_PASSWORD_LENGTH || password.len() > MAX_PASSWORD_LENGTH {
        return Err(UserError::Invalid(format!(
            "password: expected {MIN_PASSWORD_LENGTH} characters to {MAX_PASSWORD_LENGTH} bytes, got {length} characters"
        )));
    }
    Ok(())
}
