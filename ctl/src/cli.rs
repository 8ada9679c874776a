//! The command line: what may be typed. The doc comments of the arguments are their help.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{
    ArgMatches, Args as _, CommandFactory as _, FromArgMatches, Parser, Subcommand, ValueHint,
};

use crate::commands::checkpoint::Checkpoint;
use crate::commands::completions::Completions;
use crate::commands::config::Config;
use crate::commands::dirs::Dirs;
use crate::commands::doctor::Doctor;
use crate::commands::export::Export;
use crate::commands::files::Files;
use crate::commands::findings::Findings;
use crate::commands::gaps::Gaps;
use crate::commands::launches::Launches;
use crate::commands::man::Man;
use crate::commands::pause::{Pause, Resume};
use crate::commands::privacy::Privacy;
use crate::commands::prune::{Forget, Prune};
use crate::commands::report::Report;
use crate::commands::repos::Repos;
use crate::commands::service::Service;
use crate::commands::sessions::Sessions;
use crate::commands::show::Show;
use crate::commands::status::Status;
use crate::commands::tail::Tail;
use crate::commands::verify::Verify;
use crate::commands::who::Who;
use crate::commands::zones::Zones;
use crate::render::clean;

pub(crate) mod filter;
mod place;
mod when;

/// Ask trackwayd what AI coding agents did on this machine
///
/// trackwayd records where the claude and codex programs were: which launches, in which
/// directories and repositories, and when it could not see. This program asks it; only `prune`,
/// `forget`, `pause`, `resume`, `zones ack` and `service` change something, and `checkpoint` seals
/// what is there.
///
/// Without a command it tells of today at a glance: which agents run and where, what they did in the
/// last 24 hours, what somebody should look at, and whether the recorder sees. With `--json` that is
/// one object: `status` and `running` as the lines of `status` and `launches --running`, and `day` as
/// that of `report`; null where the daemon makes no reports.
#[derive(Debug, Parser)]
#[command(name = "trackwayctl", version, after_long_help = AFTER)]
pub struct Cli {
    /// Print one JSON object per line instead of a table
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) json: bool,

    /// Ask the daemon behind this socket [default: $TRACKWAY_SOCKET, or the platform's place]
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        value_hint = ValueHint::FilePath,
        help_heading = "Common options"
    )]
    pub(crate) socket: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Defines [`Command`]: the name of each and its arguments.
///
/// What clap derives would make the grammar of all commands in every run, which takes longer than most
/// commands do. So that of each is made when it is needed.
macro_rules! commands {
    ($($name:literal $command:ident,)+) => {
        #[derive(Debug)]
        pub(crate) enum Command {
            $($command($command),)+
        }

        impl Subcommand for Command {
            fn augment_subcommands(grammar: clap::Command) -> clap::Command {
                grammar$(.subcommand(clap::Command::new($name).defer($command::augment_args)))+
            }

            fn augment_subcommands_for_update(grammar: clap::Command) -> clap::Command {
                Self::augment_subcommands(grammar)
            }

            fn has_subcommand(name: &str) -> bool {
                [$($name),+].contains(&name)
            }
        }

        impl FromArgMatches for Command {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                match matches.subcommand() {
                    $(Some(($name, args)) => $command::from_arg_matches(args).map(Self::$command),)+
                    _ => Err(clap::Error::new(ErrorKind::InvalidSubcommand)),
                }
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }
    };
}

commands! {
    "status" Status,
    "doctor" Doctor,
    "launches" Launches,
    "dirs" Dirs,
    "repos" Repos,
    "sessions" Sessions,
    "files" Files,
    "who" Who,
    "show" Show,
    "config" Config,
    "findings" Findings,
    "zones" Zones,
    "gaps" Gaps,
    "tail" Tail,
    "report" Report,
    "export" Export,
    "verify" Verify,
    "checkpoint" Checkpoint,
    "prune" Prune,
    "forget" Forget,
    "privacy" Privacy,
    "pause" Pause,
    "resume" Resume,
    "service" Service,
    "completions" Completions,
    "man" Man,
}

impl Cli {
    /// Returns what was typed.
    ///
    /// # Errors
    ///
    /// Whatever clap has to say, safe to show.
    pub fn of_process() -> Result<Self, clap::Error> {
        Self::read(env::args_os().collect())
    }

