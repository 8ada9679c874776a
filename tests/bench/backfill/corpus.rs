//! Session files of both agents with known sums, shaped like those that people have.
//!
//! What a line weighs follows what users report: a claude session of 102 MB in 8,366 lines
//! (anthropics/claude-code #21022) and one of 17 MB in 2,500 (nanocoai/nanoclaw #137), a codex
//! rollout of 732 MB in 170,415 (openai/codex #24948): 7 to 12 and 4 kB, here about 6 and 3. The
//! fields are those of
//! claude 2.1 and codex 0.169; most of the bytes are results of tools, twice or three times over.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use trackway_protocol::ids::Timestamp;

use crate::made::Dice;

/// Repositories that the sessions work in, and files in each.
const REPOS: usize = 24;
const FILES: usize = 160;
/// Length of a session file, about.
const SESSION: u64 = 1_200_000;
/// How long before now the first session was.
const SPAN_MS: i64 = 29 * 24 * 60 * 60 * 1000;

/// What was written, and what it sums up to.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    pub(crate) bytes: u64,
    pub(crate) files: u64,
    pub(crate) lines: u64,
    pub(crate) sums: Sums,
    /// A session file of claude.
    pub(crate) newest: PathBuf,
}

/// Responses and their tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) responses: u64,
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
    pub(crate) output: u64,
}

/// Writes session files of about so many bytes below a home.
pub(crate) fn write(home: &Path, bytes: u64) -> Result<Corpus> {
    let repos = repos(home)?;
    let mut dice = Dice(0x7261_636b_7761_7921);
    let pool = pool(&mut dice);
    let mut corpus = Corpus::default();
    let begin = Timestamp::now().ms() - SPAN_MS;
    let sessions = i64::try_from(bytes / SESSION + 1)?;
    let mut number = 0;
    while corpus.bytes < bytes {
        number += 1;
        let mut session = Session {
            id: format!("{:08x}-0000-4000-8000-{:012x}", dice.next() & 0xffff_ffff, number),
            repo: &repos[dice.below(REPOS)],
            at_ms: begin + SPAN_MS / sessions * i64::from(number),
            text: String::new(),
            ids: 0,
            total: [0; 4],
            pool: &pool,
            dice: &mut dice,
            sums: &mut corpus.sums,
        };
        let path = match number % 5 {
            0 => session.codex(home),
            _ => session.claude(home),
        };
        let text = session.text;
        fs::create_dir_all(path.parent().unwrap_or(home))?;
        corpus.bytes += text.len() as u64;
        corpus.lines += text.lines().count() as u64;
        corpus.files += 1;
        fs::write(&path, text)?;
        if number % 5 != 0 {
            corpus.newest = path;
        }
    }
    Ok(corpus)
}

/// Returns another line for a session file of claude: a response of that name.
pub(crate) fn response(file: &Path, name: &str) -> String {
    let session = file.file_stem().unwrap_or_default().display();
    let time = Timestamp::now();
    format!(
        "{{\"isSidechain\":false,\"message\":{{\"model\":\"claude-sonnet-5\",\"id\":\"{name}\",\
         \"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"usage\":{{\
         \"input_tokens\":3,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":5,\
         \"output_tokens\":7}}}},\"requestId\":\"req_{name}\",\"type\":\"assistant\",\
         \"uuid\":\"{name}\",\"timestamp\":\"{time}\",\"sessionId\":\"{session}\",\
         \"version\":\"2.1.330\"}}\n"
    )
}

/// Makes the repositories that paths lead into.
fn repos(home: &Path) -> Result<Vec<PathBuf>> {
    let mut repos = Vec::new();
    for number in 0..REPOS {
        let repo = home.join(format!("src/repo-{number}"));
        for dir in [".git/objects", ".git/refs/heads"] {
            fs::create_dir_all(repo.join(dir))?;
        }
        fs::write(repo.join(".git/HEAD"), "ref: refs/heads/main\n")?;
        let url = format!("https://git.example.com/team/repo-{number}.git");
        fs::write(repo.join(".git/config"), format!("[remote \"origin\"]\n\turl = {url}\n"))?;
        for file in 0..FILES {
            let path = repo.join(file_name(file));
            fs::create_dir_all(path.parent().unwrap_or(&repo))?;
            fs::write(path, "")?;
        }
        repos.push(repo);
    }
    Ok(repos)
}

