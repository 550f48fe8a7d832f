//! Hidden pages, sleep, and resume.

use crate::harness::*;

///
#[test]
fn after_eight_hours_of_sleep_there_is_one_refresh() {
    let mut client = Harness::signed_in();
    client.at(8 * 3_600_000);
    let mut refreshes = 0;
    for input in [RESUMED, Input::TimerElapsed, Input::RequestToken { min_validity: 0 }, RESUMED, RESUMED] {
        client.handle(input);
        refreshes += usize::from(client.sent_refresh().is_some());
    }
    assert_eq!(refreshes, 1);
}

#[test]
fn resuming_costs_nothing_while_nothing_is_due() {
    let mut client = Harness::signed_in();
    client.at(1_000).handle(RESUMED);
    assert_eq!(client.sent_refresh(), None);
}

#[test]
fn resuming_ends_the_backoff() {
    let mut client = Harness::signed_in();
    client.at(LIFETIME).request_token();
    for _ in 0..10 {
        let request = client.expect_refresh();
        client.refresh_fails(request, None);
        client.handle(RESUMED);
        assert!(client.sent_refresh().is_some());
    }
}

#[test]
fn a_sleep_does_not_count_as_waiting_for_the_lock() {
    let (mut client, request) = Harness::awaiting_lock();
    client.at(LIFETIME + 3_600_000).handle(RESUMED);
    assert!(!client.emitted(&Output::StealLock(request)));
    client.grant_lock(request, SAME);
    assert_eq!(client.sent_refresh(), Some(request));
}

#[test]
fn the_known_key_is_removed_only_if_no_refresh_uses_it() {
    let mut client = Harness::signed_in();
    client.at(1_000).handle(RESUMED);
    assert!(!client.emitted(&Output::RemoveKey));
    client.handle(Input::Resumed { storage: REMOVED });
    assert!(client.emitted(&Output::RemoveKey));
    let mut client = Harness::signed_in();
    client.handle(Input::Refresh).expect_refresh();
    client.handle(Input::Resumed { storage: REMOVED });
    assert!(!client.emitted(&Output::RemoveKey), "the refresh in flight may be repeated with this key");
}

#[test]
fn a_timer_that_elapsed_during_a_sleep_is_handled_on_resume() {
    let mut client = Harness::signed_in();
    let request = client.at(LIFETIME).handle(Input::Refresh).expect_refresh();
    client.at(LIFETIME + 3_600_000).handle(RESUMED);
    assert!(client.emitted(&Output::AbortAuthRequest), "the connection did not survive the sleep");
    assert_eq!(client.waiters_result(), Some(Err(ErrorCode::RefreshUnavailable)));
    assert!(client.sent_refresh().is_some_and(|next| next != request));
    let mut client = Harness::signed_in();
    let request = client.at(LIFETIME).handle(Input::Refresh).expect_refresh();
    client.at(LIFETIME + 1_000).handle(RESUMED);
    assert!(!client.emitted(&Output::AbortAuthRequest));
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.is_signed_in());
}

#[test]
fn a_hidden_page_sets_no_timer_and_renews_on_resume() {
    let mut client = Harness::signed_in();
    client.at(1_000).handle(Input::Hidden);
    assert_eq!(client.out, vec![Output::SetTimer(None)]);
    // Messages of other tabs set no timer either.
    client.at(LIFETIME - 1_000).handle(Input::MessageReceived {
        message: CrossTabMessage::Refreshed { subject: subject_of("ada") },
        relation: SessionRelation::Same,
    });
    assert_eq!(client.out, vec![]);
    client.at(LIFETIME + 1_000).handle(RESUMED);
    client.expect_refresh();
}

#[test]
fn a_hidden_page_serves_calls() {
    let mut client = Harness::signed_in();
    client.handle(Input::Hidden).at(LIFETIME + 1_000).handle(Input::RequestToken { min_validity: 0 });
    assert_eq!(client.admission(), Admission::Wait);
    let request = client.expect_refresh();
    assert!(
        client.out.iter().any(|output| matches!(output, Output::SetTimer(Some(_)))),
        "the client watches the refresh"
    );
    client.refresh_succeeds(request, Some(LIFETIME));
    assert!(client.out.contains(&Output::SetTimer(None)) && client.out.contains(&Output::SettleWaiters(Ok(()))));
}

#[test]
fn a_hidden_page_does_not_retry() {
    let mut client = Harness::signed_in();
    let request = client.handle(Input::Refresh).expect_refresh();
    client.handle(Input::Hidden).refresh_fails(request, Some(60_000));
    assert_eq!(client.out.iter().rfind(|output| matches!(output, Output::SetTimer(_))), Some(&Output::SetTimer(None)));
}
