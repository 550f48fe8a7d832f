//! The core through its one door, `handle`, with time as a number.
#![allow(missing_docs)]
#![cfg(not(target_arch = "wasm32"))]

use std::iter;
use std::num::NonZeroU32;

use tokenward::core::{
    Code, Config, Core, Event, Failure, FlightId, Grant, Input, LoginOutcome, MIN_RENEWAL_GAP, Mark, Memory, Millis,
    News, Outcome, Output, Restore, RevokeOutcome, Session, SignedOutReason, Subject, SubjectId, TIMER_MAX, TokenId,
    Verdict,
};

const CONFIG: Config = Config { renew_before: 60_000, timeout: 10_000, restore: Restore::Auto };
const LIFE: Millis = 900_000;
/// Storage that says nothing new.
const SAME: Memory = Memory { mark: Mark::Same, owed: false, wait: 0 };
const OTHER: Memory = Memory { mark: Mark::Other, ..SAME };
const GONE: Memory = Memory { mark: Mark::Gone, ..SAME };
const WOKE: Input = Input::Woke { memory: SAME };

/// The number of somebody, as the vault would give it.
fn number(who: &str) -> Subject {
    NonZeroU32::new(who.bytes().map(u32::from).sum()).map(SubjectId)
}

fn outputs(core: &mut Core) -> Vec<Output> {
    iter::from_fn(|| core.poll()).collect()
}

/// A core and what it last said, so that a test reads as a story.
struct Story {
    core: Core,
    now: Millis,
    verdict: Option<Verdict>,
    out: Vec<Output>,
    tokens: u32,
    /// Whether the lock is free: it is granted at once, or not at all.
    lock_is_free: bool,
}

impl Story {
    fn new(config: Config, marked: bool) -> Self {
        Self::starting(config, if marked { OTHER } else { SAME })
    }

    fn starting(config: Config, memory: Memory) -> Self {
        let core = Core::new(config, 42);
        let mut story = Self { core, now: 0, verdict: None, out: Vec::new(), tokens: 0, lock_is_free: true };
        story.does(Input::Start { memory });
        story
    }

    /// Signed in, with a token of 900 s.
    fn signed_in() -> Self {
        let mut story = Self::new(CONFIG, false);
        story.log_in("ada", Some(LIFE));
        story
    }

    fn does(&mut self, input: Input) -> &mut Self {
        self.verdict = self.core.handle(input, self.now);
        self.out = outputs(&mut self.core);
        while let Some(flight) = self.asks_for_lock().filter(|_| self.lock_is_free) {
            self.core.handle(Input::Locked { flight, memory: SAME }, self.now);
            self.out.retain(|output| *output != Output::Lock(flight));
            self.out.extend(outputs(&mut self.core));
        }
        self
    }

    fn at(&mut self, now: Millis) -> &mut Self {
        self.now = now;
        self
    }

    fn grant(&mut self, who: &str, life: Option<Millis>) -> Grant {
        self.tokens += 1;
        Grant { token: TokenId(self.tokens), life, subject: number(who) }
    }

    fn log_in(&mut self, who: &str, life: Option<Millis>) -> &mut Self {
        self.does(Input::Login);
        let flight = self.login_flight();
        let outcome = LoginOutcome::Granted(self.grant(who, life));
        self.does(Input::LoggedIn { flight, outcome })
    }

    fn renewed(&mut self, flight: FlightId, life: Option<Millis>) -> &mut Self {
        let outcome = Outcome::Renewed(self.grant("ada", life));
        self.does(Input::Refreshed { flight, outcome })
    }

    fn later(&mut self, flight: FlightId, retry_after: Option<Millis>) -> &mut Self {
        let failure = Failure { code: Code::ServerError, status: Some(503), retry_after };
        self.does(Input::Refreshed { flight, outcome: Outcome::Later(failure) })
    }

    fn asks_for_lock(&self) -> Option<FlightId> {
        self.out.iter().find_map(|output| match output {
            Output::Lock(flight) => Some(*flight),
            _ => None,
        })
    }

    /// The sign-out that is under way comes to this.
    fn revoked(&mut self, outcome: RevokeOutcome) -> &mut Self {
        let flight = self.revoke_flight().expect("the server is told");
        self.does(Input::Revoked { flight, outcome })
    }

    fn revoke_flight(&self) -> Option<FlightId> {
        self.out.iter().find_map(|output| match output {
            Output::Revoke(flight) => Some(*flight),
            _ => None,
        })
    }

    fn login_settled(&self) -> Option<Result<(), Code>> {
        self.out.iter().find_map(|output| match output {
            Output::SettleLogin(result) => Some(result.map_err(|failure| failure.code)),
            _ => None,
        })
    }

    fn refresh_flight(&self) -> FlightId {
        self.sends_refresh().expect("a refresh is sent")
    }

    fn sends_refresh(&self) -> Option<FlightId> {
        self.out.iter().find_map(|output| match output {
            Output::Refresh(flight) => Some(*flight),
            _ => None,
        })
    }

    fn login_flight(&self) -> FlightId {
        let found = self.out.iter().find_map(|output| match output {
            Output::Login(flight) => Some(*flight),
            _ => None,
        });
        found.expect("a login is sent")
    }

    fn verdict(&self) -> Verdict {
        self.verdict.expect("a reply")
    }

    fn refused_with(&self) -> Option<Code> {
        match self.verdict() {
            Verdict::Refuse(failure) => Some(failure.code),
            _ => None,
        }
    }

    fn settled(&self) -> Option<Result<(), Code>> {
        self.out.iter().find_map(|output| match output {
            Output::Settle(result) => Some(result.map_err(|failure| failure.code)),
            _ => None,
        })
    }

    fn timer(&self) -> Option<Millis> {
        self.out.iter().rev().find_map(|output| match output {
            Output::Timer(after) => Some(*after),
            _ => None,
        })?
    }

    fn says(&self, output: &Output) -> bool {
        self.out.contains(output)
    }

    fn want(&mut self) -> Verdict {
        self.does(Input::Want { min_validity: 0 });
        self.verdict()
    }

    fn rejected(&mut self, token: u32, replayed: bool) -> Verdict {
        self.does(Input::Rejected { token: TokenId(token), replayed });
        self.verdict()
    }

    fn reason(&self) -> Option<SignedOutReason> {
        match self.core.session() {
            Session::SignedOut(reason) => Some(*reason),
            _ => None,
        }
    }

    fn is_signed_in(&self) -> bool {
        matches!(self.core.session(), Session::SignedIn { .. })
    }
}

#[test]
fn a_browser_that_was_never_signed_in_is_not_asked_for_a_session() {
    let mut story = Story::new(CONFIG, false);
    assert_eq!((story.sends_refresh(), story.verdict()), (None, Verdict::Go));
    assert_eq!(story.reason(), Some(SignedOutReason::Never));
    assert!(story.says(&Output::Notify(Event::Changed)));
    story.want();
    assert_eq!(story.refused_with(), Some(Code::SignedOut));
}

#[test]
fn restore_can_be_always_or_never() {
    let always = Story::new(Config { restore: Restore::Always, ..CONFIG }, false);
    assert!(always.sends_refresh().is_some());
    let never = Story::new(Config { restore: Restore::Never, ..CONFIG }, true);
    assert_eq!((never.sends_refresh(), never.reason()), (None, Some(SignedOutReason::Never)));
}