fn file_name(number: usize) -> String {
    format!("src/module{}/part{number}.rs", number % 16)
}

/// Whether something happens that does in so many of a hundred cases.
fn percent(dice: &mut Dice, share: usize) -> bool {
    dice.below(100) < share
}

/// Lines of code as JSON has them.
fn pool(dice: &mut Dice) -> Vec<String> {
    let words =
        ["let", "fn", "if", "return", "self", "match", "value", "\\\"name\\\"", "for", "in"];
    let line = |dice: &mut Dice| {
        let mut line = "    ".repeat(dice.below(4));
        for _ in 0..2 + dice.below(7) {
            let word = words[dice.below(words.len())];
            let _ =
                write!(line, "{word} v{}{}", dice.below(9000), [";", ",", "(", ")"][dice.below(4)]);
        }
        line + "\\n"
    };
    (0..4096).map(|_| line(dice)).collect()
}

/// A session that is being written.
struct Session<'a> {
    id: String,
    repo: &'a Path,
    at_ms: i64,
    text: String,
    ids: u64,
    /// Of a codex thread: input, read from and written to the cache, output.
    total: [u64; 4],
    pool: &'a [String],
    dice: &'a mut Dice,
    sums: &'a mut Sums,
}

/// Tokens of one response; none is in two classes.
struct Tokens {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    output: u64,
}

