//! Rate limits: logins per account and per address, refreshes per session. Each server counts for itself.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::HeaderMap;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Config;
use crate::error::ApiError;

/// What may be done how often.
pub struct Limits {
    account: DefaultKeyedRateLimiter<String>,
    address: DefaultKeyedRateLimiter<IpAddr>,
    session: DefaultKeyedRateLimiter<String>,
}

impl Limits {
    pub fn new(config: &Config) -> Self {
        let a_minute = |n: u32| Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let burst = NonZeroU32::new(config.refresh_limit).unwrap_or(NonZeroU32::MIN);
        Self {
            account: RateLimiter::keyed(a_minute(config.login_limit)),
            address: RateLimiter::keyed(a_minute(config.login_limit.saturating_mul(6))),
            session: RateLimiter::keyed(Quota::per_second(NonZeroU32::MIN).allow_burst(burst)),
        }
    }

    pub fn login(&self, email: &str, address: IpAddr) -> Result<(), ApiError> {
        check(&self.address, &address)?;
        // One account's limit counts per address: who tries to guess from afar does not lock the owner out.
        check(&self.account, &format!("{address} {}", email.to_ascii_lowercase()))
    }

    pub fn refresh(&self, sid: &str) -> Result<(), ApiError> {
        check(&self.session, &sid.to_owned())
    }

    /// Forgets who has been quiet for long enough.
    pub fn forget_quiet(&self) {
        self.account.retain_recent();
        self.address.retain_recent();
        self.session.retain_recent();
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), ApiError> {
    limiter.check_key(key).map_err(|not_until| {
        let wait: Duration = not_until.wait_time_from(DefaultClock::default().now());
        ApiError::RateLimited(wait)
    })
}

/// Who calls, as far as limits are concerned: behind so many trusted proxies, the entry of `X-Forwarded-For` that the
/// outermost of them wrote. Of an IPv6 address the network, of which a subscriber has a whole one.
pub fn caller(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<_> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let entry = proxies.checked_sub(1).and_then(|back| entries.iter().rev().nth(back));
    match entry.and_then(|entry| entry.parse().ok()).unwrap_or(peer).to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_as_many_entries_are_believed_as_there_are_proxies() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 1.2.3.4".parse().unwrap());
        let told = |proxies| caller(peer, &headers, proxies).to_string();
        assert_eq!(
            (told(0), told(1), told(2), told(3)),
            ("10.0.0.1".into(), "1.2.3.4".into(), "6.6.6.6".into(), "10.0.0.1".into())
        );
        let v6 = caller("2001:db8:1:2:3:4:5:6".parse().unwrap(), &HeaderMap::new(), 0);
        assert_eq!(v6.to_string(), "2001:db8:1:2::");
    }
}
