//! Faults, backoff, waits, timeouts.

use crate::harness::*;

///
#[test]
fn no_fault_ends_a_session_and_retries_back_off() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let mut request = client.expect_refresh();
    let mut gaps = Vec::new();
    for _ in 0..30 {
        client.refresh_fails(request, None);
        assert!(client.is_signed_in());
        let failed_at = client.now;
        loop {
            let now = client.now + client.timer().unwrap_or(1_000);
            client.at(now).handle(Input::TimerElapsed);
            if let Some(next) = client.sent_refresh() {
                request = next;
                break;
            }
        }
        gaps.push(client.now - failed_at);
    }
    assert!(gaps[0] <= 1_000 && gaps.iter().all(|gap| *gap <= 60_001), "{gaps:?}");
    assert!(gaps.iter().sum::<u64>() > 300_000, "thirty attempts take minutes: {gaps:?}");
    client.refresh_succeeds(request, Some(LIFETIME));
    assert_eq!(client.request_token(), Admission::Proceed);
}

#[test]
fn timers_calls_and_the_app_obey_retry_after() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.refresh_fails(request, Some(120_000));
    assert_eq!(
        client.waiters_result(),
        Some(Err(ErrorCode::RefreshUnavailable)),
        "the wait is longer than the timeout"
    );
    for input in [Input::RequestToken { min_validity: 0 }, Input::Refresh] {
        client.at(LIFETIME + 60_000).handle(input);
        assert_eq!((client.rejection(), client.sent_refresh()), (Some(ErrorCode::RefreshUnavailable), None));
        let Admission::Reject(failure) = client.admission() else { unreachable!() };
        assert!((60_000..=61_001).contains(&failure.retry_after.unwrap()), "{failure:?}");
    }
    client.handle(RESUMED);
    assert_eq!(client.sent_refresh(), None);
    client.at(LIFETIME + 121_001).handle(Input::TimerElapsed);
    assert!(client.sent_refresh().is_some());
}

///
#[test]
fn a_failed_refresh_costs_nothing_while_the_token_is_valid() {
    let mut client = Harness::signed_in();
    let after = client.timer().unwrap();
    let request = client.at(after).handle(Input::TimerElapsed).expect_refresh();
    client.refresh_fails(request, None);
    assert_eq!(client.request_token(), Admission::Proceed);
}

#[test]
fn a_call_waits_no_longer_than_the_timeout() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    assert_eq!(client.timer(), Some(10_000));
    client.at(LIFETIME + 10_000).handle(Input::TimerElapsed);
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::RefreshUnavailable)));
    assert!(client.emitted(&Output::AbortAuthRequest), "the refresh is aborted at the timeout as well");
    assert!(client.is_signed_in());
}

#[test]
fn a_waiting_call_gets_the_token_of_a_retry_before_its_deadline() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.refresh_fails(request, None);
    assert_eq!(client.waiters_result(), None);
    let now = client.now + client.timer().unwrap();
    let request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    assert_eq!(client.waiters_result(), Some(Ok(())));
}

#[test]
fn a_401_of_the_previous_user_is_not_retried_for_the_next_user() {
    let mut client = Harness::signed_in();
    client.log_in("grace", Some(LIFETIME));
    client.token_rejected(1, Attempt::First);
    assert_eq!(client.rejection(), Some(ErrorCode::SessionEnded));
}

#[test]
fn while_signed_out_the_client_retries_nothing() {
    let mut client = Harness::new(CONFIG, false);
    let request = client.handle(Input::Refresh).expect_refresh();
    client.refresh_fails(request, None);
    assert_eq!((client.waiters_result(), client.timer()), (Some(Err(ErrorCode::RefreshUnavailable)), None));
    // The same after a failed login that interrupted such an attempt.
    client.handle(Input::Refresh);
    let request = client.handle(Input::Login).expect_login();
    let outcome = LoginOutcome::Failed(Failure::of(ErrorCode::InvalidCredentials));
    client.handle(Input::LoginCompleted { request, outcome });
    let now = client.now + 20_000;
    client.at(now).handle(Input::TimerElapsed);
    assert_eq!((client.sent_refresh(), client.timer()), (None, None));
}

#[test]
fn a_queued_refresh_shares_the_failure_of_the_one_before() {
    let (mut client, _) = Harness::awaiting_lock();
    client.receive(CrossTabMessage::RefreshFailed { wait: 0, failures: 4 }, SessionRelation::Same);
    assert!(client.emitted(&Output::ReleaseLock), "the refresh leaves the queue");
    assert_eq!(client.broadcast(), None, "the other tabs know it");
    let retry = client.timer().unwrap();
    assert!(retry <= 10_000, "the timer waits for the deadline or the next attempt");
}