#[test]
fn a_marked_browser_resumes_its_session() {
    let mut story = Story::new(CONFIG, true);
    let flight = story.refresh_flight();
    assert_eq!(story.want(), Verdict::Wait);
    story.renewed(flight, Some(LIFE));
    assert!(story.is_signed_in());
    assert!(story.says(&Output::Notify(Event::SignedIn)));
    assert!(!story.says(&Output::Mark(true)), "the mark of the sign-in stays the one it was");
    assert_eq!(story.settled(), Some(Ok(())));
}

#[test]
fn a_restore_that_is_refused_takes_the_mark_away() {
    let mut story = Story::new(CONFIG, true);
    let flight = story.refresh_flight();
    story.does(Input::Refreshed { flight, outcome: Outcome::Refused(SignedOutReason::Expired) });
    assert_eq!(story.reason(), Some(SignedOutReason::Expired));
    assert!(story.says(&Output::Mark(false)) && story.says(&Output::Notify(Event::SignedOut)));
    assert_eq!(story.settled(), Some(Err(Code::SignedOut)));
}

#[test]
fn a_restore_that_is_refused_where_nobody_signed_in_signs_nobody_out() {
    let mut story = Story::new(Config { restore: Restore::Always, ..CONFIG }, false);
    let flight = story.refresh_flight();
    story.does(Input::Refreshed { flight, outcome: Outcome::Refused(SignedOutReason::Expired) });
    assert_eq!(story.reason(), Some(SignedOutReason::Never));
    assert!(story.says(&Output::Notify(Event::Changed)));
    assert!(!story.says(&Output::Notify(Event::SignedOut)));
}

#[test]
fn a_restore_without_an_answer_stays_open_and_goes_on_trying() {
    let mut story = Story::new(CONFIG, true);
    let mut flight = story.refresh_flight();
    let mut tries = 1;
    let mut given_up_at = None;
    while tries < 20 {
        story.later(flight, None);
        if story.settled() == Some(Err(Code::RefreshUnavailable)) {
            given_up_at.get_or_insert(story.now);
        }
        loop {
            let after = story.timer().unwrap_or(1_000);
            let now = story.now + after;
            story.at(now).does(Input::Timer);
            if story.settled() == Some(Err(Code::RefreshUnavailable)) {
                given_up_at.get_or_insert(story.now);
            }
            if let Some(next) = story.sends_refresh() {
                flight = next;
                break;
            }
        }
        tries += 1;
        assert_eq!(story.core.session(), &Session::Restoring);
    }
    assert!(given_up_at.unwrap() <= 10_000, "those who wait are told within the timeout");
    story.renewed(flight, Some(LIFE));
    assert!(story.is_signed_in());
}

#[test]
fn a_login_adopts_marks_and_tells() {
    let mut story = Story::new(CONFIG, false);
    story.log_in("ada", Some(LIFE));
    assert_eq!(story.login_settled(), Some(Ok(())));
    assert!(story.says(&Output::Adopt { token: TokenId(1), fresh_for: Some(LIFE) }));
    assert!(story.says(&Output::Mark(true)) && story.says(&Output::Notify(Event::SignedIn)));
    assert_eq!(story.want(), Verdict::Go);
}

#[test]
fn a_login_that_fails_leaves_the_session_as_it_was() {
    let mut story = Story::signed_in();
    let before = *story.core.session();
    let flight = story.does(Input::Login).login_flight();
    let outcome = LoginOutcome::Failed(Failure::of(Code::InvalidCredentials));
    story.does(Input::LoggedIn { flight, outcome });
    assert_eq!(story.login_settled(), Some(Err(Code::InvalidCredentials)));
    assert_eq!(story.core.session(), &before);
}

#[test]
fn a_renewal_comes_before_the_expiry() {
    let mut story = Story::signed_in();
    let after = story.timer().unwrap();
    assert!(after <= LIFE - 60_000 && after > LIFE / 2, "renewed after {after} ms");
    let flight = story.at(after).does(Input::Timer).refresh_flight();
    assert_eq!(story.want(), Verdict::Go, "calls go on meanwhile");
    story.renewed(flight, Some(LIFE));
    assert!(story.says(&Output::Notify(Event::Refreshed)) && !story.says(&Output::Mark(true)));
}

/// Statement 1.
#[test]
fn a_thousand_calls_with_an_expired_token_share_one_refresh() {
    let mut story = Story::signed_in();
    story.at(LIFE);
    let mut refreshes = Vec::new();
    for _ in 0..1_000 {
        assert_eq!(story.want(), Verdict::Wait);
        refreshes.extend(story.sends_refresh());
    }
    assert_eq!(refreshes.len(), 1);
    story.renewed(refreshes[0], Some(LIFE));
    assert_eq!(story.settled(), Some(Ok(())));
}

/// Statements 1 and 3.
#[test]
fn a_hundred_401s_cost_one_refresh_and_latecomers_none() {
    let mut story = Story::signed_in();
    assert_eq!(story.rejected(1, false), Verdict::Wait);
    assert!(story.says(&Output::Hold), "no call goes out with a refused token");
    let flight = story.refresh_flight();
    for _ in 0..99 {
        assert_eq!(story.rejected(1, false), Verdict::Wait);
        assert_eq!(story.sends_refresh(), None);
    }
    assert_eq!(story.want(), Verdict::Wait);
    story.renewed(flight, Some(LIFE));
    assert_eq!(story.settled(), Some(Ok(())));
    assert_eq!(story.rejected(1, false), Verdict::Go, "sent with the older token: just send it again");
    assert_eq!(story.sends_refresh(), None);
}

/// Statement 24.
#[test]
fn an_api_that_always_says_401_makes_no_loop() {
    let mut story = Story::signed_in();
    story.rejected(1, false);
    let flight = story.refresh_flight();
    story.renewed(flight, Some(LIFE));
    assert_eq!(story.rejected(2, true), Verdict::HandThrough);
    for _ in 0..100 {
        assert_eq!(story.rejected(2, false), Verdict::HandThrough);
        assert_eq!(story.sends_refresh(), None);
        assert_eq!(story.want(), Verdict::Go, "other calls go on with it");
    }
}

/// Statements 7 and 10.
#[test]
fn no_fault_ends_a_session_and_retries_are_spread() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    let mut flight = story.refresh_flight();
    let mut gaps = Vec::new();
    for _ in 0..30 {
        story.later(flight, None);
        assert!(story.is_signed_in());
        let failed_at = story.now;
        loop {
            let now = story.now + story.timer().unwrap_or(1_000);
            story.at(now).does(Input::Timer);
            if let Some(next) = story.sends_refresh() {
                flight = next;
                break;
            }
        }
        gaps.push(story.now - failed_at);
    }
    assert!(gaps[0] <= 1_000 && gaps.iter().all(|gap| *gap <= 60_001), "{gaps:?}");
    assert!(gaps.iter().sum::<u64>() > 300_000, "thirty tries take minutes: {gaps:?}");
    story.renewed(flight, Some(LIFE));
    assert_eq!(story.want(), Verdict::Go);
}

