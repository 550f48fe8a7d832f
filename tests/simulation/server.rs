//! The server: the contract's rotation rules, and nothing else.

use tokenward::core::Millis;

/// A refresh token: which session, which generation.
pub type Cookie = (u32, u32);

/// For how long the server repeats a rotation. A later repetition rotates forward.
pub const REPEAT_WINDOW: Millis = 120_000;

#[derive(Debug)]
pub struct ServerSession {
    pub user: &'static str,
    pub generation: u32,
    /// The last rotation: from which generation, with which key, and when.
    pub rotated_from: u32,
    pub rotated_by: Option<u32>,
    pub rotated_at: Millis,
    pub alive: bool,
    /// The session ended because a token was reused.
    pub alarm: bool,
    pub born_at: Millis,
}

#[derive(Debug)]
pub struct Server {
    pub repeat_window: Millis,
    pub sessions: Vec<ServerSession>,
    pub rotations: u64,
    pub repeats: u64,
    pub alarms: u64,
    pub sign_outs: u64,
    /// The server responds 503 until this moment.
    pub down_until: Millis,
}

impl ServerSession {
    fn is_repeat(&self, presented: u32, key: Option<u32>) -> bool {
        self.generation > 0 && presented == self.rotated_from && key.is_some() && key == self.rotated_by
    }
}

/// The outcome of a refresh on the server.
pub enum Refresh {
    Granted(Cookie),
    Refused(&'static str),
}

impl Server {
    pub fn new(repeat_window: Millis) -> Self {
        Self { repeat_window, sessions: Vec::new(), rotations: 0, repeats: 0, alarms: 0, sign_outs: 0, down_until: 0 }
    }

    pub fn login(&mut self, user: &'static str, born_at: Millis) -> Cookie {
        self.sessions.push(ServerSession {
            user,
            generation: 0,
            rotated_from: 0,
            rotated_by: None,
            rotated_at: 0,
            alive: true,
            alarm: false,
            born_at,
        });
        (self.sessions.len() as u32 - 1, 0)
    }

    pub fn refresh(&mut self, cookie: Option<Cookie>, key: Option<u32>, now: Millis) -> Refresh {
        let Some((sid, presented)) = cookie else { return Refresh::Refused("NO_REFRESH_TOKEN") };
        let session = &mut self.sessions[sid as usize];
        if !session.alive {
            return Refresh::Refused("INVALID_REFRESH_TOKEN");
        }
        let is_repeat = session.is_repeat(presented, key);
        let is_late = is_repeat && now > session.rotated_at + self.repeat_window;
        if presented == session.generation || is_late {
            session.generation += 1;
            (session.rotated_from, session.rotated_by, session.rotated_at) = (presented, key, now);
            self.rotations += 1;
        } else if is_repeat {
            self.repeats += 1;
        } else {
            (session.alive, session.alarm) = (false, true);
            self.alarms += 1;
            return Refresh::Refused("REFRESH_TOKEN_REUSED");
        }
        Refresh::Granted((sid, session.generation))
    }

    /// Whether this request would repeat a rotation later than `REPEAT_WINDOW`.
    pub fn is_late_repeat(&self, (sid, presented): Cookie, key: Option<u32>, now: Millis) -> bool {
        let session = &self.sessions[sid as usize];
        session.is_repeat(presented, key) && now > session.rotated_at + REPEAT_WINDOW
    }

    /// Whether this token is older than the one that the last rotation replaced.
    pub fn is_two_rotations_old(&self, (sid, presented): Cookie) -> bool {
        presented < self.sessions[sid as usize].rotated_from
    }

    /// Any genuine refresh token ends its session, however old it is.
    pub fn logout(&mut self, cookie: Option<Cookie>) {
        if let Some((sid, _)) = cookie {
            self.sessions[sid as usize].alive = false;
            self.sign_outs += 1;
        }
    }

    pub fn alive(&self, sid: u32) -> bool {
        self.sessions[sid as usize].alive
    }

    pub fn born_at(&self, sid: u32) -> Millis {
        self.sessions[sid as usize].born_at
    }

    pub fn user(&self, sid: u32) -> &'static str {
        self.sessions[sid as usize].user
    }
}
