//! Users, as the command line sees them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::keys::random_bytes;
use crate::passwords;
use crate::store::{Store, StoreError, User};

/// Why a user could not be added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// What is wrong with what was given.
    #[error("{0}")]
    Invalid(String),
    /// The store's word.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// The shortest password that is taken (NIST SP 800-63B-4 §3.1.1.2 for passwords that stand alone).
const SHORTEST: usize = 15;

/// Adds a user who can sign in with this password; returns the id.
pub async fn add(store: &dyn Store, email: &str, role: &str, password: &str) -> Result<String, UserError> {
    let plain = |text: &str| !text.is_empty() && text.len() <= 254 && !text.contains(|c: char| c.is_control());
    if !plain(email) || !email.contains('@') {
        return Err(UserError::Invalid(format!("email: expected an address such as ada@example.com, got {email:?}")));
    }
    if !plain(role) {
        return Err(UserError::Invalid(format!("role: expected 1 to 254 bytes, got {role:?}")));
    }
    check_password(password)?;
    let id = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<12>());
    let password_hash = passwords::hash(password);
    store.add_user(User { id: id.clone(), email: email.into(), role: role.into(), password_hash }).await?;
    Ok(id)
}

/// Gives a user another role or password. A new password ends all sessions; a new role is in the next access token.
pub async fn change(
    store: &dyn Store,
    email: &str,
    role: Option<&str>,
    password: Option<&str>,
    tokens_live_until: u64,
) -> Result<(), UserError> {
    let mut user = find(store, email).await?;
    if let Some(role) = role {
        role.clone_into(&mut user.role);
    }
    if let Some(password) = password {
        check_password(password)?;
        user.password_hash = passwords::hash(password);
    }
    let id = user.id.clone();
    store.change_user(user).await?;
    if password.is_some() {
        store.end_all(&id, tokens_live_until).await?;
    }
    Ok(())
}

/// Takes a user and all sessions away.
pub async fn remove(store: &dyn Store, email: &str, tokens_live_until: u64) -> Result<(), UserError> {
    let user = find(store, email).await?;
    // In this order: a login in between finds no user, a refresh ends its session.
    store.remove_user(&user.id).await?;
    store.end_all(&user.id, tokens_live_until).await?;
    Ok(())
}

async fn find(store: &dyn Store, email: &str) -> Result<User, UserError> {
    let unknown = || UserError::Invalid(format!("email: expected a user's, got {email:?}"));
    store.user_by_email(email).await?.ok_or_else(unknown)
}

fn check_password(password: &str) -> Result<(), UserError> {
    let length = password.chars().count();
    if length < SHORTEST || password.len() > 1_024 {
        return Err(UserError::Invalid(format!(
            "password: expected {SHORTEST} characters to 1024 bytes, got {length} characters"
        )));
    }
    Ok(())
}
