//! Who keeps the daemon running: facts are looked up first, and what follows from them is pure.

use std::path::PathBuf;

use super::detached::Detached;
use super::error::ServiceError;
use super::installed::Installed;
use super::launchd::{self, Launchd};
use super::site::{Site, is_same};
use super::systemd::{self, Systemd};
use super::task::{self, Task};
use super::unit::{self, Unit};
use super::{Keeper, autostart};

/// Who answers, and what is there already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Where the systemd user manager would take our unit from; none where none answers, or where it
    /// serves another home than this one.
    unit_dir: Option<PathBuf>,
    /// The unit in the user's own directory, and whose it is.
    own_unit: Option<(Unit, Whose)>,
    /// The unit that a package installed, and whose it is.
    packaged: Option<(Unit, Whose)>,
    /// Whether the launchd of macOS answers, and whether our agent is described.
    launchd: Option<bool>,
    /// Whether the Windows task scheduler answers, and whether our task is registered.
    task: Option<bool>,
    /// Whether places are named, which a package's unit does not know.
    is_named: bool,
    /// Whether the list has what only a daemon without a keeper has.
    is_detached: bool,
}

/// Whose a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// It runs our program with our ledger.
    Ours,
    /// It runs another program with our ledger; whether that one is on our list.
    OurLedgers { is_listed: bool },
    /// It belongs to an installation in other places.
    Others,
}

/// What is to keep the daemon running, and why not something better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Who keeps it running.
    pub(crate) keeper: Keeper,
    /// What to tell about it.
    pub(crate) why: Option<String>,
}

impl Facts {
    /// Looks.
    pub(crate) fn look(site: &Site, list: &Installed) -> Self {
        let unit_path = systemd::unit_path(site);
        let own_dirs = systemd::own_dirs(site);
        let serves = |dir: &&PathBuf| unit_path.as_ref().is_some_and(|path| path.contains(dir));
        let unit_dir = own_dirs.iter().find(serves).cloned();
        let whose = |unit: Unit| {
            let whose = whose(&unit, site, list);
            (unit, whose)
        };
        let own = unit_dir.as_ref().unwrap_or(&own_dirs[0]).join(unit::NAME);
        let packages = unit_path.iter().flatten().filter(|dir| !own_dirs.contains(dir));
        let mut packages = packages.filter(|dir| !dir.starts_with(&site.config_home));
        Self {
            own_unit: systemd::read(&own, site).map(whose),
            packaged: packages
                .find_map(|dir| systemd::read(&dir.join(unit::NAME), site))
                .map(whose),
            launchd: launchd::answers().then(|| launchd::path(site).exists()),
            task: task::answers().then(task::is_registered),
            is_named: !site.named.is_empty(),
            is_detached: (list.has(&site.log()) && !launchd::path(site).exists())
                || list.has(&autostart::path(site)),
            unit_dir,
        }
    }

    /// Chooses for an installation.
    pub(crate) fn for_install(&self, is_detached: bool) -> Result<Choice, ServiceError> {
        let because = |why: Option<String>| Choice { keeper: Keeper::Detached(Detached), why };
        match &self.own_unit {
            Some((unit, Whose::Others)) => return Ok(because(Some(left_alone(unit)))),
            Some((unit, Whose::OurLedgers { .. })) => {
                return Err(ServiceError::ForeignProgram { program: unit.program.clone() });
            }
            Some((_, Whose::Ours)) | None => {}
        }
        if is_detached {
            return Ok(because(None));
        }
        let keeper = match (self.packaged_of_ours(), &self.unit_dir) {
            (Some(packaged), _) => Keeper::Systemd(packaged),
            (None, Some(dir)) => {
                Keeper::Systemd(Systemd { unit: dir.join(unit::NAME), packaged: false })
            }
            (None, None) if self.launchd.is_some() => Keeper::Launchd(Launchd),
            (None, None) if self.task.is_some() => Keeper::Task(Task),
            (None, None) => {
                return Ok(because(Some("No user service manager answers for this home".into())));
            }
        };
        Ok(Choice { keeper, why: None })
    }

