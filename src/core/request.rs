//! The present auth request: one at a time in this tab, and one at a time among the tabs that share the lock.

use super::revocation::AfterRevocation;
use super::session::TokenSource;
use super::{
    Core, CrossTabMessage, ErrorCode, Evidence, Failure, LoginOutcome, LogoutScope, Millis, Output, RefreshOutcome,
    RevocationOutcome, SessionState, SignedOutReason, StorageSnapshot,
};

/// The longest wait for the lock, whatever messages arrive.
const LOCK_WAIT_MAX: Millis = 600_000;

/// The number of an auth request. A response to any request but the present one is late and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub u32);

/// The present auth request.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthRequest {
    pub id: RequestId,
    pub stage: Stage,
    pub purpose: Purpose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Another tab may hold the lock. At the deadline the lock counts as lost. Messages of other tabs extend the deadline, but
    /// not for ever.
    AwaitingLock { queued_at: Millis, deadline: Millis },
    /// The lock was taken from its holder. Even a lock manager that never answers cannot stop the client permanently.
    StealingLock { deadline: Millis },
    /// The request is with the server.
    InFlight { sent_at: Millis },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Refresh { validity: Validity },
    Login,
    Revoke { scope: LogoutScope, then: AfterRevocation },
}

/// Whether a rejection of the refresh in flight counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    /// It is about the session that this client knows.
    Current,
    /// The session changed while the refresh was in flight. A rejection may be meant for the session before.
    SessionChanged,
}

/// What an auth request is for, without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PurposeKind {
    Refresh,
    Login,
}

impl AuthRequest {
    pub fn is_in_flight(&self) -> bool {
        matches!(self.stage, Stage::InFlight { .. })
    }

    pub fn is_refresh(&self) -> bool {
        matches!(self.purpose, Purpose::Refresh { .. })
    }
}

impl Core {
    /// Queues a refresh or a login: it is sent when the lock is granted.
    pub(super) fn request_auth(&mut self, kind: PurposeKind, now: Millis) {
        let purpose = match kind {
            PurposeKind::Refresh => {
                self.retry.next_attempt = None;
                Purpose::Refresh { validity: Validity::Current }
            }
            PurposeKind::Login => Purpose::Login,
        };
        self.queue(purpose, now);
    }

    /// Requests the lock for an auth request.
    pub(super) fn queue(&mut self, purpose: Purpose, now: Millis) {
        let deadline = now + self.lock_wait();
        let id = self.open_request(purpose, Stage::AwaitingLock { queued_at: now, deadline });
        self.emit(match purpose {
            Purpose::Refresh { .. } | Purpose::Login => Output::RequestLock(id),
            // Otherwise the revocation could end a sign-in that the storage does not show yet.
            Purpose::Revoke { .. } => Output::RequestSettledLock(id),
        });
    }

    /// Makes this the present auth request.
    pub(super) fn open_request(&mut self, purpose: Purpose, stage: Stage) -> RequestId {
        self.request_count += 1;
        let id = RequestId(self.request_count);
        self.request = Some(AuthRequest { id, stage, purpose });
        id
    }

    /// A live holder releases the lock within `timeout`. A tab that waits longer (with slack for messages that are slow)
    /// waits for a holder that is lost. The random part keeps tabs that wait together from stealing together.
    fn lock_wait(&mut self) -> Millis {
        let timeout = self.config.timeout;
        timeout + timeout / 20 + self.random.below(timeout / 4 + 1)
    }

    /// Another tab sent a message: the lock is not lost, so the wait for its holder starts anew.
    pub(super) fn extend_lock_wait(&mut self, now: Millis) {
        let extended = now + self.lock_wait();
        if let Some(AuthRequest { stage: Stage::AwaitingLock { queued_at, deadline }, .. }) = &mut self.request {
            *deadline = extended.min(*queued_at + LOCK_WAIT_MAX);
        }
    }

    /// No lock is granted during a sleep: the wait for its holder starts anew.
    pub(super) fn restart_lock_wait(&mut self, now: Millis) {
        if let Some(AuthRequest { stage: Stage::AwaitingLock { queued_at, .. }, .. }) = &mut self.request {
            *queued_at = now;
        }
        self.extend_lock_wait(now);
    }

