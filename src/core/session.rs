//! The session: its state, and the transitions that begin, continue and end it.
//!
//! A signed-in session without a token cannot be expressed.

use std::num::NonZeroU32;

use super::futile::FutileRefreshes;
use super::{
    Admission, Attempt, Core, CrossTabMessage, ErrorCode, Event, Failure, HintState, Millis, Output, Place, Restore,
    StorageSnapshot, cross_tab::Claim, retry,
};

/// The number that the token store gave to an access token. Numbers grow. The core never sees the token itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenId(pub u32);

/// The number that the token store gave to a user (`user.id`, or the claim `sub`): equal for the same user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectId(pub NonZeroU32);

/// The user that a token was issued for, as far as the server names one.
pub type Subject = Option<SubjectId>;

/// The access token that a login or a refresh returned. The token store holds the token; the core knows its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuedToken {
    /// The token's number in the token store.
    pub id: TokenId,
    /// Its lifetime, counted from the moment the request was sent; `None` for an opaque token without `expiresIn`.
    pub lifetime: Option<Millis>,
    /// The user that it was issued for.
    pub subject: Subject,
    /// Whether a refresh token or a cookie can renew it.
    pub renewable: bool,
}

/// The present access token: its number, and the moments that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessToken {
    /// Its number in the token store.
    pub id: TokenId,
    /// When it expires; a token without a known lifetime is renewed after a 401.
    pub expires_at: Option<Millis>,
    /// When its renewal is due.
    pub renew_at: Option<Millis>,
    /// How the APIs responded to it.
    pub status: TokenStatus,
    /// Whether a refresh token or a cookie can renew it. If not, the session ends with it.
    pub renewable: bool,
}

/// How the APIs responded to a token that has not expired by this client's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    /// No API rejected it.
    Valid,
    /// An API answered 401. A refresh is due, and no call carries the token meanwhile.
    Rejected,
    /// An API answered 401, and the refresh failed for now. Other APIs may accept the token, so calls carry it.
    Suspect,
}

/// Whether a user is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Not known yet: the restore has not completed, or another tab changed the session.
    Restoring {
        /// Why there may be a session.
        evidence: Evidence,
        /// The user that was signed in before the state became unknown.
        previous: Subject,
    },
    /// A user is signed in.
    SignedIn {
        /// The present token.
        token: AccessToken,
        /// The first token of this sign-in. An older token belongs to an earlier session.
        first_token: TokenId,
        /// The user.
        subject: Subject,
    },
    /// The server answered each attempt to resume the session, and never about the session. The app shows a signed-out user, and
    /// the client asks again.
    RestoreFailed {
        /// Why there may be a session.
        evidence: Evidence,
    },
    /// No user is signed in.
    SignedOut {
        /// Why.
        reason: SignedOutReason,
    },
}

/// Why there may be a session while the client restores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing suggests one. If the server has none either, nothing ended.
    None,
    /// The storage holds a session hint, or a user was signed in here.
    Hint,
    /// The hint of the user who was signed in here disappeared. If the server rejects the refresh, another tab signed out.
    HintRemoved,
}

impl Evidence {
    /// Whether something suggests that there is a session.
    pub(super) fn suggests_session(self) -> bool {
        self != Self::None
    }
}

/// Why no user is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedOutReason {
    /// There was no session to resume.
    NoSession,
    /// The app called `logout`.
    Logout,
    /// The server no longer knows the session.
    Expired,
    /// The server ended the session.
    Revoked,
    /// The server detected that a refresh token was used twice, and ended the session.
    TokenReused,
    /// Another tab signed out, or signed another user in.
    OtherTab,
    /// The server answered each attempt to resume the session, and never about the session. The client asks again.
    RestoreFailed,
    /// The user was not active for the time after which an idle user is signed out. (The core does not decide this: to it, the
    /// client logs out.)
    #[cfg(feature = "idle")]
    Idle,
}

impl SignedOutReason {
    /// The name of the reason in the npm package.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSession => "no-session",
            Self::Logout => "logout",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::TokenReused => "token-reused",
            Self::OtherTab => "other-tab",
            Self::RestoreFailed => "restore-failed",
            #[cfg(feature = "idle")]
            Self::Idle => "idle",
        }
    }

    /// The reason that the other tabs of this client show: only one of them called `logout`.
    #[must_use]
    pub fn in_other_tabs(self) -> Self {
        match self {
            Self::Logout => Self::OtherTab,
            #[cfg(feature = "idle")]
            Self::Idle => self,
            Self::NoSession
            | Self::Expired
            | Self::Revoked
            | Self::TokenReused
            | Self::OtherTab
            | Self::RestoreFailed => self,
        }
    }
}

