//! Renewal, 401s, and the token of the session.

use crate::harness::*;

#[test]
fn the_client_renews_before_expiry() {
    let mut client = Harness::signed_in();
    let after = client.timer().unwrap();
    assert!(after <= LIFETIME - 60_000 && after > LIFETIME / 2, "renewed after {after} ms");
    let request = client.at(after).handle(Input::TimerElapsed).expect_refresh();
    assert_eq!(client.request_token(), Admission::Proceed, "calls proceed meanwhile");
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.emitted(&Output::Notify(Event::Refreshed)) && !client.emitted(&Output::StoreNewKey));
}

///
#[test]
fn a_thousand_calls_with_an_expired_token_share_one_refresh() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME);
    let mut refreshes = Vec::new();
    for _ in 0..1_000 {
        assert_eq!(client.request_token(), Admission::Wait);
        refreshes.extend(client.sent_refresh());
    }
    assert_eq!(refreshes.len(), 1);
    client.refresh_succeeds(refreshes[0], Some(LIFETIME));
    assert_eq!(client.waiters_result(), Some(Ok(())));
}

///
#[test]
fn a_hundred_401s_cost_one_refresh_and_late_401s_none() {
    let mut client = Harness::signed_in();
    assert_eq!(client.token_rejected(1, Attempt::First), Admission::Wait);
    assert!(client.emitted(&Output::BlockCalls), "no call carries a rejected token");
    let request = client.expect_refresh();
    for _ in 0..99 {
        assert_eq!(client.token_rejected(1, Attempt::First), Admission::Wait);
        assert_eq!(client.sent_refresh(), None);
    }
    assert_eq!(client.request_token(), Admission::Wait);
    client.refresh_succeeds(request, Some(LIFETIME));
    assert_eq!(client.waiters_result(), Some(Ok(())));
    assert_eq!(
        client.token_rejected(1, Attempt::First),
        Admission::Proceed,
        "sent with the older token: just send it again"
    );
    assert_eq!(client.sent_refresh(), None);
}

///
#[test]
fn an_api_that_always_responds_401_causes_no_loop() {
    let mut client = Harness::signed_in();
    client.token_rejected(1, Attempt::First);
    let request = client.expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    assert_eq!(client.token_rejected(2, Attempt::Retry), Admission::PassThrough);
    for _ in 0..100 {
        assert_eq!(client.token_rejected(2, Attempt::First), Admission::PassThrough);
        assert_eq!(client.sent_refresh(), None);
        assert_eq!(client.request_token(), Admission::Proceed, "other calls carry it");
    }
}

///
#[test]
fn a_place_that_always_responds_401_does_not_keep_another_place_from_a_new_token() {
    let mut client = Harness::signed_in();
    client.token_rejected_at(Place(1), 1, Attempt::First);
    let request = client.expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    client.token_rejected_at(Place(1), 2, Attempt::Retry);
    assert_eq!(client.token_rejected_at(Place(1), 2, Attempt::First), Admission::PassThrough);
    assert_eq!(client.token_rejected_at(Place(2), 2, Attempt::First), Admission::Wait, "the server revoked the token");
    let request = client.expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    assert_eq!(client.token_rejected_at(Place(1), 3, Attempt::First), Admission::Wait, "a new token is tried again");
}

#[test]
fn a_rejected_token_without_replacement_is_used_for_other_apis() {
    let mut client = Harness::signed_in();
    client.token_rejected(1, Attempt::First);
    let request = client.expect_refresh();
    client.at(1_000).refresh_fails(request, Some(60_000));
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::RefreshUnavailable)));
    assert!(client.emitted(&Output::SetToken { token: TokenId(1), fresh_for: Some(LIFETIME - 1_000) }));
    assert_eq!(client.request_token(), Admission::Proceed);
    client.token_rejected(1, Attempt::First);
    assert_eq!((client.rejection(), client.sent_refresh()), (Some(ErrorCode::RefreshUnavailable), None));
}

