//! Which layer counts, as a table: what was measured with claude 2.1.197 and 2.1.330, and with codex
//! 0.162.1 and 0.169.0.

use serde_json::json;
use trackway_protocol::ids::Timestamp;

use super::*;
use crate::agents::claude::Claude;
use crate::agents::codex::Codex;
use crate::configuration::catalogue::Scope::{Local, Managed, Project, User};
use crate::configuration::entry::joined;

fn at() -> Timestamp {
    Timestamp::from_ms(5)
}

/// A settings file that says these things; a key that ends in `+` has a member more.
fn file(scope: Scope, path: &str, dir: Option<&str>, says: &[(&str, Value)]) -> Layer {
    let mut layer = Layer::new(scope, path.into(), "settings".into(), dir.map(str::to_owned));
    layer.tops = vec!["/r".to_owned()];
    for (key, value) in says {
        let (key, what) = key.strip_suffix('+').map_or((*key, "set"), |key| (key, "added"));
        layer.hear(key, what, None, Some(value.clone()), at());
    }
    layer
}

fn claude(layers: &[Layer], told: &Told, dir: &str) -> Vec<SettingRow> {
    in_force(&Claude, layers, told, Some(dir))
}

fn codex(layers: &[Layer], told: &Told, dir: &str) -> Vec<SettingRow> {
    in_force(&Codex, layers, told, Some(dir))
}

/// What each layer says of a key, and whether it counts.
fn of(rows: &[SettingRow], key: &str) -> Vec<(String, Option<Value>, InForce)> {
    let rows = rows.iter().filter(|row| row.key == key);
    rows.map(|row| (row.layer.clone(), row.value.clone(), row.in_force)).collect()
}

fn says(layer: &str, value: Value, in_force: InForce) -> (String, Option<Value>, InForce) {
    (layer.to_owned(), Some(value), in_force)
}

fn flags(flags: &[&str]) -> Told {
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    Told { is_launch: true, flags, ..Told::default() }
}

use InForce::{No, Unknown, Yes};

#[test]
fn of_claude_s_layers_the_strongest_counts() {
    let model = |name: &str| [("model", json!(name))];
    let layers = [
        file(User, "/h/.claude/settings.json", None, &model("user")),
        file(Project, "/r/.claude/settings.json", Some("/r"), &model("project")),
        file(Local, "/r/.claude/settings.local.json", Some("/r"), &model("local")),
        file(Managed, "/etc/claude-code/managed-settings.json", None, &model("managed")),
        file(Managed, "/etc/claude-code/managed-settings.d/1.json", None, &model("first")),
        file(Managed, "/etc/claude-code/managed-settings.d/2.json", None, &model("last")),
    ];
    let all = claude(&layers, &flags(&["--model=flag"]), "/r");
    assert_eq!(
        of(&all, "model"),
        [
            says("argv", json!("flag"), Yes),
            says("managed", json!("last"), No),
            says("managed", json!("first"), No),
            says("managed", json!("managed"), No),
            says("local", json!("local"), No),
            says("project", json!("project"), No),
            says("user", json!("user"), No),
        ]
    );
    let rest = claude(&layers[..3], &Told::default(), "/r");
    assert_eq!(of(&rest, "model")[0], says("local", json!("local"), Yes));
}

#[test]
fn settings_variables_are_stronger_than_the_environment() {
    let url = [("env.ANTHROPIC_BASE_URL", json!("p.example"))];
    let layers = [file(Project, "/r/.claude/settings.json", Some("/r"), &url)];
    let endpoint = Some(Endpoint { host: "e.example".into(), how: "env".into() });
    let env = vec!["ANTHROPIC_BASE_URL".to_owned()];
    let told = Told { is_launch: true, endpoint, env, ..Told::default() };
    assert_eq!(
        of(&claude(&layers, &told, "/r"), "env.ANTHROPIC_BASE_URL"),
        [
            says("project", json!("p.example"), Yes),
            says("env", json!("e.example"), No),
            says("default", json!("api.anthropic.com"), No),
        ]
    );
}

