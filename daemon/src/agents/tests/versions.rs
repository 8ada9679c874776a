//! Versions that a file beside a program tells.

use super::*;

/// The version of a program in a tree of files.
fn version_on_disk(agent: &dyn Agent, program: &str, files: &[(&str, &str)]) -> Option<String> {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files.iter().chain(&[(program, "")]) {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    disk::version(agent.signs(), &root.path().join(program))
}

#[test]
fn a_kit_tells_the_agents_version_and_not_its_own() {
    let version = |program: &str, files: &[_]| version_on_disk(&claude::Claude, program, files);
    let kit = r#"{"name":"@anthropic-ai/claude-agent-sdk","version":"0.3.197","claudeCodeVersion":"2.1.197"}"#;
    let platform = r#"{"name":"@anthropic-ai/claude-agent-sdk-linux-x64","version":"0.3.197"}"#;
    let npm = "node_modules/@anthropic-ai/claude-agent-sdk-linux-x64/claude";
    let package = "node_modules/@anthropic-ai/claude-agent-sdk-linux-x64/package.json";
    let files =
        [("node_modules/@anthropic-ai/claude-agent-sdk/package.json", kit), (package, platform)];
    assert_eq!(version(npm, &files).as_deref(), Some("2.1.197"));
    assert_eq!(version(npm, &files[1..]), None, "the kit's version is another one");

    let python = "claude_agent_sdk/_bundled/claude";
    let beside = ("claude_agent_sdk/_bundled/claude.version", "2.1.330 (Claude Code)\n");
    let module =
        ("claude_agent_sdk/_cli_version.py", "\"\"\"V.\"\"\"\n\n__cli_version__ = \"2.1.12\"\n");
    let own = ("claude_agent_sdk/_version.py", "__version__ = \"0.2.187\"\n");
    assert_eq!(version(python, &[beside, own]).as_deref(), Some("2.1.330"));
    assert_eq!(version(python, &[module, own]).as_deref(), Some("2.1.12"));
    assert_eq!(version(python, &[own]), None);
}

#[test]
fn a_wheel_tells_the_version() {
    let version = |program: &str, files: &[_]| version_on_disk(&codex::Codex, program, files);
    let metadata = (
        "openai_codex_cli_bin-0.163.0.dist-info/METADATA",
        "Metadata-Version: 2.5\nName: openai-codex-cli-bin\nVersion: 0.163.0\nSummary: x\n",
    );
    let package =
        ("codex_cli_bin/codex-package.json", r#"{"variant":"codex","version":"0.163.1"}"#);
    assert_eq!(version("codex_cli_bin/bin/codex", &[metadata]).as_deref(), Some("0.163.0"));
    assert_eq!(
        version("codex_cli_bin/bin/codex", &[metadata, package]).as_deref(),
        Some("0.163.1")
    );
    assert_eq!(version("elsewhere/bin/codex", &[metadata]), None, "it is no wheel's program");
}

#[test]
fn an_extensions_version_is_not_the_agents() {
    let program =
        "extensions/anthropic.claude-code-2.1.233-linux-x64/resources/native-binary/claude";
    let manifest = r#"{"name":"claude-code","publisher":"Anthropic","version":"2.1.233"}"#;
    let file = ("extensions/anthropic.claude-code-2.1.233-linux-x64/package.json", manifest);
    assert_eq!(version_on_disk(&claude::Claude, program, &[file]), None);
    let program = "extensions/openai.chatgpt-26.5.1-linux-x64/bin/linux-x86_64/codex";
    let told = (
        "extensions/openai.chatgpt-26.5.1-linux-x64/bin/linux-x86_64/codex-package.json",
        r#"{"variant":"codex","version":"0.169.0"}"#,
    );
    assert_eq!(version_on_disk(&codex::Codex, program, &[]), None);
    assert_eq!(version_on_disk(&codex::Codex, program, &[told]).as_deref(), Some("0.169.0"));
}
