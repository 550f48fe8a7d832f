//! 401s that a refresh does not change. An API that answers 401 to a new token would otherwise cost a refresh for each call.
//! Such an answer counts for the place where it was given (one resource of the API): elsewhere the same token may be refused
//! because the server has really revoked it, and a refresh is right there.

use super::{Millis, TokenId};

/// A place of an API: a number that is the same for URLs that differ in the query only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(pub u32);

/// More places that reject one token than this count as all places.
const PLACES_MAX: usize = 32;
/// So many tokens in a row may be obtained in vain before 401s have to wait for the next refresh.
const IN_VAIN_MAX: u32 = 4;
/// The first of these waits. Each further token in vain doubles it, up to [`WAIT_MAX`].
const WAIT: Millis = 30_000;
const WAIT_MAX: Millis = 600_000;

/// The places that rejected a new token, and how often a refresh was in vain.
#[derive(Debug, Default)]
pub(super) struct FutileRefreshes {
    /// The token that the places rejected.
    token: Option<TokenId>,
    places: Vec<Place>,
    /// Tokens in a row that a place rejected although they were new.
    in_vain: u32,
    recorded_at: Millis,
    not_before: Millis,
}

impl FutileRefreshes {
    /// Whether a refresh can change the 401 that this place gave to this token.
    pub fn may_help(&self, token: TokenId, place: Place, now: Millis) -> bool {
        let known = self.token == Some(token) && (self.places.contains(&place) || self.places.len() == PLACES_MAX);
        !known && now >= self.not_before
    }

    /// The place rejected the token that a refresh has just obtained.
    pub fn record(&mut self, token: TokenId, place: Place, now: Millis) {
        if self.token != Some(token) {
            let is_recent = self.in_vain > 0 && now < self.recorded_at + 2 * WAIT_MAX;
            self.in_vain = if is_recent { self.in_vain + 1 } else { 1 };
            let doublings = self.in_vain.saturating_sub(IN_VAIN_MAX);
            if self.in_vain >= IN_VAIN_MAX {
                self.not_before = now + (WAIT << doublings.min(5)).min(WAIT_MAX);
            }
            self.token = Some(token);
            self.places.clear();
        }
        self.recorded_at = now;
        if self.places.len() < PLACES_MAX && !self.places.contains(&place) {
            self.places.push(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_for_one_token_only() {
        let mut futile = FutileRefreshes::default();
        futile.record(TokenId(2), Place(1), 0);
        assert!(!futile.may_help(TokenId(2), Place(1), 1));
        assert!(futile.may_help(TokenId(2), Place(2), 1), "another place");
        assert!(futile.may_help(TokenId(3), Place(1), 1), "another token");
    }

    #[test]
    fn places_that_always_reject_cost_ever_fewer_refreshes() {
        let mut futile = FutileRefreshes::default();
        let (mut refreshes, day) = (0, 86_400_000);
        for second in 0..day / 1_000 {
            for place in 0..100 {
                if futile.may_help(TokenId(refreshes), Place(place), second * 1_000) {
                    refreshes += 1;
                    futile.record(TokenId(refreshes), Place(place), second * 1_000);
                }
            }
        }
        assert!((100..300).contains(&refreshes), "{refreshes} refreshes in a day");
    }

    #[test]
    fn many_places_that_reject_one_token_count_once() {
        let mut futile = FutileRefreshes::default();
        for place in 0..1_000 {
            futile.record(TokenId(2), Place(place), 0);
        }
        assert!(futile.may_help(TokenId(3), Place(1), 1));
        assert!(!futile.may_help(TokenId(2), Place(5_000), 1), "the list is full");
    }
}
