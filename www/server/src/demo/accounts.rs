//! Adds the demo accounts to the store.

use async_trait::async_trait;

use crate::background::StartupTask;
use crate::store::{Store, StoreError, User};
use crate::users;

/// The accounts that exist with `DEMO=true`: email, password, role.
pub const DEMO_ACCOUNTS: [(&str, &str, &str); 2] =
    [("ada@example.com", "analytical engine", "admin"), ("grace@example.com", "nanoseconds", "user")];

/// The argon2id hashes of their passwords, so that a start of the server hashes none.
const PASSWORD_HASHES: [&str; DEMO_ACCOUNTS.len()] = [
    "$argon2id$v=19$m=19456,t=2,p=1$4MiZ+gUfApJXFyUeBzN8tw$weBibf2P2oeS7Z6YUv73PSovNi+ZQWCFOTPtJfZyU9w",
    "$argon2id$v=19$m=19456,t=2,p=1$RP7z+7e7Zbi9AdkF0ZQ0nQ$Qhp0AmvB4zFE0Zx6AD9PtEENBaFsyvGnPcw8bcJ2jXw",
];

/// The ids of the accounts.
pub const DEMO_ACCOUNT_IDS: [&str; 2] = ["demo-admin", "demo-user"];

pub struct AddDemoAccounts;

#[async_trait]
impl StartupTask for AddDemoAccounts {
    async fn run(&self, store: &dyn Store) -> Result<(), StoreError> {
        for (((email, _, role), id), hash) in DEMO_ACCOUNTS.into_iter().zip(DEMO_ACCOUNT_IDS).zip(PASSWORD_HASHES) {
            if store.user_by_email(email).await?.is_some() {
                continue;
            }
            let user = User {
                id: id.into(),
                email: email.into(),
                role: role.into(),
                password_hash: hash.into(),
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