    /// Returns who keeps the daemon running that is installed.
    pub(crate) fn installed(&self) -> Option<Keeper> {
        self.kept().or_else(|| self.is_detached.then_some(Keeper::Detached(Detached)))
    }

    /// Returns who else keeps a daemon with our ledger running, and need not any more.
    pub(crate) fn besides(&self, keeper: &Keeper) -> Option<Keeper> {
        match keeper {
            Keeper::Detached(_) => self.kept(),
            _ => self.is_detached.then_some(Keeper::Detached(Detached)),
        }
    }

    /// Returns our unit where the manager that it is for does not answer.
    pub(crate) fn unanswered(&self) -> Option<&Unit> {
        let own = self.own_unit.as_ref().filter(|(_, whose)| *whose != Whose::Others);
        own.filter(|_| self.unit_dir.is_none()).map(|(unit, _)| unit)
    }

    /// Returns the unit that belongs to another installation.
    pub(crate) fn others_unit(&self) -> Option<&Unit> {
        self.own_unit.as_ref().filter(|(_, whose)| *whose == Whose::Others).map(|(unit, _)| unit)
    }

    /// Fails where the service runs a program that is neither ours nor was installed with our ledger.
    pub(crate) fn check_program(&self) -> Result<(), ServiceError> {
        match &self.own_unit {
            Some((unit, Whose::OurLedgers { is_listed: false })) => {
                Err(ServiceError::ForeignProgram { program: unit.program.clone() })
            }
            _ => Ok(()),
        }
    }

    fn kept(&self) -> Option<Keeper> {
        let own = self.own_unit.as_ref().filter(|(_, whose)| *whose != Whose::Others);
        if let (Some((unit, _)), true) = (own, self.unit_dir.is_some()) {
            return Some(Keeper::Systemd(Systemd { unit: unit.path.clone(), packaged: false }));
        }
        if self.is_detached {
            return None;
        }
        self.packaged_of_ours()
            .map(Keeper::Systemd)
            .or_else(|| (self.launchd == Some(true)).then_some(Keeper::Launchd(Launchd)))
            .or_else(|| (self.task == Some(true)).then_some(Keeper::Task(Task)))
    }

    /// Returns the package's unit where it does all that ours would, and nothing hides it.
    fn packaged_of_ours(&self) -> Option<Systemd> {
        let (unit, _) = self.packaged.as_ref().filter(|(_, whose)| *whose == Whose::Ours)?;
        let is_seen = self.own_unit.is_none() && self.unit_dir.is_some() && !self.is_named;
        is_seen.then(|| Systemd { unit: unit.path.clone(), packaged: true })
    }
}

fn whose(unit: &Unit, site: &Site, list: &Installed) -> Whose {
    if !is_same(&unit.ledger, &site.places.state_dir) {
        Whose::Others
    } else if is_same(&unit.program, &site.program) {
        Whose::Ours
    } else {
        let is_listed = list.has(&unit.program) || list.has(&unit.path);
        Whose::OurLedgers { is_listed }
    }
}

