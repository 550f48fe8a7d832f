//! Sign-out. The session ends here at once; the revocation (RFC 7009) reaches the server as soon as it can, and never
//! with the cookie of a newer sign-in.

use super::request::{AuthRequest, Purpose, PurposeKind, Stage};
use super::session::TokenSource;
use super::{Core, Millis, Output, RequestId, RevocationOutcome, SessionState, SignedOutReason, StorageSnapshot};

/// Which sessions a logout ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutScope {
    /// The session of this browser.
    Session,
    /// Every session of the user. The request carries the access token.
    Global,
}

/// How many revocations the server must still confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Revocation {
    /// None.
    None,
    /// One.
    Pending,
    /// Two: while the first one was sent, a late response to a refresh may have set the cookie again.
    PendingTwice,
}

/// What follows a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterRevocation {
    Nothing,
    /// The login that waits, because the response to the revocation clears the cookie.
    Login,
}

impl Revocation {
    pub fn is_pending(self) -> bool {
        self != Self::None
    }
}

impl SessionState {
    pub(super) fn ended_by_logout(&self) -> bool {
        matches!(self, Self::SignedOut { reason: SignedOutReason::Logout })
    }
}

impl Core {
    pub(super) fn logout(&mut self, scope: LogoutScope, now: Millis) {
        self.abort_login();
        self.abort_refresh();
        self.abort_queued(); // a revocation that waits for the lock
        if let Some(AuthRequest { purpose: Purpose::Revoke { then, .. }, .. }) = &mut self.request {
            *then = AfterRevocation::Nothing; // the app gave up the login that waited
        }
        self.store_pending_revocation();
        if self.request.is_none() {
            // Sent at once, with or without the lock, and before the tokens are cleared: a global logout carries the access
            // token. The lock keeps the logins of other tabs from the cookie that the response clears.
            let purpose = Purpose::Revoke { scope, then: AfterRevocation::Nothing };
            let request = self.open_request(purpose, Stage::InFlight { sent_at: now });
            self.emit(Output::RequestLock(request));
            self.emit(Output::SendRevocation { request, scope });
        }
        self.end_session(SignedOutReason::Logout);
    }

    pub(super) fn revocation_completed(&mut self, id: RequestId, outcome: RevocationOutcome, now: Millis) {
        let Some((Purpose::Revoke { scope, then }, _)) = self.complete(id) else { return };
        self.emit(Output::ReleaseLock);
        let outcome = match (scope, outcome) {
            // Without a valid access token the server cannot end every session. It must still end this one.
            (LogoutScope::Global, RevocationOutcome::Rejected) => RevocationOutcome::Retry,
            (_, outcome) => outcome,
        };
        self.revocation_ended(outcome, then, now);
    }

    pub(super) fn revocation_ended(&mut self, outcome: RevocationOutcome, then: AfterRevocation, now: Millis) {
        self.emit(Output::SettleLogout { revoked: outcome == RevocationOutcome::Confirmed });
        if outcome != RevocationOutcome::Retry {
            if self.revocation == Revocation::PendingTwice {
                self.revocation = Revocation::Pending;
                return self.queue(Purpose::Revoke { scope: LogoutScope::Session, then }, now);
            }
            self.clear_pending_revocation();
        }
        if then == AfterRevocation::Login {
            self.request_auth(PurposeKind::Login, now);
        }
    }

    /// Sends the pending revocation, unless another auth request is in progress.
    pub(super) fn send_pending_revocation(&mut self, now: Millis) {
        if self.revocation.is_pending() && self.request.is_none() {
            self.queue(Purpose::Revoke { scope: LogoutScope::Session, then: AfterRevocation::Nothing }, now);
        }
    }

    /// A late response to a refresh set the cookie again after the user signed out, perhaps after the revocation.
    pub(super) fn revoke_restored_cookie(&mut self, now: Millis) {
        // (If no user signed out here, the response only came too late.)
        let was_signed_in = !matches!(self.session, SessionState::SignedOut { reason: SignedOutReason::NoSession });
        if self.session.is_signed_out() && was_signed_in {
            self.store_pending_revocation();
            if self.request.is_some_and(|request| request.is_in_flight()) {
                self.revocation = Revocation::PendingTwice; // the request in flight may have left before the cookie was set
            }
            self.send_pending_revocation(now);
        }
    }

    /// The cookie belongs to a session that another tab ended without reaching the server.
    pub(super) fn take_over_revocation(&mut self, now: Millis) {
        let reason = match self.session {
            SessionState::SignedOut { reason } => reason,
            SessionState::SignedIn { .. } | SessionState::Restoring { .. } | SessionState::RestoreFailed { .. } => {
                SignedOutReason::OtherTab
            }
        };
        self.end_session_here(reason);
        self.revocation = Revocation::Pending;
        self.send_pending_revocation(now);
    }

    /// Another tab's sign-out has not reached the server, and its cookie is still there: the revocation goes first.
    pub(super) fn revoke_before_login(&mut self, now: Millis) {
        self.revocation = Revocation::Pending;
        self.abort_login();
        self.queue(Purpose::Revoke { scope: LogoutScope::Session, then: AfterRevocation::Login }, now);
    }

    /// The queued revocation has the lock but no reason any more. A login that waits takes its place.
    pub(super) fn discard_queued_revocation(&mut self, id: RequestId, then: AfterRevocation) {
        self.revocation = Revocation::None;
        match then {
            AfterRevocation::Nothing => {
                self.request = None;
                self.emit(Output::ReleaseLock);
            }
            AfterRevocation::Login => {
                if let Some(request) = self.request.as_mut().filter(|request| request.id == id) {
                    request.purpose = Purpose::Login;
                }
            }
        }
    }

    /// Another tab signed in: a revocation that has not left would end that session. A login that waits is sent instead.
    pub(super) fn drop_queued_revocation(&mut self, now: Millis) {
        self.revocation = Revocation::None;
        let Some(AuthRequest { purpose: Purpose::Revoke { then, .. }, .. }) = self.request else { return };
        if self.abort_queued() && then == AfterRevocation::Login {
            self.request_auth(PurposeKind::Login, now);
        }
    }

    /// A token was adopted: the cookie is that of the new session, so a revocation that is still pending has no target.
    pub(super) fn discard_pending_revocation(&mut self, source: TokenSource) {
        // (A login replaced the cookie of every earlier session, also if another tab stored the pending revocation.)
        if self.revocation.is_pending() || source == TokenSource::Login {
            self.clear_pending_revocation();
        }
    }

    /// Reads the pending revocation from the origin's storage at the start.
    pub(super) fn load_pending_revocation(&mut self, storage: StorageSnapshot) {
        if storage.pending_revocation && !storage.hint.is_unknown() && !self.revocation.is_pending() {
            self.revocation = Revocation::Pending;
        }
    }

    fn store_pending_revocation(&mut self) {
        if !self.revocation.is_pending() {
            self.revocation = Revocation::Pending;
        }
        self.emit(Output::StorePendingRevocation);
    }

    fn clear_pending_revocation(&mut self) {
        self.revocation = Revocation::None;
        self.emit(Output::ClearPendingRevocation);
    }
}
