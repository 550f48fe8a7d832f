//! Randomness as a parameter: a small generator, seeded from outside, so that a run can be repeated from its seed.

/// `SplitMix64` (Steele, Lea, Flood 2014). It spreads renewals and retries; nothing secret is made with it.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, or 0 where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // Spans here are far below 2^32, so the bias of the remainder is negligible.
        z.checked_rem(bound).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the published generator from seed 1234567.
    #[test]
    fn it_is_the_published_generator() {
        let mut random = Random::new(1_234_567);
        let numbers = [(); 3].map(|()| random.below(u64::MAX));
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn below_nothing_there_is_only_zero() {
        assert_eq!(Random::new(1).below(0), 0);
        assert!((0..100).all(|seed| Random::new(seed).below(3) < 3));
    }
}
