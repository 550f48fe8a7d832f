//! The mutations. Each is made where the core meets the simulated browser, so that the core under test is the one that
//! ships. The simulation must find a counterexample to each.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// Responses to aborted auth requests count as responses to the present one.
    AcceptLateResponses,
    /// Refreshes carry no `Idempotency-Key`.
    NoIdempotencyKey,
    /// The client keeps one idempotency key for the whole sign-in.
    ConstantKey,
    /// The server repeats a rotation however late the repetition is.
    RepeatsWithoutLimit,
    /// A response replaces the idempotency key, also if another tab has begun the next rotation with it.
    ReplacesAnyKey,
    /// The wait for the lock has no bound.
    WaitForLockForever,
    /// Calls carry a token until one minute after its expiry.
    NegativeMargin,
    /// A timer beyond 2³¹ − 1 ms fires at once, as `setTimeout` does.
    TimerOverflow,
    /// A 5xx counts as a rejection.
    FaultEndsSession,
    /// A second 401 counts as a first one.
    RetryLoop,
    /// Every client draws the same random numbers.
    NoJitter,
    /// A logout does not clear the token.
    KeepTokenAtLogout,
    /// A client that is granted the lock does not read the storage.
    LockWithoutStorage,
    /// Every tenth time, the calls that wait are not settled.
    LoseWaiters,
}