/// Which request returned a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenSource {
    Login,
    Refresh,
}

impl AccessToken {
    /// The remaining lifetime; `None` where the lifetime is unknown.
    fn remaining(&self, now: Millis) -> Option<Millis> {
        self.expires_at.map(|end| end.saturating_sub(now))
    }

    /// (Of a token that cannot be renewed, no other one would be valid for longer.)
    fn is_valid_for(&self, duration: Millis, now: Millis) -> bool {
        let duration = if self.renewable { duration } else { 0 };
        self.status != TokenStatus::Rejected && self.remaining(now).is_none_or(|left| left > 0 && left >= duration)
    }
}

impl SessionState {
    /// Why the app shows no user; `None` while it shows one, or waits.
    pub fn signed_out_reason(&self) -> Option<SignedOutReason> {
        match self {
            Self::SignedOut { reason } => Some(*reason),
            Self::RestoreFailed { .. } => Some(SignedOutReason::RestoreFailed),
            Self::SignedIn { .. } | Self::Restoring { .. } => None,
        }
    }

    /// Whether the storage should hold the hint of this session.
    pub(super) fn has_hint(&self) -> bool {
        matches!(self, Self::SignedIn { .. }) || self.evidence() == Some(Evidence::Hint)
    }

    pub(super) fn is_signed_out(&self) -> bool {
        matches!(self, Self::SignedOut { .. })
    }

    /// Why there may be a session, while the server has not said whether there is one.
    pub(super) fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Restoring { evidence, .. } | Self::RestoreFailed { evidence } => Some(*evidence),
            Self::SignedIn { .. } | Self::SignedOut { .. } => None,
        }
    }

    /// Whether the client has a session that can end, or waits for one.
    pub(super) fn expects_session(&self) -> bool {
        matches!(self, Self::SignedIn { .. }) || self.evidence().is_some_and(Evidence::suggests_session)
    }

    /// The user that is signed in, or was before the state became unknown.
    fn last_subject(&self) -> Subject {
        match self {
            Self::SignedIn { subject, .. } => *subject,
            Self::Restoring { previous, .. } => *previous,
            Self::RestoreFailed { .. } | Self::SignedOut { .. } => None,
        }
    }
}

impl Core {
    pub(super) fn start(&mut self, storage: StorageSnapshot, now: Millis) -> Admission {
        self.block_refreshes_for(storage.wait, now);
        let hint = storage.hint.is_unknown();
        self.load_pending_revocation(storage);
        if let SessionState::Restoring { evidence, .. } = &mut self.session
            && hint
        {
            *evidence = Evidence::Hint;
        }
        if !matches!(self.session, SessionState::Restoring { .. }) || self.request.is_some() {
            return Admission::Proceed; // the app called `login` before the start
        }
        let restore = match self.config.restore {
            Restore::Always => true,
            // (A visitor whose question the server asked to postpone is signed out meanwhile.)
            Restore::Auto => hint || (storage.hint == HintState::Unasked && self.retry.not_before <= now),
            Restore::Hint => hint,
            Restore::Never => false,
        };
        if hint {
            self.emit(Output::AdoptStoredKey);
        }
        if restore && !self.revocation.is_pending() {
            return self.wait_for_refresh(self.retry.not_before, now);
        }
        let reason = if self.revocation.is_pending() { SignedOutReason::Logout } else { SignedOutReason::NoSession };
        self.session = SessionState::SignedOut { reason };
        self.emit(Output::Notify(Event::SessionUpdated));
        self.send_pending_revocation(now);
        Admission::Proceed
    }

    pub(super) fn request_token(&mut self, min_validity: Millis, now: Millis) -> Admission {
        match &self.session {
            SessionState::SignedOut { .. } | SessionState::RestoreFailed { .. } => {
                Admission::Reject(Failure::of(ErrorCode::SignedOut))
            }
            SessionState::SignedIn { token, .. } if token.is_valid_for(min_validity, now) => Admission::Proceed,
            SessionState::SignedIn { .. } | SessionState::Restoring { .. } => {
                self.wait_for_refresh(self.next_attempt(now), now)
            }
        }
    }

