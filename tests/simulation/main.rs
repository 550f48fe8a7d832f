//! Simulates days of tabs, sleeps, lost responses, clock jumps and logouts from a seed.
//!
//! `TOKENWARD_SEEDS=1000` runs that many seeds of each fault model. A seed that violates an invariant is reported with
//! its last events and the command that prints all of them (`TOKENWARD_SEED`).
#![allow(missing_docs)]
#![cfg(not(target_arch = "wasm32"))]

mod browser;
mod faults;
mod invariants;
mod mutation;
mod network;
mod outputs;
mod server;
mod simulation;
mod tab;
mod thief;
mod trace;
mod user;

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use faults::{FaultModel, Naming};
use mutation::Mutation;
use simulation::{CONFIG, Simulation};
use thief::Theft;
use tokenward::core::{Core, HintState, Input, IssuedToken, LoginOutcome, Output, Restore, StorageSnapshot, TokenId};

const NO_FAULTS: FaultModel = FaultModel {
    lost_requests: 0,
    lost_answers: 0,
    server_faults: 0,
    duplicates: 0,
    held_refreshes: 0,
    delay: 100,
    lifetime: 900_000,
    tabs: 1,
    lost_locks: 0,
    switches: 0,
    clock_jumps: 0,
    clears: 0,
    sign_outs: 0,
    always_401: 0,
    alarms: false,
    theft: None,
    naming: Naming::ByUser,
    restore: Restore::Auto,
    mutation: None,
};
const FIVE_TABS: FaultModel = FaultModel { tabs: 5, ..NO_FAULTS };
const ALL_FAULTS: FaultModel = FaultModel {
    lost_requests: 60,
    lost_answers: 150,
    server_faults: 150,
    duplicates: 30,
    delay: 1_500,
    lost_locks: 20,
    switches: 10,
    clock_jumps: 5,
    clears: 2,
    always_401: 10,
    ..FIVE_TABS
};
const HOURS: u64 = 240;
/// The simulated time of all tests together; `-- --nocapture` shows it.
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

/// Runs one fault model from one seed. A violated invariant is reported as a timeline.
fn run(seed: u64, faults: FaultModel) -> Result<Simulation, String> {
    let mut simulation = Simulation::new(seed, faults);
    simulation.trace.keep_all = number("TOKENWARD_SEED").is_some();
    simulation.run(HOURS);
    TAB_HOURS.fetch_add(HOURS * faults.tabs as u64, Ordering::Relaxed);
    match simulation.violation.take() {
        None => Ok(simulation),
        Some(violation) => Err(format!(
            "{}\n\nseed {seed}: {violation}\n{faults:?}\nall of it: TOKENWARD_SEED={seed} cargo test --test simulation",
            simulation.trace
        )),
    }
}

fn simulate(faults: FaultModel, check: impl Fn(&Simulation)) {
    for seed in seeds() {
        match run(seed, faults) {
            Ok(simulation) => check(&simulation),
            Err(report) => panic!("{report}"),
        }
    }
    println!("{} tab-hours so far", TAB_HOURS.load(Ordering::Relaxed));
}

#[test]
fn without_faults_every_call_of_a_signed_in_user_gets_a_token() {
    simulate(NO_FAULTS, |simulation| {
        assert!(simulation.calls > 500 && simulation.server.rotations > 100, "the simulation is busy");
        assert_eq!(simulation.unanswered, 0);
    });
}

///
#[test]
fn a_network_that_loses_a_third_of_the_responses_signs_no_user_out() {
    let faults = FaultModel { lost_requests: 100, lost_answers: 300, ..NO_FAULTS };
    simulate(faults, |simulation| assert!(simulation.server.repeats > 10, "responses were lost and repeated"));
}

/// and R-28b.
#[test]
fn a_server_that_fails_half_of_the_time_signs_no_user_out() {
    simulate(FaultModel { server_faults: 500, tabs: 3, ..NO_FAULTS }, |_| {});
}