#[test]
fn auth_requests_time_out() {
    let mut client = Harness::signed_in();
    client.handle(Input::Login);
    client.at(10_000).handle(Input::TimerElapsed);
    assert_eq!(client.login_result(), Some(Err(ErrorCode::Timeout)));
    assert!(client.emitted(&Output::AbortAuthRequest) && client.emitted(&Output::ReleaseLock) && client.is_signed_in());

    let mut client = Harness::signed_in();
    client.handle(LOGOUT);
    client.at(10_000).handle(Input::TimerElapsed);
    assert!(client.emitted(&Output::SettleLogout { revoked: false }) && client.emitted(&Output::AbortAuthRequest));
}

/// R-28b: the storage notes the wait for the other tabs.
#[test]
fn the_wait_that_the_server_asked_for_is_stored_until_a_success() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.refresh_fails(request, Some(30_000));
    assert!(client.emitted(&Output::StoreNotBefore(30_000)));
    let request = client.at(LIFETIME + 31_500).handle(Input::TimerElapsed).expect_refresh();
    client.refresh_fails(request, None);
    assert!(!client.out.iter().any(|output| matches!(output, Output::StoreNotBefore(_) | Output::ClearNotBefore)));
    let request = client.handle(RESUMED).expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.emitted(&Output::ClearNotBefore));
}

#[test]
fn a_wait_of_more_than_a_day_is_cut() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.refresh_fails(request, Some(u64::MAX / 2));
    assert!(client.emitted(&Output::StoreNotBefore(86_400_000)));
}

/// an answer that a gateway may give during a deployment.
#[test]
fn a_refusal_without_a_known_code_ends_the_session_only_if_the_server_repeats_it() {
    let refused = |request| Input::RefreshCompleted { request, outcome: RefreshOutcome::Refused { retry_after: None } };
    for restores in [false, true] {
        for again in [false, true] {
            let mut client = if restores { Harness::new(CONFIG, true) } else { Harness::signed_in() };
            let request = if restores {
                client.expect_refresh()
            } else {
                client.at(LIFETIME).request_token();
                client.expect_refresh()
            };
            client.handle(refused(request));
            assert!(client.signed_out_reason().is_none() && client.waiters_result().is_none());
            let after = client.timer().expect("the client asks again");
            assert!(after <= 1_000, "{after} ms");
            let now = client.now + after;
            let request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
            if again {
                client.handle(refused(request));
                assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Expired));
            } else {
                client.refresh_succeeds(request, Some(LIFETIME));
                assert!(client.is_signed_in());
                assert_eq!(client.waiters_result(), Some(Ok(())));
            }
        }
    }
}

#[test]
fn the_client_asks_once_about_a_visitor_without_a_hint() {
    let mut client = Harness::new(Config { restore: Restore::Always, ..CONFIG }, false);
    let request = client.expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Refused { retry_after: None } });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::NoSession));
}

/// no visitor waits for ever.
#[test]
fn answers_that_say_nothing_about_the_session_end_a_restore_and_keep_its_hint() {
    let mut client = Harness::new(CONFIG, true);
    let mut request = client.expect_refresh();
    let failure = Failure { code: ErrorCode::ServerError, status: Some(404), retry_after: None };
    let mut answers = 0;
    loop {
        client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Retry(failure) });
        answers += 1;
        if client.signed_out_reason().is_some() {
            break;
        }
        let now = client.now + client.timer().expect("the client asks again");
        request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
    }
    assert_eq!((answers, client.signed_out_reason()), (4, Some(SignedOutReason::RestoreFailed)));
    assert!(!client.emitted(&Output::RemoveKey));
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::SignedOut)));
}

#[test]
fn a_restore_that_failed_asks_again_until_the_server_answers() {
    let mut client = Harness::restore_failed();
    for _ in 0..20 {
        let wait = client.timer().expect("the client asks again");
        assert!(wait <= 60_000, "{wait}");
        let now = client.now + wait;
        let request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
        client.portal_answers(request);
        assert!(!client.emitted(&Output::Notify(Event::SignedOut)), "the app knows already");
    }
    let wait = client.timer();
    client.request_token();
    assert_eq!(client.rejection(), Some(ErrorCode::SignedOut), "no call waits");
    let now = client.now + wait.expect("the client asks again");
    let request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
    assert!(client.emitted(&Output::AdoptStoredKey), "the hint of the session is still there");
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.is_signed_in() && client.emitted(&Output::Notify(Event::SignedIn)));
    assert_eq!(client.broadcast(), Some(refreshed_for("ada")), "the other tabs know this sign-in");
}

