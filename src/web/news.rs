//! News between tabs as plain numbers: a kind, what it is about, and how long to wait.

use super::host::Host;
use super::numbers::{id, subject};
use crate::core::{Millis, News, SignedOutReason};

const SIGNED_IN: u32 = 0;
const SIGNED_OUT: u32 = 1;
const REFRESHED: u32 = 2;
const FAILED: u32 = 3;
const TOOK_OVER: u32 = 4;

pub fn tell(host: &Host, news: News) {
    match news {
        News::SignedIn { subject } => host.tell(SIGNED_IN, id(subject), 0.0),
        News::SignedOut { reason } => host.tell(SIGNED_OUT, reason as u32, 0.0),
        News::Refreshed { subject } => host.tell(REFRESHED, id(subject), 0.0),
        News::Failed { wait, failures } => host.tell(FAILED, failures, wait as f64),
        News::TookOver => host.tell(TOOK_OVER, 0, 0.0),
    }
}

/// News of another tab, which may run another version of us: what is not understood is no news.
pub fn read(kind: u32, number: u32, wait: f64) -> Option<News> {
    Some(match kind {
        SIGNED_IN => News::SignedIn { subject: subject(number) },
        SIGNED_OUT => News::SignedOut { reason: SignedOutReason::ALL.get(number as usize).copied()? },
        REFRESHED => News::Refreshed { subject: subject(number) },
        FAILED => News::Failed { wait: wait as Millis, failures: number },
        TOOK_OVER => News::TookOver,
        _ => return None,
    })
}
