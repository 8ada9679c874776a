//! Whatever becomes of a file or of the directories above it, the change is told.

use std::fs;
use std::path::Path;

use trackway_protocol::record::{ConfigChange, ConfigChanged};
use trackway_tests::harness::Tests;
use trackway_tests::watch::Watch;
use trackway_tests::world::{link, repository};

use super::known::{FILES, FIRST, Form, SECOND, watch, watch_in, write_and_wait};
use super::{last, put, rows, wait_for_change, wait_for_row};

pub(crate) fn all(tests: &mut Tests) {
    tests.add(a_file_that_is_replaced_is_told);
    tests.add(a_file_that_goes_and_comes_back_is_told);
    tests.add(a_file_that_is_written_over_and_over_is_told_as_it_is_at_last);
    tests.add(a_directory_that_is_made_later_is_watched);
    tests.add(a_project_that_goes_and_comes_back_is_watched);
    tests.add(a_home_that_goes_and_comes_back_is_watched);
    tests.add(a_file_that_is_a_link_is_followed);
    tests.add(what_changed_while_nobody_watched_is_told);
}

const SETTINGS: &str = "{repo}/.claude/settings.json";

fn model(name: &str) -> String {
    format!("{{\"model\": \"{name}\"}}")
}

/// Waits until the model that a file sets is told to be this one.
#[track_caller]
fn wait_for_model(watch: &Watch, after: u64, path: &str, name: &str) -> ConfigChanged {
    wait_for_change(watch, after, path, |changed| {
        let mut models = changed.changes.iter().filter(|change| change.key == "model");
        models.any(|change| change.after == Some(name.into()))
    })
}

fn is_gone(changed: &ConfigChanged) -> bool {
    changed.state == "absent"
}

fn a_file_that_is_replaced_is_told() {
    let watch = watch();
    for known in &FILES {
        let after = last(&watch);
        // As editors and agents do.
        let path = known.place(&watch.world);
        let fresh = path.with_extension("fresh");
        known.write_to(&fresh, &watch.world, SECOND);
        fs::rename(&fresh, &path).expect("both are in one directory");
        let changed = wait_for_change(&watch, after, known.path, |_| true);
        let is_whole = changed.changes.iter().any(|change| change.key == "@file");
        assert!(changed.state == "present" && !is_whole, "it was there all the time: {changed:#?}");
    }
}

fn a_file_that_goes_and_comes_back_is_told() {
    let watch = watch();
    for known in &FILES {
        let after = last(&watch);
        fs::remove_file(known.place(&watch.world)).expect("it was written");
        let changed = wait_for_change(&watch, after, known.path, is_gone);
        assert!(!changed.found, "{changed:#?}");
        let changed = write_and_wait(&watch, known, FIRST);
        // Nobody may believe that it was there all the time.
        let is_new = |change: &ConfigChange| matches!(&*change.what, "set" | "added");
        assert!(!changed.found && changed.changes.iter().all(is_new), "{changed:#?}");
    }
}

fn a_file_that_is_written_over_and_over_is_told_as_it_is_at_last() {
    let watch = watch();
    let path = watch.world.tell(SETTINGS);
    let after = last(&watch);
    for number in 0..500 {
        put(&path, &model(&format!("claude-sonnet-{number}")));
    }
    put(&path, &model("claude-opus-9"));
    wait_for_model(&watch, after, SETTINGS, "claude-opus-9");
    let row = wait_for_row(&watch, SETTINGS, |row| row.key == "model" && !row.found);
    assert_eq!(row.after, Some("claude-opus-9".into()), "{row:#?}");
}

fn a_directory_that_is_made_later_is_watched() {
    let watch = watch_in(|world| {
        for dir in ["{home}/.claude", "{home}/.codex"] {
            fs::remove_dir_all(world.tell(dir)).expect("the home was furnished");
        }
    });
    for known in FILES.iter().filter(|known| known.form != Form::Secret) {
        let path = known.place(&watch.world);
        let is_new = !path.parent().is_some_and(Path::is_dir);
        write_and_wait(&watch, known, FIRST);
        let is_found = rows(&watch, known.path).iter().any(|row| row.found);
        assert!(!is_new || !is_found, "{}: it was made while we watched", known.path);
    }
}

/// Removes a directory with all that is configured in it, and makes it again with other files.
fn remove_and_make_again(watch: &Watch, dir: &str, make: impl FnOnce(&Path)) {
    let inside: Vec<_> = FILES
        .iter()
        .filter(|known| known.path.starts_with(&format!("{dir}/")) && known.form != Form::Secret)
        .collect();
    let after = last(watch);
    let place = watch.world.tell(dir);
    fs::remove_dir_all(&place).expect("the world is ours");
    for known in &inside {
        wait_for_change(watch, after, known.path, is_gone);
    }
    let after = last(watch);
    make(place.as_ref());
    for known in &inside {
        known.write(&watch.world, SECOND);
    }
    for known in &inside {
        wait_for_change(watch, after, known.path, |changed| changed.state == "present");
    }
    // It is watched as before.
    for known in inside {
        write_and_wait(watch, known, FIRST);
    }
}

fn a_project_that_goes_and_comes_back_is_watched() {
    remove_and_make_again(&watch(), "{repo}", repository);
}

fn a_home_that_goes_and_comes_back_is_watched() {
    let watch = watch();
    remove_and_make_again(&watch, "{home}/.claude", |_| {});
    remove_and_make_again(&watch, "{home}/.codex", |_| {});
}

fn a_file_that_is_a_link_is_followed() {
    let watch = watch_in(|world| {
        put(world.tell("{root}/dotfiles/settings.json"), &model("claude-sonnet-5"));
        let path = world.tell("{home}/.claude/settings.json");
        fs::remove_file(&path).expect("the home was furnished");
        link(world.tell("{root}/dotfiles/settings.json"), path);
    });
    let path = "{home}/.claude/settings.json";
    wait_for_model(&watch, 0, path, "claude-sonnet-5");
    let after = last(&watch);
    put(watch.world.tell("{root}/dotfiles/settings.json"), &model("claude-opus-5"));
    wait_for_model(&watch, after, path, "claude-opus-5");
}

fn what_changed_while_nobody_watched_is_told() {
    let watch = watch();
    watch.daemon.stop();
    for (number, known) in FILES.iter().enumerate() {
        match number % 2 {
            0 => known.write(&watch.world, SECOND),
            _ => fs::remove_file(known.place(&watch.world)).expect("it was written"),
        }
    }
    watch.daemon.start_again();
    for (number, known) in FILES.iter().enumerate() {
        let state = if number % 2 == 0 { "present" } else { "absent" };
        let changed = wait_for_change(&watch, 0, known.path, |it| it.state == state && !it.found);
        assert!(!changed.changes.is_empty(), "{changed:#?}");
    }
}