#[test]
fn a_restore_that_failed_is_over_when_the_server_says_so() {
    let mut client = Harness::restore_failed();
    let now = client.now + client.timer().expect("the client asks again");
    let request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Expired));
    assert!(client.emitted(&Output::RemoveKey) && client.emitted(&Output::Notify(Event::SessionUpdated)));
    assert_eq!(client.timer(), None);
}

#[test]
fn a_restore_that_failed_follows_other_tabs() {
    let mut client = Harness::restore_failed();
    client.receive(refreshed_for("ada"), SessionRelation::Same);
    assert!(client.timer().is_some_and(|wait| wait < 1_000), "a refresh of another tab succeeded");
    client.receive(LOGOUT_MESSAGE, SessionRelation::Same);
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::OtherTab));
    assert_eq!(client.timer(), None);
}

#[test]
fn after_a_sign_in_of_another_tab_four_more_answers_end_the_restore() {
    let mut client = Harness::restore_failed();
    client.receive(signed_in_as("ada"), SessionRelation::Current);
    let request = client.expect_refresh();
    client.portal_answers(request);
    assert!(client.is_restoring(), "{:?}", client.core.session());
}

#[test]
fn a_hidden_page_whose_restore_failed_asks_when_the_user_returns() {
    let mut client = Harness::restore_failed();
    client.handle(Input::Hidden);
    assert_eq!(client.timer(), None);
    let now = client.now + 3_600_000;
    client.at(now).handle(RESUMED).expect_refresh();
}

#[test]
fn a_late_answer_to_a_restore_that_failed_revokes_nothing() {
    let mut client = Harness::restore_failed();
    let now = client.now + client.timer().expect("the client asks again");
    let request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
    let now = client.now + client.timer().expect("the request has a deadline");
    client.at(now).handle(Input::TimerElapsed);
    let issued = client.issue("ada", Some(LIFETIME));
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Renewed(issued) });
    assert!(client.emitted(&Output::DiscardToken(issued.id)));
    assert!(client.sent_revocation().is_none(), "{:?}", client.out);
}

#[test]
fn a_token_that_nothing_renews_is_used_until_its_end() {
    let mut client = Harness::new(CONFIG, false);
    client.handle(Input::Login);
    let request = client.expect_login();
    let issued = IssuedToken { renewable: false, ..client.issue("ada", Some(LIFETIME)) };
    client.handle(Input::LoginCompleted { request, outcome: LoginOutcome::SignedIn(issued) });
    assert_eq!(client.timer(), Some(LIFETIME));
    client.at(LIFETIME - 1).handle(Input::RequestToken { min_validity: 60_000 });
    assert_eq!(client.admission(), Admission::Proceed);
    client.handle(Input::Refresh);
    assert_eq!(client.rejection(), Some(ErrorCode::RefreshUnavailable));
    client.handle(Input::Restore);
    assert_eq!(client.admission(), Admission::Proceed);
    let request = client.at(LIFETIME).handle(Input::TimerElapsed).expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Expired));
}

#[test]
fn the_app_asks_for_a_session_also_after_a_logout() {
    let mut client = Harness::signed_in();
    client.handle(LOGOUT).revocation_completes(RevocationOutcome::Confirmed);
    client.handle(Input::Refresh);
    assert_eq!(client.rejection(), Some(ErrorCode::SignedOut));
    let request = client.handle(Input::Restore).expect_refresh();
    assert_eq!(client.admission(), Admission::Wait);
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.is_signed_in() && client.emitted(&Output::Notify(Event::SignedIn)));
}

#[test]
fn a_refusal_is_confirmed_when_the_server_says_and_only_by_the_next_answer() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    let outcome = RefreshOutcome::Refused { retry_after: Some(3_000) };
    client.handle(Input::RefreshCompleted { request, outcome });
    assert_eq!(client.timer(), Some(3_000));
    let request = client.at(LIFETIME + 3_000).handle(Input::TimerElapsed).expect_refresh();
    client.refresh_fails(request, None);
    let now = client.now + client.timer().unwrap();
    let request = client.at(now).handle(Input::TimerElapsed).expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome });
    assert!(client.is_signed_in(), "a refusal, a fault and a refusal are not two refusals in a row");
}
