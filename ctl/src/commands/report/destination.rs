//! In which format a report is written, and where to.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{self, Path, PathBuf};

use trackway_report::Format;

use crate::commands::target::Target;
use crate::commands::{Console, Form};
use crate::error::Error;
use crate::render::json;

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Stdout,
    File(PathBuf),
    /// A directory, which need not be there yet: files in it are named for what they are about.
    Directory(PathBuf),
}

/// What is written.
pub(super) enum Text<'t> {
    /// Text without anything that a terminal would act on.
    Plain(&'t str),
    /// One line of JSON.
    Json(&'t [u8]),
}

impl Destination {
    /// Returns what was typed after `-o`.
    pub(super) fn of(typed: Option<&Path>) -> Self {
        match typed {
            None => Self::Stdout,
            Some(path) if path == Path::new("-") => Self::Stdout,
            Some(path) if path.is_dir() || ends_in_separator(path) => Self::Directory(path.into()),
            Some(path) => Self::File(path.into()),
        }
    }

    /// Returns the format that the name of a file tells.
    fn format(&self) -> Option<Format> {
        let Self::File(path) = self else { return None };
        Format::named(&path.extension()?.to_str()?.to_ascii_lowercase())
    }

    /// Writes one text, to a file of this name where it is a directory; says which file it is.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Output`].
    pub(super) fn write(
        &self,
        name: &str,
        text: &Text<'_>,
        console: &mut Console<'_, impl Write, impl Write>,
    ) -> Result<(), Error> {
        let path = match self {
            Self::Stdout => return Ok(text.write(console.around.terminal, console.out)?),
            Self::File(path) => Cow::Borrowed(path),
            Self::Directory(dir) => {
                create(dir)?;
                Cow::Owned(dir.join(name))
            }
        };
        save(&path, text)?;
        let path = console.around.view.path(&path.to_string_lossy());
        console.note(&format!("wrote {path}"))
    }
}

impl Text<'_> {
    fn write(&self, terminal: bool, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Plain(text) => out.write_all(text.as_bytes()),
            Self::Json(line) => json::write(line, terminal, out),
        }
    }
}

/// Returns the format that was asked for, in any of three ways.
///
/// # Errors
///
/// [`Error::Usage`] where two of them do not agree.
pub(super) fn chosen(
    typed: Option<Format>,
    destination: &Destination,
    form: Form,
) -> Result<Format, Error> {
    let ways = [
        ("--json", (form == Form::Json).then_some(Format::Json)),
        ("--format", typed),
        ("the name after -o", destination.format()),
    ];
    let mut asked = ways.into_iter().filter_map(|(way, format)| Some((way, format?)));
    let Some((way, format)) = asked.next() else { return Ok(Format::Markdown) };
    match asked.find(|(_, other)| *other != format) {
        None => Ok(format),
        Some((other_way, other)) => Err(Error::Usage {
            what: format!("{way} asks for {}, {other_way} for {}", format.name(), other.name()),
            hint: "leave one of them out, or let them agree",
        }),
    }
}

/// Writes a file that appears when it is complete, readable by its owner alone.
///
/// # Errors
///
/// [`Error::File`].
pub(super) fn save(path: &Path, text: &Text<'_>) -> Result<(), Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut file = Target::create(path).map_err(failed)?;
    let terminal = file.terminal();
    text.write(terminal, &mut file.writer).map_err(failed)?;
    file.complete().map_err(failed)
}

/// Creates a directory for its owner alone, unless it is there.
///
/// # Errors
///
/// [`Error::File`].
pub(super) fn create(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    owner_only(&mut builder);
    builder.recursive(true).create(dir).map_err(|source| Error::File { path: dir.into(), source })
}

#[cfg(unix)]
fn owner_only(builder: &mut fs::DirBuilder) {
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
}

#[cfg(not(unix))]
fn owner_only(_: &mut fs::DirBuilder) {}

fn ends_in_separator(path: &Path) -> bool {
    path.to_string_lossy().ends_with(path::is_separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Destination {
        Destination::of(Some(Path::new(name)))
    }

    fn format(typed: Option<&str>, output: Option<&str>, form: Form) -> Result<Format, String> {
        let destination = Destination::of(output.map(Path::new));
        let typed = typed.map(|name| Format::named(name).unwrap());
        chosen(typed, &destination, form).map_err(|error| {
            assert_eq!(error.exit_code(), crate::exit::USAGE);
            error.to_string()
        })
    }

    #[test]
    fn what_ends_in_a_slash_or_is_one_is_a_directory() {
        assert_eq!(file("no/such/"), Destination::Directory("no/such/".into()));
        assert_eq!(file("no/such"), Destination::File("no/such".into()));
        assert_eq!(file("."), Destination::Directory(".".into()));
        assert_eq!(file("-"), Destination::Stdout);
        assert_eq!(Destination::of(None), Destination::Stdout);
    }

    #[test]
    fn the_format_is_what_the_name_of_the_file_ends_in() {
        for (name, expected) in [
            ("a.md", Format::Markdown),
            ("a.HTML", Format::Html),
            ("a.b.csv", Format::Csv),
            ("a.json", Format::Json),
            ("a.txt", Format::Markdown),
            ("csv", Format::Markdown),
            ("a.csv/", Format::Markdown),
        ] {
            assert_eq!(format(None, Some(name), Form::Table), Ok(expected), "{name}");
        }
        assert_eq!(format(None, None, Form::Table), Ok(Format::Markdown));
        assert_eq!(format(Some("html"), Some("a.txt"), Form::Table), Ok(Format::Html));
        assert_eq!(format(Some("html"), Some("a.html"), Form::Table), Ok(Format::Html));
        assert_eq!(format(Some("json"), Some("a.json"), Form::Json), Ok(Format::Json));
    }

    #[test]
    fn ways_to_name_the_format_must_agree() {
        for (typed, output, form, told) in [
            (Some("md"), None, Form::Json, "--json asks for json, --format for md"),
            (None, Some("a.md"), Form::Json, "--json asks for json, the name after -o for md"),
            (
                Some("html"),
                Some("a.csv"),
                Form::Table,
                "--format asks for html, the name after -o for csv",
            ),
        ] {
            assert_eq!(format(typed, output, form), Err(told.into()));
        }
    }
}
