//! What a server's response means: from status, headers and body to one outcome, decided in one place.

use super::{ErrorCode, Failure, IssuedToken, Millis, SignedOutReason};

/// The result of an auth request.
#[derive(Debug, Clone, Copy)]
pub enum AuthResponse {
    /// The server answered.
    Http(HttpResponse),
    /// The network failed, or the browser blocked the request or its response.
    NetworkError,
    /// The request was not sent: `options.authHeaders` threw or rejected.
    NotSent,
}

/// An HTTP response of an auth endpoint, reduced to the data that decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// What the error code in the body states about the session, if anything.
    pub code: Option<SessionErrorCode>,
    /// The `Retry-After` header as a duration.
    pub retry_after: Option<Millis>,
    /// The access token in the body, if there was one.
    pub token: Option<IssuedToken>,
}

/// The outcome of a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// A new access token.
    Renewed(IssuedToken),
    /// The server rejected the refresh token: the session is over.
    Rejected(SignedOutReason),
    /// The server refused the refresh, and named no reason that the client knows: a gateway may answer like that during a
    /// deployment. The client asks once more before it ends the session of a user.
    Refused {
        /// How long the server asks to wait.
        retry_after: Option<Millis>,
    },
    /// Anything else: the session is unchanged, and the refresh is tried again later.
    Retry(Failure),
}

/// The outcome of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The user is signed in.
    SignedIn(IssuedToken),
    /// The login failed; the session is unchanged.
    Failed(Failure),
}

/// The outcome of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationOutcome {
    /// The server ended the session.
    Confirmed,
    /// The server rejected the request, and will reject it again.
    Rejected,
    /// The server did not process it: send it again later.
    Retry,
}

/// What the error code of a response states about the session, whatever the status (RFC 6749 §5.2 and the demo server's
/// codes). The token response parser of the front end maps the codes of the server to these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionErrorCode {
    /// `NO_REFRESH_TOKEN`, `INVALID_REFRESH_TOKEN`, `invalid_grant`.
    Ended,
    /// `REFRESH_TOKEN_REUSED`.
    TokenReused,
    /// `TOKEN_REVOKED`.
    Revoked,
    /// The request was at fault, and the code says nothing about the session or the credentials: `invalid_client`,
    /// `CSRF_REJECTED`.
    RequestFault,
    /// In the response to a login: the credentials are wrong.
    BadCredentials,
    /// The options say that this answer ends the session (`server.over`), whatever its status.
    Over,
    /// The body is an answer of the auth endpoint, and states a failure: `{"detail": "…"}`, `{"success": false}`, or null where a
    /// token is due. (A 404 of a router or a page of a proxy is none.)
    Refused,
    /// In the response to a login: a further step follows (`server.answer.step`).
    StepRequired,
}

/// Decides what the response to a refresh means. Only a rejection ends a session: at once with a known code, else when it is
/// confirmed. No response, 5xx, 408, 425, 429, an HTML page, or an answer about the request mean "try again later".
pub fn refresh_outcome(response: AuthResponse) -> RefreshOutcome {
    let response = match response {
        AuthResponse::Http(response) => response,
        AuthResponse::NetworkError => return RefreshOutcome::Retry(Failure::of(ErrorCode::Offline)),
        AuthResponse::NotSent => return RefreshOutcome::Retry(Failure::of(ErrorCode::RequestNotSent)),
    };
    let refused = RefreshOutcome::Refused { retry_after: response.retry_after };
    let code = match (response.status, response.token) {
        (200..=299, Some(token)) => return RefreshOutcome::Renewed(token),
        _ if response.code == Some(SessionErrorCode::Over) => {
            return RefreshOutcome::Rejected(SignedOutReason::Expired);
        }
        (429, _) => ErrorCode::RateLimited,
        (408, _) => ErrorCode::Timeout,
        (400..=499, _) if response.code == Some(SessionErrorCode::RequestFault) => ErrorCode::ServerError,
        (400..=499, _) if is_about_session(response.code) => return RefreshOutcome::Rejected(reason(response.code)),
        // 419 and 440: the session timed out (Laravel, IIS). 498: the token is invalid (ArcGIS, nginx).
        (400 | 401 | 403 | 419 | 422 | 440 | 498, _) => return refused,
        (200..=299 | 404 | 405 | 410, _) if response.code == Some(SessionErrorCode::Refused) => return refused,
        (200..=299, None) => ErrorCode::MalformedResponse,
        _ => ErrorCode::ServerError,
    };
    RefreshOutcome::Retry(failure(code, &response))
}

