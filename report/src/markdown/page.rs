//! Markdown as it grows. It reads raw as well: lines end before column 80, where they can.

use jiff::tz::TimeZone;
use trackway_protocol::ids::Timestamp;
use unicode_width::UnicodeWidthStr as _;

use super::text::HELD;
use crate::calendar::zoned;
use crate::words::{count, moment};

const WIDTH: usize = 80;

/// A text in Markdown.
pub(super) struct Page {
    text: String,
    zone: TimeZone,
    is_list: bool,
}

impl Page {
    /// Returns an empty page, with times in `zone`.
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { text: String::new(), zone, is_list: false }
    }

    /// Returns the time zone of what is said.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Returns a moment as it is told.
    pub(super) fn time(&self, at: Timestamp) -> String {
        moment(&zoned(at, &self.zone))
    }

    /// Begins a section; the title is of level 1.
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.apart();
        self.line(&format!("{} {text}", "#".repeat(level)));
    }

    /// Writes a paragraph.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.apart();
        self.wrapped(text, "", "");
    }

    /// Writes an item of a list, at a depth from 0 on.
    pub(super) fn item(&mut self, depth: usize, text: &str) {
        if !self.is_list {
            self.apart();
        }
        let indent = "  ".repeat(depth);
        self.wrapped(text, &format!("{indent}- "), &format!("{indent}  "));
        self.is_list = true;
    }

    /// Writes lines that are to stay as they are. Nothing captured may be among them.
    pub(super) fn block(&mut self, lines: &[String]) {
        self.apart();
        self.line("```text");
        lines.iter().for_each(|line| self.line(line));
        self.line("```");
    }

    /// Writes lines that belong together, as a table's do.
    pub(super) fn lines(&mut self, lines: &[String]) {
        self.apart();
        lines.iter().for_each(|line| self.line(line));
    }

    /// Says how many more there are than the report names.
    pub(super) fn more(&mut self, many: u64) {
        if many > 0 {
            self.paragraph(&format!(
                "And {} that this report does not name.",
                count(many, "more", "more")
            ));
        }
    }

    /// Returns the text.
    pub(super) fn finish(self) -> String {
        self.text.replace(HELD, " ")
    }

    fn apart(&mut self) {
        self.is_list = false;
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        let (mut width, mut is_begun) = (first.width(), false);
        self.text.push_str(first);
        for word in text.split(' ') {
            let of_word = word.width();
            if is_begun && width + 1 + of_word > WIDTH && may_begin(word) {
                self.text.push('\n');
                self.text.push_str(rest);
                (width, is_begun) = (rest.width(), false);
            }
            if is_begun {
                self.text.push(' ');
                width += 1;
            }
            self.text.push_str(word);
            width += of_word;
            is_begun = true;
        }
        self.text.push('\n');
    }
}

/// Whether a line can begin with a word and still belong to what is above.
fn may_begin(word: &str) -> bool {
    !word.starts_with(['+', '-', '=', '#', '>', '|', ':', '~'])
}

#[cfg(test)]
mod tests {
    use super::super::text::code;
    use super::*;

    #[test]
    fn lines_end_before_column_80_and_none_begins_a_list_of_its_own() {
        let mut page = Page::new(TimeZone::UTC);
        page.item(0, &format!("{}ing + 3", "word ".repeat(15).trim_end()));
        page.item(1, &code(&"long path ".repeat(12)));
        let text = page.finish();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].ends_with("wording +") && lines[1] == "  3", "{text}");
        assert!(lines[2].starts_with("  - `"), "code is not broken");
    }
}