#[test]
fn retry_after_is_obeyed_by_timers_calls_and_the_app() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    let flight = story.refresh_flight();
    story.later(flight, Some(120_000));
    assert_eq!(story.settled(), Some(Err(Code::RefreshUnavailable)), "too long to wait");
    for input in [Input::Want { min_validity: 0 }, Input::Renew] {
        story.at(LIFE + 60_000).does(input);
        assert_eq!((story.refused_with(), story.sends_refresh()), (Some(Code::RefreshUnavailable), None));
        let Verdict::Refuse(failure) = story.verdict() else { unreachable!() };
        assert!((60_000..=61_001).contains(&failure.retry_after.unwrap()), "{failure:?}");
    }
    story.does(WOKE);
    assert_eq!(story.sends_refresh(), None);
    story.at(LIFE + 121_001).does(Input::Timer);
    assert!(story.sends_refresh().is_some());
}

/// Statement 11.
#[test]
fn while_the_token_is_good_a_failing_refresh_costs_nothing() {
    let mut story = Story::signed_in();
    let after = story.timer().unwrap();
    let flight = story.at(after).does(Input::Timer).refresh_flight();
    story.later(flight, None);
    assert_eq!(story.want(), Verdict::Go);
}

#[test]
fn a_refused_token_that_cannot_be_replaced_is_used_for_the_other_apis() {
    let mut story = Story::signed_in();
    story.rejected(1, false);
    let flight = story.refresh_flight();
    story.at(1_000).later(flight, Some(60_000));
    assert_eq!(story.settled(), Some(Err(Code::RefreshUnavailable)));
    assert!(story.says(&Output::Adopt { token: TokenId(1), fresh_for: Some(LIFE - 1_000) }));
    assert_eq!(story.want(), Verdict::Go);
    story.rejected(1, false);
    assert_eq!((story.refused_with(), story.sends_refresh()), (Some(Code::RefreshUnavailable), None));
}

#[test]
fn who_waits_waits_no_longer_than_the_timeout() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    assert_eq!(story.timer(), Some(10_000));
    story.at(LIFE + 10_000).does(Input::Timer);
    assert_eq!(story.settled(), Some(Err(Code::RefreshUnavailable)));
    assert!(story.says(&Output::Cancel), "a refresh takes no longer than that either");
    assert!(story.is_signed_in());
}

#[test]
fn who_waits_is_served_by_the_next_try_if_it_comes_in_time() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    let flight = story.refresh_flight();
    story.later(flight, None);
    assert_eq!(story.settled(), None);
    let now = story.now + story.timer().unwrap();
    let flight = story.at(now).does(Input::Timer).refresh_flight();
    story.renewed(flight, Some(LIFE));
    assert_eq!(story.settled(), Some(Ok(())));
}

#[test]
fn a_clear_no_ends_the_session_with_its_reason() {
    for reason in [SignedOutReason::Expired, SignedOutReason::Revoked, SignedOutReason::Reused] {
        let mut story = Story::signed_in();
        story.at(LIFE).want();
        let flight = story.refresh_flight();
        story.does(Input::Refreshed { flight, outcome: Outcome::Refused(reason) });
        assert_eq!(story.reason(), Some(reason));
        assert!(story.says(&Output::Wipe) && story.says(&Output::Mark(false)));
        assert_eq!(story.settled(), Some(Err(Code::SessionEnded)));
        assert_eq!(story.timer(), None);
    }
}

/// Statement 17.
#[test]
fn logout_during_a_refresh_stays_logged_out() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    let flight = story.refresh_flight();
    story.does(Input::Logout);
    assert!(story.says(&Output::Cancel) && story.revoke_flight().is_some() && story.says(&Output::Wipe));
    let revoke = story.revoke_flight().unwrap();
    assert_eq!(story.settled(), Some(Err(Code::SessionEnded)));
    story.renewed(flight, Some(LIFE));
    assert_eq!(story.reason(), Some(SignedOutReason::Logout));
    assert!(story.says(&Output::Discard(TokenId(2))));
    story.does(Input::Revoked { flight: revoke, outcome: RevokeOutcome::Heard });
    assert!(story.revoke_flight().is_some(), "what the late answer brought to life is ended too");
    story.revoked(RevokeOutcome::Heard);
    assert_eq!((story.revoke_flight(), story.timer()), (None, None));
    story.does(Input::Renew);
    assert_eq!(story.refused_with(), Some(Code::SignedOut));
}

#[test]
fn the_server_is_told_before_the_token_is_wiped() {
    let mut story = Story::signed_in();
    story.does(Input::Logout);
    let revoke = story.out.iter().position(|output| matches!(output, Output::Revoke(_)));
    let wipe = story.out.iter().position(|output| *output == Output::Wipe);
    assert!(revoke.unwrap() < wipe.unwrap());
}

/// Statement 18.
#[test]
fn a_late_refresh_of_the_user_before_changes_nothing() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    let flight = story.refresh_flight();
    story.log_in("grace", Some(LIFE));
    assert_eq!(story.settled(), Some(Err(Code::SessionEnded)), "the call was made for somebody else");
    let grace = *story.core.session();
    story.renewed(flight, Some(LIFE));
    assert_eq!(story.core.session(), &grace);
    assert_eq!(story.out, vec![Output::Discard(TokenId(3))]);
}

#[test]
fn a_401_of_the_user_before_is_not_replayed_for_the_next_one() {
    let mut story = Story::signed_in();
    story.log_in("grace", Some(LIFE));
    story.rejected(1, false);
    assert_eq!(story.refused_with(), Some(Code::SessionEnded));
}

#[test]
fn a_refresh_that_answers_for_somebody_else_begins_another_session() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    let flight = story.refresh_flight();
    let outcome = Outcome::Renewed(story.grant("grace", Some(LIFE)));
    story.does(Input::Refreshed { flight, outcome });
    assert_eq!(story.settled(), Some(Err(Code::SessionEnded)));
    assert!(story.says(&Output::Notify(Event::SignedIn)));
}

#[test]
fn a_late_refresh_does_not_land_in_the_place_of_the_login_under_way() {
    let mut story = Story::signed_in();
    let refresh = story.at(LIFE).does(Input::Renew).refresh_flight();
    let login = story.does(Input::Login).login_flight();
    story.renewed(refresh, Some(LIFE));
    assert_eq!(story.out[0], Output::Discard(TokenId(2)));
    let outcome = LoginOutcome::Granted(story.grant("grace", Some(LIFE)));
    story.does(Input::LoggedIn { flight: login, outcome });
    assert_eq!(story.login_settled(), Some(Ok(())));
}

#[test]
fn a_renewal_that_a_failing_login_interrupted_is_made_up_for() {
    let mut story = Story::signed_in();
    let after = story.timer().unwrap();
    story.at(after).does(Input::Timer).refresh_flight();
    let flight = story.does(Input::Login).login_flight();
    let outcome = LoginOutcome::Failed(Failure::of(Code::Offline));
    story.does(Input::LoggedIn { flight, outcome });
    assert!(story.sends_refresh().is_some());
}

#[test]
fn a_login_that_interrupted_only_a_login_leaves_nothing_to_make_up_for() {
    let mut story = Story::signed_in();
    story.does(Input::Login);
    let flight = story.does(Input::Login).login_flight();
    let outcome = LoginOutcome::Failed(Failure::of(Code::Offline));
    story.does(Input::LoggedIn { flight, outcome });
    assert!(story.timer().unwrap() > LIFE / 2, "the renewal, when it is due");
}

