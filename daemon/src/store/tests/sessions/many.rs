//! Where there is much, it is found in other ways, and the same is found.

use super::*;

const QUARTER: i64 = 900_000;

fn below(dir: &str) -> Filter {
    Filter { dir: Some(dir.into()), ..all() }
}

fn newest(limit: u64, filter: Filter) -> Filter {
    Filter { limit: Some(limit), ..filter }
}

fn in_repo(ms: i64, session: &str, dir: &str) -> Draft {
    let mut draft = in_dir(ms, session, dir);
    let Body::DirTouched(touched) = &mut draft.body else { unreachable!() };
    touched.repo = Some(repo(dir, None));
    draft
}

#[test]
fn the_newest_sessions_of_a_place_where_many_worked() {
    let many = (0..1200).map(|n| began(n, &format!("s{n}"), &format!("/src/{}", n % 7)));
    let elsewhere = [began(2000, "other", "/else"), began(2001, "near", "/src2")];
    let fixture = Fixture::with(many.chain(elsewhere).collect());
    assert_eq!(ids(&fixture.reader, &newest(2, below("/src"))), ["s1199", "s1198"]);
    let early = Filter { until_ms: Some(T0 + 5), ..below("/src") };
    assert_eq!(ids(&fixture.reader, &newest(2, early)), ["s4", "s3"]);
    assert_eq!(ids(&fixture.reader, &newest(2, below("/src/3"))), ["s1193", "s1186"]);
    let found = fixture.reader.sessions(&newest(2, below("/src")), None).unwrap();
    assert_eq!(found.more, Some(1198));
}

#[test]
fn the_newest_accesses_of_a_place_with_many_files() {
    let of_repo = |mut draft: Draft| {
        let Body::FileAccessed(access) = &mut draft.body else { unreachable!() };
        access.repo = Some(repo("/src", Some("https://host/a/b")));
        draft
    };
    let many = (0..10_001).map(|n| of_repo(accessed(n, "s1", &format!("/src/{n}"), "read")));
    let others = [
        accessed(20_000, "s2", "/else", "read"),
        accessed(20_001, "s2", "/src2", "read"),
        of_repo(accessed(1, "s3", "/src/x", "delete")),
    ];
    let fixture = Fixture::with(many.chain(others).collect());
    let of_repo = Filter { repo: Some("https://host/a/b".into()), ..all() };
    for place in [below("/src"), of_repo] {
        assert_eq!(files(&fixture.reader, &newest(1, place.clone())), ["read /src/10000"]);
        let deleted = Filter { how: Some("delete".into()), ..place.clone() };
        assert_eq!(files(&fixture.reader, &deleted), ["delete /src/x"]);
        let early = Filter { until_ms: Some(T0 + 100), ..place.clone() };
        let more =
            [place, early].map(|filter| fixture.reader.files(&newest(1, filter)).unwrap().more);
        assert_eq!(more, [None, Some(100)]);
        let who = fixture.reader.who(&deleted).unwrap().rows;
        let who: Vec<_> = who.iter().map(|row| (row.session.as_deref(), &*row.path)).collect();
        assert_eq!(who, [(Some("s3"), "/src/x")]);
    }
}

#[test]
fn who_finds_what_is_done_to_files_alone() {
    let many = (0..1001).map(|n| accessed(n, "s1", &format!("/src/{n}"), "read"));
    let fixture = Fixture::with(many.chain([accessed(2000, "s2", "/src/x", "delete")]).collect());
    let rows = fixture.reader.who(&Filter { how: Some("delete".into()), ..below("/src") }).unwrap();
    let [row] = &rows.rows[..] else { panic!("{rows:?}") };
    assert_eq!((row.session.as_deref(), &*row.path), (Some("s2"), "/src/x"));
}

#[test]
fn sessions_count_for_a_place_where_they_were_there_in_the_range() {
    let quarters = (0..5).map(|n| in_repo(n * QUARTER + 5, &format!("s{n}"), "/src"));
    let fixture = Fixture::with(quarters.chain([in_repo(QUARTER + 7, "s1", "/src")]).collect());
    let counted = |(since, until): (Option<i64>, Option<i64>)| {
        let filter = Filter {
            since_ms: since.map(|since| T0 + since),
            until_ms: until.map(|until| T0 + until),
            ..all()
        };
        let repos = fixture.reader.repos(&filter).unwrap().rows;
        let dirs = fixture.reader.dirs(&filter).unwrap().rows;
        let counts = [repos.first().map(|row| row.sessions), dirs.first().map(|row| row.sessions)];
        assert_eq!(counts[0], counts[1], "{filter:?}");
        counts[0].flatten().unwrap_or_default()
    };
    for (range, sessions) in [
        ((None, None), 5),
        ((Some(5), None), 5),
        ((Some(6), None), 4),
        ((None, Some(4 * QUARTER + 5)), 4),
        ((Some(QUARTER + 7), Some(3 * QUARTER + 6)), 3),
        ((Some(QUARTER + 6), Some(QUARTER + 8)), 1),
        ((Some(QUARTER + 8), Some(QUARTER + 9)), 0),
    ] {
        assert_eq!(counted(range), sessions, "{range:?}");
    }
}
