//! The commands that are known: as data, one row for each kind.
//!
//! A row tells which options there are and what the operands mean. Commands that need more have a
//! handler in `commands`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::arguments::{Arguments, Grammar};
use super::commands::{
    archives, builtins, copying, editing, git, patch, prefixes, searching, tools,
};
use super::scope::Field;
use super::walk::{Call, Input, Walk};
use super::{How, Reason, Target};

pub(super) type Handler = fn(&mut Walk, &Call<'_>) -> Result<(), Reason>;

/// What a kind of command does.
struct Row {
    /// Separated by blanks.
    names: &'static str,
    grammar: Grammar,
    action: Action,
}

#[derive(Clone, Copy)]
enum Action {
    /// Touches nothing, or nothing but what is kept elsewhere; its arguments are texts.
    Nothing,
    /// Every operand is a path.
    Paths(How, Target),
    /// The first operand is a text, the others are paths; all are if one of these options is there.
    Text(&'static str, How, Target),
    /// Works on its own in the directory where it is started.
    Tool,
    /// Acts on other machines or in containers.
    Elsewhere,
    /// Runs its operands as a command, after so many that are its own.
    Prefix(usize),
    Handler(Handler),
}

use Action::{Elsewhere, Nothing, Paths, Prefix, Text, Tool};
use How::{Create, Delete, Read, Write};
use Target::{Directory, Either, File};

const ANY: Grammar = Grammar::ANY;

const fn row(names: &'static str, grammar: Grammar, action: Action) -> Row {
    Row { names, grammar, action }
}

const fn handled(names: &'static str, handler: Handler) -> Row {
    Row { names, grammar: ANY, action: Action::Handler(handler) }
}

static ROWS: &[Row] = &[
    row(
        "echo printf true false : sleep date whoami id uname hostname seq expr let shift ulimit umask jobs \
         history clear dirs tput basename dirname realpath readlink nproc free uptime df lsof pgrep pkill killall \
         wait ps which type hash alias unalias shopt bind top htop printenv tty stty arch getconf \
         lscpu groups logname cal factor yes bc dc tr test [ pwd man info help whatis apropos locale times fg bg \
         disown complete compgen systemctl journalctl launchctl service dig nslookup ping host traceroute pbcopy pbpaste xclip getopts hostnamectl sync mktemp",
        ANY,
        Nothing,
    ),
    row(
        "cat tac rev md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum hexyl mdcat zcat bzcat xzcat zstdcat",
        ANY.long("number show-all decode check number-nonblank show-ends show-tabs squeeze-blank binary text quiet status"),
        Paths(Read, File),
    ),
    row("less more zless", ANY.flags("FRSXNniIeEgGJKLMmqQrswWdclpsu"), Paths(Read, File)),
    row(
        "bat batcat",
        ANY.flags("pAnPdu").values("lHrm").long("plain show-all number no-pager").long_values("style language line-range paging color theme wrap highlight-line"),
        Paths(Read, File),
    ),
    row("nl", ANY.flags("p").values("bdfhilnsvw").long_values("body-numbering"), Paths(Read, File)),
    row("strings", ANY.flags("adfwv").values("nteTs").long("all").long_values("bytes radix encoding"), Paths(Read, File)),
    row("column", ANY.flags("tnxeLJ").values("csoENRHWlCTr").long("table json").long_values("separator output-separator table-columns"), Paths(Read, File)),
    row("base64 base32", ANY.flags("diD").values("w").long("decode ignore-garbage").long_values("wrap"), Paths(Read, File)),
    row(
        "head tail",
        ANY.flags("qvzfFr").values("ncs").numbers().long("quiet silent verbose follow retry").long_values("lines bytes pid sleep-interval"),
        Paths(Read, File),
    ),
    row("wc", ANY.long("lines words bytes chars max-line-length").long_values("files0-from"), Paths(Read, File)),
    row("od", ANY.values("AjNSt").attached("w").long_values("format address-radix read-bytes skip-bytes width"), Paths(Read, File)),
    row("xxd", ANY.values("cglos"), Action::Handler(copying::first_read_then_written)),
    row("hexdump hd", ANY.values("efns"), Paths(Read, File)),
    row("file", ANY.values("FmPe").long("brief mime mime-type dereference mime-encoding"), Paths(Read, Either)),
    // `-f` and `-t` mean different things on different systems.
    row("stat", ANY.flags("LFnqrsx").values("c").long("dereference").long_values("format printf"), Paths(Read, Either)),
    row("cut", ANY.values("bcdf").long("complement only-delimited").long_values("delimiter fields characters bytes output-delimiter"), Paths(Read, File)),
    row("paste fold fmt expand unexpand", ANY.values("dwt").long("serial spaces").long_values("delimiters width tabs"), Paths(Read, File)),
    row("join", ANY.values("12eotvaj"), Paths(Read, File)),
    row("comm cmp", ANY.flags("123bslzn").values("in").long("silent quiet verbose nocheck-order check-order"), Paths(Read, File)),
    row("split", ANY.values("abCln").long("numeric-suffixes").long_values("lines bytes"), Action::Handler(copying::split)),
    row("iconv", ANY.values("fto").long_values("from-code to-code output"), Paths(Read, File)),
    row("tee sponge", ANY.flags("aip").long("append ignore-interrupts"), Paths(Write, File)),
    row("shred", ANY.flags("fuvxz").values("ns"), Paths(Write, File)),
    row(
        "rm unlink",
        ANY.flags("firRdvI").long("force recursive interactive verbose dir preserve-root no-preserve-root one-file-system"),
        Paths(Delete, Either),
    ),
    row("rmdir", ANY.flags("pv").long("parents verbose ignore-fail-on-non-empty"), Paths(Delete, Directory)),
    row("mkdir", ANY.flags("pvZ").values("m").long("parents verbose").long_values("mode"), Paths(Create, Directory)),
    row("touch", ANY.flags("acmhf").values("drt").long("no-create").long_values("date reference time"), Paths(Create, File)),
    row("mkfifo", ANY.values("m"), Paths(Create, File)),
    row("truncate", ANY.flags("co").values("sr").long("no-create").long_values("size reference"), Paths(Write, File)),
    row("chmod", ANY.flags("RcfvrwxXstugoa").long("recursive verbose quiet silent changes").long_values("reference"), Action::Handler(tools::mode)),
    row("chown chgrp", ANY.flags("RcfvhHLP").long("recursive verbose quiet silent changes no-dereference").long_values("reference from"), Text("reference", Write, Either)),
    row("jsonlint xmllint tidy plutil", ANY.flags(""), Paths(Read, File)),
    row("ls dir vdir exa eza lsd", ANY.values("ITwL").long("all almost-all recursive human-readable reverse long tree git-ignore git header directory classify inode size color").long_values("level ignore sort ignore-glob"), Action::Handler(searching::listed)),
    row("tree", ANY.values("LPIoHT").long("dirsfirst noreport gitignore du prune si inodes").long_values("filelimit charset"), Action::Handler(searching::listed)),
    row("du ncdu", ANY.values("dBtX").long("all human-readable summarize total apparent-size").long_values("max-depth exclude"), Action::Handler(searching::listed)),
    row("fd fdfind", ANY, Action::Handler(searching::fd)),
    row(
        "make gmake ninja cmake meson bazel buck cargo rustc rustup rustfmt clippy-driver npm npx pnpm pnpx yarn bun bunx deno tsc tsx ts-node \
         eslint prettier biome vite vitest jest mocha playwright webpack rollup esbuild turbo nx next nuxt astro go gofmt goimports \
         golangci-lint pytest py.test tox nox uv uvx pip pip3 pipx pipenv poetry pdm hatch conda mamba ruff black isort mypy pyright flake8 pylint \
         coverage ipython jupyter rake bundle bundler gem rspec rubocop rails mix elixir iex rebar3 gradle gradlew mvn mvnw ant sbt \
         lein stack cabal ghc dotnet msbuild swift swiftc xcodebuild zig nim dart flutter composer php phpunit artisan gcc g++ cc c++ clang \
         clang++ clang-format clang-tidy ld ar nm objdump readelf ldd javac java kotlinc kotlin scala scalac gdb lldb valgrind strace ltrace perf \
         terraform tofu ansible ansible-playbook pulumi helm packer vagrant just task nix nix-shell nix-build pre-commit husky lefthook \
         shellcheck shfmt hadolint actionlint yamllint markdownlint typos codespell cloc tokei scc protoc buf sqlc sqlite3 psql mysql \
         mongosh redis-cli duckdb apt apt-get dpkg brew yum dnf pacman apk snap crontab hyperfine open xdg-open \
         wrk ab k6 pandoc pdftotext convert magick ffmpeg ffprobe vim nvim vi nano emacs ed code claude codex gh glab hub svn hg jj \
         parallel watch tmux screen nc ncat socat http httpie xh openssl gpg age ssh-keygen \
         asdf mise nvm fnm volta pyenv rbenv sdk corepack wasm-pack trunk maturin lua luajit Rscript julia octave racket guile sbcl clojure",
        ANY,
        Tool,
    ),
    row("ssh scp sftp docker docker-compose podman kubectl oc nerdctl lxc multipass gcloud aws az flyctl heroku vercel netlify wrangler adb mosh", ANY, Elsewhere),
    row("nohup setsid unbuffer chronic caffeinate winpty catchsegv", ANY.flags("fcwdisu").leading(), Prefix(0)),
    row("time", ANY.flags("apvq").values("fo").leading(), Prefix(0)),
    row("nice", ANY.flags("").values("n").numbers().long_values("adjustment").leading(), Prefix(0)),
    row("ionice", ANY.flags("t").values("cn").leading(), Prefix(0)),
    row("chrt", ANY.flags("bfiorR").leading(), Prefix(1)),
    row("taskset", ANY.flags("c").leading(), Prefix(1)),
    row("stdbuf", ANY.flags("").values("ioe").leading(), Prefix(0)),
    row("timeout gtimeout", ANY.flags("v").values("sk").long("preserve-status foreground verbose").long_values("signal kill-after").leading(), Prefix(1)),
    row("sudo doas", ANY.flags("AbEHnPSiks").values("ugphCDRTU").long("preserve-env non-interactive set-home").long_values("user group").leading(), Prefix(0)),
    row("exec", ANY.flags("cl").values("a").leading(), Prefix(0)),
    row("builtin", ANY.flags("").leading(), Prefix(0)),
    handled("command", prefixes::command),
    handled("env", prefixes::env),
    handled("xargs", prefixes::xargs),
    handled("bash sh zsh dash ksh ash", prefixes::shell),
    handled("eval", prefixes::eval),
    handled("cd chdir", builtins::cd),
    handled("pushd", builtins::pushd),
    handled("popd", builtins::popd),
    handled("trap", builtins::trap),
    handled("export local declare typeset readonly", builtins::declare),
    handled("unset", builtins::unset),
    handled("read mapfile readarray", builtins::read),
    handled("set", builtins::set),
    handled("exit logout", builtins::exit),
    handled("break continue return", builtins::skip),
    handled("source .", builtins::source),
    handled("grep egrep fgrep zgrep ggrep", searching::grep),
    handled("rg ripgrep", searching::rg),
    handled("ag ack", searching::ag),
    handled("find gfind", searching::find),
    handled("diff colordiff", searching::diff),
    handled("sed gsed", editing::sed),
    handled("awk gawk mawk nawk", editing::awk),
    handled("perl", editing::perl),
    handled("jq gojq jaq", editing::jq),
    handled("yq", editing::yq),
    handled("sort", editing::sort),
    handled("uniq shuf", editing::uniq),
    handled("cp gcp", copying::cp),
    handled("mv gmv", copying::mv),
    handled("ln", copying::ln),
    handled("install ginstall", copying::install),
    handled("rsync", copying::rsync),
    handled("dd", copying::dd),
    handled("tar gtar bsdtar", archives::tar),
    handled("zip", archives::zip),
    handled("unzip", archives::unzip),
    handled("gzip gunzip pigz bzip2 bunzip2 xz unxz zstd unzstd", archives::compress),
    handled("curl", tools::curl),
    handled("wget", tools::wget),
    handled("python python2 pypy", tools::python),
    handled("node nodejs ruby", tools::script),
    handled("patch", patch::patch),
    handled("apply_patch applypatch", patch::apply_patch),
    handled("git", git::git),
];

static INDEX: LazyLock<HashMap<&'static str, &'static Row>> = LazyLock::new(|| {
    ROWS.iter()
        .flat_map(|row| row.names.split_ascii_whitespace().map(move |name| (name, row)))
        .collect()
});

/// Runs a command that is no function.
pub(super) fn run(walk: &mut Walk, typed: &str, arguments: &[Field], input: &Input) {
    let name = typed.rsplit('/').next().unwrap_or(typed);
    let own = typed.contains('/') && !is_system(typed);
    if own {
        walk.touch_text(typed, How::Read, Target::File);
    }
    // `python3.12` is `python`.
    let family = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let Some(row) = INDEX.get(name).or_else(|| INDEX.get(family)) else {
        return if own { tools::work_here(walk) } else { walk.unresolved(Reason::Command) };
    };
    let call = Call { name, arguments, input, grammar: row.grammar };
    if let Err(reason) = act(walk, row, &call) {
        walk.unresolved(reason);
    }
}

/// Whether a program lies where programs are installed: that it is run is no touch of it.
fn is_system(path: &str) -> bool {
    ["/bin/", "/sbin/", "/usr/", "/opt/", "/nix/"].iter().any(|start| path.starts_with(start))
}

fn act(walk: &mut Walk, row: &Row, call: &Call<'_>) -> Result<(), Reason> {
    match row.action {
        Nothing => {}
        Elsewhere => return Err(Reason::Elsewhere),
        Tool => tools::tool(walk, call),
        Action::Handler(handler) => return handler(walk, call),
        Paths(how, target) => {
            let parsed = call.parse()?;
            touch_all(walk, &parsed.operands, how, target);
        }
        Text(unless, how, target) => {
            let mut parsed = call.parse()?;
            if !parsed.has(unless) {
                parsed.take_text()?;
            }
            touch_all(walk, &parsed.operands, how, target);
        }
        Prefix(own) => {
            let parsed = call.parse()?;
            let rest: Vec<_> = parsed.operands.into_iter().skip(own).cloned().collect();
            walk.run(&rest, call.input);
        }
    }
    Ok(())
}

/// Reports all of these operands; `-` is the input or the output, and `+10` an old kind of option.
pub(super) fn touch_all(walk: &mut Walk, operands: &[&Field], how: How, target: Target) {
    for operand in operands.iter().filter(|operand| operand.exact() != Some("-")) {
        if operand.lead().starts_with('+') {
            walk.unresolved(Reason::Option);
        } else {
            walk.touch(operand, how, target);
        }
    }
}

impl<'c> Call<'c> {
    /// Tells options and operands apart, by the row's own grammar.
    pub(super) fn parse(&self) -> Result<Arguments<'c>, Reason> {
        Arguments::parse(&self.grammar, self.arguments)
    }

    /// The same by another grammar.
    pub(super) fn parse_as(&self, grammar: &Grammar) -> Result<Arguments<'c>, Reason> {
        Arguments::parse(grammar, self.arguments)
    }
}
