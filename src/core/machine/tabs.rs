//! The other tabs: what they tell, and what the origin's storage tells a tab that slept through it.

use super::flight::Purpose;
use super::{About, Core, Event, Mark, Memory, News, Output, RETRY_AFTER_MAX};
use crate::core::{Code, Failure, Millis, Restore, Session, SignedOutReason, Subject};

impl Core {
    pub(super) fn heard(&mut self, news: News, about: About, now: Millis) {
        match news {
            News::SignedIn { subject } if about != About::Past => self.join(subject, now),
            News::SignedIn { .. } => {}
            News::Refreshed { subject } => {
                self.lock_lives(now);
                if matches!(self.session, Session::SignedOut(_)) {
                    return; // sent before that tab heard of the sign-out
                }
                if about == About::Past {
                    return;
                }
                if about == About::Current || self.is_another(subject) {
                    return self.join(subject, now);
                }
                // The server is well again: there is no need to wait as long as our own failures ask for. (What it asked
                // for stands; this news may be old.)
                let soon = now + self.random.below(1_000);
                self.retry_at = self.retry_at.map(|at| at.min(soon));
            }
            News::SignedOut { reason } => {
                if about == About::Ours && !matches!(self.session, Session::SignedOut(_)) {
                    self.end_silently(if reason == SignedOutReason::Logout {
                        SignedOutReason::OtherTab
                    } else {
                        reason
                    });
                }
            }
            News::TookOver => self.lock_lives(now),
            News::Failed { wait, failures } => {
                self.hold_for(wait, now);
                self.failures = self.failures.max(failures);
                // Who waits for a try of their own shares this one's outcome.
                let queued = self.is_queued(Purpose::Refresh) && self.drop_flight(Purpose::Refresh);
                if queued || self.retry_at.is_some() {
                    self.share_failure(wait, now);
                }
            }
        }
    }

    /// What the storage remembers overrules what we believe: whoever was frozen has heard nothing.
    pub(super) fn recall(&mut self, memory: Memory, now: Millis) {
        self.hold_for(memory.wait, now);
        match memory.mark {
            Mark::Same => {}
            Mark::Other => self.join(None, now),
            Mark::Gone => {
                self.marked = false;
                match self.session {
                    Session::SignedOut(_) => {}
                    _ if memory.owed => self.end_silently(SignedOutReason::OtherTab),
                    // Signed out elsewhere, or only the storage was cleared? The server knows.
                    Session::SignedIn { .. } if self.config.restore != Restore::Never => {
                        self.lost = true;
                        self.leave(now);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Somebody signed in in another tab: this tab follows.
    fn join(&mut self, subject: Subject, now: Millis) {
        self.owed = false;
        let never = self.config.restore == Restore::Never;
        match &self.session {
            Session::SignedIn { subject: present, .. } if subject.is_some() && *present == subject => {}
            Session::SignedIn { .. } if never => return self.end_silently(SignedOutReason::OtherTab),
            Session::SignedIn { .. } => self.leave(now),
            Session::Restoring => self.overtaken = self.flight.is_some() && !self.is_queued(Purpose::Refresh),
            Session::SignedOut(_) if never => return,
            Session::SignedOut(_) => {
                self.session = Session::Restoring;
                self.retry_at = Some(now);
                self.emit(Output::Notify(Event::Changed));
            }
        }
        (self.marked, self.expected) = (true, true);
        self.emit(Output::Share);
    }

    /// Whoever was signed in here may be so no longer. Nothing of them is shown or used until the server has said who is.
    fn leave(&mut self, now: Millis) {
        // A refresh under way comes to its end (aborted, it might reach the server late and look like theft), but a no to
        // it may be meant for the one who has left.
        self.overtaken = self.flight.is_some() && !self.is_queued(Purpose::Refresh);
        if let Session::SignedIn { subject, .. } = std::mem::replace(&mut self.session, Session::Restoring) {
            self.former = subject;
        }
        self.emit(Output::Wipe);
        self.emit(Output::Abandon);
        self.retry_at = Some(now);
        self.settle(Err(Failure::of(Code::SessionEnded)));
        self.emit(Output::Notify(Event::Changed));
    }

    /// Whether this is somebody else than the one who is signed in here. Who is not named is taken for the same.
    pub(super) fn is_another(&self, subject: Subject) -> bool {
        let present = match self.session {
            Session::SignedIn { subject, .. } => subject,
            _ => self.former,
        };
        present.is_some() && subject.is_some() && present != subject
    }

    /// The server asked for silence; the longest wish counts.
    pub(super) fn hold_for(&mut self, wait: Millis, now: Millis) {
        self.hold_until = self.hold_until.max(now + wait.min(RETRY_AFTER_MAX));
    }
}
