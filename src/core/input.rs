//! What happened: the inputs of the core.

use super::{
    CrossTabMessage, LoginOutcome, LogoutScope, Millis, Place, RefreshOutcome, RequestId, RevocationOutcome,
    SessionRelation, StorageSnapshot, TokenId,
};

/// What happened. [`Core::handle`](super::Core::handle) returns an [`Admission`](super::Admission) for the first five.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The client starts.
    Start {
        /// What the origin's storage holds.
        storage: StorageSnapshot,
    },
    /// A call needs a token that is valid for at least `min_validity`.
    RequestToken {
        /// The minimum remaining lifetime.
        min_validity: Millis,
    },
    /// The app asks for a renewal now.
    Refresh,
    /// The app asks whether the server has a session, also after a logout.
    Restore,
    /// An API answered 401 to a call.
    TokenRejected {
        /// The token that the call carried.
        token: TokenId,
        /// Where the API answered.
        place: Place,
        /// Which attempt of the call this was.
        attempt: Attempt,
    },
    /// The app asks to sign in.
    Login,
    /// The app asks to sign out.
    Logout {
        /// Which sessions end.
        scope: LogoutScope,
    },
    /// The lock was granted (or the browser has no lock manager, so that there is nothing to wait for).
    LockGranted {
        /// The auth request that the lock was requested for.
        request: RequestId,
        /// What the origin's storage holds now.
        storage: StorageSnapshot,
    },
    /// A refresh completed.
    RefreshCompleted {
        /// Which auth request.
        request: RequestId,
        /// Its outcome.
        outcome: RefreshOutcome,
    },
    /// A login completed.
    LoginCompleted {
        /// Which auth request.
        request: RequestId,
        /// Its outcome.
        outcome: LoginOutcome,
    },
    /// A revocation completed.
    RevocationCompleted {
        /// Which auth request.
        request: RequestId,
        /// Its outcome.
        outcome: RevocationOutcome,
    },
    /// Another tab sent a message.
    MessageReceived {
        /// The message.
        message: CrossTabMessage,
        /// Which sign-in the message is about.
        relation: SessionRelation,
    },
    /// The page became hidden, until [`Input::Resumed`].
    Hidden,
    /// The timer that [`Output::SetTimer`](super::Output::SetTimer) set elapsed.
    TimerElapsed,
    /// The page became visible, came back from the back-forward cache, or the browser came online.
    Resumed {
        /// What the origin's storage holds now.
        storage: StorageSnapshot,
    },
}

/// The attempts of one call: each call is retried at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The call as the app made it.
    First,
    /// The replay after a 401.
    Retry,
}