///
#[test]
fn slow_messages_and_short_lifetimes_violate_no_invariant() {
    let slow = FaultModel { delay: 2_500, lost_answers: 50, server_faults: 50, ..NO_FAULTS };
    for lifetime in [30_000, 120_000] {
        simulate(FaultModel { lifetime, ..slow }, |_| {});
    }
    let slow = FaultModel { delay: 6_000, ..slow };
    // If a message can take longer than the lifetime of two tokens, a request of a page that was reloaded can reach
    // the server two generations late. The server must treat it as reuse. All other invariants must hold.
    for lifetime in [1_000, 5_000] {
        simulate(FaultModel { lifetime, alarms: true, ..slow }, |_| {});
    }
}

/// never two refreshes at once, no session ends, and without faults every call gets a token.
#[test]
fn the_tabs_of_a_browser_share_a_session() {
    simulate(FIVE_TABS, |simulation| {
        assert!(simulation.server.rotations > 500, "the simulation is busy");
        assert_eq!(simulation.server.alarms, 0);
        assert!(
            simulation.unanswered == 0 || simulation.stolen_locks > 0,
            "calls time out only if a tab froze with the lock"
        );
    });
    simulate(FaultModel { lost_answers: 50, server_faults: 50, ..FIVE_TABS }, |_| {});
}

///
#[test]
fn tabs_that_crash_or_freeze_with_the_lock_do_not_stop_the_others() {
    let mut stolen_locks = 0;
    for seed in seeds() {
        let simulation =
            run(seed, FaultModel { lost_locks: 50, ..FIVE_TABS }).unwrap_or_else(|report| panic!("{report}"));
        stolen_locks += simulation.stolen_locks;
    }
    assert!(stolen_locks > 0 || number("TOKENWARD_SEED").is_some(), "locks were lost");
}

/// R-28d to R-28f.
#[test]
fn the_client_never_confuses_users_who_sign_in_and_out_and_switch() {
    simulate(FaultModel { switches: 50, ..FIVE_TABS }, |simulation| assert!(simulation.switches > 20));
    simulate(FaultModel { switches: 50, lost_answers: 100, server_faults: 100, ..FIVE_TABS }, |_| {});
}

/// logouts that do not reach the server, and sign-ins in other tabs before they do.
#[test]
fn a_pending_revocation_never_ends_a_newer_sign_in() {
    let faults = FaultModel { sign_outs: 200, lost_requests: 200, server_faults: 300, delay: 1_500, ..FIVE_TABS };
    simulate(faults, |simulation| assert!(simulation.server.sign_outs > 10, "revocations reach the server"));
    simulate(FaultModel { restore: Restore::Always, lost_locks: 20, ..faults }, |_| {});
}

/// Apps with `restore: 'always'`: asking for a session is no evidence of one.
#[test]
fn tabs_that_always_ask_for_a_session_do_not_make_each_other_refresh() {
    let always = FaultModel { restore: Restore::Always, ..FIVE_TABS };
    simulate(always, |_| {});
    simulate(FaultModel { lost_answers: 100, server_faults: 100, switches: 20, ..always }, |_| {});
}

/// two apps with different servers behind one storage, and a server whose names for a user change.
#[test]
fn tabs_whose_servers_name_other_users_do_not_make_each_other_refresh_without_end() {
    for naming in [Naming::ByTab, Naming::Random] {
        simulate(FaultModel { naming, ..FIVE_TABS }, |simulation| {
            assert!(simulation.server.rotations > 500, "the simulation is busy");
        });
        // (Another name is another session for the client: it takes a new key, and cannot repeat a response that was lost before.)
        let faulty = FaultModel { naming, lost_answers: 50, server_faults: 50, alarms: true, ..FIVE_TABS };
        simulate(faulty, |_| {});
    }
}