/// Decides what the response to a login means.
pub fn login_outcome(response: AuthResponse) -> LoginOutcome {
    let response = match response {
        AuthResponse::Http(response) => response,
        AuthResponse::NetworkError => return LoginOutcome::Failed(Failure::of(ErrorCode::Offline)),
        AuthResponse::NotSent => return LoginOutcome::Failed(Failure::of(ErrorCode::RequestNotSent)),
    };
    let code = match (response.status, response.token) {
        (200..=299, Some(token)) => return LoginOutcome::SignedIn(token),
        _ if response.code == Some(SessionErrorCode::StepRequired) => ErrorCode::LoginStepRequired,
        (200..=299, None) => ErrorCode::MalformedResponse,
        (408, _) => ErrorCode::Timeout,
        (429, _) => ErrorCode::RateLimited,
        (404 | 405 | 410, _) => ErrorCode::ServerError,
        // Some servers report wrong credentials with 400, 403 or 422, as others report a malformed request or CSRF.
        (400..=499, _) if response.code == Some(SessionErrorCode::RequestFault) => ErrorCode::LoginRejected,
        (401, _) => ErrorCode::InvalidCredentials,
        (400 | 403 | 422, _) if states_bad_credentials(response.code) => ErrorCode::InvalidCredentials,
        (400..=499, _) => ErrorCode::LoginRejected,
        _ => ErrorCode::ServerError,
    };
    LoginOutcome::Failed(failure(code, &response))
}

/// Decides what the response to a revocation means.
pub fn revocation_outcome(response: &AuthResponse) -> RevocationOutcome {
    match response {
        AuthResponse::Http(response) => match response.status {
            200..=299 => RevocationOutcome::Confirmed,
            408 | 425 | 429 | 500.. => RevocationOutcome::Retry,
            _ => RevocationOutcome::Rejected,
        },
        AuthResponse::NetworkError | AuthResponse::NotSent => RevocationOutcome::Retry,
    }
}

fn failure(code: ErrorCode, response: &HttpResponse) -> Failure {
    Failure { code, status: Some(response.status), retry_after: response.retry_after }
}

/// Whether the code is one of those that mean the session of the refresh token.
fn is_about_session(code: Option<SessionErrorCode>) -> bool {
    use SessionErrorCode::{Ended, Revoked, TokenReused};
    matches!(code, Some(Ended | TokenReused | Revoked))
}

/// Whether a login failed because of the credentials, by its code. (`invalid_grant` means the same in a login.)
fn states_bad_credentials(code: Option<SessionErrorCode>) -> bool {
    code == Some(SessionErrorCode::BadCredentials) || is_about_session(code)
}

