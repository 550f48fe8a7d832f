//! News between tabs as plain values: a kind, a text, two numbers.

use super::host::Host;
use crate::core::{Millis, News, SignedOutReason};

const SIGNED_IN: u32 = 0;
const SIGNED_OUT: u32 = 1;
const REFRESHED: u32 = 2;
const FAILED: u32 = 3;
const TOOK_OVER: u32 = 4;

pub fn tell(host: &Host, news: &News) {
    match news {
        News::SignedIn { subject } => host.tell(SIGNED_IN, subject.as_deref(), 0.0, 0),
        News::SignedOut { reason } => host.tell(SIGNED_OUT, Some(reason.as_str()), 0.0, 0),
        News::Refreshed { subject } => host.tell(REFRESHED, subject.as_deref(), 0.0, 0),
        News::Failed { wait, failures } => host.tell(FAILED, None, *wait as f64, *failures),
        News::TookOver => host.tell(TOOK_OVER, None, 0.0, 0),
    }
}

/// News of another tab, which may run another version of us: what is not understood is no news.
pub fn read(kind: u32, text: Option<String>, wait: f64, failures: u32) -> Option<News> {
    Some(match kind {
        SIGNED_IN => News::SignedIn { subject: text },
        SIGNED_OUT => News::SignedOut { reason: SignedOutReason::parse(&text?)? },
        REFRESHED => News::Refreshed { subject: text },
        FAILED => News::Failed { wait: wait as Millis, failures },
        TOOK_OVER => News::TookOver,
        _ => return None,
    })
}
