//! When: how long a token lives, when it is renewed, and how long to wait after a failure.

use super::{Millis, Random};

/// The longest time a browser's `setTimeout` can hold (2³¹ − 1 ms, 24.8 days); beyond it, it fires at once.
pub const TIMER_MAX: Millis = 0x7FFF_FFFF;

/// No two renewals are scheduled closer than this, however short a token's life is.
pub const MIN_RENEWAL_GAP: Millis = 5_000;

/// The first retry comes within this time; each further one may take twice as long, up to [`BACKOFF_MAX`].
const BACKOFF_BASE: Millis = 1_000;
const BACKOFF_MAX: Millis = 60_000;

/// How long a token lives, from what the server said in seconds: `expiresIn` where it makes sense, else the JWT's
/// `exp − iat` (which needs no synchronised clock), else unknown. What was not said is NaN.
///
/// ```
/// use tokenward::core::lifetime;
/// assert_eq!(lifetime(900.0, f64::NAN), Some(900_000));
/// assert_eq!(lifetime(-5.0, 60.0), Some(60_000));
/// assert_eq!(lifetime(f64::NAN, f64::NAN), None);
/// ```
pub fn lifetime(expires_in: f64, jwt_life: f64) -> Option<Millis> {
    [expires_in, jwt_life]
        .into_iter()
        .find(|seconds| seconds.is_finite() && *seconds > 0.0)
        .map(|seconds| (seconds * 1_000.0) as Millis)
}

/// When to renew a token that was asked for at `asked_at`: `renew_before` its end and at most half its life early,
/// a random part earlier so that clients which signed in together do not come back together, and never so soon that
/// renewals become a loop.
pub(super) fn renew_at(asked_at: Millis, life: Millis, renew_before: Millis, random: &mut Random) -> Millis {
    let margin = renew_before.min(life / 2);
    let latest = life - margin;
    let spread = (latest / 10).min(30_000);
    let after = latest - random.below(spread + 1);
    asked_at.saturating_add(after.max(MIN_RENEWAL_GAP))
}

/// How long to wait before try number `failures + 1`: exponential backoff with full jitter.
pub(super) fn backoff(failures: u32, random: &mut Random) -> Millis {
    let ceiling = (BACKOFF_BASE << failures.min(6)).min(BACKOFF_MAX);
    random.below(ceiling + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsensical_lifetimes_fall_back_to_the_claims() {
        for nonsense in [0.0, -5.0, f64::NAN, f64::INFINITY] {
            assert_eq!(lifetime(nonsense, 60.0), Some(60_000), "{nonsense}");
            assert_eq!(lifetime(nonsense, f64::NAN), None, "{nonsense}");
            assert_eq!(lifetime(nonsense, -1.0), None, "{nonsense}");
        }
    }

    #[test]
    fn a_renewal_comes_before_the_expiry_but_not_before_half_the_life() {
        for seed in 0..1_000 {
            for life in [10_000, 30_000, 120_000, 900_000, 86_400_000] {
                let at = renew_at(0, life, 60_000, &mut Random::new(seed));
                assert!(at < life, "{life}: renewed at {at}, too late");
                assert!(at * 10 >= life * 4, "{life}: renewed at {at}, too early");
            }
        }
    }

    #[test]
    fn a_life_of_less_than_the_gap_does_not_make_a_loop() {
        for life in [1, 500, 2_000] {
            assert_eq!(renew_at(1_000, life, 60_000, &mut Random::new(1)), 1_000 + MIN_RENEWAL_GAP);
        }
    }

    #[test]
    fn a_thousand_clients_that_signed_in_together_do_not_renew_within_one_second() {
        let mut random = Random::new(3);
        let mut by_second = std::collections::HashMap::new();
        for _ in 0..1_000 {
            *by_second.entry(renew_at(0, 900_000, 60_000, &mut random) / 1_000).or_insert(0) += 1;
        }
        let fullest = by_second.values().max().copied().unwrap_or(0);
        assert!(fullest < 100, "{fullest} of 1,000 in one second");
    }

    #[test]
    fn backoff_grows_is_spread_and_is_bounded() {
        let longest = |failures| (0..500).map(|seed| backoff(failures, &mut Random::new(seed))).max().unwrap();
        assert!(longest(0) <= 1_000);
        assert!(longest(3) > 4_000 && longest(3) <= 8_000);
        assert!(longest(40) > 30_000 && longest(40) <= 60_000);
        assert!((0..500).any(|seed| backoff(6, &mut Random::new(seed)) < 5_000), "full jitter reaches down");
    }
}