    fn read(args: Vec<OsString>) -> Result<Self, clap::Error> {
        let clean = |arg: &OsString| clean(&arg.to_string_lossy()).into_owned();
        let cleaned = || args.iter().map(clean).map(OsString::from).collect::<Vec<_>>();
        // An error repeats what was typed. What makes no sense makes none cleaned either, but for
        // arguments that are no text, and those are not repeated.
        Self::parsed(&args).map_err(|error| Self::parsed(&cleaned()).err().unwrap_or(error))
    }

    fn parsed(args: &[OsString]) -> Result<Self, clap::Error> {
        let mut grammar = Self::command();
        if args.iter().any(|arg| ["-h", "--help", "help"].iter().any(|help| arg == help)) {
            // It may be about all commands.
            grammar.build();
        }
        let mut matches = grammar.try_get_matches_from_mut(args)?;
        Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut grammar))
    }

    /// Whether the command goes on for as long as somebody reads.
    #[must_use]
    pub fn follows(&self) -> bool {
        match &self.command {
            Some(Command::Tail(_)) => true,
            Some(Command::Service(command)) => command.follows(),
            _ => false,
        }
    }
}

const AFTER: &str = "\
Tables are for people and may change; the lines of --json are stable. On a terminal, tables fit \
its width; elsewhere nothing is shortened. Unknown is shown as `?`, what does not apply as `-`.

Environment:
  TRACKWAY_SOCKET     where the daemon listens, if not in its usual place
  TRACKWAY_STATE_DIR  where its ledger is; its socket is below, unless named
  COLUMNS             how wide tables may be, on a terminal or not
  NO_COLOR            no colour

Exit codes:
  0  done
  1  failed, or a check of `doctor` failed, or `zones check --strict` is not certain, or `report
     --absence` found a touch, or no record of that time
  2  the command line makes no sense
  3  the daemon cannot be reached, went away, or does not run (`service status`)
  4  the daemon speaks another version of the protocol, or makes reports of another
  5  the ledger, or an export, did not verify
  6  an agent entered a restricted zone (`zones check`)

Example: trackwayctl launches --since monday --dir .";

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the grammar of all commands.
    fn grammar() -> clap::Command {
        let mut grammar = Cli::command().disable_help_subcommand(true);
        grammar.build();
        grammar
    }

    #[test]
    fn the_grammar_is_consistent() {
        grammar().debug_assert();
    }

    #[test]
    fn every_command_has_one_example_and_no_full_stop_in_its_first_line() {
        let grammar = grammar();
        let below = grammar.get_subcommands().flat_map(clap::Command::get_subcommands);
        for command in grammar.get_subcommands().chain(below) {
            let name = command.get_name();
            let about = command.get_about().expect("every command says what it does").to_string();
            assert!(!about.ends_with('.'), "{name}: {about}");
            let after = command.get_after_help().expect("every command has an example").to_string();
            assert_eq!(after.matches("Example: trackwayctl ").count(), 1, "{name}: {after}");
        }
    }

    #[test]
    fn flags_for_all_commands_may_stand_before_and_after_the_command() {
        for args in [["trackwayctl", "--json", "status"], ["trackwayctl", "status", "--json"]] {
            assert!(Cli::try_parse_from(args).unwrap().json);
        }
    }

    #[test]
    fn an_argument_cannot_act_on_the_terminal_through_the_error_that_repeats_it() {
        for args in [&["frob\u{9b}2J\x1b[1m"][..], &["launches", "--limit", "\u{202e}\x1b]0;x"]] {
            let args = ["trackwayctl"].iter().chain(args).map(OsString::from).collect();
            let told = Cli::read(args).unwrap_err().render().ansi().to_string();
            assert!(!told.contains(['\u{9b}', '\u{202e}']), "{told:?}");
            assert!(!told.contains("\x1b[1mx") && !told.contains("\x1b]"), "{told:?}");
            assert!(told.contains(r"\x1b"), "{told:?}");
        }
    }

    #[test]
    fn a_filter_that_a_command_cannot_apply_is_refused() {
        assert!(Cli::try_parse_from(["trackwayctl", "gaps", "--agent", "codex"]).is_err());
        assert!(Cli::try_parse_from(["trackwayctl", "launches", "--limit", "0"]).is_err());
    }
}
