//! Checks for `/readyz` that the store accepts changes, at most once a second: requests need no token, and each check of an
//! embedded store waits for the disk.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::error::ApiError;
use crate::store::Store;

const INTERVAL: Duration = Duration::from_secs(1);

/// The last check.
#[derive(Default)]
pub struct WriteCheck(Mutex<Option<LastCheck>>);

struct LastCheck {
    at: Instant,
    succeeded: bool,
}

impl WriteCheck {
    /// Returns the result of the last check if it is recent; otherwise checks. Simultaneous callers share one check.
    pub async fn run(&self, store: &dyn Store) -> Result<(), ApiError> {
        let mut last = self.0.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.at.elapsed() < INTERVAL) {
            return if last.succeeded { Ok(()) } else { Err(ApiError::StoreUnavailable) };
        }
        let result = store.check_writable().await;
        *last = Some(LastCheck { at: Instant::now(), succeeded: result.is_ok() });
        Ok(result?)
    }
}