fn reason(code: Option<SessionErrorCode>) -> SignedOutReason {
    match code {
        Some(SessionErrorCode::TokenReused) => SignedOutReason::TokenReused,
        Some(SessionErrorCode::Revoked) => SignedOutReason::Revoked,
        _ => SignedOutReason::Expired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::TokenId;

    fn responded(status: u16, code: Option<SessionErrorCode>) -> AuthResponse {
        AuthResponse::Http(HttpResponse { status, code, ..HttpResponse::default() })
    }

    fn with_token(status: u16) -> AuthResponse {
        AuthResponse::Http(HttpResponse { status, token: Some(token()), ..HttpResponse::default() })
    }

    fn token() -> IssuedToken {
        IssuedToken { id: TokenId(1), lifetime: Some(900_000), subject: None, renewable: true }
    }

    #[test]
    fn only_a_clear_rejection_ends_a_session() {
        use SignedOutReason::{Expired, Revoked, TokenReused};
        for (status, code, reason) in [
            (401, Some(SessionErrorCode::Ended), Expired),
            (422, Some(SessionErrorCode::Ended), Expired),
            (500, Some(SessionErrorCode::Over), Expired),
            (200, Some(SessionErrorCode::Over), Expired),
            (401, Some(SessionErrorCode::TokenReused), TokenReused),
            (403, Some(SessionErrorCode::Revoked), Revoked),
            (400, Some(SessionErrorCode::Ended), Expired),
        ] {
            assert_eq!(refresh_outcome(responded(status, code)), RefreshOutcome::Rejected(reason), "{status} {code:?}");
        }
    }

    #[test]
    fn a_refusal_without_a_known_code_is_confirmed() {
        const REFUSED: RefreshOutcome = RefreshOutcome::Refused { retry_after: None };
        let stated = Some(SessionErrorCode::Refused);
        for status in [400, 401, 403, 419, 422, 440, 498] {
            assert_eq!(refresh_outcome(responded(status, None)), REFUSED, "{status}");
            assert_eq!(refresh_outcome(responded(status, stated)), REFUSED, "{status}");
        }
        for status in [200, 204, 404, 405, 410] {
            assert_eq!(refresh_outcome(responded(status, stated)), REFUSED, "{status}");
        }
        for status in [302, 408, 409, 425, 429, 500, 503] {
            assert!(matches!(refresh_outcome(responded(status, stated)), RefreshOutcome::Retry(_)), "{status}");
        }
    }

    #[test]
    fn every_other_response_means_try_again_later() {
        for status in [0, 204, 302, 404, 405, 408, 409, 413, 418, 425, 429, 500, 502, 503, 504, 599] {
            let outcome = refresh_outcome(responded(status, None));
            assert!(
                matches!(outcome, RefreshOutcome::Retry(f) if f.code.retryable() || status == 204),
                "{status}: {outcome:?}"
            );
        }
        let fault = responded(401, Some(SessionErrorCode::RequestFault));
        for response in [AuthResponse::NetworkError, AuthResponse::NotSent, fault] {
            assert!(matches!(refresh_outcome(response), RefreshOutcome::Retry(_)));
        }
    }

    #[test]
    fn a_failure_carries_the_status_and_the_wait() {
        for (status, code) in [
            (408, ErrorCode::Timeout),
            (429, ErrorCode::RateLimited),
            (503, ErrorCode::ServerError),
            (200, ErrorCode::MalformedResponse),
        ] {
            let response = HttpResponse { status, retry_after: Some(7_000), ..HttpResponse::default() };
            let failure = Failure { code, status: Some(status), retry_after: Some(7_000) };
            assert_eq!(refresh_outcome(AuthResponse::Http(response)), RefreshOutcome::Retry(failure));
        }
    }

    #[test]
    fn a_token_counts_only_in_a_successful_response() {
        assert_eq!(refresh_outcome(with_token(200)), RefreshOutcome::Renewed(token()));
        assert!(matches!(refresh_outcome(with_token(500)), RefreshOutcome::Retry(_)));
        assert_eq!(login_outcome(with_token(201)), LoginOutcome::SignedIn(token()));
        assert!(matches!(login_outcome(with_token(401)), LoginOutcome::Failed(_)));
    }

    #[test]
    fn a_revocation_is_sent_again_only_where_that_can_help() {
        use RevocationOutcome::{Confirmed, Rejected, Retry};
        for (status, outcome) in [
            (200, Confirmed),
            (204, Confirmed),
            (400, Rejected),
            (404, Rejected),
            (408, Retry),
            (429, Retry),
            (503, Retry),
        ] {
            assert_eq!(revocation_outcome(&responded(status, None)), outcome, "{status}");
        }
        assert_eq!(revocation_outcome(&AuthResponse::NetworkError), Retry);
    }

    #[test]
    fn each_login_failure_has_its_code() {
        for (response, code) in [
            (responded(401, None), ErrorCode::InvalidCredentials),
            (responded(400, Some(SessionErrorCode::Ended)), ErrorCode::InvalidCredentials),
            (responded(422, Some(SessionErrorCode::BadCredentials)), ErrorCode::InvalidCredentials),
            (responded(400, None), ErrorCode::LoginRejected),
            (responded(403, Some(SessionErrorCode::RequestFault)), ErrorCode::LoginRejected),
            (responded(401, Some(SessionErrorCode::RequestFault)), ErrorCode::LoginRejected),
            (responded(413, None), ErrorCode::LoginRejected),
            (responded(400, Some(SessionErrorCode::Refused)), ErrorCode::LoginRejected),
            (responded(200, Some(SessionErrorCode::StepRequired)), ErrorCode::LoginStepRequired),
            (responded(403, Some(SessionErrorCode::StepRequired)), ErrorCode::LoginStepRequired),
            (responded(429, None), ErrorCode::RateLimited),
            (responded(408, None), ErrorCode::Timeout),
            (responded(404, None), ErrorCode::ServerError),
            (responded(503, None), ErrorCode::ServerError),
            (responded(200, None), ErrorCode::MalformedResponse),
            (AuthResponse::NotSent, ErrorCode::RequestNotSent),
            (AuthResponse::NetworkError, ErrorCode::Offline),
        ] {
            assert!(matches!(login_outcome(response), LoginOutcome::Failed(f) if f.code == code), "{response:?}");
        }
    }
}
