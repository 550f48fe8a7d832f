//! Times: how long a token is valid, when the client renews it, and how long it waits after a failure.

use super::{
    Admission, Core, CrossTabMessage, ErrorCode, Event, Failure, Millis, Output, Random, SessionState,
    request::PurposeKind,
};

/// The longest delay of a browser's `setTimeout` (2³¹ − 1 ms, 24.8 days). A longer delay fires at once.
pub const TIMER_MAX: Millis = 0x7FFF_FFFF;

/// Two renewals are scheduled at least this far apart, however short the lifetime of a token is.
pub const MIN_RENEWAL_GAP: Millis = 5_000;

/// The longest wait that a server may ask for (`Retry-After`): one day. A longer one is cut.
pub const NOT_BEFORE_MAX: Millis = 86_400_000;

/// The ceiling of the first backoff. Each further failure doubles the ceiling, up to [`BACKOFF_MAX`].
const BACKOFF_BASE: Millis = 1_000;
const BACKOFF_MAX: Millis = 60_000;
/// After another tab's refresh succeeded, this tab's next attempt is due within this time.
const SUCCESS_ELSEWHERE_DELAY: Millis = 1_000;

/// After so many answers that say nothing about the session, the app shows a signed-out user: no visitor waits for ever.
pub(super) const UNCLEAR_ANSWERS_MAX: u32 = 4;
/// How long the client waits before it asks again whether a session is over.
const CONFIRM_DELAY: Millis = 500;

/// The failed refreshes, and when the next one may be sent.
#[derive(Debug, Default)]
pub(super) struct Retry {
    /// Failed refreshes in a row.
    pub failures: u32,
    /// When the next attempt is due, after a failure or because the session changed.
    pub next_attempt: Option<Millis>,
    /// Since when failures of other tabs have postponed this client's attempts.
    pub postponed_since: Option<Millis>,
    /// No refresh is sent before this moment: the server asked the clients to wait.
    pub not_before: Millis,
    /// Whether the server has refused a refresh without a known code; the next such answer ends the session.
    pub was_refused: bool,
    /// The status of the last answer that was neither a token nor the end of the session.
    pub last_status: Option<u16>,
    /// Answers to the restore that say nothing about the session.
    pub unclear_answers: u32,
}

impl Retry {
    /// A refresh or a login succeeded.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The session is over. The wait that the server asked for remains.
    pub fn reset(&mut self) {
        *self = Self { not_before: self.not_before, postponed_since: self.postponed_since, ..Self::default() };
    }
}

/// The lifetime of a token from what the server stated in seconds: the smaller one of `expiresIn` and the JWT's `exp − iat`
/// (which needs no synchronised clock), as far as they are positive numbers, else unknown. A value that the server did not
/// state is NaN.
///
/// ```
/// use tokenward::core::lifetime;
/// assert_eq!(lifetime(900.0, f64::NAN), Some(900_000));
/// assert_eq!(lifetime(3_600.0, 900.0), Some(900_000));
/// assert_eq!(lifetime(-5.0, 60.0), Some(60_000));
/// assert_eq!(lifetime(f64::NAN, f64::NAN), None);
/// ```
pub fn lifetime(expires_in: f64, jwt_lifetime: f64) -> Option<Millis> {
    [expires_in, jwt_lifetime]
        .into_iter()
        .filter(|seconds| seconds.is_finite() && *seconds > 0.0)
        .map(|seconds| (seconds * 1_000.0) as Millis)
        .min()
}

/// Whether the server answered, and not about the session. (5xx: the server failed or is away. 408, 425
/// and 429 ask to try again.)
pub(super) fn is_unclear_answer(failure: Failure) -> bool {
    failure.status.is_some_and(|status| !matches!(status, 0 | 408 | 425 | 429 | 500..=599))
}

/// When to renew a token that was requested at `requested_at`: `renew_before` its end but at most half of its lifetime
/// early, less a random part that spreads clients which signed in together, and never within [`MIN_RENEWAL_GAP`].
pub(super) fn renew_at(requested_at: Millis, lifetime: Millis, renew_before: Millis, random: &mut Random) -> Millis {
    let margin = renew_before.min(lifetime / 2);
    let latest = lifetime - margin;
    let spread = (latest / 10).min(30_000);
    let after = latest - random.below(spread + 1);
    requested_at.saturating_add(after.max(MIN_RENEWAL_GAP))
}

/// The delay before attempt number `failures + 1`: exponential backoff with full jitter.
pub(super) fn backoff(failures: u32, random: &mut Random) -> Millis {
    let ceiling = (BACKOFF_BASE << failures.min(6)).min(BACKOFF_MAX);
    random.below(ceiling + 1)
}

