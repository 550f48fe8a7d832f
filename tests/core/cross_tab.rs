//! Messages of other tabs, the storage, and the lock.

use crate::harness::*;

#[test]
fn a_refresh_waits_for_the_lock_and_releases_it_before_it_notifies() {
    let (mut client, request) = Harness::awaiting_lock();
    assert_eq!(client.sent_refresh(), None);
    client.grant_lock(RequestId(99), SAME);
    assert_eq!(client.sent_refresh(), None, "the lock was granted for another request");
    client.grant_lock(request, SAME);
    assert_eq!(client.sent_refresh(), Some(request));
    client.grant_lock(request, SAME);
    assert_eq!(client.sent_refresh(), None, "only once");
    client.refresh_succeeds(request, Some(LIFETIME));
    let place = |wanted: &Output| client.out.iter().position(|output| output == wanted).unwrap();
    assert!(place(&Output::ReleaseLock) < place(&Output::SettleWaiters(Ok(()))));
    assert!(place(&Output::ReleaseLock) < place(&Output::Notify(Event::Refreshed)));
    assert_eq!(client.broadcast(), Some(refreshed_for("ada")));
}

/// the wait for the lock is bounded.
#[test]
fn a_lock_that_is_not_granted_in_time_is_stolen() {
    let (mut client, request) = Harness::awaiting_lock();
    let start = client.now;
    while !client.emitted(&Output::StealLock(request)) {
        let now = client.now + client.timer().expect("a timer, as long as the lock is waited for");
        client.at(now).handle(Input::TimerElapsed);
    }
    let waited = client.now - start;
    assert!((10_500..=13_000).contains(&waited), "a little longer than a live holder needs: {waited}");
    assert_eq!(client.sent_refresh(), Some(request));
    assert_eq!(client.broadcast(), Some(CrossTabMessage::LockStolen));
}

#[test]
fn a_message_of_another_tab_extends_the_wait_for_the_lock() {
    for message in [CrossTabMessage::LockStolen, refreshed_for("ada")] {
        let (mut client, request) = Harness::awaiting_lock();
        client.at(LIFETIME + 9_000).receive(message, SessionRelation::Same);
        for now in [LIFETIME + 10_000, LIFETIME + 13_000, LIFETIME + 19_000] {
            client.at(now).handle(Input::TimerElapsed);
            assert!(!client.emitted(&Output::StealLock(request)), "{now}");
        }
        client.at(LIFETIME + 22_500).handle(Input::TimerElapsed);
        assert!(client.emitted(&Output::StealLock(request)));
    }
}

#[test]
fn a_failure_in_another_tab_changes_nothing_while_the_token_is_valid() {
    let mut client = Harness::signed_in();
    client.receive(CrossTabMessage::RefreshFailed { wait: 0, failures: 4 }, SessionRelation::Same);
    assert!(client.out.is_empty(), "{:?}", client.out);
}

/// R-28b.
#[test]
fn every_tab_obeys_the_wait_that_the_server_asked_of_one() {
    for how in 0..3 {
        let mut client = Harness::signed_in();
        let storage = StorageSnapshot { wait: 60_000, ..SAME };
        match how {
            0 => drop(
                client.receive(CrossTabMessage::RefreshFailed { wait: 60_000, failures: 0 }, SessionRelation::Same),
            ),
            1 => drop(client.handle(Input::Resumed { storage })),
            _ => {
                client = Harness::awaiting_lock().0;
                client.now = 0;
                let request = RequestId(2);
                client.grant_lock(request, storage);
                assert_eq!(client.sent_refresh(), None);
                assert!(client.emitted(&Output::ReleaseLock));
                client.lock_is_free = true;
            }
        }
        client.at(59_000).handle(Input::Refresh);
        assert_eq!((how, client.sent_refresh()), (how, None));
        let mut sent = None;
        while sent.is_none() {
            let now = client.now + client.timer().unwrap_or(500);
            client.at(now).handle(Input::TimerElapsed);
            sent = client.sent_refresh();
            assert!(client.now < 75_000, "{how}");
        }
        assert!(client.now >= 60_000, "{how}: {}", client.now);
    }
}

///
#[test]
fn a_sign_out_in_another_tab_ends_the_session_here() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    client.receive(LOGOUT_MESSAGE, SessionRelation::Same);
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::OtherTab));
    assert!(
        client.emitted(&Output::ClearTokens)
            && client.emitted(&Output::AbortAuthRequest)
            && client.emitted(&Output::ReleaseLock)
    );
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::SessionEnded)));
    assert_eq!((client.broadcast(), client.sent_revocation(), client.timer()), (None, None, None));
    client.receive(LOGOUT_MESSAGE, SessionRelation::Same);
    assert!(!client.emitted(&Output::Notify(Event::SignedOut)), "only once");
}