    pub(super) fn token_rejected(
        &mut self,
        rejected: TokenId,
        place: Place,
        attempt: Attempt,
        now: Millis,
    ) -> Admission {
        let (token, first_token) = match &mut self.session {
            SessionState::SignedIn { token, first_token, .. } => (token, *first_token),
            SessionState::SignedOut { .. } | SessionState::RestoreFailed { .. } => {
                return Admission::Reject(Failure::of(ErrorCode::SessionEnded));
            }
            SessionState::Restoring { .. } => return Admission::PassThrough,
        };
        if rejected < first_token {
            return Admission::Reject(Failure::of(ErrorCode::SessionEnded)); // a call of an earlier session
        }
        if attempt == Attempt::Retry {
            if rejected == token.id {
                self.futile.record(rejected, place, now);
            }
            return Admission::PassThrough;
        }
        if rejected < token.id {
            return self.request_token(0, now); // the call carried an older token: the present one may be accepted
        }
        if !self.futile.may_help(rejected, place, now) {
            return Admission::PassThrough;
        }
        if token.status == TokenStatus::Valid {
            token.status = TokenStatus::Rejected;
            self.emit(Output::BlockCalls);
        }
        let admission = self.wait_for_refresh(self.next_attempt(now), now);
        if matches!(admission, Admission::Reject(_)) {
            self.suspect_token(now);
        }
        admission
    }

    /// A rejected token that no refresh can replace at present is used again: other APIs may accept it.
    pub(super) fn suspect_token(&mut self, now: Millis) {
        if let SessionState::SignedIn { token, .. } = &mut self.session
            && token.status == TokenStatus::Rejected
        {
            token.status = TokenStatus::Suspect;
            let again = Output::SetToken { token: token.id, fresh_for: token.remaining(now) };
            self.emit(again);
        }
    }

    /// A token arrived: the session begins or continues with it.
    pub(super) fn adopt_token(&mut self, source: TokenSource, issued: IssuedToken, sent_at: Millis, now: Millis) {
        let account_changed = self.is_other_subject(issued.subject);
        let continued = match self.session {
            SessionState::SignedIn { first_token, subject, .. } if !account_changed => Some((first_token, subject)),
            SessionState::SignedIn { .. } => {
                self.emit(Output::AbortCalls);
                self.settle_waiters(Err(Failure::of(ErrorCode::SessionEnded)));
                None
            }
            SessionState::Restoring { .. } | SessionState::RestoreFailed { .. } | SessionState::SignedOut { .. } => {
                None
            }
        };
        let is_continued = continued.is_some() || self.session.evidence().is_some_and(Evidence::suggests_session);
        let sign_in_was_known = source == TokenSource::Refresh && is_continued;
        let hint_removed = self.session.evidence() == Some(Evidence::HintRemoved);
        let new_key = source == TokenSource::Login || matches!(self.session, SessionState::SignedIn { .. });
        let token = self.schedule(issued, sent_at);
        self.emit(Output::SetToken { token: token.id, fresh_for: token.remaining(now) });
        let (first_token, subject) =
            continued.map_or((token.id, issued.subject), |(first, known)| (first, issued.subject.or(known)));
        self.session = SessionState::SignedIn { token, first_token, subject };
        self.settle_claim(subject);
        if source == TokenSource::Login {
            self.futile = FutileRefreshes::default();
        }
        self.retry.succeeded();
        self.emit(Output::ClearNotBefore);
        self.discard_pending_revocation(source);
        let message = if sign_in_was_known {
            if hint_removed {
                self.emit(Output::AdoptStoredKey); // the key may have disappeared again while the refresh was in flight
            }
            CrossTabMessage::Refreshed { subject }
        } else {
            // A login gets a new key. A refresh keeps the key that it was sent with.
            if new_key {
                self.claim = Claim::None;
            }
            self.emit(if new_key { Output::StoreNewKey } else { Output::AdoptStoredKey });
            CrossTabMessage::SignedIn { subject }
        };
        if source == TokenSource::Refresh {
            self.emit(Output::ReplaceIdempotencyKey);
        }
        self.emit(Output::Broadcast(message));
        // The next holder of the lock finds the new keys in the storage.
        self.emit(Output::ReleaseLock);
        self.settle_waiters(Ok(()));
        self.emit(Output::Notify(if continued.is_some() { Event::Refreshed } else { Event::SignedIn }));
        if account_changed {
            self.emit(Output::Notify(Event::AccountChanged));
        }
    }

    /// The lifetime counts from the request, not from the response: the server's clock started in between.
    fn schedule(&mut self, issued: IssuedToken, sent_at: Millis) -> AccessToken {
        let IssuedToken { id, lifetime, renewable, .. } = issued;
        let (renew_before, random) = (self.config.renew_before, &mut self.random);
        AccessToken {
            id,
            expires_at: lifetime.map(|lifetime| sent_at.saturating_add(lifetime)),
            renew_at: lifetime.map(|lifetime| {
                if renewable {
                    retry::renew_at(sent_at, lifetime, renew_before, random)
                } else {
                    sent_at.saturating_add(lifetime)
                }
            }),
            status: TokenStatus::Valid,
            renewable,
        }
    }

