//! Logout, and revocations that the server has not confirmed.

use crate::harness::*;

///
#[test]
fn a_logout_during_a_refresh_stays_signed_out() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.handle(LOGOUT);
    assert!(
        client.emitted(&Output::AbortAuthRequest)
            && client.sent_revocation().is_some()
            && client.emitted(&Output::ClearTokens)
    );
    let revoke = client.sent_revocation().unwrap();
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::SessionEnded)));
    client.refresh_succeeds(request, Some(LIFETIME));
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Logout));
    assert!(client.emitted(&Output::DiscardToken(TokenId(2))));
    client.handle(Input::RevocationCompleted { request: revoke, outcome: RevocationOutcome::Confirmed });
    assert!(client.sent_revocation().is_some(), "the session that the late response restored is revoked too");
    client.revocation_completes(RevocationOutcome::Confirmed);
    assert_eq!((client.sent_revocation(), client.timer()), (None, None));
    client.handle(Input::Refresh);
    assert_eq!(client.rejection(), Some(ErrorCode::SignedOut));
}

#[test]
fn the_revocation_is_sent_before_the_tokens_are_cleared() {
    let mut client = Harness::signed_in();
    client.handle(LOGOUT);
    let revoke = client.out.iter().position(|output| matches!(output, Output::SendRevocation { .. }));
    let wipe = client.out.iter().position(|output| *output == Output::ClearTokens);
    assert!(revoke.unwrap() < wipe.unwrap());
}

#[test]
fn a_logout_while_signed_out_reaches_the_server() {
    let mut client = Harness::new(CONFIG, false);
    client.handle(LOGOUT);
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Logout));
    assert!(client.sent_revocation().is_some() && client.emitted(&Output::Notify(Event::SignedOut)));
    client.handle(LOGOUT);
    assert!(!client.emitted(&Output::Notify(Event::SignedOut)), "only once");
}

#[test]
fn login_logout_and_rejection_are_broadcast() {
    let mut client = Harness::new(CONFIG, false);
    client.log_in("ada", Some(LIFETIME));
    assert_eq!(client.broadcast(), Some(signed_in_as("ada")));
    client.handle(LOGOUT);
    assert_eq!(client.broadcast(), Some(LOGOUT_MESSAGE));
    let broadcast = client.out.iter().position(|output| matches!(output, Output::Broadcast(_)));
    let removed = client.out.iter().position(|output| *output == Output::RemoveKey);
    assert!(broadcast < removed, "the message carries the key");

    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.handle(Input::RefreshCompleted { request, outcome: RefreshOutcome::Rejected(SignedOutReason::Revoked) });
    assert_eq!(client.broadcast(), Some(CrossTabMessage::SignedOut { reason: SignedOutReason::Revoked }));
}

/// R-28e.
#[test]
fn an_unconfirmed_revocation_is_sent_on_resume_and_at_the_next_start() {
    let mut client = Harness::signed_in();
    client.handle(LOGOUT);
    assert!(client.emitted(&Output::StorePendingRevocation));
    client.revocation_completes(RevocationOutcome::Retry);
    assert!(
        client.emitted(&Output::SettleLogout { revoked: false }) && !client.emitted(&Output::ClearPendingRevocation)
    );
    client.handle(RESUMED);
    client.revocation_completes(RevocationOutcome::Confirmed);
    assert!(client.emitted(&Output::SettleLogout { revoked: true }) && client.emitted(&Output::ClearPendingRevocation));
    client.handle(RESUMED);
    assert_eq!(client.sent_revocation(), None, "only once");

    for restore in [Restore::Auto, Restore::Always, Restore::Never] {
        let mut client =
            Harness::starting(Config { restore, ..CONFIG }, StorageSnapshot { pending_revocation: true, ..SAME });
        assert_eq!((client.signed_out_reason(), client.sent_refresh()), (Some(SignedOutReason::Logout), None));
        client.handle(Input::Refresh);
        assert_eq!(client.rejection(), Some(ErrorCode::SignedOut));
    }
    let mut client = Harness::starting(CONFIG, StorageSnapshot { pending_revocation: true, ..SAME });
    client.revocation_completes(RevocationOutcome::Confirmed);
    assert!(client.emitted(&Output::ClearPendingRevocation));
    let client = Harness::starting(CONFIG, StorageSnapshot { pending_revocation: true, ..OTHER });
    assert!(client.sent_revocation().is_none() && client.sent_refresh().is_some(), "another tab signed in since");
}