#[test]
fn a_rejection_in_another_tab_ends_the_session_with_the_same_reason() {
    let mut client = Harness::signed_in();
    client.receive(CrossTabMessage::SignedOut { reason: SignedOutReason::TokenReused }, SessionRelation::Same);
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::TokenReused));
}

#[test]
fn stale_messages_change_nothing() {
    for relation in [SessionRelation::Current, SessionRelation::Stale] {
        let mut client = Harness::signed_in();
        client.receive(LOGOUT_MESSAGE, relation);
        assert!(client.is_signed_in(), "{relation:?}");
    }
    let mut client = Harness::signed_in();
    for message in [signed_in_as("grace"), refreshed_for("grace")] {
        client.receive(message, SessionRelation::Stale);
        assert!(client.is_signed_in() && client.request_token() == Admission::Proceed);
    }
    let mut client = Harness::new(CONFIG, false);
    for message in [signed_in_as("ada"), refreshed_for("ada")] {
        client.receive(message, SessionRelation::Stale);
        assert_eq!(client.signed_out_reason(), Some(SignedOutReason::NoSession));
    }
    client.receive(refreshed_for("ada"), SessionRelation::Current);
    assert_eq!(
        client.signed_out_reason(),
        Some(SignedOutReason::NoSession),
        "sent before that tab received the sign-out"
    );
}

///
#[test]
fn a_tab_follows_another_user_at_once() {
    for (message, relation) in [
        (signed_in_as("grace"), SessionRelation::Current),
        (refreshed_for("grace"), SessionRelation::Current),
        (refreshed_for("grace"), SessionRelation::Same),
    ] {
        let mut client = Harness::signed_in();
        client.at(1_000).receive(message, relation);
        assert!(client.is_restoring());
        assert!(
            client.emitted(&Output::ClearTokens)
                && client.emitted(&Output::AbortCalls)
                && client.emitted(&Output::AdoptStoredKey)
        );
        let request = client.expect_refresh();
        assert_eq!(client.request_token(), Admission::Wait);
        let outcome = RefreshOutcome::Renewed(client.issue("grace", Some(LIFETIME)));
        client.handle(Input::RefreshCompleted { request, outcome });
        assert!(
            client.emitted(&Output::Notify(Event::SignedIn)) && client.emitted(&Output::Notify(Event::AccountChanged))
        );
        assert!(!client.emitted(&Output::StoreNewKey), "the key is that of the other tab");
    }
}

#[test]
fn the_same_user_signing_in_again_changes_nothing() {
    let mut client = Harness::signed_in();
    client.receive(signed_in_as("ada"), SessionRelation::Current);
    assert_eq!(client.out, vec![Output::AdoptStoredKey]);
}

#[test]
fn a_tab_follows_a_sign_in() {
    let mut client = Harness::new(CONFIG, false);
    client.receive(signed_in_as("ada"), SessionRelation::Current);
    assert!(client.is_restoring());
    let request = client.expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.is_signed_in() && !client.emitted(&Output::Notify(Event::AccountChanged)));
}

#[test]
fn with_restore_never_a_tab_ends_but_does_not_follow() {
    let never = Config { restore: Restore::Never, ..CONFIG };
    let mut client = Harness::new(never, false);
    client.receive(signed_in_as("ada"), SessionRelation::Current);
    assert_eq!((client.signed_out_reason(), client.sent_refresh()), (Some(SignedOutReason::NoSession), None));
    client.log_in("ada", Some(LIFETIME));
    client.handle(Input::Resumed { storage: REMOVED });
    assert!(client.is_signed_in(), "a cleared storage does not end the session");
    client.receive(signed_in_as("grace"), SessionRelation::Current);
    assert_eq!((client.signed_out_reason(), client.sent_refresh()), (Some(SignedOutReason::OtherTab), None));
}

#[test]
fn a_rejection_of_a_refresh_that_a_sign_in_overtook_is_retried() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.receive(signed_in_as("grace"), SessionRelation::Current);
    assert!(
        !client.emitted(&Output::AbortAuthRequest),
        "an aborted refresh may reach the server late and look like theft"
    );
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert!(client.is_restoring());
    let request = client.expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Expired), "the second rejection counts");
}