#[test]
fn a_project_s_rules_count_where_its_very_top_is_trusted_and_local_ones_always() {
    let allow = [("permissions.allow+", json!("Bash"))];
    let project = || file(Project, "/r/.claude/settings.json", Some("/r"), &allow);
    let local = || file(Local, "/r/.claude/settings.local.json", Some("/r"), &allow);
    let trusts = |dir: &str| {
        let key = joined(["projects", dir, "hasTrustDialogAccepted"]);
        let mut state = file(User, "/h/.claude.json", None, &[(&*key, json!(true))]);
        state.kind = "state".to_owned();
        state
    };
    let both = |state: Option<Layer>| {
        let layers: Vec<Layer> = [project(), local()].into_iter().chain(state).collect();
        let rows = claude(&layers, &Told::default(), "/r");
        of(&rows, "permissions.allow").into_iter().map(|row| row.2).collect::<Vec<_>>()
    };
    assert_eq!(both(None), [Yes, No]);
    assert_eq!(both(Some(trusts("/r"))), [Yes, Yes]);
    assert_eq!(both(Some(trusts("/"))), [Yes, No], "trust is exact");
}

#[test]
fn a_session_s_own_word_is_the_last_one() {
    let bypass = [("permissions.defaultMode", json!("bypassPermissions"))];
    let layers = [
        file(Project, "/r/.claude/settings.json", Some("/r"), &bypass),
        file(User, "/h/.claude/settings.json", None, &[("permissions.defaultMode", json!("plan"))]),
    ];
    let mode = |mode: &str| {
        let permission_mode = Some(mode.to_owned());
        let told = Told { session: Some("s".into()), permission_mode, ..Told::default() };
        of(&claude(&layers, &told, "/r"), "permissions.defaultMode")
    };
    let counts = |rows: Vec<(String, Option<Value>, InForce)>| {
        rows.into_iter().map(|(layer, _, counts)| (layer, counts)).collect::<Vec<_>>()
    };
    let row = |layer: &str, counts| (layer.to_owned(), counts);
    assert_eq!(
        counts(mode("bypassPermissions")),
        [row("session", Yes), row("project", Yes), row("user", No), row("default", No)]
    );
    assert_eq!(
        counts(mode("plan")),
        [row("session", Yes), row("project", No), row("user", Yes), row("default", No)]
    );
    // Without it nobody knows, for versions differ; and so of what is weaker.
    let silent = of(&claude(&layers, &Told::default(), "/r"), "permissions.defaultMode");
    assert_eq!(
        counts(silent),
        [row("project", Unknown), row("user", Unknown), row("default", Unknown)]
    );
}

#[test]
fn where_versions_differ_only_those_that_were_tried_are_known() {
    let bypass = [("permissions.defaultMode", json!("bypassPermissions"))];
    let layers = [file(Project, "/r/.claude/settings.json", Some("/r"), &bypass)];
    let counts = |version: &str| {
        let told = Told { version: Some(version.into()), ..flags(&[]) };
        of(&claude(&layers, &told, "/r"), "permissions.defaultMode")[0].2
    };
    let cases = [("2.1.197", Yes), ("2.1.330", No), ("2.1.250", Unknown), ("3.0", Unknown)];
    for (version, expected) in cases {
        assert_eq!(counts(version), expected, "{version}");
    }
}

#[test]
fn a_variable_for_the_model_is_stronger_than_settings_and_weaker_than_the_flag() {
    let row = says;
    let says = [("model", json!("opus")), ("env.ANTHROPIC_MODEL", json!("haiku"))];
    let layers = [file(User, "/h/.claude/settings.json", None, &says)];
    let rows = claude(&layers, &flags(&["--model=sonnet"]), "/r");
    let both = [row("argv", json!("sonnet"), Yes), row("user", json!("opus"), No)];
    assert_eq!(of(&rows, "model"), both);
    let rows = claude(&layers, &flags(&[]), "/r");
    assert_eq!(of(&rows, "model"), [row("user", json!("opus"), No)]);
}

#[test]
fn of_claude_s_projects_only_the_directory_of_its_start_counts() {
    let model = |name: &str| [("model", json!(name))];
    let layers = [
        file(Project, "/r/.claude/settings.json", Some("/r"), &model("top")),
        file(Project, "/r/a/.claude/settings.json", Some("/r/a"), &model("near")),
        file(Local, "/r/.claude/settings.local.json", Some("/r"), &model("local")),
    ];
    assert_eq!(
        of(&claude(&layers, &Told::default(), "/r/a"), "model"),
        [
            says("local", json!("local"), Unknown),
            says("project", json!("near"), Unknown),
            says("project", json!("top"), No),
        ]
    );
    assert_eq!(of(&claude(&layers[..2], &Told::default(), "/elsewhere"), "model"), []);
}

