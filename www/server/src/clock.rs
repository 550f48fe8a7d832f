//! The time by which sessions begin and expire.
//!
//! It advances with the monotonic clock of this machine from the last accepted reading, so a wall clock that jumps ends no
//! session and revives none. Readings come from the store if it has a clock, so that all its servers have the same time,
//! otherwise from the wall clock. A reading that jumps is not accepted: the clock is in doubt until the readings fit again
//! or the server restarts.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How far a reading may be from the expected time, in seconds.
const MAX_STEP: u64 = 60;

/// The clock of the sessions.
pub struct Clock {
    started: Instant,
    state: Mutex<State>,
}

struct State {
    /// The last accepted reading, in seconds since the epoch.
    reading: u64,
    /// When it was read: the time since `started`, and the time since the machine started, which includes its sleep.
    at: Duration,
    uptime: Option<u64>,
    in_doubt: bool,
}

impl Clock {
    pub fn new(reading: u64) -> Self {
        let state = State { reading, at: Duration::ZERO, uptime: uptime(), in_doubt: false };
        Self { started: Instant::now(), state: Mutex::new(state) }
    }

    /// Seconds since the epoch. While the clock is in doubt, the time that it would show without the jump.
    pub fn now(&self) -> u64 {
        let elapsed = self.started.elapsed();
        let state = self.lock();
        state.reading + elapsed.saturating_sub(state.at).as_secs()
    }

    /// Whether a reading has jumped: nobody knows whether the time before or after the jump is right.
    pub fn in_doubt(&self) -> bool {
        self.lock().in_doubt
    }

    /// Takes a reading of the clock that this one follows.
    pub fn observe(&self, reading: u64) {
        self.observe_at(reading, self.started.elapsed(), uptime());
    }

    /// Takes the first reading of another clock, which may show another time.
    pub fn follow(&self, reading: u64) {
        let at = self.started.elapsed();
        *self.lock() = State { reading, at, uptime: uptime(), in_doubt: false };
    }

    fn observe_at(&self, reading: u64, at: Duration, uptime: Option<u64>) {
        let mut state = self.lock();
        let awake = at.saturating_sub(state.at).as_secs();
        let since_start = uptime.zip(state.uptime).map(|(now, before)| now.saturating_sub(before));
        let fits = |elapsed: u64| (state.reading + elapsed).abs_diff(reading) <= MAX_STEP;
        if fits(awake) || since_start.is_some_and(fits) {
            if state.in_doubt {
                tracing::warn!("the clock shows the expected time again");
            }
            *state = State { reading, at, uptime, in_doubt: false };
        } else if !state.in_doubt {
            let expected = state.reading + awake;
            tracing::error!(reading, expected, "the clock has jumped: the server answers 503 until it is right again");
            state.in_doubt = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The seconds since the machine started, with the time for which it slept, which [`Instant`] does not count on Linux.
fn uptime() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    text.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;
    const START: u64 = 1_800_000_000;

    #[test]
    fn a_jump_puts_the_clock_in_doubt_until_the_readings_fit_again() {
        let clock = Clock::new(START);
        let observe = |reading, seconds| clock.observe_at(reading, Duration::from_secs(seconds), Some(seconds));
        clock.observe_at(START, Duration::ZERO, Some(0));
        observe(START + 10, 10);
        assert!(!clock.in_doubt());
        for jump in [START + 30 * DAY, START - DAY, START + 20 + MAX_STEP] {
            observe(jump, 11);
            assert!(clock.in_doubt(), "{jump}");
            assert!(clock.now().abs_diff(START) < 100, "the time does not jump");
            observe(START + 12, 12);
            assert!(!clock.in_doubt());
        }
        // Corrections of some seconds are usual, also many of them.
        for step in 0..100 {
            observe(START + 12 + step * 50, 12 + step);
        }
        assert!(!clock.in_doubt());
    }

    #[test]
    fn a_machine_that_slept_is_not_in_doubt() {
        let clock = Clock::new(START);
        clock.observe_at(START, Duration::ZERO, Some(1_000));
        clock.observe_at(START + DAY, Duration::from_secs(1), Some(1_000 + DAY));
        assert!(!clock.in_doubt());
        clock.observe_at(START + 2 * DAY, Duration::from_secs(2), Some(1_001 + DAY));
        assert!(clock.in_doubt());
    }
}
