//! The other tabs of the origin: the messages they send, and the storage, from which a tab learns what it missed.

use super::{Core, Event, Evidence, Millis, Output, Restore, SessionState, SignedOutReason, Subject};

/// A message between the tabs of an origin. It never holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossTabMessage {
    /// A user signed in.
    SignedIn {
        /// The user.
        subject: Subject,
    },
    /// The session is over.
    SignedOut {
        /// Why.
        reason: SignedOutReason,
    },
    /// A refresh succeeded.
    Refreshed {
        /// The user of the session.
        subject: Subject,
    },
    /// A refresh failed without ending the session.
    RefreshFailed {
        /// How long the server asks to wait; 0 if it does not ask.
        wait: Millis,
        /// How many refreshes failed in a row before this one.
        failures: u32,
    },
    /// The sender stole the lock from a tab that did not release it, so no other tab needs to steal it.
    LockStolen,
}

/// Which sign-in a message is about. A message may be old when a tab that was frozen receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionRelation {
    /// The sign-in that this client knows (or there is no storage to compare with).
    Same,
    /// Another one, whose key is in the storage now.
    Current,
    /// One that is over.
    Stale,
}

/// What the origin's storage holds, as seen from one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageSnapshot {
    /// The session hint.
    pub hint: HintState,
    /// Whether the server has not confirmed a sign-out yet.
    pub pending_revocation: bool,
    /// For how long the server asked all tabs to wait.
    pub wait: Millis,
}

/// The session hint in the storage (the sign-in key), compared with the key that this client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintState {
    /// It is the known one (which may be none), or there is no storage.
    Same,
    /// The known one is no longer there: another tab signed out, or the storage was cleared.
    Removed,
    /// It is another one: another tab signed in, or this page has just been loaded.
    Other,
    /// There is none, and this browser has not asked the server yet. (Safari clears the storage of a site that was not used for
    /// seven days, and keeps the cookies that the server set.)
    Unasked,
}

impl HintState {
    /// Whether the storage holds a hint that this client does not know.
    pub(super) fn is_unknown(self) -> bool {
        self == Self::Other
    }
}

/// For so long failures that other tabs report may postpone an attempt of this client.
const POSTPONED_MAX: Millis = 300_000;

/// What another tab said about the user of the sign-in that this client knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nothing that contradicts this client.
    #[default]
    None,
    /// It named this user, and this client asks its server.
    Pending(Subject),
    /// The server contradicted it. Messages about this sign-in no longer make this client ask: the other tab has another
    /// server, or the server's names for a user change, and two tabs would make each other refresh without end.
    Disproved,
}

impl Core {
    pub(super) fn message_received(&mut self, message: CrossTabMessage, relation: SessionRelation, now: Millis) {
        match message {
            CrossTabMessage::SignedIn { subject } => {
                if relation != SessionRelation::Stale && self.must_check(subject, relation) {
                    self.follow_sign_in(subject, now);
                }
            }
            CrossTabMessage::Refreshed { subject } => self.refreshed_elsewhere(subject, relation, now),
            CrossTabMessage::SignedOut { reason } => {
                if relation == SessionRelation::Same && !self.session.is_signed_out() {
                    self.end_session_here(reason.in_other_tabs());
                }
            }
            CrossTabMessage::LockStolen => self.extend_lock_wait(now),
            CrossTabMessage::RefreshFailed { wait, failures } => {
                self.block_refreshes_for(wait, now);
                self.retry.failures = self.retry.failures.max(failures);
                if !self.refresh_is_queued() && self.retry.next_attempt.is_none() {
                    return;
                }
                let since = *self.retry.postponed_since.get_or_insert(now);
                if now <= since + POSTPONED_MAX {
                    // A refresh that waits for the lock shares the outcome of the one before it.
                    self.abort_queued_refresh();
                    self.share_failure(wait, now);
                }
            }
        }
    }

    fn refreshed_elsewhere(&mut self, subject: Subject, relation: SessionRelation, now: Millis) {
        self.extend_lock_wait(now);
        if self.session.is_signed_out() {
            return; // sent before that tab learned of the sign-out
        }
        match relation {
            SessionRelation::Stale => {}
            SessionRelation::Same if !self.is_other_subject(subject) => self.shorten_backoff(now),
            SessionRelation::Same | SessionRelation::Current => {
                if self.must_check(subject, relation) {
                    self.follow_sign_in(subject, now);
                }
            }
        }
    }

