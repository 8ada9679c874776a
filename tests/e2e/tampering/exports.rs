//! What is done to an export. There is no ledger to compare with: all is in the file.

use std::fs;

use trackway_protocol::log::Verdict::{self, Altered, Corrupt, Forged, Ok as Fine, Truncated};
use trackway_protocol::log::Verification;

use super::{Victim, verdict};

type Lines = Vec<String>;

/// A name, what is done to the lines, the verdict, and the record that is named where there is one.
type Attack = (&'static str, fn(&mut Lines), Verdict, Option<u64>);

const ATTACKS: &[Attack] = &[
    ("nothing", |_| {}, Fine, None),
    ("edits a record", |lines| lines[6] = lines[6].replace("\"body\"", "\"b0dy\""), Altered, None),
    ("removes a record", |lines| drop(lines.remove(6)), Altered, Some(7)),
    ("removes the first", |lines| drop(lines.remove(0)), Altered, Some(1)),
    ("says a record twice", |lines| lines.insert(6, lines[5].clone()), Altered, Some(7)),
    ("swaps two", |lines| lines.swap(5, 6), Altered, Some(6)),
    ("cuts off the end", |lines| lines.truncate(9), Truncated, Some(10)),
    ("cuts off the last records", cut_before_the_end, Truncated, None),
    ("edits the checkpoint", edit_the_checkpoint, Forged, None),
    ("takes the checkpoint out of the end", blank_the_checkpoint, Truncated, None),
    ("adds behind the end", |lines| lines.push(lines[0].clone()), Altered, None),
    ("puts something else between", |lines| lines.insert(3, "{}".into()), Corrupt, Some(4)),
    ("forges what is left out", forge_omission, Altered, None),
];

fn cut_before_the_end(lines: &mut Lines) {
    let end = lines.pop().expect("it has an end");
    lines.truncate(lines.len() - 2);
    lines.push(end);
}

fn edit_the_checkpoint(lines: &mut Lines) {
    let end = lines.last_mut().expect("it has an end");
    let at = end.find("time 20").expect("it has a time") + 5;
    end.replace_range(at..at + 4, "2019");
}

fn blank_the_checkpoint(lines: &mut Lines) {
    let end = lines.last_mut().expect("it has an end");
    *end = end.replacen("\"note\"", "\"nota\"", 1);
}

/// Replaces a record by a line that says that it was left out, with a hash of another one.
fn forge_omission(lines: &mut Lines) {
    let hash = trackway_protocol::log::Hash::of_leaf(b"another");
    lines[6] = format!(
        "{{\"kind\":\"export.omitted\",\"from\":7,\"until\":7,\"pruned\":0,\"hashes\":[\"{hash}\"]}}"
    );
}

pub(super) fn attack(victim: &Victim) {
    let daemon = &victim.watch.daemon;
    let file = victim.watch.world.root().join("export.ndjson");
    let path = file.to_str().expect("the world's paths are text");
    let verify = |args: &[&str]| -> Verification {
        verdict(&daemon.ctl(["verify", "--json", path].iter().chain(args)))
    };
    assert!(daemon.ctl(["export", "-o", path]).status.success());
    let text = fs::read_to_string(&file).expect("it was written");
    for (name, change, expected, bad) in ATTACKS {
        let mut lines: Lines = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        fs::write(&file, lines.join("\n") + "\n").expect("the world is ours");
        let found = verify(&[]);
        assert_eq!(found.verdict, *expected, "{name}: {found:#?}");
        if bad.is_some() {
            assert_eq!(found.faults[0].seq, *bad, "{name}: {found:#?}");
        }
        let anchored = verify(&["--checkpoint", victim.outside()]);
        assert_eq!(anchored.verdict.is_good(), expected.is_good(), "{name}: {anchored:#?}");
    }

    // No byte of a record, of what stands for others, or of the checkpoint can be changed.
    assert!(daemon.ctl(["export", "--dir", "/nowhere", "-o", path]).status.success());
    let found = verify(&["--key", &victim.key]);
    assert_eq!((found.verdict, found.left_out), (Fine, found.records), "{found:#?}");
    let bytes = fs::read(&file).expect("it was written");
    for place in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        fs::write(&file, &changed).expect("the world is ours");
        let found = verify(&["--key", &victim.key]);
        let is_seen = !found.verdict.is_good() || is_beside(&bytes, place);
        assert!(is_seen, "byte {place}: {found:#?}");
    }
    // A filter leaves a file that says how much is not in it, and verifies all the same.
    assert!(daemon.ctl(["export", "--agent", "claude", "-o", path]).status.success());
    let found = verify(&["--checkpoint", victim.outside()]);
    assert!(found.verdict == Fine && found.left_out > 0 && found.left_out < found.records);
}

/// Whether nothing depends on a byte: how many of those that are left out were pruned, and the key
/// that the file brings along, are only told.
fn is_beside(bytes: &[u8], place: usize) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let told = |mark: &str, length: usize| {
        text.match_indices(mark).any(|(at, _)| (at..at + mark.len() + length).contains(&place))
    };
    told("\"pruned\":", 1) || told("\"key\":\"", 80)
}
