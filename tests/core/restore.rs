//! Start: restore, session hint, stored state.

use crate::harness::*;

#[test]
fn without_a_hint_the_client_does_not_ask_for_a_session() {
    let mut client = Harness::new(CONFIG, false);
    assert_eq!((client.sent_refresh(), client.admission()), (None, Admission::Proceed));
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::NoSession));
    assert!(client.emitted(&Output::Notify(Event::SessionUpdated)));
    client.request_token();
    assert_eq!(client.rejection(), Some(ErrorCode::SignedOut));
}

const UNASKED: StorageSnapshot = StorageSnapshot { hint: HintState::Unasked, ..SAME };

#[test]
fn a_browser_that_never_asked_asks_once_and_is_signed_out_without_an_answer() {
    let mut client = Harness::starting(CONFIG, UNASKED);
    let request = client.expect_refresh();
    assert!(client.is_restoring());
    client.refresh_fails(request, Some(3_600_000));
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::NoSession));
    assert!(!client.emitted(&Output::RemoveKey), "the server may have rotated: the next question repeats this one");
    assert!(client.emitted(&Output::Notify(Event::SessionUpdated)));
    let hint = Harness::starting(Config { restore: Restore::Hint, ..CONFIG }, UNASKED);
    assert_eq!((hint.sent_refresh(), hint.signed_out_reason()), (None, Some(SignedOutReason::NoSession)));
}

#[test]
fn a_question_that_the_server_postponed_keeps_no_visitor_waiting() {
    let waiting = StorageSnapshot { wait: 3_600_000, ..UNASKED };
    let client = Harness::starting(CONFIG, waiting);
    assert_eq!((client.sent_refresh(), client.signed_out_reason()), (None, Some(SignedOutReason::NoSession)));
}

#[test]
fn restore_can_be_always_or_never() {
    let always = Harness::new(Config { restore: Restore::Always, ..CONFIG }, false);
    assert!(always.sent_refresh().is_some());
    let never = Harness::new(Config { restore: Restore::Never, ..CONFIG }, true);
    assert_eq!((never.sent_refresh(), never.signed_out_reason()), (None, Some(SignedOutReason::NoSession)));
}

#[test]
fn a_session_hint_makes_the_client_resume_the_session() {
    let mut client = Harness::new(CONFIG, true);
    let request = client.expect_refresh();
    assert_eq!(client.request_token(), Admission::Wait);
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.is_signed_in());
    assert!(client.emitted(&Output::Notify(Event::SignedIn)));
    assert!(!client.emitted(&Output::StoreNewKey), "the key of the sign-in stays the same");
    assert_eq!(client.waiters_result(), Some(Ok(())));
}

#[test]
fn a_rejected_restore_removes_the_hint() {
    let mut client = Harness::new(CONFIG, true);
    let request = client.expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Expired));
    assert!(client.emitted(&Output::RemoveKey) && client.emitted(&Output::Notify(Event::SignedOut)));
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::SignedOut)));
}

#[test]
fn a_rejected_restore_without_a_hint_is_not_a_sign_out() {
    let mut client = Harness::new(Config { restore: Restore::Always, ..CONFIG }, false);
    let request = client.expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::NoSession));
    assert!(client.emitted(&Output::Notify(Event::SessionUpdated)));
    assert!(!client.emitted(&Output::Notify(Event::SignedOut)));
}

#[test]
fn a_restore_without_a_response_stays_pending_and_is_retried() {
    let mut client = Harness::new(CONFIG, true);
    let mut request = client.expect_refresh();
    let mut tries = 1;
    let mut given_up_at = None;
    while tries < 20 {
        client.refresh_fails(request, None);
        if client.waiters_result() == Some(Err(ErrorCode::RefreshUnavailable)) {
            given_up_at.get_or_insert(client.now);
        }
        loop {
            let after = client.timer().unwrap_or(1_000);
            let now = client.now + after;
            client.at(now).handle(Input::TimerElapsed);
            if client.waiters_result() == Some(Err(ErrorCode::RefreshUnavailable)) {
                given_up_at.get_or_insert(client.now);
            }
            if let Some(next) = client.sent_refresh() {
                request = next;
                break;
            }
        }
        tries += 1;
        assert!(client.is_restoring());
    }
    assert!(given_up_at.unwrap() <= 10_000, "waiting calls reject within the timeout");
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.is_signed_in());
}

#[test]
fn a_restore_does_not_interrupt_a_login_before_the_start() {
    let mut core = Core::new(CONFIG, 1);
    core.handle(Input::Login, 0);
    outputs(&mut core);
    assert_eq!((core.handle(Input::Start { storage: OTHER }, 0), core.poll()), (Some(Admission::Proceed), None));
}

#[test]
fn a_restore_that_a_failed_login_interrupted_continues() {
    let mut client = Harness::new(CONFIG, true);
    let request = client.handle(Input::Login).expect_login();
    assert!(client.emitted(&Output::AbortAuthRequest));
    let outcome = LoginOutcome::Failed(Failure::of(ErrorCode::InvalidCredentials));
    client.handle(Input::LoginCompleted { request, outcome });
    assert!(client.sent_refresh().is_some());
}

#[test]
fn a_page_that_starts_during_the_wait_restores_afterwards() {
    let mut client = Harness::starting(CONFIG, StorageSnapshot { wait: 60_000, ..OTHER });
    assert_eq!((client.sent_refresh(), client.rejection()), (None, Some(ErrorCode::RefreshUnavailable)));
    let after = client.timer().expect("it is not forgotten");
    assert!(client.at(after).handle(Input::TimerElapsed).sent_refresh().is_some() && after >= 60_000);
}

/// A hint that the client does not resume from is no session that could end.
#[test]
fn with_restore_never_a_stored_hint_leaves_no_expectation_behind() {
    let mut client = Harness::new(Config { restore: Restore::Never, ..CONFIG }, true);
    assert!(client.emitted(&Output::AdoptStoredKey), "a refresh of the app repeats with the stored key");
    // Another tab signs out. No session of this client ended, so it removes no key.
    client.handle(Input::Resumed { storage: REMOVED });
    assert_eq!(client.out, vec![]);
    let request = client.handle(Input::Refresh).expect_refresh();
    assert!(client.emitted(&Output::UseProbeKey));
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::NoSession));
    assert!(!client.emitted(&Output::Notify(Event::SignedOut)));
}

#[test]
fn a_client_that_does_not_follow_other_tabs_reads_the_hint_at_its_start_only() {
    let mut client = Harness::new(Config { cross_tab: false, ..CONFIG }, true);
    let request = client.expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    for hint in [HintState::Removed, HintState::Other] {
        client.handle(Input::Resumed { storage: StorageSnapshot { hint, ..SAME } });
        assert!(client.is_signed_in() && client.out.is_empty(), "{hint:?}: {:?}", client.out);
    }
}
