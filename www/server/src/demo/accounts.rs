//! Adds the demo accounts to the store.

use async_trait::async_trait;

use crate::background::StartupTask;
use crate::store::{Store, StoreError, User};
use crate::{passwords, users};

/// The accounts that exist with `DEMO=true`: email, password, role.
pub const DEMO_ACCOUNTS: [(&str, &str, &str); 2] =
    [("ada@example.com", "analytical engine", "admin"), ("grace@example.com", "nanoseconds", "user")];

/// The ids of the accounts.
pub const DEMO_ACCOUNT_IDS: [&str; 2] = ["demo-admin", "demo-user"];

pub struct AddDemoAccounts;

#[async_trait]
impl StartupTask for AddDemoAccounts {
    async fn run(&self, store: &dyn Store) -> Result<(), StoreError> {
        for ((email, password, role), id) in DEMO_ACCOUNTS.into_iter().zip(DEMO_ACCOUNT_IDS) {
            if store.user_by_email(email).await?.is_some() {
                continue;
            }
            let hashing = tokio::task::spawn_blocking(move || passwords::hash(password)).await;
            let password_hash = hashing.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let user = User {
                id: id.into(),
                email: email.into(),
                role: role.into(),
                password_hash,
                credential_version: users::first_credential_version(),
            };
            match store.add_user(user).await {
                // `Taken`: another server has added the account since.
                Ok(()) | Err(StoreError::Taken) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