#[test]
fn nothing_is_tried_by_itself_while_nobody_is_signed_in() {
    let mut story = Story::new(CONFIG, false);
    let flight = story.does(Input::Renew).refresh_flight();
    story.later(flight, None);
    assert_eq!((story.settled(), story.timer()), (Some(Err(Code::RefreshUnavailable)), None));
    // Nor after a login that interrupted such a try and failed.
    story.does(Input::Renew);
    let flight = story.does(Input::Login).login_flight();
    let outcome = LoginOutcome::Failed(Failure::of(Code::InvalidCredentials));
    story.does(Input::LoggedIn { flight, outcome });
    let now = story.now + 20_000;
    story.at(now).does(Input::Timer);
    assert_eq!((story.sends_refresh(), story.timer()), (None, None));
}

#[test]
fn a_logout_is_told_even_where_nobody_was_signed_in() {
    let mut story = Story::new(CONFIG, false);
    story.does(Input::Logout);
    assert_eq!(story.reason(), Some(SignedOutReason::Logout));
    assert!(story.revoke_flight().is_some() && story.says(&Output::Notify(Event::SignedOut)));
    story.does(Input::Logout);
    assert!(!story.says(&Output::Notify(Event::SignedOut)), "once is enough");
}

#[test]
fn only_the_latest_login_counts() {
    let mut story = Story::new(CONFIG, false);
    let first = story.does(Input::Login).login_flight();
    story.log_in("grace", Some(LIFE));
    let outcome = LoginOutcome::Granted(story.grant("ada", Some(LIFE)));
    story.does(Input::LoggedIn { flight: first, outcome });
    assert_eq!(story.out, vec![Output::Discard(TokenId(2))]);
}

#[test]
fn a_login_before_the_start_is_not_disturbed_by_the_restore() {
    let mut core = Core::new(CONFIG, 1);
    core.handle(Input::Login, 0);
    outputs(&mut core);
    assert_eq!((core.handle(Input::Start { memory: OTHER }, 0), core.poll()), (Some(Verdict::Go), None));
}

#[test]
fn a_login_that_fails_lets_the_restore_it_interrupted_go_on() {
    let mut story = Story::new(CONFIG, true);
    let flight = story.does(Input::Login).login_flight();
    assert!(story.says(&Output::Cancel));
    let outcome = LoginOutcome::Failed(Failure::of(Code::InvalidCredentials));
    story.does(Input::LoggedIn { flight, outcome });
    assert!(story.sends_refresh().is_some());
}

#[test]
fn a_login_that_fails_does_not_break_the_silence_the_server_asked_for() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    let flight = story.refresh_flight();
    story.later(flight, Some(5_000));
    assert_eq!(story.want(), Verdict::Wait, "within patience");
    let flight = story.does(Input::Login).login_flight();
    let outcome = LoginOutcome::Failed(Failure::of(Code::InvalidCredentials));
    story.does(Input::LoggedIn { flight, outcome });
    assert_eq!(story.sends_refresh(), None);
    let mut sent = None;
    while sent.is_none() && story.now < LIFE + 10_000 {
        let now = story.now + story.timer().unwrap_or(100);
        story.at(now).does(Input::Timer);
        sent = story.sends_refresh();
    }
    assert!(sent.is_some() && story.now >= LIFE + 5_000);
}

/// Statement 13.
#[test]
fn absurd_lifetimes_make_neither_loops_nor_long_timers() {
    for life in [1, 500, 2_000, 30_000, LIFE, 40 * 86_400_000, 100 * 365 * 86_400_000, u64::MAX] {
        let mut story = Story::new(CONFIG, false);
        story.log_in("ada", Some(life));
        let mut last = story.now;
        let mut timer = story.timer();
        for _ in 0..5 {
            let flight = loop {
                let after = timer.expect("a timer is set");
                assert!(after <= TIMER_MAX, "life {life}: a timer of {after} ms");
                let now = story.now.saturating_add(after);
                story.at(now).does(Input::Timer);
                timer = story.timer();
                if let Some(flight) = story.sends_refresh() {
                    break Some(flight);
                }
                if story.now > u64::MAX / 2 || story.now > 1 << 52 {
                    break None; // 100,000 years from now
                }
                if life == u64::MAX && story.now > TIMER_MAX * 10 {
                    break None;
                }
            };
            let Some(flight) = flight else { break };
            assert!(story.now - last >= MIN_RENEWAL_GAP, "life {life}: renewed after {}", story.now - last);
            last = story.now;
            story.renewed(flight, Some(life));
            timer = story.timer();
        }
    }
}

#[test]
fn an_unknown_lifetime_has_no_timer_and_is_renewed_on_a_401() {
    let mut story = Story::new(CONFIG, false);
    story.log_in("ada", None);
    assert!(story.says(&Output::Adopt { token: TokenId(1), fresh_for: None }));
    assert_eq!(story.timer(), None);
    assert_eq!(story.at(1 << 40).want(), Verdict::Go);
    assert_eq!(story.rejected(1, false), Verdict::Wait);
    assert!(story.sends_refresh().is_some());
}

/// Statement 15.
#[test]
fn after_eight_hours_of_sleep_there_is_one_refresh() {
    let mut story = Story::signed_in();
    story.at(8 * 3_600_000);
    let mut refreshes = 0;
    for input in [WOKE, Input::Timer, Input::Want { min_validity: 0 }, WOKE, WOKE] {
        story.does(input);
        refreshes += usize::from(story.sends_refresh().is_some());
    }
    assert_eq!(refreshes, 1);
}

#[test]
fn being_seen_again_costs_nothing_while_nothing_is_due() {
    let mut story = Story::signed_in();
    story.at(1_000).does(WOKE);
    assert_eq!(story.sends_refresh(), None);
}

#[test]
fn being_online_again_ends_the_backoff() {
    let mut story = Story::signed_in();
    story.at(LIFE).want();
    for _ in 0..10 {
        let flight = story.refresh_flight();
        story.later(flight, None);
        story.does(WOKE);
        assert!(story.sends_refresh().is_some());
    }
}

#[test]
fn a_token_for_a_websocket_is_renewed_when_it_would_not_live_long_enough() {
    let mut story = Story::signed_in();
    story.at(LIFE / 2).does(Input::Want { min_validity: 300_000 });
    assert_eq!(story.verdict(), Verdict::Go);
    story.does(Input::Want { min_validity: 600_000 });
    assert_eq!(story.verdict(), Verdict::Wait);
    assert!(story.sends_refresh().is_some());
}

#[test]
fn the_app_may_ask_for_a_session_that_another_page_began() {
    let mut story = Story::new(Config { restore: Restore::Never, ..CONFIG }, false);
    story.does(Input::Renew);
    assert!(story.says(&Output::Try), "a key before it is sent: it may have to be repeated");
    let flight = story.refresh_flight();
    story.renewed(flight, Some(LIFE));
    assert!(story.is_signed_in() && story.says(&Output::Share), "now it is the mark of a session");

    let mut story = Story::new(CONFIG, false);
    story.does(Input::Renew);
    let flight = story.refresh_flight();
    story.does(Input::Refreshed { flight, outcome: Outcome::Refused(SignedOutReason::Expired) });
    assert_eq!(story.reason(), Some(SignedOutReason::Never), "nobody was signed out");
    assert!(story.says(&Output::Mark(false)), "and the key is forgotten");
    assert_eq!(story.settled(), Some(Err(Code::SignedOut)));
    assert!(!story.says(&Output::Notify(Event::SignedOut)));
}

/// What other tabs do and tell, and what the storage remembers.
mod tabs {
    use super::*;
    use tokenward::core::About;

    impl Story {
        fn hears(&mut self, news: News, about: About) -> &mut Self {
            self.does(Input::Heard { news, about })
        }