#[test]
fn of_codex_s_layers_the_strongest_counts_and_a_project_where_it_is_trusted() {
    let sandbox = |word: &str| [("sandbox_mode", json!(word))];
    let user = |trust: Option<&str>| {
        let mut says = sandbox("user").to_vec();
        let key = joined(["projects", "/r", "trust_level"]);
        says.extend(trust.map(|trust| (&*key, json!(trust))));
        file(User, "/h/.codex/config.toml", None, &says)
    };
    let layers = |trust| {
        vec![
            user(trust),
            file(Project, "/r/.codex/config.toml", Some("/r"), &sandbox("top")),
            file(Project, "/r/a/.codex/config.toml", Some("/r/a"), &sandbox("near")),
        ]
    };
    assert_eq!(
        of(
            &codex(&layers(Some("trusted")), &flags(&["--config=sandbox_mode=flag"]), "/r/a"),
            "sandbox_mode"
        ),
        [
            says("argv", json!("flag"), Yes),
            says("project", json!("near"), No),
            says("project", json!("top"), No),
            says("user", json!("user"), No),
        ]
    );
    let trusted = codex(&layers(Some("trusted")), &Told::default(), "/r/a");
    assert_eq!(of(&trusted, "sandbox_mode")[0], says("project", json!("near"), Yes));
    for trust in [None, Some("untrusted")] {
        let rows = codex(&layers(trust), &Told::default(), "/r/a");
        let counts: Vec<_> = of(&rows, "sandbox_mode").into_iter().map(|row| row.2).collect();
        assert_eq!(counts, [No, No, Yes]);
    }
}

#[test]
fn managed_configuration_of_codex_is_stronger_than_flags_but_for_the_model() {
    let mut system = file(Managed, "/etc/codex/config.toml", None, &[("model", json!("system"))]);
    system.kind = "defaults".to_owned();
    let says_both = [("model", json!("managed")), ("sandbox_mode", json!("managed"))];
    let layers = [
        system,
        file(Managed, "/etc/codex/managed_config.toml", None, &says_both),
        file(User, "/h/.codex/config.toml", None, &[("model", json!("user"))]),
    ];
    let rows = codex(&layers, &flags(&["--model=flag", "--config=sandbox_mode=flag"]), "/r");
    assert_eq!(
        of(&rows, "model"),
        [
            says("argv", json!("flag"), Yes),
            says("managed", json!("managed"), No),
            says("user", json!("user"), No),
            says("managed", json!("system"), No),
        ]
    );
    assert_eq!(of(&rows, "sandbox_mode")[0], says("managed", json!("managed"), Yes));
}

#[test]
fn what_a_codex_project_cannot_set_is_not_in_force() {
    let says = [("model_providers.x.base_url", json!("h")), ("model_provider", json!("x"))];
    let trust = joined(["projects", "/r", "trust_level"]);
    let layers = [
        file(User, "/h/.codex/config.toml", None, &[(&*trust, json!("trusted"))]),
        file(Project, "/r/.codex/config.toml", Some("/r"), &says),
    ];
    let rows = codex(&layers, &Told::default(), "/r");
    assert!(rows.iter().filter(|row| row.layer == "project").all(|row| row.in_force == No));
}

#[test]
fn what_nobody_read_leaves_the_weaker_unknown() {
    let layers = [
        file(User, "/h/.claude/settings.json", None, &[("model", json!("opus"))]),
        file(User, "/h/.codex/work.config.toml", None, &[("model", json!("gpt"))]),
    ];
    let rows = claude(&layers[..1], &flags(&["--settings=<12 bytes>"]), "/r");
    assert_eq!(of(&rows, "model"), [says("user", json!("opus"), Unknown)]);
    let rows = claude(&layers[..1], &flags(&["--setting-sources=project"]), "/r");
    assert_eq!(of(&rows, "model"), [says("user", json!("opus"), Unknown)]);
    let chosen = |told: &Told| of(&codex(&layers[1..], told, "/r"), "model")[0].2;
    assert_eq!(chosen(&flags(&[])), No);
    assert_eq!(chosen(&flags(&["--profile=work"])), Unknown);
}

