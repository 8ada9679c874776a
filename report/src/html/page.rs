//! Writes HTML. What was captured can name a file `<script>` or turn the text around it, so there is
//! no way to write anything raw: tags and attributes are named by the program, and every value is
//! cleaned and escaped here. Tags are closed by whoever opened them, so that they always balance.

use jiff::tz::TimeZone;
use trackway_protocol::ids::Timestamp;
use trackway_protocol::record::Risk;

use crate::calendar::zoned;
use crate::clean::clean;
use crate::words::{self, number};

/// Attributes: their names are the program's own, their values may be anything.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// A page as it is written.
pub(super) struct Page {
    html: String,
    zone: TimeZone,
}

/// Elements that end a line, for those who read the source.
const BLOCKS: &[&str] = &[
    "head",
    "title",
    "style",
    "header",
    "main",
    "footer",
    "section",
    "div",
    "h1",
    "h2",
    "h3",
    "p",
    "ul",
    "li",
    "dl",
    "dd",
    "table",
    "thead",
    "tbody",
    "tr",
    "figure",
    "figcaption",
    "details",
    "summary",
    "svg",
    "g",
    "desc",
];

impl Page {
    /// Returns an empty page that shows times as the clocks of a time zone do.
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { html: String::from("<!DOCTYPE html>\n"), zone }
    }

    /// Returns what was written.
    pub(super) fn finish(self) -> String {
        self.html
    }

    /// Returns the time zone that times are shown in.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Writes an element and what is inside.
    pub(super) fn tag(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        inside(self);
        self.html.push_str("</");
        self.html.push_str(name);
        self.html.push('>');
        if BLOCKS.contains(&name) {
            self.html.push('\n');
        }
    }

    /// Writes an element that has nothing but text inside.
    pub(super) fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.tag(name, attributes, |page| page.text(text));
    }

    /// Writes an element that never has anything inside, such as `meta`.
    pub(super) fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.open(name, attributes);
        self.html.push('\n');
    }

    /// Writes the style sheet, which is the program's own.
    pub(super) fn style(&mut self, sheet: &'static str) {
        // Escapes mean nothing inside of `style`.
        self.tag("style", &[], |page| page.html.push_str(sheet));
    }

    /// Writes text.
    pub(super) fn text(&mut self, text: &str) {
        for char in clean(text).chars() {
            match char {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                char => self.html.push(char),
            }
        }
    }

    fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.html.push('<');
        self.html.push_str(name);
        for (name, value) in attributes {
            self.html.push(' ');
            self.html.push_str(name);
            self.html.push_str("=\"");
            self.text(value);
            self.html.push('"');
        }
        self.html.push('>');
    }
}

/// Small things that occur everywhere.
impl Page {
    /// Writes a section with its heading.
    pub(super) fn section(&mut self, id: &str, title: &str, inside: impl FnOnce(&mut Self)) {
        let heading = format!("{id}-heading");
        self.tag("section", &[("id", id), ("aria-labelledby", &heading)], |page| {
            page.leaf("h2", &[("id", &heading)], title);
            inside(page);
        });
    }

    /// Writes a paragraph.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.leaf("p", &[], text);
    }

    /// Writes a paragraph that explains.
    pub(super) fn note(&mut self, text: &str) {
        self.leaf("p", &[("class", "note")], text);
    }

    /// Writes captured text that is read letter by letter: a path, a flag, a host.
    pub(super) fn code(&mut self, text: &str) {
        self.tag("code", &[], |page| page.breakable(text));
    }

    /// Writes a line below what it belongs to.
    pub(super) fn sub(&mut self, text: &str) {
        self.leaf("span", &[("class", "sub")], text);
    }

    /// Writes a line of captured text below what it belongs to.
    pub(super) fn sub_code(&mut self, text: &str) {
        self.tag("span", &[("class", "sub path")], |page| page.breakable(text));
    }

    /// Writes what is best broken between the parts of a path.
    fn breakable(&mut self, text: &str) {
        for part in text.split_inclusive('/') {
            self.text(part);
            if part.len() > 1 && part.ends_with('/') {
                self.open("wbr", &[]);
            }
        }
    }

    /// Writes what is not known.
    pub(super) fn unknown(&mut self) {
        self.leaf("span", &[("class", "unknown")], "not known");
    }

    /// Writes captured text, or that it is not known.
    pub(super) fn code_or_unknown(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.code(text),
            None => self.unknown(),
        }
    }

    /// Writes a moment, to the minute.
    pub(super) fn time(&mut self, at: Timestamp) {
        let shown = words::moment(&zoned(at, &self.zone));
        self.leaf("time", &[("datetime", &at.to_string())], &shown);
    }

    /// Writes how much something matters, in words as well as in colour.
    pub(super) fn risk(&mut self, risk: Risk) {
        self.leaf("span", &[("class", &format!("chip {}", risk.as_str()))], risk.as_str());
    }

    /// Writes a label.
    pub(super) fn chip(&mut self, class: &str, text: &str) {
        self.leaf("span", &[("class", &format!("chip {class}"))], text);
    }

    /// Writes that a list goes on.
    pub(super) fn more(&mut self, many: u64) {
        if many > 0 {
            self.note(&format!("and {} more", number(many)));
        }
    }

    /// Writes what only some want to read.
    pub(super) fn details(&mut self, summary: &str, inside: impl FnOnce(&mut Self)) {
        self.tag("details", &[], |page| {
            page.leaf("summary", &[], summary);
            inside(page);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(write: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(TimeZone::UTC);
        write(&mut page);
        page.finish().trim_start_matches("<!DOCTYPE html>\n").to_owned()
    }

    #[test]
    fn text_stays_text() {
        let html = page(|page| page.text("<script>alert(\"1\" & '2')</script>\u{202e}\n"));
        let escaped = "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;";
        assert_eq!(html, format!("{escaped}\\u{{202e}}\\n"));
    }

    #[test]
    fn a_value_cannot_leave_its_attribute() {
        let html = page(|page| page.leaf("a", &[("title", "\"><b x='y")], "z"));
        assert_eq!(html, "<a title=\"&quot;&gt;&lt;b x=&#39;y\">z</a>");
    }

    #[test]
    fn tags_close_in_the_order_that_they_opened() {
        let html = page(|page| page.section("a", "B", |page| page.details("c", Page::unknown)));
        let closed = html.replace('\n', "");
        assert!(closed.ends_with("</span></details></section>"), "{closed}");
    }
}
