//! The command line of `trackwayd`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use trackway_daemon::Options;
use trackway_daemon::config::{Files, Loaded};
use trackway_daemon::logging::{self, printable};
use trackway_daemon::shutdown;
use trackway_protocol::endpoint::Places;

/// Record where AI coding agents have been on this machine
#[derive(Debug, Parser)]
#[command(name = "trackwayd", version)]
struct Cli {
    #[command(subcommand)]
    command: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Record in the foreground until told to stop
    Run(Run),
    /// Fill the tables that answer questions anew from the records, with the daemon stopped
    Rebuild(Where),
    /// Verify the ledger, whether the daemon runs or not; exits with 5 where it does not verify
    Verify(Verify),
    /// Say whether a configuration can be used, and if not why
    CheckConfig(CheckConfig),
    /// Wait for the end of the input: the daemon runs this to see whether the kernel tells of it
    #[command(hide = true)]
    Canary,
    /// Write the manual pages into a directory, for those who package this
    #[command(hide = true)]
    Man {
        /// The directory, which must be there
        dir: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Where {
    /// Read this configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep the ledger in this directory
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Answer on this socket
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Run {
    #[command(flatten)]
    places: Where,
    /// Read the configuration of the whole machine in this directory
    #[arg(long, value_name = "DIR")]
    managed_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct CheckConfig {
    /// The file [default: the one that a daemon would read]
    file: Option<PathBuf>,
    #[command(flatten)]
    places: Where,
    /// Read the configuration of the whole machine in this directory
    #[arg(long, value_name = "DIR")]
    managed_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Verify {
    #[command(flatten)]
    places: Where,
    /// Compare with the checkpoints in this file, which were kept elsewhere
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Verify checkpoints with this key, or the one in this file
    #[arg(long, value_name = "KEY|FILE")]
    key: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The ledger did not verify, as `trackwayctl verify` has it.
const NOT_VERIFIED: u8 = 5;

fn main() -> ExitCode {
    trackway_daemon::keep_files_private();
    let outcome = match Cli::parse().command {
        Order::Run(places) => run(places).map(|()| ExitCode::SUCCESS),
        Order::Rebuild(places) => rebuild(places).map(|()| ExitCode::SUCCESS),
        Order::Verify(order) => verify(order),
        Order::CheckConfig(order) => check_config(order).map(|()| ExitCode::SUCCESS),
        Order::Canary => canary().map(|()| ExitCode::SUCCESS),
        Order::Man { dir } => man(&dir).map(|()| ExitCode::SUCCESS),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(order: Run) -> anyhow::Result<()> {
    let managed_dir = managed_dir(order.managed_dir)?;
    let places = order.places.resolve()?;
    let configured = Loaded::read(&Files::new(&managed_dir, places.config.clone()))?;
    logging::start(configured.config.level);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let shutdown = shutdown::on_signal()?;
        trackway_daemon::run(
            Options { places, configured, managed_dir, canary: canary_command },
            shutdown,
        )
        .await
    });
    // A thread that waits for a file system which never answers must not keep us here.
    runtime.shutdown_background();
    outcome
}

fn check_config(order: CheckConfig) -> anyhow::Result<()> {
    use std::io::Write as _;
    let user = match order.file.map(absolute).transpose()? {
        Some(file) => {
            std::fs::metadata(&file)
                .with_context(|| format!("failed to read {}", file.display()))?;
            file
        }
        None => order.places.resolve()?.config,
    };
    let loaded = Loaded::read(&Files::new(&managed_dir(order.managed_dir)?, user))?;
    let mut out = std::io::stdout();
    for line in loaded.told() {
        writeln!(out, "{}", printable(&line))?;
    }
    Ok(())
}

fn managed_dir(named: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    named.map_or_else(|| Ok(trackway_daemon::managed_dir()), absolute)
}

fn rebuild(places: Where) -> anyhow::Result<()> {
    use std::io::Write as _;
    let records = trackway_daemon::rebuild(&places.resolve()?)?;
    writeln!(std::io::stdout(), "projected {records} records")?;
    Ok(())
}

fn verify(order: Verify) -> anyhow::Result<ExitCode> {
    use std::io::Write as _;
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
    };
    let texts = order.checkpoint.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let key = match order.key {
        Some(key) if !key.contains('+') => Some(read(&key.into())?),
        key => key,
    };
    let state_dir = order.places.resolve()?.state_dir;
    let found = trackway_daemon::verify(&state_dir, &texts.join("\n"), key.as_deref())?;
    let mut out = std::io::stdout();
    if order.json {
        writeln!(out, "{}", serde_json::to_string(&found)?)?;
    } else {
        let trackway_protocol::log::Verification { verdict, records, pruned, sealed, .. } = &found;
        writeln!(out, "{verdict}: {records} records, {sealed} sealed, {pruned} pruned")?;
        writeln!(
            out,
            "{} checkpoints of its own fit, {} that were kept elsewhere; key {}",
            found.checkpoints, found.outside, found.key
        )?;
        found.faults.iter().try_for_each(|it| writeln!(out, "{}: {}", it.verdict, it.why))?;
    }
    let code = if found.verdict.is_good() { ExitCode::SUCCESS } else { NOT_VERIFIED.into() };
    Ok(code)
}

fn canary() -> anyhow::Result<()> {
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

fn canary_command() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg("canary");
    command
}

/// Writes a page of this program and one of each of its commands.
fn man(dir: &Path) -> anyhow::Result<()> {
    let mut grammar = Cli::command().disable_help_subcommand(true);
    grammar.build();
    let shown = grammar.get_subcommands().filter(|below| !below.is_hide_set());
    for command in std::iter::once(&grammar).chain(shown) {
        clap_mangen::Man::new(command.clone())
            .source(concat!("Trackway ", env!("CARGO_PKG_VERSION")))
            .manual("Trackway")
            .generate_to(dir)
            .with_context(|| format!("failed to write manual pages in {}", dir.display()))?;
    }
    Ok(())
}

impl Where {
    fn resolve(self) -> anyhow::Result<Places> {
        let given = self.state_dir.map(absolute).transpose()?;
        let mut places = match &given {
            // A directory of its own brings a socket of its own, as TRACKWAY_STATE_DIR does.
            Some(state_dir) => Places::in_state_dir(state_dir)?,
            None => Places::from_env()?,
        };
        if let Some(config) = self.config {
            places.config = absolute(config)?;
        }
        if let Some(socket) = self.socket {
            places.socket = absolute(socket)?;
        }
        Ok(places)
    }
}

fn absolute(path: PathBuf) -> anyhow::Result<PathBuf> {
    std::path::absolute(&path).with_context(|| format!("failed to use {}", path.display()))
}

/// Prints an error and its causes.
fn report(error: &anyhow::Error) {
    use std::io::Write as _;
    // Nothing is left to be done where even this fails.
    let told = format!("{error:#}");
    drop(writeln!(std::io::stderr(), "trackwayd: {}", printable(&told)));
}