#[test]
fn a_rejected_refresh_ends_the_session_with_its_reason() {
    for reason in [SignedOutReason::Expired, SignedOutReason::Revoked, SignedOutReason::TokenReused] {
        let mut client = Harness::signed_in();
        client.at(LIFETIME).request_token();
        let request = client.expect_refresh();
        client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(reason) });
        assert_eq!(client.signed_out_reason(), Some(reason));
        assert!(client.emitted(&Output::ClearTokens) && client.emitted(&Output::RemoveKey));
        assert_eq!(client.waiters_result(), Some(Err(ErrorCode::SessionEnded)));
        assert_eq!(client.timer(), None);
    }
}

///
#[test]
fn a_late_refresh_of_the_previous_user_changes_nothing() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.log_in("grace", Some(LIFETIME));
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::SessionEnded)), "the call was made for the previous user");
    let grace = *client.core.session();
    client.refresh_succeeds(request, Some(LIFETIME));
    assert_eq!(client.core.session(), &grace);
    assert_eq!(client.out, vec![Output::DiscardToken(TokenId(3))]);
}

#[test]
fn a_refresh_for_another_user_begins_another_session() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    let outcome = RefreshOutcome::Renewed(client.issue("grace", Some(LIFETIME)));
    client.handle(Input::RefreshCompleted { request, outcome });
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::SessionEnded)));
    assert!(client.emitted(&Output::Notify(Event::SignedIn)));
}

///
#[test]
fn extreme_lifetimes_cause_neither_loops_nor_long_timers() {
    for lifetime in [1, 500, 2_000, 30_000, LIFETIME, 40 * 86_400_000, 100 * 365 * 86_400_000, u64::MAX] {
        let mut client = Harness::new(CONFIG, false);
        client.log_in("ada", Some(lifetime));
        let mut last = client.now;
        let mut timer = client.timer();
        for _ in 0..5 {
            let request = loop {
                let after = timer.expect("a timer is set");
                assert!(after <= TIMER_MAX, "lifetime {lifetime}: a timer of {after} ms");
                let now = client.now.saturating_add(after);
                client.at(now).handle(Input::TimerElapsed);
                timer = client.timer();
                if let Some(request) = client.sent_refresh() {
                    break Some(request);
                }
                if client.now > u64::MAX / 2 || client.now > 1 << 52 {
                    break None; // more than 100,000 years
                }
                if lifetime == u64::MAX && client.now > TIMER_MAX * 10 {
                    break None;
                }
            };
            let Some(request) = request else { break };
            assert!(
                client.now - last >= MIN_RENEWAL_GAP,
                "lifetime {lifetime}: renewed after {} ms",
                client.now - last
            );
            last = client.now;
            client.refresh_succeeds(request, Some(lifetime));
            timer = client.timer();
        }
    }
}

#[test]
fn an_unknown_lifetime_has_no_timer_and_is_renewed_on_a_401() {
    let mut client = Harness::new(CONFIG, false);
    client.log_in("ada", None);
    assert!(client.emitted(&Output::SetToken { token: TokenId(1), fresh_for: None }));
    assert_eq!(client.timer(), None);
    assert_eq!(client.at(1 << 40).request_token(), Admission::Proceed);
    assert_eq!(client.token_rejected(1, Attempt::First), Admission::Wait);
    assert!(client.sent_refresh().is_some());
}

#[test]
fn a_token_below_the_minimum_validity_is_renewed() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME / 2).handle(Input::RequestToken { min_validity: 300_000 });
    assert_eq!(client.admission(), Admission::Proceed);
    client.handle(Input::RequestToken { min_validity: 600_000 });
    assert_eq!(client.admission(), Admission::Wait);
    assert!(client.sent_refresh().is_some());
}

#[test]
fn refresh_while_signed_out_finds_a_session_of_another_page() {
    let mut client = Harness::new(Config { restore: Restore::Never, ..CONFIG }, false);
    client.handle(Input::Refresh);
    assert!(
        client.emitted(&Output::UseProbeKey),
        "the refresh has a key before it is sent, so that it can be repeated"
    );
    let request = client.expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.is_signed_in() && client.emitted(&Output::AdoptStoredKey), "now the key is the hint of a session");

    let mut client = Harness::new(CONFIG, false);
    client.handle(Input::Refresh);
    let request = client.expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::NoSession), "no session ended");
    assert!(client.emitted(&Output::RemoveKey), "the key is removed");
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::SignedOut)));
    assert!(!client.emitted(&Output::Notify(Event::SignedOut)));
}
