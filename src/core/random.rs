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
        // Spans here are far below 2^32, so the bias of the remainder is beyond notice.
        z.checked_rem(bound).unwrap_or(0)
    }
}
