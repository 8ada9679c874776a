use tempfile::TempDir;
use tokio::sync::watch;
use trackway_protocol::record::{Body, DaemonRun, Evidence};

use super::*;
use crate::config::Standing;
use crate::pipeline::Snapshot;
use crate::store::{self, Draft, Sealing};
use crate::zones::Zones;

/// A Monday, some hours after midnight in Berlin.
const NOW: &str = "2026-11-23T05:00:00Z";

struct Scene {
    dir: TempDir,
    reader: Reader,
    reporter: Reporter,
}

impl Scene {
    /// A ledger whose first daemon began then.
    fn begun(first: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = store::open(dir.path()).unwrap();
        let (reader, writer) = (store.reader(), store.start(Sealing::default()));
        let body = Body::DaemonStarted(DaemonRun::default());
        let at = first.parse().unwrap();
        let draft = Draft { at, evidence: Evidence::Kernel, replaces: None, body };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(writer.append(vec![draft])).unwrap();
        runtime.block_on(writer.close());
        let snapshot = watch::channel(Snapshot::default()).1;
        let standing = watch::channel(Standing::default()).1;
        let config = dir.path().join("config.toml");
        let reporter = Reporter::new(&config, Zones::default(), snapshot, standing);
        Self { dir, reader, reporter }
    }

    fn reports(&self) -> PathBuf {
        self.dir.path().join(DIR)
    }

    fn write(&self, weekly: &Weekly, now: &str) -> Result<(), String> {
        let now = now.parse().unwrap();
        let written = write_due(weekly, &self.reports(), &self.reader, &self.reporter, now);
        written.map_err(|error| told_in_full(&error))
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.reports()).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn weekly(formats: &[Format], keep: usize) -> Weekly {
    let time_zone = Some("Europe/Berlin".to_owned());
    Weekly { formats: formats.to_vec(), keep, time_zone }
}

#[test]
fn every_week_since_the_first_daemon_gets_its_report_once() {
    let scene = Scene::begun("2026-11-10T12:00:00Z");
    let json = weekly(&[Format::Json], 53);
    scene.write(&json, NOW).unwrap();
    assert_eq!(scene.files(), ["trackway-2026-W46.json", "trackway-2026-W47.json"]);
    let path = scene.reports().join("trackway-2026-W47.json");
    let text = fs::read_to_string(&path).unwrap();
    let report: trackway_protocol::report::Report = serde_json::from_str(&text).unwrap();
    assert_eq!(report.range.week.as_deref(), Some("2026-W47"));
    assert_eq!(report.range.from, "2026-11-15T23:00:00Z".parse().unwrap());
    assert_eq!(report.sha256.as_deref(), Some(&*report.hash()));
    // What is there is not made again.
    fs::write(&path, "as it was").unwrap();
    scene.write(&json, NOW).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "as it was");
    // A format that is added later is.
    scene.write(&weekly(&[Format::Json, Format::Markdown], 53), NOW).unwrap();
    assert_eq!(scene.files().len(), 4);
    let status = status(&scene.reports(), None);
    assert_eq!(status.newest.as_deref(), Some("2026-W47"));
    assert_eq!(status.files, ["trackway-2026-W47.json", "trackway-2026-W47.md"]);
}

#[test]
fn a_week_is_written_when_it_is_over_for_some_time() {
    let scene = Scene::begun("2026-11-17T12:00:00Z");
    let json = weekly(&[Format::Json], 53);
    // Ten minutes into the new week, in Berlin.
    scene.write(&json, "2026-11-22T23:10:00Z").unwrap();
    assert_eq!(scene.files(), [""; 0]);
    scene.write(&json, "2026-11-22T23:20:00Z").unwrap();
    assert_eq!(scene.files(), ["trackway-2026-W47.json"]);
}

#[test]
fn only_so_many_weeks_are_kept_and_nothing_else_is_removed() {
    let scene = Scene::begun("2026-10-01T12:00:00Z");
    fs::create_dir(scene.reports()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(scene.reports(), fs::Permissions::from_mode(0o700)).unwrap();
    }
    for name in ["trackway-2026-W41.html", "trackway-mine.html", "trackway-2026-W41.txt"] {
        fs::write(scene.reports().join(name), "").unwrap();
    }
    scene.write(&weekly(&[Format::Csv], 2), NOW).unwrap();
    assert_eq!(
        scene.files(),
        [
            "trackway-2026-W41.txt",
            "trackway-2026-W46.csv",
            "trackway-2026-W47.csv",
            "trackway-mine.html"
        ]
    );
}

#[cfg(unix)]
#[test]
fn reports_are_for_their_owner_alone_and_a_place_that_is_not_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::begun("2026-11-17T12:00:00Z");
    scene.write(&weekly(&[Format::Json], 53), NOW).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&scene.reports()), 0o700);
    assert_eq!(mode(&scene.reports().join("trackway-2026-W47.json")), 0o600);
    let open = fs::Permissions::from_mode(0o777);
    fs::set_permissions(scene.reports(), open).unwrap();
    let error = scene.write(&weekly(&[Format::Csv], 53), NOW).unwrap_err();
    assert!(error.contains("trackway-2026-W47.csv"), "{error}");
}

#[test]
fn what_is_typed_is_understood_or_refused_with_its_key() {
    let read = |text: &str| Weekly::read(toml::from_str(text).unwrap());
    let none = read("weekly = []").unwrap();
    assert!(none.formats.is_empty());
    let scene = Scene::begun("2026-11-01T12:00:00Z");
    scene.write(&none, NOW).unwrap();
    assert_eq!(scene.files(), [""; 0]);
    for (text, key) in [
        ("weekly = [\"pdf\"]", "report.weekly"),
        ("keep = 0", "report.keep"),
        ("time-zone = \"Mars/Olympus\"", "report.time-zone"),
    ] {
        assert_eq!(read(text).unwrap_err().0, key, "{text}");
    }
}