        fn tells(&self) -> Option<&News> {
            self.out.iter().find_map(|output| match output {
                Output::Tell(news) => Some(news),
                _ => None,
            })
        }

        /// Signed in, its token over, a refresh in the queue for the lock.
        fn queued() -> (Self, FlightId) {
            let mut story = Self::signed_in();
            story.lock_is_free = false;
            story.at(LIFE).want();
            let flight = story.asks_for_lock().expect("the lock is asked for");
            (story, flight)
        }

        /// Nine refreshes failed in a row; the next comes after a long backoff.
        fn backing_off() -> Self {
            let mut story = Self::signed_in();
            story.at(LIFE).want();
            let mut flight = story.refresh_flight();
            for _ in 0..8 {
                story.later(flight, None);
                story.does(WOKE);
                flight = story.refresh_flight();
            }
            story.later(flight, None);
            story
        }

        fn granted(&mut self, flight: FlightId, memory: Memory) -> &mut Self {
            self.does(Input::Locked { flight, memory })
        }
    }

    fn signed_in_as(who: &str) -> News {
        News::SignedIn { subject: number(who) }
    }

    fn refreshed_for(who: &str) -> News {
        News::Refreshed { subject: number(who) }
    }

    const LOGOUT: News = News::SignedOut { reason: SignedOutReason::Logout };

    #[test]
    fn nothing_is_sent_before_the_lock_is_ours_and_the_lock_is_given_back_before_anybody_is_told() {
        let (mut story, flight) = Story::queued();
        assert_eq!(story.sends_refresh(), None);
        story.granted(FlightId(99), SAME);
        assert_eq!(story.sends_refresh(), None, "the lock of another flight");
        story.granted(flight, SAME);
        assert_eq!(story.sends_refresh(), Some(flight));
        story.granted(flight, SAME);
        assert_eq!(story.sends_refresh(), None, "once");
        story.renewed(flight, Some(LIFE));
        let place = |wanted: &Output| story.out.iter().position(|output| output == wanted).unwrap();
        assert!(place(&Output::Unlock) < place(&Output::Settle(Ok(()))));
        assert!(place(&Output::Unlock) < place(&Output::Notify(Event::Refreshed)));
        assert_eq!(story.tells(), Some(&refreshed_for("ada")));
    }

    /// Statement 5: the wait for the lock is bounded.
    #[test]
    fn a_lock_that_does_not_come_in_time_is_taken_over() {
        let (mut story, flight) = Story::queued();
        let start = story.now;
        while !story.says(&Output::Steal(flight)) {
            let now = story.now + story.timer().expect("a timer, as long as the lock is waited for");
            story.at(now).does(Input::Timer);
        }
        let waited = story.now - start;
        assert!((10_500..=13_000).contains(&waited), "longer than a holder that lives needs, but not much: {waited}");
        assert_eq!(story.sends_refresh(), Some(flight));
        assert_eq!(story.tells(), Some(&News::TookOver));
    }

    #[test]
    fn a_sign_of_life_from_another_tab_lengthens_the_wait() {
        for news in [News::TookOver, refreshed_for("ada")] {
            let (mut story, flight) = Story::queued();
            story.at(LIFE + 9_000).hears(news, About::Ours);
            for now in [LIFE + 10_000, LIFE + 13_000, LIFE + 19_000] {
                story.at(now).does(Input::Timer);
                assert!(!story.says(&Output::Steal(flight)), "{now}");
            }
            story.at(LIFE + 22_500).does(Input::Timer);
            assert!(story.says(&Output::Steal(flight)));
        }
    }

    #[test]
    fn a_sleep_says_nothing_about_the_lock() {
        let (mut story, flight) = Story::queued();
        story.at(LIFE + 3_600_000).does(WOKE);
        assert!(!story.says(&Output::Steal(flight)));
        story.granted(flight, SAME);
        assert_eq!(story.sends_refresh(), Some(flight));
    }

    #[test]
    fn who_queues_shares_the_failure_of_the_one_before() {
        let (mut story, _) = Story::queued();
        story.hears(News::Failed { wait: 0, failures: 4 }, About::Ours);
        assert!(story.says(&Output::Unlock), "out of the queue");
        assert_eq!(story.tells(), None, "it is no news");
        let retry = story.timer().unwrap();
        assert!(retry <= 10_000, "patience or the next try");
    }

    #[test]
    fn a_failure_elsewhere_does_not_disturb_who_has_a_good_token() {
        let mut story = Story::signed_in();
        story.hears(News::Failed { wait: 0, failures: 4 }, About::Ours);
        assert!(story.out.is_empty(), "{:?}", story.out);
    }

    /// Statement 28b.
    #[test]
    fn the_wait_that_a_server_asked_one_tab_for_holds_for_all() {
        for how in 0..3 {
            let mut story = Story::signed_in();
            let memory = Memory { wait: 60_000, ..SAME };
            match how {
                0 => drop(story.hears(News::Failed { wait: 60_000, failures: 0 }, About::Ours)),
                1 => drop(story.does(Input::Woke { memory })),
                _ => {
                    story = Story::queued().0;
                    story.now = 0;
                    let flight = FlightId(2);
                    story.granted(flight, memory);
                    assert_eq!(story.sends_refresh(), None);
                    assert!(story.says(&Output::Unlock));
                    story.lock_is_free = true;
                }
            }
            story.at(59_000).does(Input::Renew);
            assert_eq!((how, story.sends_refresh()), (how, None));
            let mut sent = None;
            while sent.is_none() {
                let now = story.now + story.timer().unwrap_or(500);
                story.at(now).does(Input::Timer);
                sent = story.sends_refresh();
                assert!(story.now < 75_000, "{how}");
            }
            assert!(story.now >= 60_000, "{how}: {}", story.now);
        }
    }

    #[test]
    fn a_page_that_starts_in_the_silence_waits_and_then_goes_on_by_itself() {
        let mut story = Story::starting(CONFIG, Memory { wait: 60_000, ..OTHER });
        assert_eq!((story.sends_refresh(), story.refused_with()), (None, Some(Code::RefreshUnavailable)));
        let after = story.timer().expect("it is not forgotten");
        assert!(story.at(after).does(Input::Timer).sends_refresh().is_some() && after >= 60_000);
    }

    /// Statement 10.
    #[test]
    fn a_sign_out_in_another_tab_ends_the_session_here_at_once() {
        let mut story = Story::signed_in();
        story.at(LIFE).want();
        story.hears(LOGOUT, About::Ours);
        assert_eq!(story.reason(), Some(SignedOutReason::OtherTab));
        assert!(story.says(&Output::Wipe) && story.says(&Output::Cancel) && story.says(&Output::Unlock));
        assert_eq!(story.settled(), Some(Err(Code::SessionEnded)));
        assert_eq!((story.tells(), story.revoke_flight(), story.timer()), (None, None, None));
        story.hears(LOGOUT, About::Ours);
        assert!(!story.says(&Output::Notify(Event::SignedOut)), "once");
    }

    #[test]
    fn a_no_of_the_server_to_another_tab_is_a_no_to_this_one_for_the_same_reason() {
        let mut story = Story::signed_in();
        story.hears(News::SignedOut { reason: SignedOutReason::Reused }, About::Ours);
        assert_eq!(story.reason(), Some(SignedOutReason::Reused));
    }

