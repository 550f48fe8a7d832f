//! Raises the alarm about a reused refresh token, so that no failure of the client, the store or the server silences it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::config::ReuseRevokes;
use crate::session::Sessions;
use crate::store::{Store, StoreError};
use crate::telemetry::AuthEvent;

/// How many times, once a second, [`settle_reuse_with_retries`] tries.
const SETTLE_ATTEMPTS: u32 = 600;

impl Sessions {
    /// Reports a reused refresh token, and carries out what `REUSE_REVOKES` says. The store keeps the alarm until all of it
    /// is done, so a server that fails in between leaves it to the next request that presents a token of the session. Returns the
    /// ids of the other sessions that have ended.
    pub(super) async fn raise_alarm(&self, sid: &str, user_id: &str) -> Vec<String> {
        let Some(raising) = Alarms::begin(&self.alarms, sid) else { return Vec::new() };
        self.telemetry.record(AuthEvent::RefreshReused, sid);
        self.revocations.add([sid.to_owned()]);
        let user_id = (self.reuse_revokes == ReuseRevokes::User).then(|| user_id.to_owned());
        let until = self.now() + self.revocation_ttl;
        match settle_reuse(&*self.store, sid, user_id.as_deref(), until).await {
            Ok(ended) => {
                self.revocations.add(ended.clone());
                ended
            }
            Err(error) => {
                tracing::warn!(%error, sid, "the consequences of a reused refresh token are delayed");
                let (store, clock) = (self.store.clone(), self.clock.clone());
                tokio::spawn(settle_reuse_with_retries(store, clock, raising, user_id, self.revocation_ttl));
                Vec::new()
            }
        }
    }
}

/// Ends the user's other sessions if there is a `user_id`, then deletes the record of the alarm. Returns the ids of the
/// other sessions.
async fn settle_reuse(
    store: &dyn Store,
    sid: &str,
    user_id: Option<&str>,
    until: u64,
) -> Result<Vec<String>, StoreError> {
    let ended = match user_id {
        Some(user_id) => {
            store.renew_credentials(user_id).await?;
            store.end_all(user_id, until).await?
        }
        None => Vec::new(),
    };
    // Before the record is deleted: if a replica that lacks the end takes over, the record raises the alarm again.
    store.confirm().await?;
    store.settle(sid, until).await?;
    Ok(ended)
}

/// Does the work of [`settle_reuse`] as soon as the store is available again. This server reads the revocations from the
/// log.
async fn settle_reuse_with_retries(
    store: Arc<dyn Store>,
    clock: Arc<Clock>,
    raising: RaisingAlarm,
    user_id: Option<String>,
    revocation_ttl: u64,
) {
    let sid = &raising.sid;
    for _ in 0..SETTLE_ATTEMPTS {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if settle_reuse(&*store, sid, user_id.as_deref(), clock.now() + revocation_ttl).await.is_ok() {
            return;
        }
    }
    tracing::error!(sid, "the store was unavailable too long: the next request with a token of the session settles it");
}

/// The alarms that this server is raising, so that simultaneous requests with one reused token raise one alarm.
#[derive(Default)]
pub struct Alarms(Mutex<HashSet<String>>);

struct RaisingAlarm {
    alarms: Arc<Alarms>,
    sid: String,
}

impl Alarms {
    /// `None` if another request is raising the alarm of this session.
    fn begin(alarms: &Arc<Self>, sid: &str) -> Option<RaisingAlarm> {
        let is_first = alarms.lock().insert(sid.to_owned());
        is_first.then(|| RaisingAlarm { alarms: alarms.clone(), sid: sid.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RaisingAlarm {
    fn drop(&mut self) {
        self.alarms.lock().remove(&self.sid);
    }
}
