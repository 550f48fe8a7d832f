//! Login.

use crate::harness::*;

#[test]
fn a_login_sets_the_token_stores_a_key_and_notifies() {
    let mut client = Harness::new(CONFIG, false);
    client.log_in("ada", Some(LIFETIME));
    assert_eq!(client.login_result(), Some(Ok(())));
    assert!(client.emitted(&Output::SetToken { token: TokenId(1), fresh_for: Some(LIFETIME) }));
    assert!(client.emitted(&Output::StoreNewKey) && client.emitted(&Output::Notify(Event::SignedIn)));
    assert_eq!(client.request_token(), Admission::Proceed);
}

#[test]
fn a_failed_login_leaves_the_session_unchanged() {
    let mut client = Harness::signed_in();
    let before = *client.core.session();
    let request = client.handle(Input::Login).expect_login();
    let outcome = LoginOutcome::Failed(Failure::of(ErrorCode::InvalidCredentials));
    client.handle(Input::LoginCompleted { request, outcome });
    assert_eq!(client.login_result(), Some(Err(ErrorCode::InvalidCredentials)));
    assert_eq!(client.core.session(), &before);
}

#[test]
fn a_late_refresh_does_not_complete_the_login_in_flight() {
    let mut client = Harness::signed_in();
    let refresh = client.at(LIFETIME).handle(Input::Refresh).expect_refresh();
    let login = client.handle(Input::Login).expect_login();
    client.refresh_succeeds(refresh, Some(LIFETIME));
    assert_eq!(client.out[0], Output::DiscardToken(TokenId(2)));
    let outcome = LoginOutcome::SignedIn(client.issue("grace", Some(LIFETIME)));
    client.handle(Input::LoginCompleted { request: login, outcome });
    assert_eq!(client.login_result(), Some(Ok(())));
}

#[test]
fn a_renewal_that_a_failed_login_interrupted_is_sent_afterwards() {
    let mut client = Harness::signed_in();
    let after = client.timer().unwrap();
    client.at(after).handle(Input::TimerElapsed).expect_refresh();
    let request = client.handle(Input::Login).expect_login();
    let outcome = LoginOutcome::Failed(Failure::of(ErrorCode::Offline));
    client.handle(Input::LoginCompleted { request, outcome });
    assert!(client.sent_refresh().is_some());
}

#[test]
fn a_login_that_interrupted_a_login_causes_no_refresh() {
    let mut client = Harness::signed_in();
    client.handle(Input::Login);
    let request = client.handle(Input::Login).expect_login();
    let outcome = LoginOutcome::Failed(Failure::of(ErrorCode::Offline));
    client.handle(Input::LoginCompleted { request, outcome });
    assert!(client.timer().unwrap() > LIFETIME / 2, "the timer waits for the renewal");
}

#[test]
fn only_the_latest_login_counts() {
    let mut client = Harness::new(CONFIG, false);
    let first = client.handle(Input::Login).expect_login();
    client.log_in("grace", Some(LIFETIME));
    let outcome = LoginOutcome::SignedIn(client.issue("ada", Some(LIFETIME)));
    client.handle(Input::LoginCompleted { request: first, outcome });
    assert_eq!(client.out, vec![Output::DiscardToken(TokenId(2))]);
}

#[test]
fn a_failed_login_does_not_shorten_the_wait_that_the_server_asked_for() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    let request = client.expect_refresh();
    client.refresh_fails(request, Some(5_000));
    assert_eq!(client.request_token(), Admission::Wait, "the wait ends before the deadline");
    let request = client.handle(Input::Login).expect_login();
    let outcome = LoginOutcome::Failed(Failure::of(ErrorCode::InvalidCredentials));
    client.handle(Input::LoginCompleted { request, outcome });
    assert_eq!(client.sent_refresh(), None);
    let mut sent = None;
    while sent.is_none() && client.now < LIFETIME + 10_000 {
        let now = client.now + client.timer().unwrap_or(100);
        client.at(now).handle(Input::TimerElapsed);
        sent = client.sent_refresh();
    }
    assert!(sent.is_some() && client.now >= LIFETIME + 5_000);
}

#[test]
fn only_a_login_as_another_user_is_an_account_change() {
    for (user, changed) in [("grace", true), ("ada", false)] {
        let mut client = Harness::signed_in();
        client.log_in(user, Some(LIFETIME));
        assert!(client.emitted(&Output::AbortCalls) && client.emitted(&Output::Notify(Event::SignedIn)));
        assert_eq!(client.emitted(&Output::Notify(Event::AccountChanged)), changed);
    }
}

#[test]
fn a_failed_login_leaves_the_backoff_unchanged() {
    let mut client = Harness::backing_off();
    let retry_at = client.refresh_failure().unwrap().1.unwrap();
    assert!(retry_at > client.now + 1_000);
    let login = client.handle(Input::Login).expect_login();
    assert!(!client.emitted(&Output::AdoptStoredKey), "only a refresh needs the key");
    let outcome = LoginOutcome::Failed(Failure::of(ErrorCode::InvalidCredentials));
    client.handle(Input::LoginCompleted { request: login, outcome });
    assert_eq!(client.sent_refresh(), None);
    assert_eq!(client.timer(), Some(retry_at - client.now));
}

/// the login waits for a revocation that is dropped.
#[test]
fn a_login_that_waits_for_a_revocation_is_sent_when_another_tab_signs_in_first() {
    // The storage shows the other sign-in when the lock is granted.
    let mut client = Harness::signed_out_offline();
    client.lock_is_free = false;
    let revocation = client.handle(Input::Login).requested_lock().expect("the pending revocation is sent first");
    client.grant_lock(revocation, StorageSnapshot { pending_revocation: true, ..OTHER });
    assert_eq!((client.sent_revocation(), client.sent_login()), (None, Some(revocation)));
    let outcome = LoginOutcome::SignedIn(client.issue("grace", Some(LIFETIME)));
    client.handle(Input::LoginCompleted { request: revocation, outcome });
    assert_eq!(client.login_result(), Some(Ok(())));

    // The message of the other tab comes first.
    let mut client = Harness::signed_out_offline();
    client.lock_is_free = false;
    client.handle(Input::Login);
    client.receive(signed_in_as("grace"), SessionRelation::Current);
    let login = client.requested_lock().expect("the login requests the lock");
    client.grant_lock(login, SAME);
    assert_eq!((client.sent_revocation(), client.sent_login()), (None, Some(login)));
    let outcome = LoginOutcome::Failed(Failure::of(ErrorCode::InvalidCredentials));
    client.handle(Input::LoginCompleted { request: login, outcome });
    assert_eq!(client.login_result(), Some(Err(ErrorCode::InvalidCredentials)));
}

/// a login settles also if the revocation before it must be sent twice.
#[test]
fn a_login_waits_for_the_second_revocation_after_a_late_refresh() {
    let mut client = Harness::signed_in();
    let refresh = client.at(LIFETIME).handle(Input::Refresh).expect_refresh();
    let first = client.handle(LOGOUT).sent_revocation().expect("a revocation is sent");
    client.refresh_succeeds(refresh, Some(LIFETIME));
    client.handle(Input::Login);
    client.handle(Input::RevocationCompleted { request: first, outcome: RevocationOutcome::Confirmed });
    let second = client.sent_revocation().expect("the late response may have set the cookie again");
    assert_eq!(client.sent_login(), None);
    client.handle(Input::RevocationCompleted { request: second, outcome: RevocationOutcome::Confirmed });
    assert!(client.sent_login().is_some());
}