    #[test]
    fn old_news_changes_nothing() {
        for about in [About::Current, About::Past] {
            let mut story = Story::signed_in();
            story.hears(LOGOUT, about);
            assert!(story.is_signed_in(), "{about:?}");
        }
        let mut story = Story::signed_in();
        for news in [signed_in_as("grace"), refreshed_for("grace")] {
            story.hears(news, About::Past);
            assert!(story.is_signed_in() && story.want() == Verdict::Go);
        }
        let mut story = Story::new(CONFIG, false);
        for news in [signed_in_as("ada"), refreshed_for("ada")] {
            story.hears(news, About::Past);
            assert_eq!(story.reason(), Some(SignedOutReason::Never));
        }
        story.hears(refreshed_for("ada"), About::Current);
        assert_eq!(story.reason(), Some(SignedOutReason::Never), "told before that tab heard of the sign-out");
    }

    #[test]
    fn login_logout_and_the_servers_no_are_told_to_the_other_tabs() {
        let mut story = Story::new(CONFIG, false);
        story.log_in("ada", Some(LIFE));
        assert_eq!(story.tells(), Some(&signed_in_as("ada")));
        story.does(Input::Logout);
        assert_eq!(story.tells(), Some(&LOGOUT));
        let told = story.out.iter().position(|output| matches!(output, Output::Tell(_)));
        let unmarked = story.out.iter().position(|output| *output == Output::Mark(false));
        assert!(told < unmarked, "the news carries the mark");

        let mut story = Story::signed_in();
        story.at(LIFE).want();
        let flight = story.refresh_flight();
        story.does(Input::Refreshed { flight, outcome: Outcome::Refused(SignedOutReason::Revoked) });
        assert_eq!(story.tells(), Some(&News::SignedOut { reason: SignedOutReason::Revoked }));
    }

    /// Statement 19.
    #[test]
    fn another_user_in_another_tab_is_another_user_here_at_once() {
        for (news, about) in [
            (signed_in_as("grace"), About::Current),
            (refreshed_for("grace"), About::Current),
            (refreshed_for("grace"), About::Ours),
        ] {
            let mut story = Story::signed_in();
            story.at(1_000).hears(news, about);
            assert_eq!(story.core.session(), &Session::Restoring);
            assert!(story.says(&Output::Wipe) && story.says(&Output::Abandon) && story.says(&Output::Share));
            let flight = story.refresh_flight();
            assert_eq!(story.want(), Verdict::Wait);
            let outcome = Outcome::Renewed(story.grant("grace", Some(LIFE)));
            story.does(Input::Refreshed { flight, outcome });
            assert!(story.says(&Output::Notify(Event::SignedIn)) && story.says(&Output::Notify(Event::AccountChanged)));
            assert!(!story.says(&Output::Mark(true)), "the mark is the other tab's");
        }
    }

    #[test]
    fn the_same_user_signed_in_again_changes_nothing_here() {
        let mut story = Story::signed_in();
        story.hears(signed_in_as("ada"), About::Current);
        assert_eq!(story.out, vec![Output::Share]);
    }

    #[test]
    fn a_sign_in_in_another_tab_signs_this_one_in() {
        let mut story = Story::new(CONFIG, false);
        story.hears(signed_in_as("ada"), About::Current);
        assert_eq!(story.core.session(), &Session::Restoring);
        let flight = story.refresh_flight();
        story.renewed(flight, Some(LIFE));
        assert!(story.is_signed_in() && !story.says(&Output::Notify(Event::AccountChanged)));
    }

    #[test]
    fn an_app_that_signs_in_by_itself_is_ended_but_not_switched() {
        let never = Config { restore: Restore::Never, ..CONFIG };
        let mut story = Story::new(never, false);
        story.hears(signed_in_as("ada"), About::Current);
        assert_eq!((story.reason(), story.sends_refresh()), (Some(SignedOutReason::Never), None));
        story.log_in("ada", Some(LIFE));
        story.does(Input::Woke { memory: GONE });
        assert!(story.is_signed_in(), "a storage that was cleared says nothing");
        story.hears(signed_in_as("grace"), About::Current);
        assert_eq!((story.reason(), story.sends_refresh()), (Some(SignedOutReason::OtherTab), None));
    }

    #[test]
    fn a_no_to_a_refresh_that_a_sign_in_overtook_is_asked_again() {
        let mut story = Story::signed_in();
        story.at(LIFE).want();
        let flight = story.refresh_flight();
        story.hears(signed_in_as("grace"), About::Current);
        assert!(!story.says(&Output::Cancel), "aborted, it might reach the server late and look like theft");
        story.does(Input::Refreshed { flight, outcome: Outcome::Refused(SignedOutReason::Expired) });
        assert_eq!(story.core.session(), &Session::Restoring);
        let flight = story.refresh_flight();
        story.does(Input::Refreshed { flight, outcome: Outcome::Refused(SignedOutReason::Expired) });
        assert_eq!(story.reason(), Some(SignedOutReason::Expired), "but only once");
    }

    /// Statement 28f.
    #[test]
    fn a_page_that_slept_through_a_sign_out_shows_nobody_until_the_server_has_spoken() {
        let mut story = Story::signed_in();
        story.at(1_000).does(Input::Woke { memory: GONE });
        assert_eq!(story.core.session(), &Session::Restoring);
        assert!(story.says(&Output::Wipe) && story.says(&Output::Share), "with a key that any tab can repeat it by");
        let flight = story.refresh_flight();
        story.does(Input::Refreshed { flight, outcome: Outcome::Refused(SignedOutReason::Expired) });
        assert_eq!(story.reason(), Some(SignedOutReason::OtherTab));

        let mut story = Story::signed_in();
        story.at(1_000).does(Input::Woke { memory: GONE });
        let flight = story.refresh_flight();
        story.renewed(flight, Some(LIFE));
        assert!(story.is_signed_in(), "only the storage was cleared");
        assert!(!story.says(&Output::Notify(Event::AccountChanged)));

        let mut story = Story::signed_in();
        story.at(1_000).does(Input::Woke { memory: Memory { owed: true, ..GONE } });
        assert_eq!(story.reason(), Some(SignedOutReason::OtherTab), "signed out, and the server has not even heard");
        assert!(story.revoke_flight().is_some() && story.sends_refresh().is_none());
    }

    #[test]
    fn a_page_that_slept_through_a_switch_asks_who_is_here() {
        let mut story = Story::signed_in();
        story.at(1_000).does(Input::Woke { memory: OTHER });
        assert!(story.says(&Output::Abandon) && story.sends_refresh().is_some());
    }

    /// Statement 28e.
    #[test]
    fn a_sign_out_that_the_server_did_not_hear_is_told_when_the_page_wakes_and_at_the_next_start() {
        let mut story = Story::signed_in();
        story.does(Input::Logout);
        assert!(story.says(&Output::Owe(true)));
        story.revoked(RevokeOutcome::Later);
        assert!(story.says(&Output::SettleLogout(false)) && !story.says(&Output::Owe(false)));
        story.does(WOKE);
        story.revoked(RevokeOutcome::Heard);
        assert!(story.says(&Output::SettleLogout(true)) && story.says(&Output::Owe(false)));
        story.does(WOKE);
        assert_eq!(story.revoke_flight(), None, "once is enough");

        for restore in [Restore::Auto, Restore::Always, Restore::Never] {
            let mut story = Story::starting(Config { restore, ..CONFIG }, Memory { owed: true, ..SAME });
            assert_eq!((story.reason(), story.sends_refresh()), (Some(SignedOutReason::Logout), None));
            story.does(Input::Renew);
            assert_eq!(story.refused_with(), Some(Code::SignedOut));
        }
        let mut story = Story::starting(CONFIG, Memory { owed: true, ..SAME });
        story.revoked(RevokeOutcome::Heard);
        assert!(story.says(&Output::Owe(false)));
        let story = Story::starting(CONFIG, Memory { owed: true, ..OTHER });
        assert!(story.revoke_flight().is_none() && story.sends_refresh().is_some(), "somebody has signed in since");
    }

