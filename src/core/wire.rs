//! What servers say: from status, headers and body to one outcome, decided in one place.

use super::{Code, Failure, Grant, Millis, SignedOutReason};

/// What came back from an auth endpoint.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    /// An HTTP answer.
    Answered(Answer),
    /// Nothing came: the network failed, or the browser refused to connect.
    Unreachable,
    /// It could not even be sent: what the app set stood in the way.
    Unsendable,
}

/// An HTTP answer of an auth endpoint, reduced to what decisions are made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What the error code of its body says of the session, if it says anything.
    pub code: Option<SessionCode>,
    /// The `Retry-After` header, already as a span.
    pub retry_after: Option<Millis>,
    /// The access token the body held, if it held one.
    pub grant: Option<Grant>,
}

/// The three things a refresh can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new access token.
    Renewed(Grant),
    /// The server's clear no: the session is over.
    Refused(SignedOutReason),
    /// Anything else: the session is as it was, the next try comes later.
    Later(Failure),
}

/// What a login can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOutcome {
    /// Signed in.
    Granted(Grant),
    /// Not signed in; what was before still is.
    Failed(Failure),
}

/// What telling the server of a sign-out can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeOutcome {
    /// It has heard.
    Heard,
    /// It will not hear, however often it is told.
    Refused,
    /// It has not heard yet.
    Later,
}

/// What an error code says of a session that is over, whatever the status (contract; RFC 6749 §5.2). `js/vault.ts` knows
/// the codes by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCode {
    /// `NO_REFRESH_TOKEN`, `INVALID_REFRESH_TOKEN`, `invalid_grant`.
    Ended,
    /// `REFRESH_TOKEN_REUSED`.
    Reused,
    /// `TOKEN_REVOKED`.
    Revoked,
}

/// Decides what a reply to a refresh means. Only a clear no ends a session: 401, 400 `invalid_grant`, 403 with a
/// session code. No answer, 5xx, 408, 429, an HTML page, a body without a token: later.
pub fn refresh_outcome(reply: Reply) -> Outcome {
    let answer = match reply {
        Reply::Answered(answer) => answer,
        Reply::Unreachable => return Outcome::Later(Failure::of(Code::Offline)),
        Reply::Unsendable => return Outcome::Later(Failure::of(Code::InvalidOptions)),
    };
    match answer.status {
        200..=299 => match answer.grant {
            Some(grant) => Outcome::Renewed(grant),
            None => Outcome::Later(failure(Code::MalformedResponse, &answer)),
        },
        401 => Outcome::Refused(reason(answer.code)),
        400 | 403 if answer.code.is_some() => Outcome::Refused(reason(answer.code)),
        429 => Outcome::Later(failure(Code::RateLimited, &answer)),
        408 => Outcome::Later(failure(Code::Timeout, &answer)),
        _ => Outcome::Later(failure(Code::ServerError, &answer)),
    }
}

/// Decides what a reply to a login means.
pub fn login_outcome(reply: Reply) -> LoginOutcome {
    let answer = match reply {
        Reply::Answered(answer) => answer,
        Reply::Unreachable => return LoginOutcome::Failed(Failure::of(Code::Offline)),
        Reply::Unsendable => return LoginOutcome::Failed(Failure::of(Code::InvalidOptions)),
    };
    let code = match answer.status {
        200..=299 => match answer.grant {
            Some(grant) => return LoginOutcome::Granted(grant),
            None => Code::MalformedResponse,
        },
        // Servers say "wrong password" in several ways; "no such page" and "not this method" are not among them.
        400 | 401 | 403 | 422 => Code::InvalidCredentials,
        408 => Code::Timeout,
        429 => Code::RateLimited,
        _ => Code::ServerError,
    };
    LoginOutcome::Failed(failure(code, &answer))
}

/// Decides what a reply to a sign-out means.
pub fn revoke_outcome(reply: &Reply) -> RevokeOutcome {
    match reply {
        Reply::Answered(answer) => match answer.status {
            200..=299 => RevokeOutcome::Heard,
            408 | 425 | 429 | 500.. => RevokeOutcome::Later,
            _ => RevokeOutcome::Refused,
        },
        _ => RevokeOutcome::Later,
    }
}

