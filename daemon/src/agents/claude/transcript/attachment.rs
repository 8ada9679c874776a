//! Files that the agent put before the model by itself: mentioned ones, memories, changed ones.

use crate::session::json::Str;
use crate::session::{How, Outcome, Touch, Word};

use super::Reader;
use super::line::Line;

impl Reader<'_> {
    pub(super) fn attachment(&mut self, line: &Line<'_>) {
        let attachment = &line.attachment;
        match attachment.kind.get() {
            "file"
            | "edited_text_file"
            | "compact_file_reference"
            | "already_read_file"
            | "pdf_reference" => {
                self.attached(line, &attachment.filename, How::Read);
            }
            "nested_memory" => self.attached(line, &attachment.path, How::Read),
            "directory" => self.attached(line, &attachment.path, How::Search),
            "instructions" => {
                let files = attachment.files.0.iter();
                files.for_each(|file| self.attached(line, &file.path, How::Read));
            }
            _ => {}
        }
    }

    fn attached(&mut self, line: &Line<'_>, path: &Str<'_>, how: How) {
        let key = self.key("attachment", path.get().as_bytes());
        let Some(path) = self.place(line, path) else { return };
        let Some(tool) = Word::new(&format!("attachment:{}", line.attachment.kind.get())) else {
            return;
        };
        let cwd = self.scope.cwd.clone();
        let (in_shell, outcome) = (false, Outcome::Done);
        self.touch(Touch { key, path, cwd, how, tool, in_shell, outcome, lines: None });
    }
}