#[test]
fn which_login_may_have_been_used_is_known_without_reading_one() {
    let mut stored = file(User, "/h/.codex/auth.json", None, &[("@mode", json!("0600"))]);
    stored.kind = "credentials".to_owned();
    let login = |told: &Told| of(&codex(std::slice::from_ref(&stored), told, "/r"), "login");
    assert_eq!(login(&flags(&[])), [says("user", json!("stored"), Yes)]);
    let mut told = flags(&[]);
    told.env = vec!["CODEX_API_KEY".to_owned()];
    assert_eq!(
        login(&told),
        [says("env", json!("api-key"), Unknown), says("user", json!("stored"), Unknown)]
    );
}

#[test]
fn members_come_and_go_and_a_file_that_cannot_be_read_says_nothing_for_sure() {
    let mut layer =
        file(User, "/h/.claude/settings.json", None, &[("permissions.allow+", json!("Bash"))]);
    layer.hear("permissions.allow", "added", None, Some(json!("Edit")), at());
    layer.hear("permissions.allow", "removed", Some(json!("Bash")), None, at());
    let rows = claude(std::slice::from_ref(&layer), &Told::default(), "/r");
    assert_eq!(of(&rows, "permissions.allow"), [says("user", json!("Edit"), Yes)]);
    layer.hear("@file", "changed", Some(json!("present")), Some(json!("unreadable")), at());
    let rows = claude(std::slice::from_ref(&layer), &Told::default(), "/r");
    assert_eq!(of(&rows, "permissions.allow"), [says("user", json!("Edit"), No)], "left out");
    layer.path = "/h/.codex/config.toml".to_owned();
    let rows = codex(&[layer], &Told::default(), "/r");
    assert_eq!(of(&rows, "permissions.allow"), [says("user", json!("Edit"), Unknown)]);
}

#[test]
fn an_agent_s_own_directory_is_told_by_its_session_file() {
    let home = |transcript| home_of(transcript);
    assert_eq!(home("/h/.claude/projects/-r/s.jsonl").as_deref(), Some("/h/.claude"));
    assert_eq!(home("/c/sessions/2026/11/20/rollout-x.jsonl").as_deref(), Some("/c"));
    assert_eq!(home("/x/s.jsonl"), None);
}

#[test]
fn what_is_switched_off_is_not_in_force() {
    let bypass = [
        ("permissions.defaultMode", json!("bypassPermissions")),
        ("hooks.Stop+", json!("command")),
        ("permissions.allow+", json!("Bash")),
    ];
    let user = || file(User, "/h/.claude/settings.json", None, &bypass);
    let counts = |says: &[(&str, Value)], key: &str| {
        let managed = file(Managed, "/etc/claude-code/managed-settings.json", None, says);
        let rows = claude(&[user(), managed], &Told::default(), "/r");
        let of_user = rows.iter().find(|row| row.key == key && row.layer == "user");
        of_user.unwrap().in_force
    };
    let cases = [
        ("permissions.disableBypassPermissionsMode", json!("disable"), "permissions.defaultMode"),
        ("disableAllHooks", json!(true), "hooks.Stop"),
        ("allowManagedHooksOnly", json!(true), "hooks.Stop"),
        ("allowManagedPermissionRulesOnly", json!(true), "permissions.allow"),
    ];
    for (key, value, off) in cases {
        assert_eq!(counts(&[], off), Yes, "{off}");
        assert_eq!(counts(&[(key, value)], off), No, "{key}");
    }
}

#[test]
fn a_value_that_claude_may_not_understand_leaves_its_file_in_doubt() {
    let mut layer = file(User, "/h/.claude/settings.json", None, &[("model", json!("opus"))]);
    layer.hear("permissions.defaultMode", "set", None, None, at());
    let rows = claude(&[layer], &Told::default(), "/r");
    assert_eq!(of(&rows, "model"), [says("user", json!("opus"), Unknown)]);
}

#[test]
fn of_a_time_at_which_nobody_looked_not_even_a_default_is_known() {
    let told = Told { session: Some("s".into()), is_before: true, ..Told::default() };
    let rows = claude(&[], &told, "/r");
    assert_eq!(of(&rows, "cleanupPeriodDays"), [says("default", json!("30"), Unknown)]);
}