    pub(super) fn lock_granted(&mut self, id: RequestId, storage: StorageSnapshot, now: Millis) {
        let Some(request) = self.request.filter(|request| request.id == id && !request.is_in_flight()) else { return };
        match request.purpose {
            Purpose::Refresh { .. } => {
                self.reconcile_storage(storage, now);
                if storage.pending_revocation && !self.holds_hint(storage) {
                    return self.take_over_revocation(now);
                }
            }
            Purpose::Revoke { then, .. } => {
                if !storage.pending_revocation || storage.hint.is_unknown() {
                    // A newer sign-in replaced the cookie, or another tab sent the revocation.
                    self.discard_queued_revocation(id, then);
                }
            }
            Purpose::Login => {
                if storage.pending_revocation && !self.revocation.is_pending() && !self.holds_hint(storage) {
                    return self.revoke_before_login(now);
                }
            }
        }
        if !self.refresh_was_blocked(now) {
            self.send_request(now);
        }
    }

    /// Sends the auth request that waited for the lock.
    fn send_request(&mut self, now: Millis) {
        let Some(request) = &mut self.request else { return };
        request.stage = Stage::InFlight { sent_at: now };
        let AuthRequest { id, purpose, .. } = *request;
        match purpose {
            Purpose::Refresh { .. } => {
                self.retry.postponed_since = None;
                // A refresh whose response is lost is repeated with this key, by this tab or by another one.
                self.emit(if self.session.expects_session() { Output::AdoptStoredKey } else { Output::UseProbeKey });
                self.emit(Output::SendRefresh(id));
            }
            Purpose::Login => self.emit(Output::SendLogin(id)),
            Purpose::Revoke { scope, .. } => self.emit(Output::SendRevocation { request: id, scope }),
        }
    }

    /// Ends the present auth request if it is this one and in flight. Returns its purpose and when it was sent. The caller
    /// releases the lock: after it has stored the key of a new sign-in, and before it notifies the app.
    pub(super) fn complete(&mut self, id: RequestId) -> Option<(Purpose, Millis)> {
        let AuthRequest { stage: Stage::InFlight { sent_at }, purpose, .. } =
            self.request.filter(|request| request.id == id)?
        else {
            return None;
        };
        self.request = None;
        Some((purpose, sent_at))
    }

    pub(super) fn refresh_completed(&mut self, id: RequestId, outcome: RefreshOutcome, now: Millis) {
        let Some((Purpose::Refresh { validity }, sent_at)) = self.complete(id) else {
            if let RefreshOutcome::Renewed(issued) = outcome {
                self.emit(Output::DiscardToken(issued.id));
                self.revoke_restored_cookie(now);
            }
            return;
        };
        if let RefreshOutcome::Renewed(issued) = outcome {
            return self.adopt_token(TokenSource::Refresh, issued, sent_at, now);
        }
        self.emit(Output::ReleaseLock);
        let outcome = match outcome {
            RefreshOutcome::Refused { retry_after }
                if validity == Validity::Current && self.confirms_refusal(retry_after, now) =>
            {
                return;
            }
            RefreshOutcome::Refused { .. } => RefreshOutcome::Rejected(SignedOutReason::Expired),
            clear => clear,
        };
        match outcome {
            RefreshOutcome::Renewed(_) | RefreshOutcome::Refused { .. } => {}
            RefreshOutcome::Rejected(_) if validity == Validity::SessionChanged => self.retry.next_attempt = Some(now),
            RefreshOutcome::Rejected(reason) => match self.session {
                // The app asked while signed out: nothing has changed.
                SessionState::SignedOut { reason } => self.end_session_here(reason),
                SessionState::Restoring { evidence: Evidence::None, .. }
                | SessionState::RestoreFailed { evidence: Evidence::None } => {
                    self.end_session_here(SignedOutReason::NoSession);
                }
                SessionState::Restoring { evidence: Evidence::HintRemoved, .. }
                | SessionState::RestoreFailed { evidence: Evidence::HintRemoved } => {
                    self.end_session(SignedOutReason::OtherTab);
                }
                SessionState::Restoring { evidence: Evidence::Hint, .. }
                | SessionState::RestoreFailed { evidence: Evidence::Hint }
                | SessionState::SignedIn { .. } => {
                    self.end_session(reason);
                }
            },
            RefreshOutcome::Retry(failure) => self.refresh_failed(failure, now),
        }
    }

    pub(super) fn login(&mut self, now: Millis) {
        self.abort_login();
        if self.abort_refresh() {
            self.retry.next_attempt = Some(now); // still due if the login fails
        }
        self.send_pending_revocation(now);
        match &mut self.request {
            // The revocation's response clears the cookie: the login waits for it.
            Some(AuthRequest { purpose: Purpose::Revoke { then, .. }, .. }) => *then = AfterRevocation::Login,
            Some(_) | None => self.request_auth(PurposeKind::Login, now),
        }
    }

