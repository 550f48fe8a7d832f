//! Hours of tabs, sleeps, lost answers, clock jumps and logouts in a moment, from a seed.
//!
//! `TOKENWARD_SEEDS=1000` runs that many seeds of each weather. A seed that breaks a promise is told with its last
//! happenings and the command that prints all of them (`TOKENWARD_SEED`).
#![allow(missing_docs)]
#![cfg(not(target_arch = "wasm32"))]

mod browser;
mod mistakes;
mod server;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use mistakes::Mistake;
use tokenward::core::{Core, Grant, Input, LoginOutcome, Mark, Memory, Output, Restore, TokenId};
use world::{CONFIG, Weather, World};

const CALM: Weather = Weather {
    lost_requests: 0,
    lost_answers: 0,
    faults: 0,
    duplicates: 0,
    delay: 100,
    life: 900_000,
    tabs: 1,
    lost_locks: 0,
    switches: 0,
    jolts: 0,
    clears: 0,
    always_401: 0,
    alarms: false,
    restore: Restore::Auto,
    mistake: None,
};
const TABS: Weather = Weather { tabs: 5, ..CALM };
const STORM: Weather = Weather {
    lost_requests: 60,
    lost_answers: 150,
    faults: 150,
    duplicates: 30,
    delay: 1_500,
    lost_locks: 20,
    switches: 10,
    jolts: 5,
    clears: 2,
    always_401: 10,
    ..TABS
};
const HOURS: u64 = 240;
/// How much all tests together have let pass; `-- --nocapture` shows it.
static TAB_HOURS: AtomicU64 = AtomicU64::new(0);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seeds() -> std::ops::Range<u64> {
    match number("TOKENWARD_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TOKENWARD_SEEDS").unwrap_or(75),
    }
}

/// Runs the weather from one seed; a promise that breaks is told as a timeline.
fn run(seed: u64, weather: Weather) -> Result<World, String> {
    let mut world = World::new(seed, weather);
    world.trace_all = number("TOKENWARD_SEED").is_some();
    world.run(HOURS);
    TAB_HOURS.fetch_add(HOURS * weather.tabs as u64, Ordering::Relaxed);
    match world.broken.take() {
        None => Ok(world),
        Some(broken) => {
            let trace: Vec<_> = world.trace.iter().map(String::as_str).collect();
            Err(format!(
                "{}\n\nseed {seed}: {broken}\n{weather:?}\nall of it: TOKENWARD_SEED={seed} cargo test --test simulation",
                trace.join("\n")
            ))
        }
    }
}

fn simulate(weather: Weather, check: impl Fn(&World)) {
    for seed in seeds() {
        match run(seed, weather) {
            Ok(world) => check(&world),
            Err(told) => panic!("{told}"),
        }
    }
    println!("{} tab-hours so far", TAB_HOURS.load(Ordering::Relaxed));
}

#[test]
fn in_calm_weather_every_call_of_a_signed_in_user_is_answered() {
    simulate(CALM, |world| {
        assert!(world.calls > 500 && world.server.rotations > 100, "the world does something");
        assert_eq!(world.unanswered, 0);
    });
}

/// Statements 7, 8 and 10.
#[test]
fn a_network_that_loses_a_third_of_the_answers_signs_nobody_out() {
    let weather = Weather { lost_requests: 100, lost_answers: 300, ..CALM };
    simulate(weather, |world| assert!(world.server.repeats > 10, "answers were lost and asked for again"));
}

/// Statements 7, 10 and 28b.
#[test]
fn a_server_that_fails_half_of_the_time_signs_nobody_out() {
    simulate(Weather { faults: 500, tabs: 3, ..CALM }, |_| {});
}

/// Statement 6.
#[test]
fn slow_messages_and_short_lives_break_nothing() {
    let slow = Weather { delay: 2_500, lost_answers: 50, faults: 50, ..CALM };
    for life in [30_000, 120_000] {
        simulate(Weather { life, ..slow }, |_| {});
    }
    let slow = Weather { delay: 6_000, ..slow };
    // Where a message may be under way for longer than two tokens live, a request of a page that was reloaded can reach
    // the server two generations late and look like theft, and it is right to treat it so. All else must hold.
    for life in [1_000, 5_000] {
        simulate(Weather { life, alarms: true, ..slow }, |_| {});
    }
}

/// Statement 4: never two refreshes at once, nobody ends, and in calm weather every call is answered.
#[test]
fn the_tabs_of_a_browser_share_a_session_in_peace() {
    simulate(TABS, |world| {
        assert!(world.server.rotations > 500, "the world does something");
        assert_eq!(world.server.alarms, 0);
        assert!(
            world.unanswered == 0 || world.steals > 0,
            "only a tab that froze with the lock makes calls wait in vain"
        );
    });
    simulate(Weather { lost_answers: 50, faults: 50, ..TABS }, |_| {});
}

/// Statement 5.
#[test]
fn tabs_that_die_or_freeze_holding_the_lock_stop_nobody_for_long() {
    let mut steals = 0;
    for seed in seeds() {
        let world = run(seed, Weather { lost_locks: 50, ..TABS }).unwrap_or_else(|told| panic!("{told}"));
        steals += world.steals;
    }
    assert!(steals > 0 || number("TOKENWARD_SEED").is_some(), "locks were lost");
}

