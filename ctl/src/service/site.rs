//! Where a service is installed: whose home, which places, which program.
//!
//! The service must mean the same places as the shell that asks it, so what is named in the
//! environment is named in the service as well.

use std::env;
use std::path::{Path, PathBuf};

use trackway_protocol::endpoint::Places;

use super::error::ServiceError;
use super::process;

/// Variables that say where things are, and must be absolute.
const OURS: [&str; 3] = ["TRACKWAY_CONFIG", "TRACKWAY_STATE_DIR", "TRACKWAY_SOCKET"];
/// The same, of the platform; relative ones count as not set.
const PLATFORM: [(&str, &str); 2] =
    [("XDG_CONFIG_HOME", ".config"), ("XDG_STATE_HOME", ".local/state")];

/// Where a service is installed.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Ledger, configuration and socket.
    pub(crate) places: Places,
    /// The user's home.
    pub(crate) home: PathBuf,
    /// Where programs keep their configuration.
    pub(crate) config_home: PathBuf,
    /// The directory of the user's sockets.
    pub(crate) runtime_dir: Option<PathBuf>,
    /// The variables that say where things are, as far as they are set.
    pub(crate) named: Vec<(&'static str, String)>,
    /// The daemon's program.
    pub(crate) program: PathBuf,
    /// This program.
    pub(crate) ctl: PathBuf,
}

impl Site {
    /// Returns that of this process; the daemon's program is `program`, else the one beside ours.
    pub(crate) fn of_process(program: Option<&Path>) -> Result<Self, ServiceError> {
        let home = home()?;
        let named = named(variable, &home)?;
        let mut places = Places::from_env().map_err(|_| ServiceError::NoHome)?;
        let told = absolute("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime_dir = process::runtime_dir(told.as_deref());
        let is_named = named.iter().any(|(name, _)| OURS[1..].contains(name));
        if told != runtime_dir && !is_named {
            // After `su` the variable is missing or somebody else's.
            places.socket = socket(runtime_dir.as_deref(), &places.state_dir);
        }
        let ctl = env::current_exe().map_err(ServiceError::file(
            "find",
            format!("trackwayctl{}", env::consts::EXE_SUFFIX),
        ))?;
        let beside = ctl.with_file_name(format!("trackwayd{}", env::consts::EXE_SUFFIX));
        let program = program.unwrap_or(&beside);
        let program = std::path::absolute(program).map_err(ServiceError::file("use", program))?;
        let config_home = absolute("XDG_CONFIG_HOME").map_or(home.join(".config"), PathBuf::from);
        let site = Self { places, home, config_home, runtime_dir, named, program, ctl };
        site.check()?;
        Ok(site)
    }

    /// Refuses names that the description of a service cannot bear.
    fn check(&self) -> Result<(), ServiceError> {
        let Places { config, state_dir, socket } = &self.places;
        for path in [config, state_dir, socket, &self.program, &self.ctl, &self.config_home] {
            speakable(path)?;
        }
        Ok(())
    }

    /// Where the service keeps its log if nobody else does.
    pub(crate) fn log(&self) -> PathBuf {
        self.places.state_dir.join("trackwayd.log")
    }
}

/// Returns a path as text.
pub(crate) fn speakable(path: &Path) -> Result<&str, ServiceError> {
    path.to_str()
        .filter(|text| !text.contains(['\n', '\r']))
        .ok_or_else(|| ServiceError::Unspeakable { what: path.display().to_string() })
}

fn home() -> Result<PathBuf, ServiceError> {
    let home = env::home_dir().filter(|home| home.is_absolute()).ok_or(ServiceError::NoHome)?;
    if env::var_os("SUDO_USER").is_some() && !process::owns(&home) {
        return Err(ServiceError::ForeignHome { home });
    }
    // As text and without a slash at its end, which a unit's search path has not either.
    Ok(home.components().collect())
}

fn variable(name: &'static str) -> Result<Option<String>, ServiceError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(ServiceError::Unspeakable { what: name.to_owned() })
        }
    }
}

fn absolute(name: &'static str) -> Option<String> {
    variable(name).ok().flatten().filter(|value| Path::new(value).is_absolute())
}

/// Returns the variables that name places other than the usual ones.
fn named(
    variable: impl Fn(&'static str) -> Result<Option<String>, ServiceError>,
    home: &Path,
) -> Result<Vec<(&'static str, String)>, ServiceError> {
    let mut named = Vec::new();
    for name in OURS {
        let Some(value) = variable(name)? else { continue };
        if !Path::new(&value).is_absolute() {
            return Err(ServiceError::Relative { name, value });
        }
        named.push((name, value));
    }
    for (name, usual) in PLATFORM {
        let value = variable(name)?.filter(|value| Path::new(value).is_absolute());
        named.extend(value.filter(|it| Path::new(it) != home.join(usual)).map(|it| (name, it)));
    }
    Ok(named)
}

fn socket(runtime_dir: Option<&Path>, state_dir: &Path) -> PathBuf {
    let dir = runtime_dir.map_or_else(|| state_dir.join("run"), |dir| dir.join("trackway"));
    dir.join("trackwayd.sock")
}

/// Whether two paths are one place, under whatever names.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}

#[cfg(test)]
impl Site {
    /// Returns one in which everything is in its usual place.
    pub(crate) fn usual() -> Self {
        let state_dir = PathBuf::from("/home/ann/.local/state/trackway");
        Self {
            places: Places {
                config: "/home/ann/.config/trackway/config.toml".into(),
                socket: "/run/user/1000/trackway/trackwayd.sock".into(),
                state_dir,
            },
            home: "/home/ann".into(),
            config_home: "/home/ann/.config".into(),
            runtime_dir: Some("/run/user/1000".into()),
            named: Vec::new(),
            program: "/home/ann/.local/bin/trackwayd".into(),
            ctl: "/home/ann/.local/bin/trackwayctl".into(),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn named_by(set: &[(&'static str, &str)]) -> Result<Vec<(&'static str, String)>, ServiceError> {
        let variable = |name| {
            let value = set.iter().find(|(it, _)| *it == name);
            Ok(value.map(|(_, value)| (*value).to_owned()))
        };
        named(variable, Path::new("/home/ann"))
    }

    #[test]
    fn what_is_named_as_it_would_be_anyway_is_not_named() {
        let set = [("XDG_CONFIG_HOME", "/home/ann/.config/"), ("XDG_STATE_HOME", "/data/state")];
        assert_eq!(named_by(&set).unwrap(), [("XDG_STATE_HOME", "/data/state".to_owned())]);
    }

    #[test]
    fn a_relative_place_is_refused_where_it_is_ours_and_ignored_elsewhere() {
        assert_eq!(named_by(&[("XDG_STATE_HOME", "state")]).unwrap(), []);
        let error = named_by(&[("TRACKWAY_STATE_DIR", "state")]).unwrap_err().to_string();
        assert_eq!(error, "TRACKWAY_STATE_DIR must be an absolute path: state");
    }

    #[test]
    fn a_line_break_in_a_name_is_refused() {
        assert!(speakable(Path::new("/a b/%h $HOME")).is_ok());
        assert!(speakable(Path::new("/a\nExecStart=/bin/sh")).is_err());
    }

    #[test]
    fn without_a_runtime_directory_the_socket_is_beside_the_ledger() {
        let state = Path::new("/s");
        assert_eq!(socket(None, state), Path::new("/s/run/trackwayd.sock"));
        assert_eq!(socket(Some(Path::new("/r")), state), Path::new("/r/trackway/trackwayd.sock"));
    }
}
