//! What somebody should look at: open entries into zones, and what is a risk worth asking about.

use trackway_protocol::report::Report;

use super::page::Page;
use crate::words::attention::{self, Matter};

pub(super) fn write(page: &mut Page, report: &Report) {
    page.section("attention", "What needs attention", |page| {
        let matters = attention::matters(report);
        if matters.is_empty() {
            page.leaf("p", &[("class", "calm")], attention::CALM);
        } else {
            page.tag("ul", &[("class", "matters")], |page| {
                for matter in &matters {
                    page.tag("li", &[], |page| line(page, matter));
                }
            });
        }
        if let Some(more) = attention::more(report) {
            page.note(&more);
        }
    });
}

fn line(page: &mut Page, matter: &Matter<'_>) {
    page.risk(matter.risk);
    page.tag("div", &[], |page| {
        page.leaf("a", &[("href", &format!("#{}", matter.section))], &matter.what);
        if let Some(place) = matter.place {
            page.text(" ");
            page.code(place);
        }
    });
    page.tag("div", &[("class", "when")], |page| page.time(matter.at));
}