#[test]
fn a_refresh_sends_the_pending_revocation_of_another_tab_instead() {
    let mut client = Harness::new(CONFIG, false);
    client.lock_is_free = false;
    let request = client.handle(Input::Refresh).requested_lock().unwrap();
    client.lock_is_free = true;
    client.grant_lock(request, StorageSnapshot { pending_revocation: true, ..SAME });
    assert_eq!((client.sent_refresh(), client.waiters_result()), (None, Some(Err(ErrorCode::SignedOut))));
    client.revocation_completes(RevocationOutcome::Confirmed);
    assert!(client.emitted(&Output::ClearPendingRevocation));
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::NoSession));
}

#[test]
fn a_rejected_revocation_is_not_sent_again() {
    let mut client = Harness::signed_in();
    client.handle(LOGOUT).revocation_completes(RevocationOutcome::Rejected);
    assert!(
        client.emitted(&Output::SettleLogout { revoked: false }) && client.emitted(&Output::ClearPendingRevocation)
    );
    assert_eq!(client.handle(RESUMED).sent_revocation(), None);
}

#[test]
fn a_login_waits_for_a_pending_revocation() {
    let mut client = Harness::signed_in();
    let revoke = client.handle(LOGOUT).sent_revocation().unwrap();
    client.handle(Input::Login);
    assert!(!client.out.iter().any(|output| matches!(output, Output::SendLogin(_))));
    client.handle(Input::RevocationCompleted { request: revoke, outcome: RevocationOutcome::Confirmed });
    client.expect_login();

    // The revocation of this tab, or (from the storage) of another one.
    let mut client = Harness::signed_in();
    client.handle(LOGOUT).revocation_completes(RevocationOutcome::Retry);
    client.handle(Input::Login).revocation_completes(RevocationOutcome::Retry);
    let request = client.expect_login();
    let outcome = LoginOutcome::SignedIn(client.issue("grace", Some(LIFETIME)));
    client.handle(Input::LoginCompleted { request, outcome });
    assert!(client.emitted(&Output::ClearPendingRevocation), "the login replaced the cookie");

    let mut client = Harness::new(CONFIG, false);
    client.lock_is_free = false;
    let request = client.handle(Input::Login).requested_lock().unwrap();
    client.lock_is_free = true;
    client.grant_lock(request, StorageSnapshot { pending_revocation: true, ..SAME });
    client.revocation_completes(RevocationOutcome::Retry);
    client.expect_login();
}

#[test]
fn a_pending_revocation_does_not_end_a_newer_sign_in() {
    let mut client = Harness::signed_in();
    client.handle(LOGOUT).revocation_completes(RevocationOutcome::Retry);
    client.lock_is_free = false;
    let request = client.handle(RESUMED).requested_lock().unwrap();
    client.grant_lock(request, OTHER);
    assert_eq!(client.sent_revocation(), None);
    assert!(client.emitted(&Output::ReleaseLock));

    let mut client = Harness::signed_in();
    client.handle(LOGOUT).revocation_completes(RevocationOutcome::Retry);
    client.receive(signed_in_as("grace"), SessionRelation::Current);
    assert!(client.sent_revocation().is_none() && client.sent_refresh().is_some());
}

