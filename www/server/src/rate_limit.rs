//! Rate limits: logins per account, address and network, refreshes per session. Each server counts its own requests.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Config;
use crate::error::ApiError;

/// One address may try this many times the logins that one account allows.
const LOGINS_PER_ADDRESS: u32 = 6;
/// The same for an IPv6 /48 network.
const LOGINS_PER_NETWORK: u32 = 10;
/// All unfamiliar networks together may try this many times the logins that one of them may try on an account.
const LOGINS_OF_STRANGERS: u32 = 10;
/// The number of familiar networks that are remembered; beyond it, all are forgotten.
const FAMILIAR_CAPACITY: usize = 200_000;

/// The limits, with the recent requests of each account, address and session.
pub struct RateLimits {
    /// By network and account.
    account: DefaultKeyedRateLimiter<String>,
    /// By account, over all networks that are not familiar.
    strangers: DefaultKeyedRateLimiter<String>,
    address: DefaultKeyedRateLimiter<IpAddr>,
    network: DefaultKeyedRateLimiter<IpAddr>,
    /// The networks and accounts of successful logins. A flood of guesses from elsewhere does not lock them out.
    familiar: Mutex<HashSet<String>>,
    session: DefaultKeyedRateLimiter<String>,
    sign_in: DefaultKeyedRateLimiter<IpAddr>,
}

impl RateLimits {
    pub fn new(config: &Config) -> Self {
        let per_minute = |n: u32| Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let burst = NonZeroU32::new(config.refresh_limit).unwrap_or(NonZeroU32::MIN);
        Self {
            account: RateLimiter::keyed(per_minute(config.login_limit)),
            strangers: RateLimiter::keyed(per_minute(config.login_limit.saturating_mul(LOGINS_OF_STRANGERS))),
            address: RateLimiter::keyed(per_minute(config.login_limit.saturating_mul(LOGINS_PER_ADDRESS))),
            network: RateLimiter::keyed(per_minute(config.login_limit.saturating_mul(LOGINS_PER_NETWORK))),
            sign_in: RateLimiter::keyed(per_minute(config.login_limit.saturating_mul(LOGINS_PER_ADDRESS))),
            familiar: Mutex::default(),
            session: RateLimiter::keyed(Quota::per_second(NonZeroU32::MIN).allow_burst(burst)),
        }
    }

    pub fn login(&self, email: &str, address: IpAddr) -> Result<(), ApiError> {
        check(&self.address, &address)?;
        let network = network(address);
        if network.is_ipv6() {
            check(&self.network, &network)?;
        }
        // The limit of an account counts per network, so an attacker elsewhere does not lock the user out.
        let account = email.to_ascii_lowercase();
        let key = format!("{network} {account}");
        check(&self.account, &key)?;
        if self.familiar().contains(&key) { Ok(()) } else { check(&self.strangers, &account) }
    }

    /// Limits the sign-ins at providers that an address begins. A page of another site can make browsers begin them, so they do
    /// not count as logins.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), ApiError> {
        check(&self.sign_in, &address)
    }

    /// Remembers a successful login.
    pub fn remember(&self, email: &str, address: IpAddr) {
        let mut familiar = self.familiar();
        if familiar.len() >= FAMILIAR_CAPACITY {
            familiar.clear();
        }
        familiar.insert(format!("{} {}", network(address), email.to_ascii_lowercase()));
    }

    fn familiar(&self) -> MutexGuard<'_, HashSet<String>> {
        self.familiar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn refresh(&self, sid: &str) -> Result<(), ApiError> {
        check(&self.session, &sid.to_owned())
    }

    /// Forgets accounts, addresses and sessions whose quota is full again.
    pub fn forget_idle(&self) {
        self.account.retain_recent();
        self.strangers.retain_recent();
        self.address.retain_recent();
        self.network.retain_recent();
        self.session.retain_recent();
        self.sign_in.retain_recent();
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), ApiError> {
    limiter.check_key(key).map_err(|not_until| {
        let wait: Duration = not_until.wait_time_from(DefaultClock::default().now());
        ApiError::RateLimited(wait)
    })
}

/// The client's address for the limits. Behind `proxies` trusted proxies, it is the entry of `X-Forwarded-For` that the
/// outermost of them wrote. For IPv6, it is the /64 network, because a subscriber has a whole network.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let entries: Vec<_> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let entry = proxies.checked_sub(1).and_then(|from_right| entries.iter().rev().nth(from_right));
    match entry.and_then(|entry| parse_address(entry)).unwrap_or(peer).to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The /48 network of an IPv6 address, which an attacker may have for himself; an IPv4 address itself.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Some proxies write a port behind the address, and brackets around an IPv6 address.
fn parse_address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches('"');
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_address_is_the_entry_of_the_outermost_trusted_proxy() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 1.2.3.4".parse().unwrap());
        let address = |proxies| client_address(peer, &headers, proxies).to_string();
        assert_eq!(
            (address(0), address(1), address(2), address(3)),
            ("10.0.0.1".into(), "1.2.3.4".into(), "6.6.6.6".into(), "10.0.0.1".into())
        );
        for (entry, expected) in [
            ("1.2.3.4:5678", "1.2.3.4"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2::"),
            ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::"),
            ("\"[2001:db8:1:2::1]:443\"", "2001:db8:1:2::"),
            ("[::ffff:1.2.3.4]:80", "1.2.3.4"),
            ("unknown", "10.0.0.1"),
            ("1.2.3.4:99999", "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", entry.parse().unwrap());
            assert_eq!(client_address(peer, &headers, 1).to_string(), expected, "{entry}");
        }
        let v6 = client_address("2001:db8:1:2:3:4:5:6".parse().unwrap(), &HeaderMap::new(), 0);
        assert_eq!(v6.to_string(), "2001:db8:1:2::");
    }
}
