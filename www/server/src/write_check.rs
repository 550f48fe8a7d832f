//! Checks for `/readyz` that the store accepts changes, but not for each request: requests need no token, and each check of an
//! embedded store waits for the disk.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::error::ApiError;
use crate::store::Store;

const INTERVAL: Duration = Duration::from_secs(1);
/// The same after a check that failed, so that the server is soon ready again.
const INTERVAL_AFTER_FAILURE: Duration = Duration::from_millis(100);

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
        match last.as_ref().map(|last| (last.succeeded, last.at.elapsed())) {
            Some((true, age)) if age < INTERVAL => return Ok(()),
            Some((false, age)) if age < INTERVAL_AFTER_FAILURE => return Err(ApiError::StoreUnavailable),
            _ => {}
        }
        let result = store.check_writable().await;
        *last = Some(LastCheck { at: Instant::now(), succeeded: result.is_ok() });
        Ok(result?)
    }
}