#[test]
fn a_logout_replaces_a_login_and_a_queued_revocation() {
    let mut client = Harness::signed_in();
    client.handle(Input::Login);
    client.handle(LOGOUT);
    assert!(client.emitted(&Output::AbortAuthRequest) && client.sent_revocation().is_some());
    client.handle(Input::Login);
    client.handle(LOGOUT);
    assert_eq!(client.sent_revocation(), None, "one is in flight");
    let revoke = RequestId(3);
    client.handle(Input::RevocationCompleted { request: revoke, outcome: RevocationOutcome::Retry });
    assert!(!client.out.iter().any(|output| matches!(output, Output::SendLogin(_))), "the logout cancelled that login");
    client.lock_is_free = false;
    client.handle(RESUMED);
    assert!(client.requested_lock().is_some());
    client.handle(LOGOUT);
    assert!(client.sent_revocation().is_some(), "sent at once");
}

#[test]
fn the_reason_of_a_logout_here_does_not_change() {
    let mut client = Harness::signed_in();
    client.handle(LOGOUT).revocation_completes(RevocationOutcome::Retry);
    client.handle(Input::Resumed { storage: StorageSnapshot { pending_revocation: true, ..REMOVED } });
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Logout));
}

#[test]
fn a_login_does_not_send_a_revocation_after_a_newer_sign_in() {
    let mut client = Harness::new(CONFIG, false);
    client.lock_is_free = false;
    let request = client.handle(Input::Login).requested_lock().unwrap();
    client.grant_lock(request, StorageSnapshot { pending_revocation: true, ..OTHER });
    assert_eq!((client.sent_revocation(), client.expect_login()), (None, request));
    assert!(!client.emitted(&Output::AdoptStoredKey), "only a refresh needs the key");
}

/// the race between a sign-in in another tab and a revocation that waits for the lock.
#[test]
fn a_queued_revocation_is_dropped_when_another_tab_signs_in() {
    for relation in [SessionRelation::Current, SessionRelation::Same] {
        let mut client = Harness::signed_out_offline();
        client.lock_is_free = false;
        let revocation = client.handle(RESUMED).requested_lock().expect("the revocation waits for the lock");
        client.receive(signed_in_as("grace"), relation);
        assert!(client.emitted(&Output::ReleaseLock), "{relation:?}: the revocation leaves the queue");
        let refresh = client.requested_lock().expect("the tab follows the sign-in");
        // The client knows the key of the new sign-in now, so the storage looks the same.
        client.grant_lock(revocation, SAME);
        assert_eq!(client.sent_revocation(), None, "{relation:?}");
        client.grant_lock(refresh, SAME);
        assert_eq!((client.sent_revocation(), client.sent_refresh()), (None, Some(refresh)), "{relation:?}");
    }
}

///
#[test]
fn a_queued_revocation_is_dropped_when_another_tab_signs_in_and_this_one_does_not_follow() {
    let mut client = Harness::new(Config { restore: Restore::Never, ..CONFIG }, false);
    client.log_in("ada", Some(LIFETIME)).handle(LOGOUT).revocation_completes(RevocationOutcome::Retry);
    client.lock_is_free = false;
    let revocation = client.handle(RESUMED).requested_lock().expect("the revocation waits for the lock");
    client.receive(signed_in_as("grace"), SessionRelation::Current);
    client.grant_lock(revocation, OTHER);
    assert_eq!(client.sent_revocation(), None);
    assert_eq!(client.signed_out_reason(), Some(SignedOutReason::Logout));
}

///
#[test]
fn a_revocation_is_not_sent_when_the_storage_no_longer_notes_it() {
    let mut client = Harness::signed_out_offline();
    client.lock_is_free = false;
    let revocation = client.handle(RESUMED).requested_lock().expect("the revocation waits for the lock");
    // Another user signed in and out in another tab: the hint is gone again, and so is the note.
    client.grant_lock(revocation, SAME);
    assert_eq!(client.sent_revocation(), None);
    assert!(client.emitted(&Output::ReleaseLock));
    client.handle(RESUMED);
    assert_eq!(client.requested_lock(), None, "nothing is pending any more");
}

