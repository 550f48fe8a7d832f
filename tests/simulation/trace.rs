//! The last events of a simulation, formatted only when an invariant is violated.

use std::collections::VecDeque;
use std::fmt;

use tokenward::core::{Input, Millis, Output, SignedOutReason};

use super::simulation::{HOUR, MINUTE};

/// How many events are kept, unless all are.
const KEPT: usize = 60;

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum Note {
    /// The core of the tab got an input.
    Input(Input),
    /// The core returned an output (only in a full trace).
    Output(Output),
    /// The session of the tab ended.
    SignedOut(SignedOutReason),
    /// The wall clock jumped ahead by so much.
    ClockJump(Millis),
    /// A call that had waited since this moment was admitted after the session ended.
    AdmittedLate(Millis),
    /// Anything else.
    Text(&'static str),
}

#[derive(Debug, Default)]
pub struct Trace {
    pub keep_all: bool,
    notes: VecDeque<(Millis, usize, Note)>,
}

impl Trace {
    pub fn push(&mut self, now: Millis, tab: usize, note: Note) {
        if self.notes.len() == KEPT && !self.keep_all {
            self.notes.pop_front();
        }
        self.notes.push_back((now, tab, note));
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (now, tab, note) in &self.notes {
            let (hours, minutes, ms) = (now / HOUR, now % HOUR / MINUTE, now % MINUTE);
            writeln!(f, "{hours:>4}:{minutes:02}:{:06.3}  tab {tab}  {note}", ms as f64 / 1_000.0)?;
        }
        Ok(())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(input) => write!(f, "{input:?}"),
            Self::Output(output) => write!(f, "      {output:?}"),
            Self::SignedOut(reason) => write!(f, "is signed out: {reason:?}"),
            Self::ClockJump(by) => write!(f, "the clock jumps ahead by {} min", by / MINUTE),
            Self::AdmittedLate(since) => write!(f, "a call of {since} was admitted after the session ended"),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}
