//! The checks of `doctor`: one line each, and below it what to do.

use std::io::{self, Write};

use trackway_protocol::row::Check;

use super::table::{Cell, Fit, Table, Tone};
use super::{View, clean};

/// Writes them.
pub(crate) fn write(checks: &[Check], view: &View, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(&[("", Fit::Left), ("", Fit::Left), ("", Fit::Wrap)]);
    for check in checks {
        let state = Cell::toned(clean(&check.state), tone(&check.state));
        let (name, found) = (clean(&check.name).into_owned(), clean(&check.found).into_owned());
        table.row([state, name.into(), found.into()]);
        if let Some(fix) = &check.fix {
            table.row(["".into(), "".into(), format!("→ {}", clean(fix)).into()]);
        }
    }
    table.write(view, out)
}

fn tone(state: &str) -> Tone {
    match state {
        "ok" => Tone::Good,
        "warning" => Tone::Warning,
        _ => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::written;

    #[test]
    fn a_check_is_a_line_and_its_fix_the_next() {
        let check = |state: &str, name: &str, found: &str, fix: Option<&str>| Check {
            state: state.into(),
            name: name.into(),
            found: found.into(),
            fix: fix.map(Into::into),
        };
        let checks = [
            check("ok", "places", "found", None),
            check("failed", "socket", "missing", Some("start it")),
        ];
        assert_eq!(
            written(|out| write(&checks, &View::plain(), out)),
            "ok      places  found\nfailed  socket  missing\n                → start it\n"
        );
    }
}