///
#[test]
fn clock_jumps_and_cleared_storage_sign_no_user_out() {
    simulate(FaultModel { clock_jumps: 30, ..FIVE_TABS }, |_| {});
    simulate(FaultModel { clears: 20, ..FIVE_TABS }, |_| {});
    for lifetime in [40 * 86_400_000, 100 * 365 * 86_400_000] {
        simulate(FaultModel { lifetime, clock_jumps: 5, ..FIVE_TABS }, |_| {});
    }
}

#[test]
fn all_faults_at_once_violate_no_invariant() {
    simulate(ALL_FAULTS, |_| {});
}

/// a refresh that the network delivers, or delivers again, up to 110 s late is no theft.
#[test]
fn requests_that_the_network_delivers_minutes_late_raise_no_alarm() {
    let held = FaultModel { held_refreshes: 100, ..FIVE_TABS };
    for faults in [
        held,
        FaultModel { lost_answers: 150, server_faults: 100, ..held },
        FaultModel { duplicates: 100, lost_locks: 50, ..held },
        FaultModel { switches: 20, sign_outs: 50, ..held },
        FaultModel { clock_jumps: 30, ..held },
        FaultModel { held_refreshes: 50, ..ALL_FAULTS },
    ] {
        // Summed, because a single run of ten days may have few of them.
        let repeats = Cell::new(0);
        simulate(faults, |simulation| repeats.set(repeats.get() + simulation.server.repeats));
        assert!(repeats.get() > 100 || number("TOKENWARD_SEED").is_some(), "refreshes arrived late");
    }
}

/// whatever a thief copies, the server detects the theft within one renewal of the owner.
mod detects_within_one_renewal_of_the_owner {
    use super::*;

    /// Runs with a reliable network, with a faulty one, and with tabs that crash.
    fn assert_detected(theft: Theft) {
        let thief = FaultModel { theft: Some(theft), ..FIVE_TABS };
        let mut caught = 0;
        for faults in [
            FaultModel { tabs: 1, ..thief },
            thief,
            FaultModel { lost_requests: 60, lost_answers: 150, server_faults: 100, delay: 1_500, ..thief },
            FaultModel { lost_locks: 50, duplicates: 30, held_refreshes: 20, ..thief },
            FaultModel { theft: Some(theft), ..ALL_FAULTS },
        ] {
            for seed in seeds() {
                caught += run(seed, faults).unwrap_or_else(|report| panic!("{report}")).thief.caught;
            }
        }
        assert!(caught > 100 || number("TOKENWARD_SEED").is_some(), "{caught} thefts were detected");
        println!("{theft:?}: {caught} thefts were detected");
    }

    #[test]
    fn a_copied_cookie() {
        assert_detected(Theft::Cookie);
    }

    #[test]
    fn a_copied_cookie_and_key() {
        assert_detected(Theft::CookieAndKey);
    }

    #[test]
    fn a_replayed_request() {
        assert_detected(Theft::Request);
    }

    #[test]
    fn a_thief_in_lockstep_with_the_owner() {
        assert_detected(Theft::Lockstep);
    }
}

/// 20,000 clients that sign in within one second do not renew within one second.
#[test]
fn clients_that_signed_in_together_do_not_renew_together() {
    assert!(fullest_second(None) < 1_500);
}

fn fullest_second(mutation: Option<Mutation>) -> u64 {
    let mut by_second = std::collections::BTreeMap::new();
    for client in 0..20_000 {
        let seed = if mutation == Some(Mutation::NoJitter) { 7 } else { client };
        let mut core = Core::new(CONFIG, seed);
        let nothing = StorageSnapshot { hint: HintState::Same, pending_revocation: false, wait: 0 };
        core.handle(Input::Start { storage: nothing }, 0);
        let at = client % 1_000;
        let mut timer = None;
        let mut inputs = vec![Input::Login];
        while let Some(input) = inputs.pop() {
            core.handle(input, at);
            while let Some(output) = core.poll() {
                match output {
                    Output::RequestLock(request) => inputs.push(Input::LockGranted { request, storage: nothing }),
                    Output::SendLogin(request) => {
                        let issue =
                            IssuedToken { id: TokenId(1), lifetime: Some(900_000), subject: None, renewable: true };
                        inputs.push(Input::LoginCompleted { request, outcome: LoginOutcome::SignedIn(issue) });
                    }
                    Output::SetTimer(after) => timer = after,
                    _ => {}
                }
            }
        }
        *by_second.entry((at + timer.expect("a renewal is scheduled")) / 1_000).or_insert(0) += 1;
    }
    by_second.into_values().max().unwrap_or(0)
}