    #[test]
    fn whoever_asks_for_a_session_while_a_sign_out_is_owed_pays_it_instead() {
        let mut story = Story::new(CONFIG, false);
        story.lock_is_free = false;
        let flight = story.does(Input::Renew).asks_for_lock().unwrap();
        story.lock_is_free = true;
        story.granted(flight, Memory { owed: true, ..SAME });
        assert_eq!((story.sends_refresh(), story.settled()), (None, Some(Err(Code::SignedOut))));
        story.revoked(RevokeOutcome::Heard);
        assert!(story.says(&Output::Owe(false)));
        assert_eq!(story.reason(), Some(SignedOutReason::Never));
    }

    #[test]
    fn a_server_that_will_never_hear_is_not_told_again() {
        let mut story = Story::signed_in();
        story.does(Input::Logout).revoked(RevokeOutcome::Refused);
        assert!(story.says(&Output::SettleLogout(false)) && story.says(&Output::Owe(false)));
        assert_eq!(story.does(WOKE).revoke_flight(), None);
    }

    #[test]
    fn a_login_waits_for_the_sign_out_to_be_heard_and_pays_what_is_owed() {
        let mut story = Story::signed_in();
        let revoke = story.does(Input::Logout).revoke_flight().unwrap();
        story.does(Input::Login);
        assert!(!story.out.iter().any(|output| matches!(output, Output::Login(_))));
        story.does(Input::Revoked { flight: revoke, outcome: RevokeOutcome::Heard });
        story.login_flight();

        // Owed by this tab, or (told by the storage) by another.
        let mut story = Story::signed_in();
        story.does(Input::Logout).revoked(RevokeOutcome::Later);
        story.does(Input::Login).revoked(RevokeOutcome::Later);
        let flight = story.login_flight();
        let outcome = LoginOutcome::Granted(story.grant("grace", Some(LIFE)));
        story.does(Input::LoggedIn { flight, outcome });
        assert!(story.says(&Output::Owe(false)), "the cookie is another's now");

        let mut story = Story::new(CONFIG, false);
        story.lock_is_free = false;
        let flight = story.does(Input::Login).asks_for_lock().unwrap();
        story.granted(flight, Memory { owed: true, ..SAME });
        story.lock_is_free = true;
        story.revoked(RevokeOutcome::Later);
        story.login_flight();
    }

    #[test]
    fn a_sign_out_that_is_owed_is_not_told_with_the_cookie_of_the_next_user() {
        let mut story = Story::signed_in();
        story.does(Input::Logout).revoked(RevokeOutcome::Later);
        story.lock_is_free = false;
        let flight = story.does(WOKE).asks_for_lock().unwrap();
        story.granted(flight, OTHER);
        assert_eq!(story.revoke_flight(), None);
        assert!(story.says(&Output::Unlock));

        let mut story = Story::signed_in();
        story.does(Input::Logout).revoked(RevokeOutcome::Later);
        story.hears(signed_in_as("grace"), About::Current);
        assert!(story.revoke_flight().is_none() && story.sends_refresh().is_some());
    }

    #[test]
    fn a_logout_takes_the_place_of_a_login_and_of_a_sign_out_in_the_queue() {
        let mut story = Story::signed_in();
        story.does(Input::Login);
        story.does(Input::Logout);
        assert!(story.says(&Output::Cancel) && story.revoke_flight().is_some());
        story.does(Input::Login);
        story.does(Input::Logout);
        assert_eq!(story.revoke_flight(), None, "one is under way");
        let revoke = FlightId(3);
        story.does(Input::Revoked { flight: revoke, outcome: RevokeOutcome::Later });
        assert!(!story.out.iter().any(|output| matches!(output, Output::Login(_))), "that login was given up");
        story.lock_is_free = false;
        story.does(WOKE);
        assert!(story.asks_for_lock().is_some());
        story.does(Input::Logout);
        assert!(story.revoke_flight().is_some(), "told at once");
    }

    #[test]
    fn auth_calls_that_hang_end_in_time() {
        let mut story = Story::signed_in();
        story.does(Input::Login);
        story.at(10_000).does(Input::Timer);
        assert_eq!(story.login_settled(), Some(Err(Code::Timeout)));
        assert!(story.says(&Output::Cancel) && story.says(&Output::Unlock) && story.is_signed_in());

        let mut story = Story::signed_in();
        story.does(Input::Logout);
        story.at(10_000).does(Input::Timer);
        assert!(story.says(&Output::SettleLogout(false)) && story.says(&Output::Cancel));
    }

    /// Statement 28d.
    #[test]
    fn an_account_change_by_a_refresh_is_another_sign_in() {
        let mut story = Story::signed_in();
        let flight = story.does(Input::Renew).refresh_flight();
        let outcome = Outcome::Renewed(story.grant("grace", Some(LIFE)));
        story.does(Input::Refreshed { flight, outcome });
        assert!(story.says(&Output::Abandon) && story.says(&Output::Mark(true)));
        assert_eq!(story.tells(), Some(&signed_in_as("grace")));
        assert!(story.says(&Output::Notify(Event::AccountChanged)));
    }

    #[test]
    fn a_login_as_somebody_else_is_an_account_change_and_as_the_same_is_not() {
        for (who, changed) in [("grace", true), ("ada", false)] {
            let mut story = Story::signed_in();
            story.log_in(who, Some(LIFE));
            assert!(story.says(&Output::Abandon) && story.says(&Output::Notify(Event::SignedIn)));
            assert_eq!(story.says(&Output::Notify(Event::AccountChanged)), changed);
        }
    }

    fn refresh_failed(story: &Story) -> Option<(Failure, Option<Millis>)> {
        story.out.iter().find_map(|output| match output {
            Output::Notify(Event::RefreshFailed { failure, retry_at }) => Some((*failure, *retry_at)),
            _ => None,
        })
    }

    #[test]
    fn how_long_the_server_asked_another_tab_to_wait_is_told_here_too() {
        for (wait, told) in [(60_000, Some(60_000)), (0, None)] {
            let (mut story, _) = Story::queued();
            story.hears(News::Failed { wait, failures: 0 }, About::Ours);
            let (failure, retry_at) = refresh_failed(&story).unwrap();
            assert_eq!((failure.code, failure.retry_after), (Code::RefreshUnavailable, told));
            assert!(retry_at.unwrap() >= LIFE + wait && retry_at.unwrap() <= LIFE + wait + 1_000);
        }
        let (mut story, flight) = Story::queued();
        story.at(LIFE + 1_000).granted(flight, Memory { wait: 7_000, ..SAME });
        assert_eq!(refresh_failed(&story).unwrap().0.retry_after, Some(7_000));
    }

