//! What the user wants recorded at all: the places that are looked at, and those that are not.

use std::path::Path;

use crate::zones::{Place, Rules};

/// Patterns of one list, at most.
const MOST: usize = 1000;

/// Of which places anything is recorded.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// As typed.
    pub(crate) included: Vec<String>,
    pub(crate) excluded: Vec<String>,
    include: Rules,
    exclude: Rules,
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        (&self.included, &self.excluded) == (&other.included, &other.excluded)
    }
}

impl Eq for Scope {}

impl Scope {
    /// Reads both lists; an error comes with its key.
    pub(super) fn new(
        included: Vec<String>,
        excluded: Vec<String>,
        home: Option<&Path>,
    ) -> Result<Self, (String, String)> {
        let resolve = |path: &Path| path.canonicalize().ok();
        let rules = |key: &str, typed: &[String]| {
            if typed.len() > MOST {
                return Err((format!("scope.{key}"), format!("has more than {MOST} patterns")));
            }
            Rules::of_list(typed, home, &resolve)
                .map_err(|(at, why)| (format!("scope.{key}[{at}]"), why))
        };
        let (include, exclude) = (rules("include", &included)?, rules("exclude", &excluded)?);
        Ok(Self { included, excluded, include, exclude })
    }

    /// Whether everything is recorded.
    pub(crate) fn is_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether nothing is recorded of a place. Of one that is not known nothing is, where only some are
    /// included.
    pub(crate) fn leaves_out(&self, place: Option<&Place<'_>>) -> bool {
        match place {
            None => !self.include.is_empty(),
            Some(place) => {
                let is_included = self.include.is_empty() || self.include.cover(place);
                !is_included || self.exclude.cover(place)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use trackway_protocol::record::Repo;

    use super::*;

    fn scope(include: &[&str], exclude: &[&str]) -> Result<Scope, (String, String)> {
        let list = |typed: &[&str]| typed.iter().map(|it| (*it).to_owned()).collect();
        Scope::new(list(include), list(exclude), Some(Path::new("/home/ada")))
    }

    fn leaves_out(scope: &Scope, path: &str, remote: Option<&str>) -> bool {
        let root = Path::new(path).ancestors().nth(1).unwrap().display().to_string();
        let repo =
            remote.map(|remote| Repo { root, remote: Some(remote.into()), ..Repo::default() });
        scope.leaves_out(Some(&Place { path: Path::new(path), repo: repo.as_ref() }))
    }

    #[test]
    fn what_is_excluded_is_so_though_it_is_included() {
        let scope = scope(&["~/work/**"], &["~/work/own", "remote:github.com/ada/*"]).unwrap();
        assert!(!leaves_out(&scope, "/home/ada/work/a/b", None));
        assert!(leaves_out(&scope, "/home/ada/other", None));
        assert!(leaves_out(&scope, "/home/ada/work/own/a", None));
        assert!(leaves_out(&scope, "/home/ada/work/a", Some("https://github.com/ada/a.git")));
        assert!(!leaves_out(&scope, "/home/ada/work/a", Some("https://github.com/corp/a")));
        assert!(scope.leaves_out(None));
    }

    #[test]
    fn without_a_list_of_what_is_included_everything_else_is() {
        let scope = scope(&[], &["~/private"]).unwrap();
        assert!(!leaves_out(&scope, "/srv/a", None) && !scope.leaves_out(None));
        assert!(leaves_out(&scope, "/home/ada/private", None));
        assert!(Scope::default().is_all());
    }

    #[test]
    fn a_pattern_that_cannot_be_meant_is_named() {
        let (key, why) = scope(&["~/a", "work"], &[]).unwrap_err();
        assert_eq!((&*key, &*why), ("scope.include[1]", "begins neither with / nor with ~/"));
    }
}
