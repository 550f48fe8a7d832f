//! What the core knows, as the numbers that cross the border, and back.

use std::num::NonZeroU32;

use crate::core::{Failure, Millis, SessionCode, Subject, SubjectId};

pub fn id(subject: Subject) -> u32 {
    subject.map_or(0, |subject| subject.0.get())
}

pub fn subject(id: u32) -> Subject {
    NonZeroU32::new(id).map(SubjectId)
}

pub fn session_code(number: u32) -> Option<SessionCode> {
    match number {
        1 => Some(SessionCode::Ended),
        2 => Some(SessionCode::Reused),
        3 => Some(SessionCode::Revoked),
        _ => None,
    }
}

/// A span; what is not longer than nothing was not said.
pub fn span(milliseconds: f64) -> Option<Millis> {
    (milliseconds > 0.0).then_some(milliseconds as Millis)
}

/// What a failure is besides its code: whether a later try may help, the HTTP status (0: no answer), and how many seconds
/// to wait (0: not known).
pub fn details(failure: Failure) -> (bool, u32, f64) {
    let seconds = failure.retry_after.map_or(0, |span| span.div_ceil(1_000));
    (failure.code.retryable(), u32::from(failure.status.unwrap_or(0)), seconds as f64)
}
