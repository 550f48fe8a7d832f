//! Hours of tabs, sleeps, lost answers and logouts in a moment, from a seed. `TOKENWARD_SEEDS` runs more of them.
#![allow(missing_docs)]
#![cfg(not(target_arch = "wasm32"))]

mod world;

use world::{Weather, World};

const CALM: Weather = Weather { lost_requests: 0, lost_answers: 0, faults: 0, delay: 100, life: 900_000, tabs: 1 };
const HOURS: u64 = 240;

fn seeds() -> u64 {
    std::env::var("TOKENWARD_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

/// Runs the weather from many seeds; the first that breaks a promise is told with its last happenings.
fn simulate(weather: Weather, check: impl Fn(&World) -> Option<String>) {
    for seed in 0..seeds() {
        let mut world = World::new(seed, weather);
        world.run(HOURS);
        if let Some(broken) = world.broken.clone().or_else(|| check(&world)) {
            let trace: Vec<_> = world.trace.iter().map(String::as_str).collect();
            panic!("seed {seed}, {weather:?}: {broken}\n{}", trace.join("\n"));
        }
    }
}

fn no_alarm(world: &World) -> Option<String> {
    (world.reuse_alarms > 0).then(|| format!("{} reuse alarms", world.reuse_alarms))
}

#[test]
fn in_calm_weather_every_call_of_a_signed_in_user_is_answered() {
    simulate(CALM, |world| {
        assert!(world.calls > 500 && world.rotations > 100, "the world does something");
        no_alarm(world)
    });
}

/// Statements 7, 8 and 10.
#[test]
fn a_network_that_loses_a_third_of_the_answers_signs_nobody_out() {
    let weather = Weather { lost_requests: 100, lost_answers: 300, ..CALM };
    simulate(weather, |world| {
        assert!(world.repeats > 10, "answers were lost and asked for again");
        no_alarm(world)
    });
}

#[test]
fn a_server_that_fails_half_of_the_time_signs_nobody_out() {
    simulate(Weather { faults: 500, ..CALM }, no_alarm);
}

#[test]
fn slow_messages_and_short_lives_break_nothing() {
    for life in [1_000, 5_000, 30_000, 120_000] {
        simulate(Weather { delay: 6_000, life, lost_answers: 50, faults: 50, ..CALM }, no_alarm);
    }
}

#[test]
fn the_tabs_of_a_browser_share_a_session_without_an_alarm() {
    simulate(Weather { tabs: 5, lost_answers: 50, faults: 50, ..CALM }, no_alarm);
}
