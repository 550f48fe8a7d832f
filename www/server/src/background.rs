//! The tasks that run beside the requests: they read the revocation log and delete what has expired. They end with the
//! server's state.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;

use crate::session::revocations::POLL;
use crate::state::{AppState, Shared};
use crate::store::{Store, StoreError};

/// How often expired sessions and revocations are deleted, and the settings of the store are checked.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

/// How often the clock is read.
const CLOCK_INTERVAL: Duration = Duration::from_secs(1);

/// Work on the store that must succeed once before the server is ready.
#[async_trait]
pub trait StartupTask: Send + Sync {
    async fn run(&self, store: &dyn Store) -> Result<(), StoreError>;
}

/// Runs the startup task, reads the revocation log, and starts the tasks. A store that is unavailable does not stop the
/// server: `/readyz` answers 503, and the server tries again.
pub async fn start(state: &Shared, startup: Option<Arc<dyn StartupTask>>) {
    let ready = prepare(state, startup.as_deref()).await;
    tokio::spawn(read_revocations(Arc::downgrade(state), startup, ready));
    tokio::spawn(purge(Arc::downgrade(state)));
    tokio::spawn(check_risks(state.clone()));
    tokio::spawn(read_clock(Arc::downgrade(state)));
}

/// Returns whether the server is ready.
async fn prepare(state: &AppState, startup: Option<&dyn StartupTask>) -> bool {
    let result = async {
        if let Some(task) = startup {
            task.run(&*state.sessions.store).await?;
        }
        read_store_clock(state).await?;
        state.sessions.read_revocations().await
    };
    let result = result.await;
    if let Err(error) = &result {
        tracing::warn!(%error, "the store is unavailable; the server tries again");
    }
    state.telemetry.set_store_up(result.is_ok());
    result.is_ok()
}

async fn read_revocations(state: Weak<AppState>, startup: Option<Arc<dyn StartupTask>>, mut ready: bool) {
    while let Some(state) = after(POLL, &state).await {
        if ready {
            state.telemetry.set_store_up(state.sessions.read_revocations().await.is_ok());
        } else {
            ready = prepare(&state, startup.as_deref()).await;
        }
    }
}

async fn purge(state: Weak<AppState>) {
    while let Some(state) = after(PURGE_INTERVAL, &state).await {
        state.rate_limits.forget_idle();
        check_risks(state.clone()).await;
        if let Err(error) = state.sessions.purge().await {
            tracing::warn!(%error, "expired sessions and revocations could not be deleted");
        }
    }
}

/// Follows the clock of the store, or of this machine.
async fn read_clock(state: Weak<AppState>) {
    while let Some(state) = after(CLOCK_INTERVAL, &state).await {
        // `/readyz` and the log tell of a store that is unavailable.
        let _ = read_store_clock(&state).await;
    }
}

async fn read_store_clock(state: &AppState) -> Result<(), StoreError> {
    let difference = state.sessions.read_clock().await?;
    state.telemetry.set_clock_difference(difference);
    Ok(())
}

/// Warns of settings of the store with which it may lose data.
async fn check_risks(state: Shared) {
    match state.sessions.store.risks().await {
        Ok(risks) => state.telemetry.set_store_risks(risks),
        Err(error) => tracing::warn!(%error, "the settings of the store could not be checked"),
    }
}

/// Waits, then returns the state, or `None` if the server has ended.
async fn after(pause: Duration, state: &Weak<AppState>) -> Option<Shared> {
    tokio::time::sleep(pause).await;
    state.upgrade()
}
