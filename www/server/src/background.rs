//! What goes on beside the requests: hearing of revocations, clearing away. Ends with the server it is for.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::DEMO_ACCOUNTS;
use crate::passwords;
use crate::revocations::POLL;
use crate::routes::{Server, Shared};
use crate::store::{StoreError, User};

/// How often what has expired is cleared away.
const CLEANING: Duration = Duration::from_secs(60);

/// What must be done once before the server can do its work; false where the store is away, and it is yet to be done.
pub async fn catch_up(server: &Shared) -> bool {
    let done = async {
        if server.config.demo {
            add_demo_accounts(server).await?;
        }
        server.sessions.follow().await
    };
    let result: Result<(), StoreError> = done.await;
    if let Err(error) = &result {
        tracing::warn!(%error, "the store is away; trying again");
    }
    server.telemetry.store_is(result.is_ok());
    result.is_ok()
}

pub fn start(server: &Shared, mut caught_up: bool) {
    let weak = Arc::downgrade(server);
    tokio::spawn(async move {
        while let Some(server) = after(POLL, &weak).await {
            if caught_up {
                server.telemetry.store_is(server.sessions.follow().await.is_ok());
            } else {
                caught_up = catch_up(&server).await;
            }
        }
    });
    let weak = Arc::downgrade(server);
    tokio::spawn(async move {
        while let Some(server) = after(CLEANING, &weak).await {
            server.limits.forget_quiet();
            if let Err(error) = server.sessions.clean().await {
                tracing::warn!(%error, "clearing away what has expired");
            }
        }
    });
}

async fn after(pause: Duration, server: &Weak<Server>) -> Option<Shared> {
    tokio::time::sleep(pause).await;
    server.upgrade()
}

async fn add_demo_accounts(server: &Shared) -> Result<(), StoreError> {
    for (email, password, role) in DEMO_ACCOUNTS {
        if server.sessions.store.user_by_email(email).await?.is_some() {
            continue;
        }
        let hashing = tokio::task::spawn_blocking(move || passwords::hash(password)).await;
        let password_hash = hashing.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let user = User { id: format!("demo-{role}"), email: email.into(), role: role.into(), password_hash };
        match server.sessions.store.add_user(user).await {
            Ok(()) | Err(StoreError::Taken) => {} // by another server, a moment ago
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