impl Core {
    /// The app asks for a renewal now.
    pub(super) fn refresh_now(&mut self, now: Millis) -> Admission {
        // After a logout, only a login starts a session again. In the other cases the server may know of a session that
        // this client does not know (another page of the site signed in), so the client asks it.
        if self.revocation.is_pending() || self.session.ended_by_logout() {
            return Admission::Reject(Failure::of(ErrorCode::SignedOut));
        }
        // A request of the app overrides the backoff, but not the wait that the server asked for.
        if self.has_final_token(now) {
            return Admission::Reject(Failure::of(ErrorCode::RefreshUnavailable));
        }
        self.wait_for_refresh(self.retry.not_before.max(now), now)
    }

    /// The app asks whether the server has a session, also after a logout: another page or a native shell may have signed in.
    pub(super) fn restore_now(&mut self, now: Millis) -> Admission {
        if self.revocation.is_pending() {
            return Admission::Reject(Failure::of(ErrorCode::SignedOut));
        }
        if self.has_final_token(now) {
            return Admission::Proceed; // there is a session, and to ask would end it
        }
        self.wait_for_refresh(self.retry.not_before.max(now), now)
    }

    /// Whether the session has a token that nothing can renew and that has not expired.
    fn has_final_token(&self, now: Millis) -> bool {
        matches!(&self.session, SessionState::SignedIn { token, .. }
            if !token.renewable && token.renew_at.is_none_or(|end| end > now))
    }

    /// The server refused a refresh without a known code. Returns whether the client asks once more.
    pub(super) fn confirms_refusal(&mut self, retry_after: Option<Millis>, now: Millis) -> bool {
        let was_signed_in = match self.session {
            SessionState::SignedIn { token, .. } => token.renewable,
            SessionState::Restoring { .. } | SessionState::RestoreFailed { .. } | SessionState::SignedOut { .. } => {
                self.session.expects_session()
            }
        };
        let asks = was_signed_in && !std::mem::replace(&mut self.retry.was_refused, true);
        if asks {
            self.block_refreshes_for(retry_after.unwrap_or(0), now);
            self.retry.next_attempt = Some(self.retry.not_before.max(now + CONFIRM_DELAY));
        }
        asks
    }

    /// A refresh failed without ending the session. The message to the other tabs keeps them from the same attempt.
    pub(super) fn refresh_failed(&mut self, failure: Failure, now: Millis) {
        let wait = failure.retry_after.unwrap_or(0);
        if wait > 0 {
            self.emit(Output::StoreNotBefore(wait.min(NOT_BEFORE_MAX)));
        }
        if self.end_first_question() {
            return;
        }
        let restore_ended = self.end_restore_after(failure);
        self.emit(Output::Broadcast(CrossTabMessage::RefreshFailed { wait, failures: self.retry.failures }));
        self.schedule_retry(failure, now);
        if restore_ended {
            self.emit(Output::Notify(Event::SignedOut));
        }
    }

    /// Another tab's refresh failed: this tab does not repeat it at once.
    pub(super) fn share_failure(&mut self, wait: Millis, now: Millis) {
        if self.end_first_question() {
            return;
        }
        let retry_after = (wait > 0).then_some(wait);
        self.schedule_retry(Failure { retry_after, ..Failure::of(ErrorCode::RefreshUnavailable) }, now);
    }

    /// The session is unchanged; the next attempt follows after the backoff.
    fn schedule_retry(&mut self, failure: Failure, now: Millis) {
        self.retry.was_refused = false; // the answers are not in a row
        self.retry.last_status = failure.status;
        let delay = backoff(self.retry.failures, &mut self.random);
        self.retry.failures = self.retry.failures.saturating_add(1);
        self.block_refreshes_for(failure.retry_after.unwrap_or(0), now);
        self.retry.next_attempt = match self.session {
            SessionState::SignedOut { .. } => None, // only the app asked; it gets the error and may ask again
            SessionState::SignedIn { .. } | SessionState::Restoring { .. } | SessionState::RestoreFailed { .. } => {
                Some(self.retry.not_before.max(now).saturating_add(delay))
            }
        };
        self.suspect_token(now);
        let in_time = match (self.retry.next_attempt, self.waiter_deadline()) {
            (Some(next), Some(deadline)) => next < deadline,
            _ => false,
        };
        if !in_time {
            self.reject_waiters(now);
        }
        self.emit(Output::Notify(Event::RefreshFailed { failure, retry_at: self.retry.next_attempt }));
    }

    /// The server asked the clients to wait. The longest wait counts, up to [`NOT_BEFORE_MAX`].
    pub(super) fn block_refreshes_for(&mut self, wait: Millis, now: Millis) {
        self.retry.not_before = self.retry.not_before.max(now + wait.min(NOT_BEFORE_MAX));
    }

    /// Waits for a refresh that can be sent at `at`, unless that is after the deadline of the waiting calls.
    pub(super) fn wait_for_refresh(&mut self, at: Millis, now: Millis) -> Admission {
        if self.request.is_none() && at <= now {
            self.request_auth(PurposeKind::Refresh, now);
        }
        let since = self.waiters_since.unwrap_or(now);
        if self.request.is_none() && at >= since + self.config.timeout {
            return Admission::Reject(self.unavailable(now));
        }
        self.waiters_since = Some(since);
        Admission::Wait
    }

