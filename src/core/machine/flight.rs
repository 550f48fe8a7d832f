//! The auth call under way: one at a time in this tab, and one at a time among the tabs as far as the lock reaches.

use super::{Core, FlightId, News, Output};
use crate::core::{Code, Failure, Millis, RevokeOutcome};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Refresh,
    Login,
    Revoke,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Waits for the lock, but not for ever.
    Queued {
        until: Millis,
    },
    Sent {
        at: Millis,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    pub id: FlightId,
    pub purpose: Purpose,
    pub stage: Stage,
}

impl Core {
    /// Queues an auth call: it is sent as soon as the lock is ours.
    pub(super) fn request(&mut self, purpose: Purpose, now: Millis) {
        if purpose == Purpose::Refresh {
            self.retry_at = None;
            self.overtaken = false;
        }
        let until = now + self.lock_wait();
        let id = self.take_off(purpose, Stage::Queued { until });
        self.emit(Output::Lock(id));
    }

    /// A holder that lives gives the lock back within `timeout`, so whoever waits longer (with some slack for slow news)
    /// waits for one that is lost. The random part keeps tabs that wait together from taking it together.
    fn lock_wait(&mut self) -> Millis {
        let timeout = self.config.timeout;
        timeout + timeout / 20 + self.random.below(timeout / 4 + 1)
    }

    /// An auth call that waits for no lock.
    pub(super) fn take_off(&mut self, purpose: Purpose, stage: Stage) -> FlightId {
        self.flights += 1;
        let id = FlightId(self.flights);
        self.flight = Some(Flight { id, purpose, stage });
        id
    }

    /// Sends the call that waited for the lock.
    pub(super) fn send(&mut self, now: Millis) {
        if self.flight.is_some_and(|flight| flight.purpose == Purpose::Refresh) && !self.marked {
            // Whoever has to repeat this refresh, here or in another tab, needs its key.
            self.marked = self.expected;
            self.emit(if self.expected { Output::Share } else { Output::Try });
        }
        if let Some(flight) = &mut self.flight {
            flight.stage = Stage::Sent { at: now };
            let Flight { id, purpose, .. } = *flight;
            self.emit(match purpose {
                Purpose::Refresh => Output::Refresh(id),
                Purpose::Login => Output::Login(id),
                Purpose::Revoke => Output::Revoke(id),
            });
        }
    }

    /// Ends the present auth call if it is this one and was sent, gives the lock back, and tells when it was sent.
    pub(super) fn land(&mut self, id: FlightId) -> Option<Millis> {
        let flight = self.flight.filter(|flight| flight.id == id)?;
        let Stage::Sent { at } = flight.stage else { return None };
        self.flight = None;
        self.emit(Output::Unlock);
        Some(at)
    }

    /// Drops the present auth call if it has this purpose, sent or not.
    pub(super) fn drop_flight(&mut self, purpose: Purpose) -> bool {
        let Some(flight) = self.flight.filter(|flight| flight.purpose == purpose) else { return false };
        self.flight = None;
        if matches!(flight.stage, Stage::Sent { .. }) {
            self.emit(Output::Cancel);
        }
        self.emit(Output::Unlock);
        true
    }

    pub(super) fn is_queued(&self, purpose: Purpose) -> bool {
        self.flight.is_some_and(|flight| flight.purpose == purpose && matches!(flight.stage, Stage::Queued { .. }))
    }

    /// Another tab gave a sign of life: the lock is not lost, so its holder is waited for anew.
    pub(super) fn lock_lives(&mut self, now: Millis) {
        let until = now + self.lock_wait();
        if let Some(Flight { stage: Stage::Queued { until: bound }, .. }) = &mut self.flight {
            *bound = until;
        }
    }

    /// When the present auth call has taken too long, in the queue or under way.
    pub(super) fn flight_ends(&self) -> Option<Millis> {
        Some(match self.flight?.stage {
            Stage::Queued { until } => until,
            Stage::Sent { at } => at.saturating_add(self.config.timeout),
        })
    }

    /// Whether a refresh in the queue had to be given up, because the server asked the tabs for silence meanwhile.
    pub(super) fn silenced(&mut self, now: Millis) -> bool {
        let silenced = self.hold_until > now && self.is_queued(Purpose::Refresh);
        if silenced {
            self.drop_flight(Purpose::Refresh);
            self.share_failure(self.hold_until - now, now);
        }
        silenced
    }

    /// The present auth call took too long.
    pub(super) fn overdue(&mut self, now: Millis) {
        let Some(Flight { id, purpose, stage }) = self.flight else { return };
        if self.silenced(now) {
            return;
        }
        if matches!(stage, Stage::Queued { .. }) {
            self.emit(Output::Steal(id));
            self.emit(Output::Tell(News::TookOver));
            return self.send(now);
        }
        self.emit(Output::Cancel);
        self.land(id);
        let failure = Failure::of(Code::Timeout);
        match purpose {
            Purpose::Refresh => self.failed(failure, now),
            Purpose::Login => self.emit(Output::SettleLogin(Err(failure))),
            Purpose::Revoke => self.revoke_ended(RevokeOutcome::Later, now),
        }
    }
}
