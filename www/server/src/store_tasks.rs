//! Runs work that changes the store in tasks of its own, so that it is finished even if the client closes the connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::ApiError;
use crate::telemetry::REQUEST_ID;

/// The number of tasks at a time. While the store is slow, clients that leave cannot fill the memory with tasks.
const CAPACITY: u32 = 16_384;

/// The tasks that change the store.
pub struct StoreTasks(Arc<Semaphore>);

impl StoreTasks {
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(CAPACITY as usize)))
    }

    /// Runs the work to its end, also if the caller of this function is dropped.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        let place = self.0.clone().try_acquire_owned().map_err(|_| ApiError::StoreUnavailable)?;
        let id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        let task = tokio::spawn(REQUEST_ID.scope(id, async move {
            let _place = place;
            work.await
        }));
        task.await.unwrap_or(Err(ApiError::Internal))
    }

    /// Waits until all tasks have ended, for at most `timeout`.
    pub async fn finish(&self, timeout: Duration) {
        if tokio::time::timeout(timeout, self.0.acquire_many(CAPACITY)).await.is_err() {
            tracing::warn!("the server stops before all changes of the store are finished");
        }
    }
}