/// Statements 17 to 19, 28d to 28f.
#[test]
fn users_who_come_and_go_and_switch_are_never_taken_for_each_other() {
    simulate(Weather { switches: 50, ..TABS }, |world| assert!(world.switches > 20));
    simulate(Weather { switches: 50, lost_answers: 100, faults: 100, ..TABS }, |_| {});
}

/// An app that asks for a session wherever it starts: the question is no sign of one.
#[test]
fn apps_that_always_ask_whether_there_is_a_session_do_not_stir_each_other_up() {
    let always = Weather { restore: Restore::Always, ..TABS };
    simulate(always, |_| {});
    simulate(Weather { lost_answers: 100, faults: 100, switches: 20, ..always }, |_| {});
}

/// Statements 13 to 15.
#[test]
fn clocks_that_jump_and_storage_that_is_cleared_sign_nobody_out() {
    simulate(Weather { jolts: 30, ..TABS }, |_| {});
    simulate(Weather { clears: 20, ..TABS }, |_| {});
    for life in [40 * 86_400_000, 100 * 365 * 86_400_000] {
        simulate(Weather { life, jolts: 5, ..TABS }, |_| {});
    }
}

#[test]
fn everything_at_once() {
    simulate(STORM, |_| {});
}

/// Statement 16: of 20,000 clients that sign in within one second, no second of their renewals sees a crowd.
#[test]
fn clients_that_signed_in_together_do_not_renew_together() {
    assert!(fullest_second(None) < 1_500);
}

fn fullest_second(mistake: Option<Mistake>) -> u64 {
    let mut by_second = std::collections::BTreeMap::new();
    for client in 0..20_000 {
        let seed = if mistake == Some(Mistake::NoJitter) { 7 } else { client };
        let mut core = Core::new(CONFIG, seed);
        let nothing = Memory { mark: Mark::Same, owed: false, wait: 0 };
        core.handle(Input::Start { memory: nothing }, 0);
        let at = client % 1_000;
        let mut timer = None;
        let mut inputs = vec![Input::Login];
        while let Some(input) = inputs.pop() {
            core.handle(input, at);
            while let Some(output) = core.poll() {
                match output {
                    Output::Lock(flight) => inputs.push(Input::Locked { flight, memory: nothing }),
                    Output::Login(flight) => {
                        let grant = Grant { token: TokenId(1), life: Some(900_000), subject: None };
                        inputs.push(Input::LoggedIn { flight, outcome: LoginOutcome::Granted(grant) });
                    }
                    Output::Timer(after) => timer = after,
                    _ => {}
                }
            }
        }
        *by_second.entry((at + timer.expect("a renewal is scheduled")) / 1_000).or_insert(0) += 1;
    }
    by_second.into_values().max().unwrap_or(0)
}

/// The simulation can fail: each of ten mistakes makes it find a counterexample.
mod finds_the_mistake {
    use super::*;

    fn caught(mistake: Mistake, weather: Weather, told: &str) {
        let found = (0..40).find_map(|seed| run(seed, Weather { mistake: Some(mistake), ..weather }).err());
        let found = found.unwrap_or_else(|| panic!("{mistake:?} went unnoticed"));
        assert!(found.contains(told), "{mistake:?} was noticed, but not as {told:?}:\n{found}");
    }

    #[test]
    fn late_answers_count() {
        caught(Mistake::LateAnswersCount, Weather { delay: 4_000, switches: 300, ..CALM }, "");
    }

    #[test]
    fn no_idempotency_key() {
        caught(Mistake::NoIdempotencyKey, Weather { lost_answers: 100, ..CALM }, "a reuse alarm");
    }

    #[test]
    fn unbounded_lock_wait() {
        caught(Mistake::UnboundedLockWait, Weather { lost_locks: 50, ..TABS }, "has had no token");
    }

    #[test]
    fn negative_margin() {
        caught(Mistake::NegativeMargin, Weather { faults: 900, ..CALM }, "after its end");
    }

    #[test]
    fn timer_overflow() {
        caught(Mistake::TimerOverflow, Weather { life: 40 * 86_400_000, ..CALM }, "rings and rings");
    }

    #[test]
    fn a_fault_ends_the_session() {
        caught(Mistake::FaultEndsSession, Weather { faults: 50, ..CALM }, "of a session that lives");
    }

    #[test]
    fn a_retry_loop() {
        caught(Mistake::RetryLoop, Weather { always_401: 1_000, ..CALM }, "a refresh loop");
    }

    #[test]
    fn no_jitter() {
        assert!(fullest_second(Some(Mistake::NoJitter)) > 15_000);
    }

    #[test]
    fn the_token_is_kept_at_logout() {
        caught(Mistake::TokenKeptAtLogout, CALM, "a call went out with the token of");
    }

    #[test]
    fn a_lost_wake_up() {
        caught(Mistake::LostWakeUp, CALM, "still waits");
    }
}