    #[test]
    fn tabs_that_wait_for_a_lost_lock_take_it_over_at_different_moments() {
        let waits: Vec<_> = (0..200)
            .map(|seed| {
                let mut core = Core::new(Config { restore: Restore::Always, ..CONFIG }, seed);
                core.handle(Input::Start { memory: SAME }, 0);
                let mut now = 0;
                loop {
                    now += 50;
                    core.handle(Input::Timer, now);
                    if outputs(&mut core).iter().any(|output| matches!(output, Output::Steal(_))) {
                        break now;
                    }
                }
            })
            .collect();
        let (first, last) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
        assert!((10_500..10_700).contains(&first), "{first}: not before a holder that lives has given it back");
        assert!((12_700..=13_050).contains(&last), "{last}");
    }

    #[test]
    fn a_login_that_fails_leaves_the_backoff_of_the_refresh_as_it_was() {
        let mut story = Story::backing_off();
        let retry_at = refresh_failed(&story).unwrap().1.unwrap();
        assert!(retry_at > story.now + 1_000);
        let login = story.does(Input::Login).login_flight();
        assert!(!story.says(&Output::Share), "only a refresh needs the key");
        let outcome = LoginOutcome::Failed(Failure::of(Code::InvalidCredentials));
        story.does(Input::LoggedIn { flight: login, outcome });
        assert_eq!(story.sends_refresh(), None);
        assert_eq!(story.timer(), Some(retry_at - story.now));
    }

    #[test]
    fn a_success_elsewhere_shortens_the_backoff_here_to_a_second() {
        let mut story = Story::backing_off();
        story.hears(refreshed_for("ada"), About::Ours);
        assert!(!story.says(&Output::Share) && story.sends_refresh().is_none(), "{:?}", story.out);
        let soon = story.timer().unwrap();
        assert!(soon > 0 && soon <= 1_000, "{soon}");
    }

    #[test]
    fn whoever_signed_out_here_stays_signed_out_for_that_reason() {
        let mut story = Story::signed_in();
        story.does(Input::Logout).revoked(RevokeOutcome::Later);
        story.does(Input::Woke { memory: Memory { owed: true, ..GONE } });
        assert_eq!(story.reason(), Some(SignedOutReason::Logout));
    }

    #[test]
    fn a_no_to_a_refresh_that_was_sent_after_the_sign_in_counts() {
        for signed_in in [false, true] {
            // In the queue, signed in or restoring, when the news comes.
            let mut story = Story::signed_in();
            story.lock_is_free = false;
            story.at(LIFE).want();
            let flight = story.asks_for_lock().unwrap();
            if !signed_in {
                story.does(Input::Woke { memory: OTHER });
            }
            story.hears(signed_in_as("grace"), About::Current);
            story.granted(flight, SAME);
            story.does(Input::Refreshed { flight, outcome: Outcome::Refused(SignedOutReason::Expired) });
            assert_eq!(story.reason(), Some(SignedOutReason::Expired), "{signed_in}");
        }
    }

    #[test]
    fn a_login_does_not_tell_of_a_sign_out_that_a_newer_sign_in_has_overtaken() {
        let mut story = Story::new(CONFIG, false);
        story.lock_is_free = false;
        let flight = story.does(Input::Login).asks_for_lock().unwrap();
        story.granted(flight, Memory { owed: true, ..OTHER });
        assert_eq!((story.revoke_flight(), story.login_flight()), (None, flight));
        assert!(!story.says(&Output::Share), "only a refresh needs the key");
    }

    #[test]
    fn what_a_page_knew_is_forgotten_only_if_it_may_have_slept_through_its_end() {
        let mut story = Story::signed_in();
        story.at(1_000).does(WOKE);
        assert!(!story.says(&Output::Mark(false)));
        story.does(Input::Woke { memory: GONE });
        assert!(story.says(&Output::Mark(false)));
        let mut story = Story::signed_in();
        story.does(Input::Renew).refresh_flight();
        story.does(Input::Woke { memory: GONE });
        assert!(!story.says(&Output::Mark(false)), "the refresh under way may have to be repeated with this key");
    }

    #[test]
    fn a_timer_that_was_slept_through_is_made_up_for() {
        let mut story = Story::signed_in();
        let flight = story.at(LIFE).does(Input::Renew).refresh_flight();
        story.at(LIFE + 3_600_000).does(WOKE);
        assert!(story.says(&Output::Cancel), "its connection did not survive the sleep");
        assert_eq!(story.settled(), Some(Err(Code::RefreshUnavailable)));
        assert!(story.sends_refresh().is_some_and(|next| next != flight));
        let mut story = Story::signed_in();
        let flight = story.at(LIFE).does(Input::Renew).refresh_flight();
        story.at(LIFE + 1_000).does(WOKE);
        assert!(!story.says(&Output::Cancel));
        story.renewed(flight, Some(LIFE));
        assert!(story.is_signed_in());
    }
}

#[test]
fn a_page_that_nobody_sees_sets_no_timer_and_renews_when_it_is_seen() {
    let mut story = Story::signed_in();
    story.at(1_000).does(Input::Hid);
    assert_eq!(story.out, vec![Output::Timer(None)]);
    // News of another tab are no reason either.
    story
        .at(LIFE - 1_000)
        .does(Input::Heard { news: News::Refreshed { subject: number("ada") }, about: tokenward::core::About::Ours });
    assert_eq!(story.out, vec![]);
    story.at(LIFE + 1_000).does(WOKE);
    story.refresh_flight();
}

#[test]
fn a_page_that_nobody_sees_serves_who_calls() {
    let mut story = Story::signed_in();
    story.does(Input::Hid).at(LIFE + 1_000).does(Input::Want { min_validity: 0 });
    assert_eq!(story.verdict(), Verdict::Wait);
    let flight = story.refresh_flight();
    assert!(story.out.iter().any(|output| matches!(output, Output::Timer(Some(_)))), "it is watched");
    story.renewed(flight, Some(LIFE));
    assert!(story.out.contains(&Output::Timer(None)) && story.out.contains(&Output::Settle(Ok(()))));
}

#[test]
fn a_page_that_nobody_sees_does_not_try_again_and_again() {
    let mut story = Story::signed_in();
    let flight = story.does(Input::Renew).refresh_flight();
    story.does(Input::Hid).later(flight, Some(60_000));
    assert_eq!(story.out.iter().rfind(|output| matches!(output, Output::Timer(_))), Some(&Output::Timer(None)));
}

/// What crosses to JavaScript as a number has its name there: `js/names.ts` lists them in the order of these enums.
#[test]
fn numbers_have_the_names_that_javascript_gives_them() {
    let names = include_str!("../js/names.ts");
    let list = |start: &str, end: &str| names.split_once(start).unwrap().1.split_once(end).unwrap().0;
    let quoted = |text: &str| text.split('\'').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let reasons: Vec<_> = SignedOutReason::ALL.iter().map(|reason| reason.as_str().to_owned()).collect();
    assert_eq!(quoted(list("REASONS = [", "]")), reasons);
    let codes: Vec<_> = list("MESSAGES: Partial<Record<AuthErrorCode, string>> = {", "};")
        .lines()
        .filter_map(|line| line.trim().split_once(": '").map(|(code, _)| code.to_owned()))
        .collect();
    assert_eq!(codes, Code::ALL.map(|code| code.as_str().to_owned()));
    for (number, code) in Code::ALL.into_iter().enumerate() {
        assert_eq!(code as usize, number);
    }
    for (number, reason) in SignedOutReason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, number);
    }
}