/// a tab that stole the lock reads the storage as well.
#[test]
fn a_revocation_reads_the_storage_after_it_stole_the_lock() {
    let mut client = Harness::signed_out_offline();
    let now = client.now;
    client.core.handle(Input::Resumed { storage: SAME }, now);
    outputs(&mut client.core);
    client.core.handle(Input::TimerElapsed, now + 20_000);
    let stolen = outputs(&mut client.core);
    let request = stolen
        .iter()
        .find_map(|output| if let Output::StealLock(request) = output { Some(*request) } else { None })
        .expect("the lock is stolen");
    assert!(!stolen.iter().any(|output| matches!(output, Output::SendRevocation { .. })), "{stolen:?}");
    client
        .core
        .handle(Input::LockGranted { request, storage: StorageSnapshot { pending_revocation: true, ..OTHER } }, now);
    assert!(!outputs(&mut client.core).iter().any(|output| matches!(output, Output::SendRevocation { .. })));
}

/// A browser whose lock manager never answers.
#[test]
fn a_lock_manager_that_never_answers_delays_a_refresh_and_stops_a_revocation() {
    let overdue = |client: &mut Harness| {
        client.core.handle(Input::TimerElapsed, 2_000_000);
        outputs(&mut client.core);
        client.core.handle(Input::TimerElapsed, 4_000_000);
        outputs(&mut client.core)
    };
    let (mut client, request) = Harness::awaiting_lock();
    assert!(overdue(&mut client).contains(&Output::SendRefresh(request)));

    let mut client = Harness::signed_out_offline();
    client.core.handle(RESUMED, 0);
    outputs(&mut client.core);
    let out = overdue(&mut client);
    assert!(!out.iter().any(|output| matches!(output, Output::SendRevocation { .. })), "{out:?}");
    assert!(client.handle(RESUMED).sent_revocation().is_some(), "it is still pending");
}

#[test]
fn a_global_logout_that_the_server_rejects_ends_the_session_of_this_browser_later() {
    let mut client = Harness::signed_in();
    client.handle(Input::Logout { scope: LogoutScope::Global });
    let scope = |client: &Harness| {
        client.out.iter().find_map(|output| match output {
            Output::SendRevocation { scope, .. } => Some(*scope),
            _ => None,
        })
    };
    assert_eq!(scope(&client), Some(LogoutScope::Global));
    client.revocation_completes(RevocationOutcome::Rejected);
    assert!(
        client.emitted(&Output::SettleLogout { revoked: false }) && !client.emitted(&Output::ClearPendingRevocation)
    );
    client.handle(RESUMED);
    assert_eq!(scope(&client), Some(LogoutScope::Session), "the access token is gone");
}

#[test]
fn only_a_signed_in_client_asks_its_page_to_store_a_logout() {
    assert!(Harness::signed_in().core.must_store_logout());
    assert!(!Harness::new(CONFIG, false).core.must_store_logout());
    assert!(!Harness::new(CONFIG, true).core.must_store_logout());
}

/// the storage of another process lags behind its locks.
#[test]
fn only_a_revocation_waits_until_the_storage_has_settled() {
    let mut client = Harness::signed_out_offline();
    client.lock_is_free = false;
    client.handle(RESUMED);
    assert!(client.out.iter().any(|output| matches!(output, Output::RequestSettledLock(_))), "{:?}", client.out);
    for input in [Input::Login, Input::Refresh] {
        let mut client = Harness::new(CONFIG, false);
        client.lock_is_free = false;
        client.handle(input);
        assert!(client.out.iter().any(|output| matches!(output, Output::RequestLock(_))), "{:?}", client.out);
    }
}

/// the tab that is granted the lock next finds the key.
#[test]
fn a_sign_in_stores_its_key_before_it_releases_the_lock() {
    let mut client = Harness::new(CONFIG, false);
    client.log_in("ada", Some(LIFETIME));
    let position = |wanted: &Output| client.out.iter().position(|output| output == wanted).expect("an output");
    assert!(position(&Output::StoreNewKey) < position(&Output::ReleaseLock));
    assert!(position(&Output::ReleaseLock) < position(&Output::Notify(Event::SignedIn)));
    assert!(position(&Output::ReleaseLock) < position(&Output::SettleLogin(Ok(()))));
}
