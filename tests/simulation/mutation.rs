//! Ten ways to get it wrong. Each is made where the core meets the simulation, so that the core that is tested is the one that
//! ships; the simulation must find a counterexample to each.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// Answers of auth calls that were given up are taken for answers of the present one.
    AcceptLateResponses,
    /// Refreshes carry no `Idempotency-Key`.
    NoIdempotencyKey,
    /// The lock is waited for for ever.
    WaitForLockForever,
    /// Calls go out with a token until a minute after its end.
    NegativeMargin,
    /// A timer beyond 2³¹ − 1 ms fires at once, as `setTimeout` does.
    TimerOverflow,
    /// A 5xx is taken for a no.
    FaultEndsSession,
    /// A second 401 is treated as the first was.
    RetryLoop,
    /// Every client draws the same random numbers.
    NoJitter,
    /// The token stays where it is at logout.
    KeepTokenAtLogout,
    /// A client that is granted the lock does not read the storage.
    LockWithoutStorage,
    /// Now and then those who wait are not woken.
    LoseWaiters,
}
