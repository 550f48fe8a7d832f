//! What we know of the user. "Signed in without a token" has no representation.

use std::num::NonZeroU32;

use super::Millis;

/// The number the vault gave to an access token when it took it in. Numbers grow; the token itself is never seen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenId(pub u32);

/// The number the vault gave to somebody: the same for the same user, and no name of theirs is seen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectId(pub NonZeroU32);

/// Who a token was issued for, as far as the server says (`user.id`, or the claim `sub`).
pub type Subject = Option<SubjectId>;

/// What a login or a refresh brought: a token that lies in the vault, and what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The token's number in the vault.
    pub token: TokenId,
    /// How long it lives from the moment it was asked for; unknown for an opaque token of a server that does not say.
    pub life: Option<Millis>,
    /// Whom it was issued for.
    pub subject: Subject,
}

/// The present access token: its number, and the times that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Its number in the vault.
    pub id: TokenId,
    /// When it stops working; unknown lifetimes have no end and are refreshed on a 401.
    pub expires_at: Option<Millis>,
    /// When it is due for renewal.
    pub renew_at: Option<Millis>,
    /// What the APIs think of it.
    pub standing: Standing,
}

/// What the APIs think of a token that has not expired by our clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing bad was heard.
    Good,
    /// An API answered 401 to it: a refresh was asked for, and no call goes out with it meanwhile.
    Rejected,
    /// As `Rejected`, but the refresh failed for now. Other APIs may still take it, so calls go out.
    Doubted,
    /// It was brand-new and an API still said 401: another refresh would not help, so none is made for it.
    Futile,
}

/// What we know of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Nothing yet: the restore has not been settled (or could not be, for lack of an answer).
    Restoring,
    /// Somebody is signed in.
    SignedIn {
        /// The present token.
        token: Token,
        /// The first token of this sign-in: an older one belongs to a session that is over.
        since: TokenId,
        /// Who it is.
        subject: Subject,
    },
    /// Nobody is signed in, and why.
    SignedOut(SignedOutReason),
}

/// Why there is no session. The names are those of `Session.reason` in TypeScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedOutReason {
    /// There was none to resume.
    Never,
    /// The app called `logout`.
    Logout,
    /// The server no longer knows the session.
    Expired,
    /// The server ended the session.
    Revoked,
    /// The server saw a refresh token used twice and ended the session.
    Reused,
    /// Somebody signed out in another tab, or somebody else signed in there.
    OtherTab,
}

impl SignedOutReason {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Never, Self::Logout, Self::Expired, Self::Revoked, Self::Reused, Self::OtherTab];

    /// The name as JavaScript sees it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Logout => "logout",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Reused => "reused",
            Self::OtherTab => "other-tab",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_the_name_that_typescript_knows() {
        for (reason, name) in [
            (SignedOutReason::Never, "never"),
            (SignedOutReason::Logout, "logout"),
            (SignedOutReason::Expired, "expired"),
            (SignedOutReason::Revoked, "revoked"),
            (SignedOutReason::Reused, "reused"),
            (SignedOutReason::OtherTab, "other-tab"),
        ] {
            assert_eq!((reason.as_str(), SignedOutReason::ALL[reason as usize]), (name, reason));
        }
    }
}