fn failure(code: Code, answer: &Answer) -> Failure {
    Failure { code, status: Some(answer.status), retry_after: answer.retry_after }
}

fn reason(code: Option<SessionCode>) -> SignedOutReason {
    match code {
        Some(SessionCode::Reused) => SignedOutReason::Reused,
        Some(SessionCode::Revoked) => SignedOutReason::Revoked,
        _ => SignedOutReason::Expired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::TokenId;

    fn answered(status: u16, code: Option<SessionCode>) -> Reply {
        Reply::Answered(Answer { status, code, ..Answer::default() })
    }

    fn granted(status: u16) -> Reply {
        Reply::Answered(Answer { status, grant: Some(grant()), ..Answer::default() })
    }

    fn grant() -> Grant {
        Grant { token: TokenId(1), life: Some(900_000), subject: None }
    }

    #[test]
    fn only_a_clear_no_ends_a_session() {
        use SignedOutReason::{Expired, Reused, Revoked};
        for (status, code, reason) in [
            (401, None, Expired),
            (401, Some(SessionCode::Ended), Expired),
            (401, Some(SessionCode::Reused), Reused),
            (403, Some(SessionCode::Revoked), Revoked),
            (400, Some(SessionCode::Ended), Expired),
        ] {
            assert_eq!(refresh_outcome(answered(status, code)), Outcome::Refused(reason), "{status} {code:?}");
        }
    }

    #[test]
    fn everything_else_is_tried_again_later() {
        for status in [0, 204, 302, 400, 403, 404, 405, 408, 409, 413, 418, 425, 429, 500, 502, 503, 504, 599] {
            let outcome = refresh_outcome(answered(status, None));
            assert!(
                matches!(outcome, Outcome::Later(f) if f.code.retryable() || status == 204),
                "{status}: {outcome:?}"
            );
        }
        for reply in [Reply::Unreachable, Reply::Unsendable] {
            assert!(matches!(refresh_outcome(reply), Outcome::Later(_)));
        }
    }

    #[test]
    fn what_a_refresh_failed_of_is_told_with_status_and_wait() {
        for (status, code) in
            [(408, Code::Timeout), (429, Code::RateLimited), (503, Code::ServerError), (200, Code::MalformedResponse)]
        {
            let answer = Answer { status, retry_after: Some(7_000), ..Answer::default() };
            let failure = Failure { code, status: Some(status), retry_after: Some(7_000) };
            assert_eq!(refresh_outcome(Reply::Answered(answer)), Outcome::Later(failure));
        }
    }

    #[test]
    fn a_token_counts_only_in_a_success() {
        assert_eq!(refresh_outcome(granted(200)), Outcome::Renewed(grant()));
        assert!(matches!(refresh_outcome(granted(500)), Outcome::Later(_)));
        assert_eq!(login_outcome(granted(201)), LoginOutcome::Granted(grant()));
        assert!(matches!(login_outcome(granted(401)), LoginOutcome::Failed(_)));
    }

    #[test]
    fn a_sign_out_is_told_again_only_where_that_can_help() {
        use RevokeOutcome::{Heard, Later, Refused};
        for (status, outcome) in
            [(200, Heard), (204, Heard), (400, Refused), (404, Refused), (408, Later), (429, Later), (503, Later)]
        {
            assert_eq!(revoke_outcome(&answered(status, None)), outcome, "{status}");
        }
        assert_eq!(revoke_outcome(&Reply::Unreachable), Later);
    }

    #[test]
    fn each_way_a_login_can_fail_has_its_code() {
        for (reply, code) in [
            (answered(401, None), Code::InvalidCredentials),
            (answered(400, Some(SessionCode::Ended)), Code::InvalidCredentials),
            (answered(429, None), Code::RateLimited),
            (answered(408, None), Code::Timeout),
            (answered(404, None), Code::ServerError),
            (answered(503, None), Code::ServerError),
            (answered(200, None), Code::MalformedResponse),
            (Reply::Unsendable, Code::InvalidOptions),
            (Reply::Unreachable, Code::Offline),
        ] {
            assert!(matches!(login_outcome(reply), LoginOutcome::Failed(f) if f.code == code), "{reply:?}");
        }
    }
}
