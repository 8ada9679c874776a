//! Zones: directories and repositories where agents may not be, or not in every way.
//!
//! Rules come from two files, the machine's and the user's own, and are judged apart: so the user's
//! can add to the machine's, and take nothing from it. Whoever judges a touch asks [`Zones`] for what
//! is in force; [`files`] keeps that up to date.

use std::sync::{Arc, PoisonError, RwLock};

use trackway_protocol::row::ZoneFile;

pub(crate) mod files;
#[cfg(all(any(fuzzing, test), target_os = "linux"))]
pub(crate) mod fuzzed;
mod pattern;
mod rules;
#[cfg(test)]
mod tests;

pub(crate) use rules::{Hit, Place, Rules, Touch};

/// The rules that count.
#[derive(Debug, Default)]
pub(crate) struct InForce {
    /// The machine's.
    pub(crate) managed: Arc<Rules>,
    /// The user's own.
    pub(crate) user: Arc<Rules>,
}

/// A rule that applies, and whether it is the machine's.
pub(crate) type Restriction<'a> = (bool, Hit<'a>);

impl InForce {
    /// Whether nothing is restricted.
    pub(crate) fn is_empty(&self) -> bool {
        self.managed.is_empty() && self.user.is_empty()
    }

    /// Returns both sets, the machine's first, each with whether it is that.
    pub(crate) fn sets(&self) -> [(bool, &Rules); 2] {
        [(true, &self.managed), (false, &self.user)]
    }

    /// Returns the rules that apply to a touch: at most one of the machine's and one of the user's.
    pub(crate) fn judge<'a>(
        &'a self,
        place: &Place<'_>,
        agent: Option<&str>,
        touch: Touch,
    ) -> impl Iterator<Item = Restriction<'a>> {
        let judged =
            self.sets().map(|(managed, rules)| (managed, rules.judge(place, agent, touch)));
        judged.into_iter().filter_map(|(managed, hit)| Some((managed, hit?)))
    }
}

/// A handle to the rules in force; they change when their files do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zones(Arc<RwLock<State>>);

#[derive(Debug, Default)]
struct State {
    in_force: Arc<InForce>,
    files: Vec<ZoneFile>,
}

impl Zones {
    /// Returns what is in force now.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).in_force)
    }

    /// Returns how it is with the files: the machine's, then the user's.
    pub(crate) fn files(&self) -> Vec<ZoneFile> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).files.clone()
    }

    fn put(&self, in_force: Option<Arc<InForce>>, files: Vec<ZoneFile>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.files = files;
        if let Some(in_force) = in_force {
            state.in_force = in_force;
        }
    }

    /// Returns a handle to rules that never change.
    #[cfg(test)]
    pub(crate) fn of(managed: Rules, user: Rules) -> Self {
        let zones = Self::default();
        let (managed, user) = (Arc::new(managed), Arc::new(user));
        zones.put(Some(Arc::new(InForce { managed, user })), Vec::new());
        zones
    }
}
