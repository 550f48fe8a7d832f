//! Adds, changes and removes users, for the command line.

use aws_lc_rs::digest::{SHA256, digest};
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
    check_password(password)?;
    let id = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<12>());
    add_with_id(store, id, email, role, passwords::hash(password)).await
}

/// Adds a user who signs in at an identity provider, where the user has this subject (the claim `sub`); returns the new id.
pub async fn add_at_provider(
    store: &dyn Store,
    issuer: &str,
    subject: &str,
    email: &str,
    role: &str,
) -> Result<String, UserError> {
    add_with_id(store, provider_user_id(issuer, subject), email, role, String::new()).await
}

async fn add_with_id(
    store: &dyn Store,
    id: String,
    email: &str,
    role: &str,
    password_hash: String,
) -> Result<String, UserError> {
    let is_plain = |text: &str| !text.is_empty() && text.len() <= 254 && !text.contains(|c: char| c.is_control());
    if !is_plain(email) || !email.contains('@') {
        return Err(UserError::Invalid(format!("email: expected an address such as ada@example.com, got {email:?}")));
    }
    if !is_plain(role) {
        return Err(UserError::Invalid(format!(
            "role: expected 1 to 254 bytes without control characters, got {role:?}"
        )));
    }
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

/// The id of the user that an identity provider names by issuer and subject. Two providers may use the same subject, and an
/// email may belong to different people at two providers, so neither of them identifies a user. 32 hexadecimal digits: the
/// command line takes the id as an argument.
pub fn provider_user_id(issuer: &str, subject: &str) -> String {
    let hash = digest(&SHA256, format!("{issuer}\0{subject}").as_bytes());
    let half = hash.as_ref()[..16].try_into().expect("a SHA-256 has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(half))
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
    if user.password_hash.is_empty() {
        return Err(UserError::Invalid(
            "email: expected a user with a password; this one signs in at a provider".into(),
        ));
    }
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

/// The user with this email and a password, or with this id.
async fn find(store: &dyn Store, email: &str) -> Result<User, UserError> {
    if let Some(user) = store.user_by_email(email).await? {
        return Ok(user);
    }
    let unknown = || UserError::Invalid(format!("email: expected a user's, or a user's id, got {email:?}"));
    store.user(email).await?.ok_or_else(unknown)
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