    /// Whether this client asks its server because another tab named this user.
    fn must_check(&mut self, subject: Subject, relation: SessionRelation) -> bool {
        if relation == SessionRelation::Current {
            self.claim = Claim::None; // another sign-in
        } else if !self.session.is_signed_out() && (subject.is_none() || self.is_other_subject(subject)) {
            if self.claim == Claim::Disproved {
                return false;
            }
            self.claim = Claim::Pending(subject);
        }
        true
    }

    /// The server named this user. A claim of another tab is confirmed or disproved.
    pub(super) fn settle_claim(&mut self, subject: Subject) {
        if let Claim::Pending(claimed) = self.claim {
            let is_confirmed = subject.is_some() && subject == claimed;
            self.claim = if is_confirmed { Claim::None } else { Claim::Disproved };
        }
    }

    /// The storage overrules the state of this client: a tab that was frozen received no messages.
    pub(super) fn reconcile_storage(&mut self, storage: StorageSnapshot, now: Millis) {
        self.block_refreshes_for(storage.wait, now);
        match storage.hint {
            HintState::Same | HintState::Unasked => {}
            HintState::Other => {
                self.claim = Claim::None;
                self.follow_sign_in(None, now);
            }
            HintState::Removed => self.hint_removed(storage, now),
        }
    }

    fn hint_removed(&mut self, storage: StorageSnapshot, now: Millis) {
        match &mut self.session {
            SessionState::SignedOut { .. } => {}
            _ if storage.pending_revocation => self.end_session_here(SignedOutReason::OtherTab),
            // Did another tab sign out, or was only the storage cleared? The server knows.
            SessionState::SignedIn { .. } => {
                if self.config.restore != Restore::Never {
                    self.suspend_session(Evidence::HintRemoved, now);
                }
            }
            SessionState::Restoring { evidence, .. } | SessionState::RestoreFailed { evidence } => {
                if evidence.suggests_session() {
                    *evidence = Evidence::HintRemoved;
                }
            }
        }
    }

    /// Another tab signed in: this tab follows.
    pub(super) fn follow_sign_in(&mut self, subject: Subject, now: Millis) {
        self.drop_queued_revocation(now);
        let never = self.config.restore == Restore::Never;
        match &mut self.session {
            SessionState::SignedIn { subject: present, .. } if subject.is_some() && *present == subject => {}
            SessionState::SignedIn { .. } if never => return self.end_session_here(SignedOutReason::OtherTab),
            SessionState::SignedIn { .. } => self.suspend_session(Evidence::Hint, now),
            SessionState::Restoring { evidence, .. } => {
                *evidence = Evidence::Hint;
                self.mark_session_changed();
            }
            SessionState::SignedOut { .. } | SessionState::RestoreFailed { .. } if never => return,
            SessionState::SignedOut { .. } | SessionState::RestoreFailed { .. } => {
                self.session = SessionState::Restoring { evidence: Evidence::Hint, previous: None };
                self.retry.unclear_answers = 0;
                self.retry.next_attempt = Some(now);
                self.mark_session_changed();
                self.emit(Output::Notify(Event::SessionUpdated));
            }
        }
        self.emit(Output::AdoptStoredKey);
    }

    /// Whether the storage holds the hint of a session.
    pub(super) fn holds_hint(&self, storage: StorageSnapshot) -> bool {
        match storage.hint {
            HintState::Other => true,
            HintState::Removed | HintState::Unasked => false,
            HintState::Same => self.session.has_hint(),
        }
    }

    /// The page is visible again, came back from the back-forward cache, or is online again.
    pub(super) fn resumed(&mut self, storage: StorageSnapshot, now: Millis) {
        self.visibility = super::client::Visibility::Visible;
        self.reconcile_storage(storage, now);
        let request_uses_key = self.request.is_some() && !self.refresh_is_queued();
        if storage.hint == HintState::Removed && self.session.expects_session() && !request_uses_key {
            // The known sign-in may have ended long ago. No later sign-in may use its key.
            self.emit(Output::RemoveKey);
        }
        self.restart_lock_wait(now);
        if self.timer_at.is_some_and(|at| at <= now) {
            self.timer_elapsed(now); // the browser skipped it
        }
        // A sleep ends the backoff: what failed before may work now. The wait that the server asked for remains.
        self.retry.next_attempt = self.retry.next_attempt.map(|_| now);
        if self.session.is_signed_out() {
            self.load_pending_revocation(storage);
        }
        self.send_pending_revocation(now);
    }
}
