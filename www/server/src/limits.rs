//! Rate limits: logins per account and per address, refreshes per session.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Config;
use crate::error::ApiError;

/// Refreshes that one session may do at once: many tabs may wake together. Afterwards, one a second.
const REFRESH_BURST: u32 = 100;
/// From so many keys on, the ones at rest are forgotten.
const KEYS_KEPT: usize = 10_000;

/// What may be done how often.
pub struct Limits {
    account: DefaultKeyedRateLimiter<String>,
    address: DefaultKeyedRateLimiter<IpAddr>,
    session: DefaultKeyedRateLimiter<String>,
}

impl Limits {
    pub fn new(config: &Config) -> Self {
        let a_minute = |n: u32| Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let burst = NonZeroU32::new(REFRESH_BURST).unwrap_or(NonZeroU32::MIN);
        Self {
            account: RateLimiter::keyed(a_minute(config.login_limit)),
            address: RateLimiter::keyed(a_minute(config.login_limit.saturating_mul(6))),
            session: RateLimiter::keyed(Quota::per_second(NonZeroU32::MIN).allow_burst(burst)),
        }
    }

    pub fn login(&self, email: &str, address: IpAddr) -> Result<(), ApiError> {
        check(&self.address, &address)?;
        // One account's limit counts per address: who tries to guess from afar does not lock the owner out.
        check(&self.account, &format!("{address} {}", email.to_lowercase()))
    }

    pub fn refresh(&self, sid: &str) -> Result<(), ApiError> {
        check(&self.session, &sid.to_owned())
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), ApiError> {
    if limiter.len() > KEYS_KEPT {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|not_until| {
        let wait: Duration = not_until.wait_time_from(DefaultClock::default().now());
        ApiError::RateLimited(wait)
    })
}