/// R-28f.
#[test]
fn a_tab_that_missed_a_sign_out_shows_no_user_until_the_server_responds() {
    let mut client = Harness::signed_in();
    client.at(1_000).handle(Input::Resumed { storage: REMOVED });
    assert!(client.is_restoring());
    assert!(
        client.emitted(&Output::ClearTokens) && client.emitted(&Output::AdoptStoredKey),
        "with a key that any tab can repeat it by"
    );
    let request = client.expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::OtherTab));

    let mut client = Harness::signed_in();
    client.at(1_000).handle(Input::Resumed { storage: REMOVED });
    let request = client.expect_refresh();
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.is_signed_in(), "only the storage was cleared");
    assert!(!client.emitted(&Output::Notify(Event::AccountChanged)));

    let mut client = Harness::signed_in();
    client.at(1_000).handle(Input::Resumed { storage: StorageSnapshot { pending_revocation: true, ..REMOVED } });
    assert_eq!(
        client.signed_out_reason(),
        Some(SignedOutReason::OtherTab),
        "another tab signed out, and its revocation is pending"
    );
    assert!(client.sent_revocation().is_some() && client.sent_refresh().is_none());
}

#[test]
fn a_tab_that_missed_an_account_change_refreshes() {
    let mut client = Harness::signed_in();
    client.at(1_000).handle(Input::Resumed { storage: OTHER });
    assert!(client.emitted(&Output::AbortCalls) && client.sent_refresh().is_some());
}

/// R-28d.
#[test]
fn an_account_change_by_a_refresh_is_a_new_sign_in() {
    let mut client = Harness::signed_in();
    let request = client.handle(Input::Refresh).expect_refresh();
    let outcome = RefreshOutcome::Renewed(client.issue("grace", Some(LIFETIME)));
    client.handle(Input::RefreshCompleted { request, outcome });
    assert!(client.emitted(&Output::AbortCalls) && client.emitted(&Output::StoreNewKey));
    assert_eq!(client.broadcast(), Some(signed_in_as("grace")));
    assert!(client.emitted(&Output::Notify(Event::AccountChanged)));
}

#[test]
fn the_wait_of_another_tab_is_reported_here() {
    for (wait, retry_after) in [(60_000, Some(60_000)), (0, None)] {
        let (mut client, _) = Harness::awaiting_lock();
        client.receive(CrossTabMessage::RefreshFailed { wait, failures: 0 }, SessionRelation::Same);
        let (failure, retry_at) = client.refresh_failure().unwrap();
        assert_eq!((failure.code, failure.retry_after), (ErrorCode::RefreshUnavailable, retry_after));
        assert!(retry_at.unwrap() >= LIFETIME + wait && retry_at.unwrap() <= LIFETIME + wait + 1_000);
    }
    let (mut client, request) = Harness::awaiting_lock();
    client.at(LIFETIME + 1_000).grant_lock(request, StorageSnapshot { wait: 7_000, ..SAME });
    assert_eq!(client.refresh_failure().unwrap().0.retry_after, Some(7_000));
}

#[test]
fn tabs_steal_a_lost_lock_at_different_moments() {
    let waits: Vec<_> = (0..200)
        .map(|seed| {
            let mut core = Core::new(Config { restore: Restore::Always, ..CONFIG }, seed);
            core.handle(Input::Start { storage: SAME }, 0);
            let mut now = 0;
            loop {
                now += 50;
                core.handle(Input::TimerElapsed, now);
                if outputs(&mut core).iter().any(|output| matches!(output, Output::StealLock(_))) {
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
fn a_success_in_another_tab_shortens_the_backoff_to_a_second() {
    let mut client = Harness::backing_off();
    client.receive(refreshed_for("ada"), SessionRelation::Same);
    assert!(!client.emitted(&Output::AdoptStoredKey) && client.sent_refresh().is_none(), "{:?}", client.out);
    let soon = client.timer().unwrap();
    assert!(soon > 0 && soon <= 1_000, "{soon}");
}

#[test]
fn a_rejection_of_a_refresh_sent_after_the_sign_in_counts() {
    for signed_in in [false, true] {
        // The refresh is queued, the session is signed in or restoring, when the message arrives.
        let mut client = Harness::signed_in();
        client.lock_is_free = false;
        client.at(LIFETIME).request_token();
        let request = client.requested_lock().unwrap();
        if !signed_in {
            client.handle(Input::Resumed { storage: OTHER });
        }
        client.receive(signed_in_as("grace"), SessionRelation::Current);
        client.grant_lock(request, SAME);
        client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Expired) });
        assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Expired), "{signed_in}");
    }
}