fn left_alone(unit: &Unit) -> String {
    format!(
        "The user service runs {} with the ledger in {}: it is left alone",
        unit.program.display(),
        unit.ledger.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(path: &str) -> Unit {
        Unit { path: path.into(), program: "/p/trackwayd".into(), ledger: "/l".into() }
    }

    fn with_manager() -> Facts {
        Facts { unit_dir: Some("/u".into()), ..Facts::default() }
    }

    fn systemd(unit: &str, packaged: bool) -> Keeper {
        Keeper::Systemd(Systemd { unit: unit.into(), packaged })
    }

    fn chosen(facts: &Facts, is_detached: bool) -> Keeper {
        facts.for_install(is_detached).unwrap().keeper
    }

    #[test]
    fn who_answers_is_chosen_and_where_nobody_does_it_is_said() {
        assert_eq!(chosen(&with_manager(), false), systemd("/u/trackwayd.service", false));
        let launchd = Facts { launchd: Some(false), ..Facts::default() };
        assert_eq!(chosen(&launchd, false), Keeper::Launchd(Launchd));
        let task = Facts { task: Some(false), ..Facts::default() };
        assert_eq!(chosen(&task, false), Keeper::Task(Task));
        let nobody = Facts::default().for_install(false).unwrap();
        assert_eq!(nobody.keeper, Keeper::Detached(Detached));
        assert_eq!(nobody.why.as_deref(), Some("No user service manager answers for this home"));
    }

    #[test]
    fn detached_is_detached_whoever_answers() {
        let choice = with_manager().for_install(true).unwrap();
        assert_eq!(choice, Choice { keeper: Keeper::Detached(Detached), why: None });
    }

    #[test]
    fn the_unit_of_another_installation_is_left_alone() {
        let facts = Facts { own_unit: Some((unit("/u/x"), Whose::Others)), ..with_manager() };
        let choice = facts.for_install(false).unwrap();
        assert_eq!(choice.keeper, Keeper::Detached(Detached));
        assert!(choice.why.unwrap().ends_with("with the ledger in /l: it is left alone"));
        assert_eq!(facts.installed(), None);
        assert_eq!(facts.others_unit(), Some(&unit("/u/x")));
        facts.check_program().unwrap();
    }

    #[test]
    fn a_unit_whose_manager_does_not_answer_is_told_apart_from_none() {
        let unseen = Facts { own_unit: Some((unit("/u/x"), Whose::Ours)), ..Facts::default() };
        assert_eq!(unseen.installed(), None);
        assert_eq!(unseen.unanswered(), Some(&unit("/u/x")));
        let seen = Facts { unit_dir: Some("/u".into()), ..unseen };
        assert_eq!(seen.unanswered(), None);
    }

    #[test]
    fn another_program_does_not_take_a_ledger_over_that_a_service_has() {
        let with = |is_listed| Facts {
            own_unit: Some((unit("/u/x"), Whose::OurLedgers { is_listed })),
            ..with_manager()
        };
        for is_listed in [false, true] {
            let error = with(is_listed).for_install(true).unwrap_err().to_string();
            assert_eq!(error, "the user service runs /p/trackwayd with this ledger");
            assert_eq!(with(is_listed).installed(), Some(systemd("/u/x", false)));
        }
        assert!(with(false).check_program().is_err() && with(true).check_program().is_ok());
    }

    #[test]
    fn a_packages_unit_is_used_where_it_does_what_ours_would() {
        let facts = Facts { packaged: Some((unit("/lib/x"), Whose::Ours)), ..with_manager() };
        assert_eq!(chosen(&facts, false), systemd("/lib/x", true));
        assert_eq!(facts.installed(), Some(systemd("/lib/x", true)));
        let named = Facts { is_named: true, ..facts.clone() };
        assert_eq!(chosen(&named, false), systemd("/u/trackwayd.service", false));
        let other = Whose::OurLedgers { is_listed: false };
        let program = Facts { packaged: Some((unit("/lib/x"), other)), ..facts.clone() };
        assert_eq!(chosen(&program, false), systemd("/u/trackwayd.service", false));
        assert_eq!(program.installed(), None);
        let hidden = Facts { own_unit: Some((unit("/u/x"), Whose::Ours)), ..facts };
        assert_eq!(hidden.installed(), Some(systemd("/u/x", false)));
    }

    #[test]
    fn what_kept_it_running_before_gives_way_to_what_is_chosen() {
        let own = Facts { own_unit: Some((unit("/u/x"), Whose::Ours)), ..with_manager() };
        assert_eq!(own.besides(&Keeper::Detached(Detached)), Some(systemd("/u/x", false)));
        assert_eq!(own.besides(&systemd("/u/x", false)), None);
        let detached = Facts { is_detached: true, ..with_manager() };
        assert_eq!(detached.installed(), Some(Keeper::Detached(Detached)));
        assert_eq!(detached.besides(&systemd("/u/x", false)), Some(Keeper::Detached(Detached)));
        assert_eq!(detached.besides(&Keeper::Detached(Detached)), None);
    }

    #[test]
    fn a_daemon_that_was_detached_is_not_a_packages() {
        let facts = Facts {
            packaged: Some((unit("/lib/x"), Whose::Ours)),
            is_detached: true,
            ..with_manager()
        };
        assert_eq!(facts.installed(), Some(Keeper::Detached(Detached)));
    }
}
