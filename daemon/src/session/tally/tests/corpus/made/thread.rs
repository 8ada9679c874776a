//! Codex threads: counters, records, forks and pages.

use serde_json::{Value, json};

use super::{Corpus, DIRS, Dice, Trap, time};

impl Corpus {
    pub(super) fn codex(&mut self, dice: &mut Dice) {
        self.dir = dice.below(DIRS);
        let mut thread = Thread::new(self.id());
        let meta = thread.meta(self);
        thread.lines.push(meta);
        thread.turns(self, dice);
        if dice.one_in(2) && self.has(Trap::Records) {
            thread.upgrade(self, dice);
        }
        let children = dice.below(3);
        for _ in 0..if self.has(Trap::Children) { children } else { 0 } {
            self.child(dice, &thread);
        }
        if thread.has_records && dice.one_in(2) && self.has(Trap::Pages) {
            let page = thread.page(self, dice);
            self.add(dice, page);
        }
        self.add(dice, thread.lines);
    }

    /// A copied fork: the parent's lines with new times, then responses of its own.
    fn child(&mut self, dice: &mut Dice, parent: &Thread) {
        let mut child = Thread::new(self.id());
        child.totals = parent.totals;
        child.lines.push(child.meta(self));
        let at = time(self.id());
        for line in &parent.lines {
            let mut line = line.clone();
            line["timestamp"] = at.clone().into();
            child.lines.push(line);
        }
        // What the parent said last is where the child's counters go on, also after records.
        if parent.has_records {
            child.lines.push(child.token_count(
                self,
                json!({"type": "token_count", "info": {
                "total_token_usage": counts(parent.totals)}}),
            ));
        }
        if dice.one_in(2) {
            let settings = json!({"type": "thread_settings_applied", "thread_id": child.id,
                "thread_settings": {"model": "m"}});
            child.lines.push(child.token_count(self, settings));
        }
        child.turns(self, dice);
        if parent.has_records || dice.one_in(2) && self.has(Trap::Records) {
            child.upgrade(self, dice);
        }
        self.add(dice, child.lines);
    }
}

/// Counters: input, cached, written, output, reasoning, total.
type Counts = [u64; 6];

fn counts([input, cached, written, output, reasoning, total]: Counts) -> Value {
    json!({"input_tokens": input, "cached_input_tokens": cached, "cache_write_input_tokens": written,
        "output_tokens": output, "reasoning_output_tokens": reasoning, "total_tokens": total})
}

/// A codex thread in the making.
struct Thread {
    id: String,
    born: usize,
    totals: Counts,
    has_records: bool,
    lines: Vec<Value>,
}

impl Thread {
    fn new(born: usize) -> Self {
        let id = format!("{born:08x}-aaaa-7000-8000-000000000001");
        Self { id, born, totals: [0; 6], has_records: false, lines: Vec::new() }
    }

    fn token_count(&self, corpus: &mut Corpus, payload: Value) -> Value {
        json!({"timestamp": time(corpus.id()), "type": "event_msg", "payload": payload})
    }

    fn meta(&self, corpus: &mut Corpus) -> Value {
        json!({"timestamp": time(corpus.id()), "type": "session_meta",
            "payload": {"id": self.id, "cwd": corpus.cwd(), "cli_version": "0.147.0"}})
    }

    fn turn(&self, corpus: &mut Corpus) -> Value {
        // Turns are born with or after their thread.
        let turn = format!("{:08x}-bbbb-7000-8000-000000000001", self.born.max(corpus.ids));
        self.token_count(corpus, json!({"type": "task_started", "turn_id": turn}))
    }

    /// A response that the counters tell of.
    fn turns(&mut self, corpus: &mut Corpus, dice: &mut Dice) {
        for _ in 0..1 + dice.below(4) {
            corpus.pass(dice);
            self.lines.push(self.turn(corpus));
            let last = self.response(corpus, dice);
            (0..6).for_each(|n| self.totals[n] += last[n]);
            let info =
                json!({"total_token_usage": counts(self.totals), "last_token_usage": counts(last)});
            let times = 1 + dice.below(3);
            for _ in 0..if corpus.has(Trap::Again) { times } else { 1 } {
                let payload = json!({"type": "token_count", "info": info});
                self.lines.push(self.token_count(corpus, payload));
            }
            let reset = dice.below(6);
            match if corpus.has(Trap::Resets) { reset } else { 6 } {
                0 => self.tell(corpus, Value::Null),
                1 => {
                    let estimate = counts([0, 0, 0, 0, 0, 5363]);
                    let info = json!({"total_token_usage": counts(self.totals), "last_token_usage": estimate});
                    self.tell(corpus, info);
                }
                2 => {
                    self.totals = [0, 0, 0, 0, 0, 258_400];
                    let info = json!({"total_token_usage": counts(self.totals),
                        "last_token_usage": counts([0, 0, 0, 0, 0, 255_740])});
                    self.tell(corpus, info);
                }
                // Counters start again, without a word.
                3 => self.totals = [0; 6],
                _ => {}
            }
        }
    }

    fn tell(&mut self, corpus: &mut Corpus, info: Value) {
        let payload = json!({"type": "token_count", "info": info});
        self.lines.push(self.token_count(corpus, payload));
    }

    fn response(&mut self, corpus: &mut Corpus, dice: &mut Dice) -> Counts {
        let [input, cached, written, output] = [0; 4].map(|_| dice.tokens());
        corpus.count(None, [input, output, cached, written]);
        let all = input + cached + written;
        [all, cached, written, output, output / 2, all + output]
    }

    /// From here on there are records, with counters beside them.
    fn upgrade(&mut self, corpus: &mut Corpus, dice: &mut Dice) {
        self.has_records = true;
        self.lines.push(self.turn(corpus));
        for number in 0..1 + dice.below(4) {
            corpus.pass(dice);
            let usage = self.response(corpus, dice);
            let is_compaction = number > 0 && dice.one_in(4) && corpus.has(Trap::Compactions);
            let record = json!({"timestamp": time(corpus.id()), "type": "token_usage_record", "payload": {
                "thread_id": self.id, "response_id": format!("resp_{}", corpus.id()), "usage": counts(usage)}});
            if !is_compaction {
                (0..6).for_each(|n| self.totals[n] += usage[n]);
            }
            let info = json!({"total_token_usage": counts(self.totals), "last_token_usage": counts(usage)});
            let count = self.token_count(corpus, json!({"type": "token_count", "info": info}));
            // The response at the boundary may be in both, in either order.
            if number == 0 && dice.one_in(2) {
                self.lines.extend([count, record.clone()]);
            } else {
                self.lines.extend([record.clone(), count]);
            }
            if is_compaction {
                let payload =
                    json!({"message": "", "latest_token_usage_record": record["payload"]});
                let line = json!({"timestamp": time(corpus.id()), "type": "compacted", "payload": payload});
                self.lines.push(line);
            }
        }
    }

    /// Another file of the same thread, which repeats its end.
    fn page(&mut self, corpus: &mut Corpus, dice: &mut Dice) -> Vec<Value> {
        let meta = json!({"timestamp": time(corpus.id()), "type": "session_meta", "payload": {
            "id": self.id, "history_base": {"thread_id": self.id}}});
        let mut page = vec![meta];
        let mut records = self.lines.iter().filter(|line| line["type"] == "token_usage_record");
        page.extend(records.next_back().cloned());
        let before = self.lines.len();
        self.upgrade(corpus, dice);
        page.extend(self.lines.drain(before..));
        page
    }
}
