//! The time by which sessions begin and expire.
//!
//! It advances with the monotonic clock of this machine from the last accepted reading, so a wall clock that jumps ends no
//! session and revives none. Readings come from the store if it has a clock, so that all its servers have the same time,
//! otherwise from the wall clock. A reading that jumps is not accepted: the clock is in doubt until the readings fit again
//! or the server restarts. Where the machine does not tell for how long it slept, a jump forward may be a sleep: then the
//! doubt ends after a minute.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How far a reading may be from the expected time, in seconds.
const MAX_STEP: u64 = 60;

/// How long a jump forward is in doubt on a machine that does not tell for how long it slept, in seconds.
const DOUBT_OF_A_SLEEP: u64 = 60;

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
    /// The reading that jumped, and when it was read.
    doubt: Option<(u64, Duration)>,
}

impl Clock {
    pub fn new(reading: u64) -> Self {
        let state = State { reading, at: Duration::ZERO, uptime: uptime(), doubt: None };
        Self { started: Instant::now(), state: Mutex::new(state) }
    }

    /// Seconds since the epoch. While the clock is in doubt, the time that it would show without the jump.
    pub fn now(&self) -> u64 {
        let elapsed = self.started.elapsed();
        let state = self.lock();
        state.reading + elapsed.saturating_sub(state.at).as_secs()
    }

    /// Whether a reading has jumped: either the time before or the time after the jump may be right.
    pub fn in_doubt(&self) -> bool {
        self.lock().doubt.is_some()
    }

    /// Takes a reading of the clock that this one follows.
    pub fn observe(&self, reading: u64) {
        self.observe_at(reading, self.started.elapsed(), uptime());
    }

    /// Takes the first reading of another clock, which may show another time.
    pub fn follow(&self, reading: u64) {
        let at = self.started.elapsed();
        *self.lock() = State { reading, at, uptime: uptime(), doubt: None };
    }

    fn observe_at(&self, reading: u64, at: Duration, uptime: Option<u64>) {
        let mut state = self.lock();
        let awake = at.saturating_sub(state.at).as_secs();
        let since_start = uptime.zip(state.uptime).map(|(now, before)| now.saturating_sub(before));
        let fits = |elapsed: u64| (state.reading + elapsed).abs_diff(reading) <= MAX_STEP;
        if fits(awake) || since_start.is_some_and(fits) {
            if state.doubt.is_some() {
                tracing::warn!("the clock shows the expected time again");
            }
            *state = State { reading, at, uptime, doubt: None };
            return;
        }
        let expected = state.reading + awake;
        let Some((jumped_to, since)) = state.doubt else {
            tracing::error!(reading, expected, "the clock has jumped: the server answers 503 until it is right again");
            state.doubt = Some((reading, at));
            return;
        };
        let doubtful_for = at.saturating_sub(since).as_secs();
        if (jumped_to + doubtful_for).abs_diff(reading) > MAX_STEP {
            state.doubt = Some((reading, at)); // it jumped once more
        } else if uptime.is_none() && reading > expected && doubtful_for >= DOUBT_OF_A_SLEEP {
            tracing::warn!(reading, expected, "the clock has jumped forward, as after a sleep: the server follows it");
            *state = State { reading, at, uptime, doubt: None };
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

    #[test]
    fn a_machine_that_does_not_tell_its_sleep_is_in_doubt_for_a_minute() {
        let clock = Clock::new(START);
        let observe = |reading, seconds| clock.observe_at(reading, Duration::from_secs(seconds), None);
        clock.observe_at(START, Duration::ZERO, None);
        for second in 1..DOUBT_OF_A_SLEEP {
            observe(START + 3 * DAY + second, second);
            assert!(clock.in_doubt(), "{second}");
        }
        // A second jump begins the minute anew.
        observe(START + 9 * DAY, DOUBT_OF_A_SLEEP);
        observe(START + 9 * DAY + 30, DOUBT_OF_A_SLEEP + 30);
        assert!(clock.in_doubt());
        observe(START + 9 * DAY + 60, DOUBT_OF_A_SLEEP + 60);
        assert!(!clock.in_doubt());
        // No machine sleeps backwards.
        for second in 0..1_000 {
            observe(START + second, DOUBT_OF_A_SLEEP + 61 + second);
        }
        assert!(clock.in_doubt());
    }
}
