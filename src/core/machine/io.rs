//! What goes in and what comes out: the whole vocabulary between the core and whoever carries it.

use crate::core::{Failure, LoginOutcome, Millis, Outcome, RevokeOutcome, SignedOutReason, Subject, TokenId};

/// The number of an auth call. An answer to any but the present one is too late and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlightId(pub u32);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The client starts.
    Start {
        /// What the origin's storage remembers.
        memory: Memory,
    },
    /// A call needs a token that lives for at least so long.
    Want {
        /// How long the token must still live.
        min_validity: Millis,
    },
    /// The app asks for a renewal now.
    Renew,
    /// An API refused a call.
    Rejected {
        /// The token the call was sent with.
        token: TokenId,
        /// Whether it was the second try of that call.
        replayed: bool,
    },
    /// The app wants to log in.
    Login,
    /// The app signs out.
    Logout,
    /// The lock that was asked for is ours (or there is none to be had, so that nothing needs to be waited for).
    Locked {
        /// For which auth call.
        flight: FlightId,
        /// What the origin's storage remembers now.
        memory: Memory,
    },
    /// What a refresh came to.
    Refreshed {
        /// Which refresh.
        flight: FlightId,
        /// What it came to.
        outcome: Outcome,
    },
    /// What a login came to.
    LoggedIn {
        /// Which login.
        flight: FlightId,
        /// What it came to.
        outcome: LoginOutcome,
    },
    /// What a sign-out came to.
    Revoked {
        /// Which sign-out.
        flight: FlightId,
        /// What it came to.
        outcome: RevokeOutcome,
    },
    /// Another tab has news.
    Heard {
        /// What it says.
        news: News,
        /// Which sign-in it is about.
        about: About,
    },
    /// Nobody sees the page any more, until [`Input::Woke`].
    Hid,
    /// The timer that was asked for rang.
    Timer,
    /// The page is seen again, shown again from the back-forward cache, or online again.
    Woke {
        /// What the origin's storage remembers now.
        memory: Memory,
    },
}

/// What is to be done, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Ask for the lock that the tabs share, for this auth call; report when it is ours.
    Lock(FlightId),
    /// The lock did not come in time, so its holder is lost: take it over. Nothing is waited for.
    Steal(FlightId),
    /// Give the lock back, or stop asking for it.
    Unlock,
    /// Send a refresh and report what it came to.
    Refresh(FlightId),
    /// Send the login and report what it came to.
    Login(FlightId),
    /// Tell the server that the session is over, and report whether it has heard.
    Revoke(FlightId),
    /// Abort the auth call that is under way; nobody wants its answer any more.
    Cancel,
    /// From now on, calls go out with this token without asking, for so long (`None`: until an API refuses it).
    Adopt {
        /// The token.
        token: TokenId,
        /// How long it may be used without asking.
        fresh_for: Option<Millis>,
    },
    /// No call goes out without asking until the next `Adopt`.
    Hold,
    /// Forget every token.
    Wipe,
    /// The calls under way were made for a user who is no longer the one here: their answers are not handed out.
    Abandon,
    /// Forget this one, which was never adopted.
    Discard(TokenId),
    /// Leave a new mark in this browser that somebody signed in, or take ours away (and nobody else's).
    Mark(bool),
    /// The mark in this browser and the one we know become one: the browser's if it has one, else ours, else a new one.
    Share,
    /// Have a key for a refresh that asks whether there is a session at all. It is remembered, but it is no mark.
    Try,
    /// Remember that the server has not heard of the sign-out yet, or that it has.
    Owe(bool),
    /// Tell the other tabs.
    Tell(News),
    /// Ring after so long; `None` takes the timer back.
    Timer(Option<Millis>),
    /// Everyone who waits may go on, or must give up.
    Settle(Result<(), Failure>),
    /// The login is done.
    SettleLogin(Result<(), Failure>),
    /// The sign-out is done; whether the server has heard.
    SettleLogout(bool),
    /// Tell the app.
    Notify(Event),
}

/// What the tabs of an origin tell each other. Never a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Somebody signed in.
    SignedIn {
        /// Who.
        subject: Subject,
    },
    /// The session is over.
    SignedOut {
        /// Why.
        reason: SignedOutReason,
    },
    /// A refresh was answered.
    Refreshed {
        /// For whom.
        subject: Subject,
    },
    /// A refresh came to nothing.
    Failed {
        /// How long the server asks to wait.
        wait: Millis,
        /// How many did so in a row.
        failures: u32,
    },
    /// The lock was lost and taken over, so that nobody else needs to.
    TookOver,
}

/// Which sign-in a piece of news is about: news may be old when a tab that was frozen hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The one that this client knows (or there is no storage by which to tell).
    Ours,
    /// Not ours, but the one whose mark is in the origin's storage now.
    Current,
    /// One that is over.
    Past,
}

/// What the origin's storage remembers, seen from a client that may have slept through the news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The mark of a sign-in.
    pub mark: Mark,
    /// Whether the server has still to hear of a sign-out.
    pub owed: bool,
    /// For how long the server asked all tabs to wait.
    pub wait: Millis,
}

/// The mark in the origin's storage, compared with the one that this client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is the one we know (which may be none), or there is no storage to ask.
    Same,
    /// Ours is there no more: signed out in another tab, or the storage was cleared.
    Gone,
    /// Somebody else's: signed in in another tab, or before this page was loaded.
    Other,
}

/// What a call may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go out, with the present token.
    Go,
    /// Wait for the next `Settle`.
    Wait,
    /// Hand the 401 to the caller: nothing we can do would change it.
    HandThrough,
    /// Give up.
    Refuse(Failure),
}

/// What the app is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody is signed in now, by login, by restore, or because of another tab.
    SignedIn,
    /// It is somebody else than before.
    AccountChanged,
    /// The session goes on with a new token.
    Refreshed,
    /// The session is over.
    SignedOut,
    /// Nothing to tell but the snapshot, which is another.
    Changed,
    /// A refresh failed in a way that does not end the session.
    RefreshFailed {
        /// Why.
        failure: Failure,
        /// When it is tried again; `None` where nothing is scheduled.
        retry_at: Option<Millis>,
    },
}