/// The simulation can fail: it finds a counterexample to each mutation.
mod finds_the_mutation {
    use super::*;

    fn assert_found(mutation: Mutation, faults: FaultModel, report: &str) {
        let found = (0..40).find_map(|seed| run(seed, FaultModel { mutation: Some(mutation), ..faults }).err());
        let found = found.unwrap_or_else(|| panic!("{mutation:?} was not found"));
        assert!(found.contains(report), "{mutation:?} was found, but not as {report:?}:\n{found}");
    }

    #[test]
    fn late_responses_are_accepted() {
        assert_found(Mutation::AcceptLateResponses, FaultModel { delay: 4_000, switches: 300, ..NO_FAULTS }, "");
    }

    #[test]
    fn replaces_any_key() {
        assert_found(Mutation::ReplacesAnyKey, ALL_FAULTS, "a reuse alarm");
    }

    #[test]
    fn no_idempotency_key() {
        assert_found(Mutation::NoIdempotencyKey, FaultModel { lost_answers: 100, ..NO_FAULTS }, "a reuse alarm");
    }

    #[test]
    fn one_idempotency_key_for_a_whole_sign_in() {
        let faults = FaultModel { theft: Some(Theft::Lockstep), ..NO_FAULTS };
        assert_found(Mutation::ConstantKey, faults, "a thief is undetected");
    }

    #[test]
    fn a_server_that_repeats_without_limit() {
        let faults = FaultModel { theft: Some(Theft::Request), ..NO_FAULTS };
        assert_found(Mutation::RepeatsWithoutLimit, faults, "after a late replay");
    }

    #[test]
    fn a_wait_for_the_lock_without_a_bound() {
        assert_found(Mutation::WaitForLockForever, FaultModel { lost_locks: 50, ..FIVE_TABS }, "has had no token");
    }

    #[test]
    fn a_token_used_after_its_expiry() {
        assert_found(Mutation::NegativeMargin, FaultModel { server_faults: 900, ..NO_FAULTS }, "after its expiry");
    }

    #[test]
    fn timer_overflow() {
        assert_found(
            Mutation::TimerOverflow,
            FaultModel { lifetime: 40 * 86_400_000, ..NO_FAULTS },
            "fires again and again",
        );
    }

    #[test]
    fn a_fault_ends_the_session() {
        assert_found(
            Mutation::FaultEndsSession,
            FaultModel { server_faults: 50, ..NO_FAULTS },
            "of a session that is alive",
        );
    }

    #[test]
    fn a_second_401_that_counts_as_the_first() {
        assert_found(Mutation::RetryLoop, FaultModel { always_401: 1_000, ..NO_FAULTS }, "a refresh loop");
    }

    #[test]
    fn no_jitter() {
        assert!(fullest_second(Some(Mutation::NoJitter)) > 15_000);
    }

    #[test]
    fn the_token_is_kept_at_logout() {
        assert_found(Mutation::KeepTokenAtLogout, NO_FAULTS, "a call left with the token of");
    }

    #[test]
    fn a_lock_without_a_reading_of_the_storage() {
        let faults = FaultModel { sign_outs: 200, lost_requests: 300, server_faults: 300, ..FIVE_TABS };
        assert_found(Mutation::LockWithoutStorage, faults, "newer than the logout");
    }

    #[test]
    fn waiters_that_are_never_settled() {
        assert_found(Mutation::LoseWaiters, NO_FAULTS, "still waits");
    }
}
