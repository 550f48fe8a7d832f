//! What to do: the outputs of the core, its answer to a call, and the events for the app.

use super::{CrossTabMessage, Failure, LogoutScope, Millis, RequestId, TokenId};

/// What to do. The caller carries the outputs out in the order in which it gets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Request the lock that the tabs share for this auth request. Report [`Input::LockGranted`](super::Input::LockGranted).
    RequestLock(RequestId),
    /// Request the lock as [`Output::RequestLock`] does, but hold it until the storage shows what other processes wrote before
    /// they released it, and report then.
    RequestSettledLock(RequestId),
    /// Take the lock from a holder that did not release it in time. Report [`Input::LockGranted`](super::Input::LockGranted).
    StealLock(RequestId),
    /// Release the lock, or withdraw the request for it.
    ReleaseLock,
    /// Send a refresh, and report its outcome.
    SendRefresh(RequestId),
    /// Send the login, and report its outcome.
    SendLogin(RequestId),
    /// Send the revocation, and report its outcome.
    SendRevocation {
        /// The auth request.
        request: RequestId,
        /// Which sessions the server ends.
        scope: LogoutScope,
    },
    /// Abort the auth request in flight.
    AbortAuthRequest,
    /// Calls carry this token from now on. For `fresh_for` they need no admission (`None`: until an API answers 401).
    SetToken {
        /// The token.
        token: TokenId,
        /// How long calls may carry it without admission.
        fresh_for: Option<Millis>,
    },
    /// Every call needs admission until the next `SetToken`.
    BlockCalls,
    /// Forget every token.
    ClearTokens,
    /// Reject the API calls in flight: their user is no longer signed in here.
    AbortCalls,
    /// Forget this token, which was never set.
    DiscardToken(TokenId),
    /// Store a new sign-in key, which is the session hint, and a new idempotency key.
    StoreNewKey,
    /// Use the sign-in key in the storage; if there is none, store the present one or a new one.
    AdoptStoredKey,
    /// Use a sign-in key for a refresh that only asks for a session. The storage keeps it apart: it is no hint.
    UseProbeKey,
    /// Remove this client's sign-in key from the storage (never the key of a newer sign-in), with the idempotency key, and the
    /// probe key.
    RemoveKey,
    /// The refresh succeeded: store another idempotency key for the next one.
    ReplaceIdempotencyKey,
    /// Note in the storage that the server has not confirmed a sign-out yet.
    StorePendingRevocation,
    /// Remove that note, and forget what was kept for the revocation.
    ClearPendingRevocation,
    /// Note in the storage that no tab may send a refresh for this long. A longer wait that is stored already stays.
    StoreNotBefore(Millis),
    /// Remove that note.
    ClearNotBefore,
    /// Send a message to the other tabs.
    Broadcast(CrossTabMessage),
    /// Report [`Input::TimerElapsed`](super::Input::TimerElapsed) after this long; `None` cancels the timer.
    SetTimer(Option<Millis>),
    /// Settle every call that waits for a token.
    SettleWaiters(Result<(), Failure>),
    /// Settle the login.
    SettleLogin(Result<(), Failure>),
    /// Settle every pending `logout` of the app.
    SettleLogout {
        /// Whether the server confirmed the revocation.
        revoked: bool,
    },
    /// Notify the app.
    Notify(Event),
}

/// What a call may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Send the call with the present token.
    Proceed,
    /// Wait for the next [`Output::SettleWaiters`].
    Wait,
    /// Return the 401 to the caller: a refresh would not change it.
    PassThrough,
    /// Reject the call.
    Reject(Failure),
}

/// An event for the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A user is signed in now: by login, by restore, or because another tab signed in.
    SignedIn,
    /// The signed-in user is another one than before.
    AccountChanged,
    /// The session continues with a new token.
    Refreshed,
    /// The session is over.
    SignedOut,
    /// Only the session snapshot changed.
    SessionUpdated,
    /// A refresh failed without ending the session.
    RefreshFailed {
        /// Why.
        failure: Failure,
        /// When the next attempt is scheduled; `None` where none is.
        retry_at: Option<Millis>,
    },
}

/// The outputs that the caller has not polled yet. Carrying one out may cause the next input before the queue is empty.
/// (A `VecDeque` costs 100 bytes (brotli) more in the npm package.)
#[derive(Debug, Default)]
pub(super) struct OutputQueue {
    outputs: Vec<Output>,
    polled: usize,
}

impl OutputQueue {
    pub fn push(&mut self, output: Output) {
        self.outputs.push(output);
    }

    pub fn pop(&mut self) -> Option<Output> {
        let next = self.outputs.get(self.polled).copied();
        if next.is_some() {
            self.polled += 1;
        } else {
            self.clear();
        }
        next
    }

    pub fn clear(&mut self) {
        self.outputs.clear();
        self.polled = 0;
    }
}