impl Session<'_> {
    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn time(&mut self) -> String {
        self.at_ms += 200 + i64::try_from(self.dice.below(9000)).unwrap_or_default();
        Timestamp::from_ms(self.at_ms).to_string()
    }

    /// Returns code of about so many bytes: mostly less, sometimes much more.
    fn code(&mut self, bytes: usize) -> String {
        let bytes = bytes / 4
            + self.dice.below(bytes)
            + self.dice.below(bytes) * usize::from(percent(self.dice, 25)) * 2;
        let mut code = String::with_capacity(bytes + 128);
        while code.len() < bytes {
            code.push_str(&self.pool[self.dice.below(self.pool.len())]);
        }
        code
    }

    fn file(&mut self) -> String {
        let name = file_name(self.dice.below(FILES));
        self.repo.join(name).display().to_string()
    }

    fn tokens(&mut self) -> Tokens {
        let mut number = |most: usize| self.dice.below(most) as u64;
        let tokens = Tokens {
            input: 1 + number(40),
            cache_read: 8000 + number(90_000),
            cache_write: 1 + number(4000),
            output: 20 + number(1500),
        };
        self.sums.responses += 1;
        self.sums.input += tokens.input;
        self.sums.cache_read += tokens.cache_read;
        self.sums.cache_write += tokens.cache_write;
        self.sums.output += tokens.output;
        tokens
    }

    fn command(&mut self) -> String {
        let file = file_name(self.dice.below(FILES));
        match self.dice.below(8) {
            0 => "cargo test --workspace 2>&1 | tail -n 20".to_owned(),
            1 => format!("sed -n '1,80p' {file}"),
            2 => format!("grep -rn value{} src | head", self.dice.below(99)),
            3 => "git status --short && git diff --stat".to_owned(),
            4 => format!("cat {file} | wc -l"),
            5 => format!("cd src/module{} && ls -la", self.dice.below(16)),
            6 => format!("sed -i 's/v1/v2/' {file}"),
            _ => "cargo clippy --all-targets".to_owned(),
        }
    }

    fn claude(&mut self, home: &Path) -> PathBuf {
        let id = self.id.clone();
        while (self.text.len() as u64) < SESSION {
            self.claude_line("user", "\"permissionMode\":\"acceptEdits\",", |session| {
                let text = session.code(400);
                format!("\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}")
            });
            for _ in 0..3 + self.dice.below(20) {
                self.claude_step();
            }
        }
        let slug: String = self.repo.display().to_string();
        let slug = slug.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        home.join(format!(".claude/projects/{slug}/{id}.jsonl"))
    }

    /// A response with a tool call, in one line or more, and the call's result.
    fn claude_step(&mut self) {
        let number = self.id();
        let tokens = self.tokens();
        let usage = |output: u64| {
            let Tokens { input, cache_read, cache_write, .. } = tokens;
            format!(
                "\"usage\":{{\"input_tokens\":{input},\"cache_creation_input_tokens\":{cache_write},\
                 \"cache_read_input_tokens\":{cache_read},\"cache_creation\":{{\
                 \"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":{cache_write}}},\
                 \"output_tokens\":{output},\"service_tier\":\"standard\",\"inference_geo\":\
                 \"not_available\",\"iterations\":[],\"speed\":\"standard\"}}"
            )
        };
        let request = format!("\"requestId\":\"req_{}_{number}\",", &self.id[..8]);
        let message = format!("msg_{}_{number}", &self.id[..8]);
        let part = |session: &mut Self, content: &str, output: u64| {
            let usage = usage(output);
            session.claude_line("assistant", &request, |_| {
                format!(
                    "\"message\":{{\"model\":\"claude-sonnet-5\",\"id\":\"{message}\",\"type\":\
                     \"message\",\"role\":\"assistant\",\"content\":[{content}],\"stop_reason\":\
                     \"tool_use\",\"stop_sequence\":null,{usage}}}"
                )
            });
        };
        if percent(self.dice, 30) {
            let thought = self.code(2500);
            part(
                self,
                &format!(
                    "{{\"type\":\"thinking\",\"thinking\":\"{thought}\",\"signature\":\"x\"}}"
                ),
                8,
            );
        }
        if percent(self.dice, 20) {
            let text = self.code(300);
            part(self, &format!("{{\"type\":\"text\",\"text\":\"{text}\"}}"), 8);
        }
        let call = format!("toolu_{}_{number}", &self.id[..8]);
        let (name, input, content, result) = self.tool();
        let block = format!(
            "{{\"type\":\"tool_use\",\"id\":\"{call}\",\"name\":\"{name}\",\"input\":{{{input}}},\
             \"caller\":{{\"type\":\"direct\"}}}}"
        );
        part(self, &block, tokens.output);
        self.claude_line("user", "", |_| {
            format!(
                "\"message\":{{\"role\":\"user\",\"content\":[{{\"tool_use_id\":\"{call}\",\
                 \"type\":\"tool_result\",\"content\":\"{content}\"}}]}},\"toolUseResult\":{{{result}}}"
            )
        });
    }

    /// Returns a tool's name, its input, and its result, once as text and once more with all details.
    fn tool(&mut self) -> (&'static str, String, String, String) {
        let path = self.file();
        match self.dice.below(100) {
            0..30 => {
                let text = self.code(11_000);
                let result = format!(
                    "\"type\":\"text\",\"file\":{{\"filePath\":\"{path}\",\"content\":\"{text}\",\
                     \"numLines\":200,\"startLine\":1,\"totalLines\":200}}"
                );
                ("Read", format!("\"file_path\":\"{path}\""), text, result)
            }
            30..65 => {
                let (command, text) = (self.command(), self.code(3000));
                let result = format!(
                    "\"stdout\":\"{text}\",\"stderr\":\"\",\"interrupted\":false,\"isImage\":false"
                );
                let input = format!("\"command\":\"{command}\",\"description\":\"Looks\"");
                ("Bash", input, text, result)
            }
            65..83 => {
                let (old, new, file) = (self.code(500), self.code(600), self.code(20_000));
                let input = format!(
                    "\"file_path\":\"{path}\",\"old_string\":\"{old}\",\"new_string\":\"{new}\""
                );
                let result = format!(
                    "\"filePath\":\"{path}\",\"oldString\":\"{old}\",\"newString\":\"{new}\",\
                     \"originalFile\":\"{file}\",\"structuredPatch\":[{{\"oldStart\":1,\"oldLines\":9,\
                     \"newStart\":1,\"newLines\":12,\"lines\":[\"-{old}\",\"+{new}\"]}}],\
                     \"userModified\":false,\"replaceAll\":false"
                );
                ("Edit", input, self.code(500), result)
            }
            83..95 => {
                let text = self.code(3000);
                let result = format!("\"mode\":\"content\",\"numFiles\":0,\"content\":\"{text}\"");
                let dir = self.repo.join("src").display().to_string();
                ("Grep", format!("\"pattern\":\"v1\",\"path\":\"{dir}\""), text, result)
            }
            _ => {
                let text = self.code(5000);
                let input = format!("\"file_path\":\"{path}\",\"content\":\"{text}\"");
                let result = format!(
                    "\"type\":\"create\",\"filePath\":\"{path}\",\"content\":\"{text}\",\
                     \"structuredPatch\":[],\"originalFile\":null"
                );
                ("Write", input, "File created successfully".to_owned(), result)
            }
        }
    }

    fn claude_line(&mut self, kind: &str, more: &str, body: impl FnOnce(&mut Self) -> String) {
        let (number, time, body) = (self.id(), self.time(), body(self));
        let (id, cwd) = (&self.id, self.repo.display());
        let tail = &id[..8];
        let _ = writeln!(
            self.text,
            "{{\"parentUuid\":\"{tail}-0000-4000-8000-{:012x}\",\"isSidechain\":false,{body},\
             \"type\":\"{kind}\",{more}\"uuid\":\"{tail}-0000-4000-8000-{number:012x}\",\
             \"timestamp\":\"{time}\",\"userType\":\"external\",\"entrypoint\":\"cli\",\
             \"cwd\":\"{cwd}\",\"sessionId\":\"{id}\",\"version\":\"2.1.330\",\"gitBranch\":\"main\"}}",
            number - 1
        );
    }

    fn codex(&mut self, home: &Path) -> PathBuf {
        let (id, cwd) = (self.id.clone(), self.repo.display().to_string());
        let begin = Timestamp::from_ms(self.at_ms).to_string();
        let text = self.code(14_000);
        self.codex_line("session_meta", &format!(
            "\"session_id\":\"{id}\",\"id\":\"{id}\",\"timestamp\":\"{begin}\",\"cwd\":\"{cwd}\",\
             \"originator\":\"codex_exec\",\"cli_version\":\"0.169.0\",\"source\":\"exec\",\
             \"thread_source\":\"user\",\"model_provider\":\"openai\",\"base_instructions\":{{\
             \"text\":\"{text}\"}},\"history_mode\":\"paginated\",\"git\":{{\"branch\":\"main\"}}"
        ));
        while (self.text.len() as u64) < SESSION {
            let turn = format!("turn-{}-{}", &id[..8], self.id());
            self.codex_line(
                "turn_context",
                &format!(
                    "\"turn_id\":\"{turn}\",\"cwd\":\"{cwd}\",\"workspace_roots\":[\"{cwd}\"],\
                 \"approval_policy\":\"never\",\"sandbox_policy\":{{\"type\":\"workspace-write\",\
                 \"writable_roots\":[],\"network_access\":false}},\"model\":\"gpt-5.6\",\
                 \"effort\":\"medium\",\"summary\":\"auto\""
                ),
            );
            for _ in 0..3 + self.dice.below(20) {
                self.codex_step(&turn);
            }
        }
        let day = begin[..10].replace('-', "/");
        let name = begin[..19].replace(':', "-");
        home.join(format!(".codex/sessions/{day}/rollout-{name}-{id}.jsonl"))
    }

    fn codex_step(&mut self, turn: &str) {
        let (id, cwd, number) = (self.id.clone(), self.repo.display().to_string(), self.id());
        let thought = self.code(1500);
        self.codex_line(
            "response_item",
            &format!("\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"{thought}\""),
        );
        let call = format!("call_{}_{number}", &id[..8]);
        let script = self.code(500);
        self.codex_line(
            "response_item",
            &format!(
                "\"type\":\"custom_tool_call\",\"status\":\"completed\",\"call_id\":\"{call}\",\
             \"name\":\"exec\",\"input\":\"{script}\""
            ),
        );
        let item = match percent(self.dice, 75) {
            true => {
                let (command, text) = (self.command(), self.code(4500));
                format!(
                    "\"type\":\"CommandExecution\",\"id\":\"{call}\",\"command\":[\"bash\",\"-lc\",\
                     \"{command}\"],\"cwd\":\"file://{cwd}\",\"parsed_cmd\":[{{\"type\":\"unknown\",\
                     \"cmd\":\"{command}\"}}],\"source\":\"agent\",\"status\":\"completed\",\
                     \"exit_code\":0,\"stdout\":\"{text}\",\"stderr\":\"\",\
                     \"aggregated_output\":\"{text}\",\"formatted_output\":\"{text}\",\
                     \"duration\":{{\"secs\":0,\"nanos\":1000}}"
                )
            }
            false => {
                let (path, text) = (self.file(), self.code(1500));
                format!(
                    "\"type\":\"FileChange\",\"id\":\"{call}\",\"changes\":{{\"{path}\":{{\
                     \"type\":\"update\",\"unified_diff\":\"{text}\",\"move_path\":null}}}},\
                     \"status\":\"completed\",\"auto_approved\":true"
                )
            }
        };
        let at = self.at_ms;
        self.codex_line(
            "event_msg",
            &format!(
                "\"type\":\"item_completed\",\"thread_id\":\"{id}\",\"turn_id\":\"{turn}\",\
             \"item\":{{{item}}},\"started_at_ms\":{at},\"completed_at_ms\":{at}"
            ),
        );
        let text = self.code(4500);
        self.codex_line(
            "response_item",
            &format!(
                "\"type\":\"custom_tool_call_output\",\"call_id\":\"{call}\",\"output\":\"{text}\""
            ),
        );
        let tokens = self.tokens();
        let (input, output) =
            (tokens.input + tokens.cache_read + tokens.cache_write, tokens.output);
        let usage = format!(
            "{{\"input_tokens\":{input},\"cached_input_tokens\":{},\"cache_write_input_tokens\":{},\
             \"output_tokens\":{output},\"reasoning_output_tokens\":0,\"total_tokens\":{}}}",
            tokens.cache_read,
            tokens.cache_write,
            input + output
        );
        self.codex_line(
            "token_usage_record",
            &format!(
                "\"thread_id\":\"{id}\",\"turn_id\":\"{turn}\",\"session_id\":\"{id}\",\
             \"response_id\":\"resp_{}_{number}\",\"usage\":{usage},\"turn_token_usage\":{usage},\
             \"thread_token_usage\":{usage}",
                &id[..8]
            ),
        );
        // What older versions told alone: the thread's sums so far. It must not count again.
        let total = &mut self.total;
        for (sum, more) in
            total.iter_mut().zip([input, tokens.cache_read, tokens.cache_write, output])
        {
            *sum += more;
        }
        let [all, read, written, told] = *total;
        self.codex_line("event_msg", &format!(
            "\"type\":\"token_count\",\"info\":{{\"total_token_usage\":{{\"input_tokens\":{all},\
             \"cached_input_tokens\":{read},\"cache_write_input_tokens\":{written},\
             \"output_tokens\":{told},\"reasoning_output_tokens\":0,\"total_tokens\":{}}},\
             \"last_token_usage\":{usage},\"model_context_window\":258400}},\"rate_limits\":null",
            all + told
        ));
    }

    fn codex_line(&mut self, kind: &str, payload: &str) {
        let (ordinal, time) = (self.id(), self.time());
        let _ = writeln!(
            self.text,
            "{{\"timestamp\":\"{time}\",\"ordinal\":{ordinal},\"type\":\"{kind}\",\
             \"payload\":{{{payload}}}}}"
        );
    }
}