    /// A login replaces the session, also that of the same user: the calls and waiters of the earlier session end.
    pub(super) fn replace_session(&mut self) {
        if let SessionState::SignedIn { subject, .. } = self.session {
            self.emit(Output::AbortCalls);
            self.settle_waiters(Err(Failure::of(ErrorCode::SessionEnded)));
            self.session = SessionState::Restoring { evidence: Evidence::Hint, previous: subject };
        }
    }

    /// Ends the session and reports that to the other tabs.
    pub(super) fn end_session(&mut self, reason: SignedOutReason) {
        if !self.session.is_signed_out() {
            // Before the key is removed: the message carries it.
            self.emit(Output::Broadcast(CrossTabMessage::SignedOut { reason }));
        }
        self.end_session_here(reason);
    }

    /// The session is over in this tab.
    pub(super) fn end_session_here(&mut self, reason: SignedOutReason) {
        self.abort_refresh();
        let before = std::mem::replace(&mut self.session, SessionState::SignedOut { reason });
        self.retry.reset();
        self.emit(Output::ClearTokens);
        self.emit(Output::RemoveKey);
        let code = if matches!(before, SessionState::SignedIn { .. }) {
            ErrorCode::SessionEnded
        } else {
            ErrorCode::SignedOut
        };
        self.settle_waiters(Err(Failure::of(code)));
        match (&before, reason) {
            (SessionState::SignedOut { reason: same }, _) if *same == reason => {}
            (SessionState::RestoreFailed { .. }, _) | (SessionState::Restoring { .. }, SignedOutReason::NoSession) => {
                self.emit(Output::Notify(Event::SessionUpdated));
            }
            _ => self.emit(Output::Notify(Event::SignedOut)),
        }
    }

    /// Ends a restore that nothing suggested, if this is one: it got no answer, and the next page asks again. The keys stay in
    /// the storage, because the server may have rotated the refresh token.
    pub(super) fn end_first_question(&mut self) -> bool {
        let is_first_question = matches!(self.session, SessionState::Restoring { evidence: Evidence::None, .. })
            && self.config.restore == Restore::Auto;
        if is_first_question {
            self.abort_refresh();
            self.session = SessionState::SignedOut { reason: SignedOutReason::NoSession };
            self.retry.reset();
            self.settle_waiters(Err(Failure::of(ErrorCode::SignedOut)));
            self.emit(Output::Notify(Event::SessionUpdated));
        }
        is_first_question
    }

    /// Ends a restore whose answers say nothing about the session: the app shows a signed-out user. The keys stay in the
    /// storage, and the client asks again.
    pub(super) fn end_restore_after(&mut self, failure: Failure) -> bool {
        let SessionState::Restoring { evidence, .. } = self.session else { return false };
        if !retry::is_unclear_answer(failure) {
            return false;
        }
        self.retry.unclear_answers += 1;
        let ends = self.retry.unclear_answers >= retry::UNCLEAR_ANSWERS_MAX;
        if ends {
            self.session = SessionState::RestoreFailed { evidence };
            self.settle_waiters(Err(Failure::of(ErrorCode::SignedOut)));
        }
        ends
    }

    /// The signed-in user may have been replaced. The client shows and uses nothing of that user until the server has
    /// answered a refresh.
    pub(super) fn suspend_session(&mut self, evidence: Evidence, now: Millis) {
        self.mark_session_changed();
        self.retry.was_refused = false;
        let previous = self.session.last_subject();
        self.session = SessionState::Restoring { evidence, previous };
        self.emit(Output::ClearTokens);
        self.emit(Output::AbortCalls);
        self.retry.next_attempt = Some(now);
        self.settle_waiters(Err(Failure::of(ErrorCode::SessionEnded)));
        self.emit(Output::Notify(Event::SessionUpdated));
    }

    /// Whether `subject` is another user than the one here. An unnamed user counts as the same.
    pub(super) fn is_other_subject(&self, subject: Subject) -> bool {
        let present = self.session.last_subject();
        present.is_some() && subject.is_some() && present != subject
    }

    /// Whether a `logout` must be noted in the origin's storage even if this client never learns of it (a page asks
    /// before it hands the logout to a worker).
    pub fn must_store_logout(&self) -> bool {
        matches!(self.session, SessionState::SignedIn { .. })
    }
}