    pub(super) fn login_completed(&mut self, id: RequestId, outcome: LoginOutcome, now: Millis) {
        let Some((Purpose::Login, sent_at)) = self.complete(id) else {
            if let LoginOutcome::SignedIn(issued) = outcome {
                self.emit(Output::DiscardToken(issued.id));
            }
            return; // a later login or a logout has replaced it
        };
        match outcome {
            LoginOutcome::SignedIn(issued) => {
                self.replace_session();
                self.adopt_token(TokenSource::Login, issued, sent_at, now);
                self.emit(Output::SettleLogin(Ok(())));
            }
            LoginOutcome::Failed(failure) => {
                self.emit(Output::ReleaseLock);
                self.emit(Output::SettleLogin(Err(failure)));
            }
        }
    }

    pub(super) fn abort_refresh(&mut self) -> bool {
        self.request.as_ref().is_some_and(AuthRequest::is_refresh) && self.abort_request()
    }

    pub(super) fn abort_login(&mut self) -> bool {
        matches!(self.request, Some(AuthRequest { purpose: Purpose::Login, .. })) && self.abort_request()
    }

    /// Drops the present auth request if it still waits for the lock.
    pub(super) fn abort_queued(&mut self) -> bool {
        self.request.as_ref().is_some_and(|request| !request.is_in_flight()) && self.abort_request()
    }

    /// Drops the present auth request, queued or in flight. Returns whether there was one. (Not inlined: it has six callers.)
    #[inline(never)]
    fn abort_request(&mut self) -> bool {
        let Some(request) = self.request.take() else { return false };
        if request.is_in_flight() {
            self.emit(Output::AbortAuthRequest);
        }
        self.emit(Output::ReleaseLock);
        true
    }

    /// Drops the refresh that waits for the lock, if there is one.
    pub(super) fn abort_queued_refresh(&mut self) {
        if self.refresh_is_queued() {
            self.abort_refresh();
        }
    }

    /// Whether a refresh waits for the lock.
    pub(super) fn refresh_is_queued(&self) -> bool {
        self.request.is_some_and(|request| request.is_refresh() && !request.is_in_flight())
    }

    /// The session changed: a rejection of the refresh in flight may be meant for the session before. (The refresh is not
    /// aborted: an aborted request may still reach the server, late, and look like reuse.)
    pub(super) fn mark_session_changed(&mut self) {
        if let Some(AuthRequest { stage: Stage::InFlight { .. }, purpose: Purpose::Refresh { validity }, .. }) =
            &mut self.request
        {
            *validity = Validity::SessionChanged;
        }
    }

    /// When the present auth request has taken too long.
    pub(super) fn request_deadline(&self) -> Option<Millis> {
        Some(match self.request?.stage {
            Stage::AwaitingLock { deadline, .. } | Stage::StealingLock { deadline } => deadline,
            Stage::InFlight { sent_at } => sent_at.saturating_add(self.config.timeout),
        })
    }

    /// Drops a queued refresh if the server asked the clients to wait meanwhile. Returns whether it did.
    fn refresh_was_blocked(&mut self, now: Millis) -> bool {
        let blocked = self.retry.not_before > now && self.refresh_is_queued();
        if blocked {
            self.abort_refresh();
            self.share_failure(self.retry.not_before - now, now);
        }
        blocked
    }

    /// The present auth request took too long.
    pub(super) fn request_overdue(&mut self, now: Millis) {
        let Some(AuthRequest { id, stage, purpose }) = self.request else { return };
        if self.refresh_was_blocked(now) {
            return;
        }
        match (stage, purpose) {
            (Stage::AwaitingLock { .. }, _) => {
                let deadline = now + self.config.timeout;
                self.request = Some(AuthRequest { id, stage: Stage::StealingLock { deadline }, purpose });
                self.emit(Output::StealLock(id));
                self.emit(Output::Broadcast(CrossTabMessage::LockStolen));
            }
            // Without the lock, the client cannot know whose cookie the revocation would carry.
            (Stage::StealingLock { .. }, Purpose::Revoke { then, .. }) => {
                self.request = None;
                self.emit(Output::ReleaseLock);
                self.revocation_ended(RevocationOutcome::Retry, then, now);
            }
            (Stage::StealingLock { .. }, Purpose::Refresh { .. } | Purpose::Login) => self.send_request(now),
            (Stage::InFlight { .. }, _) => {
                self.emit(Output::AbortAuthRequest);
                self.complete(id);
                self.emit(Output::ReleaseLock);
                self.timed_out(purpose, now);
            }
        }
    }

    fn timed_out(&mut self, purpose: Purpose, now: Millis) {
        let failure = Failure::of(ErrorCode::Timeout);
        match purpose {
            Purpose::Refresh { .. } => self.refresh_failed(failure, now),
            Purpose::Login => self.emit(Output::SettleLogin(Err(failure))),
            Purpose::Revoke { then, .. } => self.revocation_ended(RevocationOutcome::Retry, then, now),
        }
    }
}