    /// The first moment at which the next refresh may be sent.
    pub(super) fn next_attempt(&self, now: Millis) -> Millis {
        self.retry.next_attempt.unwrap_or(now).max(self.retry.not_before).max(now)
    }

    /// When the client sends a refresh without being asked.
    pub(super) fn refresh_due_at(&self) -> Option<Millis> {
        let due = match &self.session {
            SessionState::SignedIn { token, .. } => {
                self.retry.next_attempt.or(token.renew_at).filter(|_| !self.is_dormant())
            }
            SessionState::Restoring { .. } => Some(self.retry.next_attempt.unwrap_or(0)),
            SessionState::RestoreFailed { .. } => self.retry.next_attempt.filter(|_| !self.is_dormant()),
            SessionState::SignedOut { .. } => None,
        };
        // Calls that wait although no attempt is scheduled (the server asked to wait first) get theirs afterwards.
        let waited_for =
            self.waiters_since.filter(|_| self.retry.next_attempt.is_none()).map(|_| self.retry.not_before);
        due.into_iter().chain(waited_for).min().map(|at| at.max(self.retry.not_before))
    }

    /// When the calls that wait for a token give up.
    pub(super) fn waiter_deadline(&self) -> Option<Millis> {
        Some(self.waiters_since?.saturating_add(self.config.timeout))
    }

    pub(super) fn reject_waiters(&mut self, now: Millis) {
        self.settle_waiters(Err(self.unavailable(now)));
    }

    pub(super) fn settle_waiters(&mut self, result: Result<(), Failure>) {
        if self.waiters_since.take().is_some() {
            self.emit(Output::SettleWaiters(result));
        }
    }

    /// Another tab's refresh succeeded: the backoff after this tab's failures ends. The wait that the server asked for
    /// remains, because the message may be old.
    pub(super) fn shorten_backoff(&mut self, now: Millis) {
        let soon = now + self.random.below(SUCCESS_ELSEWHERE_DELAY);
        self.retry.next_attempt = self.retry.next_attempt.map(|at| at.min(soon));
    }

    fn unavailable(&self, now: Millis) -> Failure {
        let wait = self.next_attempt(now) - now;
        let status = self.retry.last_status;
        Failure { code: ErrorCode::RefreshUnavailable, status, retry_after: (wait > 0).then_some(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_lifetime_falls_back_to_the_claims() {
        for invalid in [0.0, -5.0, f64::NAN, f64::INFINITY] {
            assert_eq!(lifetime(invalid, 60.0), Some(60_000), "{invalid}");
            assert_eq!(lifetime(invalid, f64::NAN), None, "{invalid}");
            assert_eq!(lifetime(invalid, -1.0), None, "{invalid}");
        }
    }

    #[test]
    fn a_renewal_is_due_before_expiry_but_not_before_half_of_the_lifetime() {
        for seed in 0..1_000 {
            for lifetime in [10_000, 30_000, 120_000, 900_000, 86_400_000] {
                let at = renew_at(0, lifetime, 60_000, &mut Random::new(seed));
                assert!(at < lifetime, "{lifetime}: renewed at {at}, too late");
                assert!(at * 10 >= lifetime * 4, "{lifetime}: renewed at {at}, too early");
            }
        }
    }

    #[test]
    fn a_lifetime_below_the_renewal_gap_does_not_cause_a_loop() {
        for lifetime in [1, 500, 2_000] {
            assert_eq!(renew_at(1_000, lifetime, 60_000, &mut Random::new(1)), 1_000 + MIN_RENEWAL_GAP);
        }
    }

    #[test]
    fn a_thousand_clients_that_signed_in_together_do_not_renew_within_one_second() {
        let mut random = Random::new(3);
        let mut by_second = std::collections::HashMap::new();
        for _ in 0..1_000 {
            *by_second.entry(renew_at(0, 900_000, 60_000, &mut random) / 1_000).or_insert(0) += 1;
        }
        let fullest = by_second.values().max().copied().unwrap_or(0);
        assert!(fullest < 100, "{fullest} of 1,000 in one second");
    }

    #[test]
    fn backoff_grows_has_full_jitter_and_is_bounded() {
        let longest = |failures| (0..500).map(|seed| backoff(failures, &mut Random::new(seed))).max().unwrap();
        assert!(longest(0) <= 1_000);
        assert!(longest(3) > 4_000 && longest(3) <= 8_000);
        assert!(longest(40) > 30_000 && longest(40) <= 60_000);
        assert!((0..500).any(|seed| backoff(6, &mut Random::new(seed)) < 5_000), "full jitter includes short delays");
    }
}
