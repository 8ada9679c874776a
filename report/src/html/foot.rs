//! How costs are reckoned, and what the report itself is worth.

use trackway_protocol::report::Report;

use super::page::Page;
use crate::words::{number, sentences};

/// Writes how costs are reckoned.
pub(super) fn costs(page: &mut Page, report: &Report) {
    page.section("costs", "How costs are reckoned", |page| {
        page.paragraph(sentences::COSTS);
        let prices = &report.prices;
        page.tag("p", &[], |page| {
            if prices.date.is_empty() {
                page.text("When the prices were looked up is not known.");
            } else {
                page.text(&format!("Prices are those of {}", prices.date));
                if !prices.source.is_empty() {
                    page.text(&format!(", from {}", prices.source));
                }
                page.text(".");
            }
            if let Some(own) = &prices.own {
                page.text(" The user's own prices go first: ");
                page.code(own);
            }
        });
    });
}

pub(super) fn write(page: &mut Page, report: &Report) {
    page.tag("footer", &[], |page| {
        page.leaf("p", &[("class", "limit")], sentences::LIMIT);
        page.tag("dl", &[], |page| {
            let mut fact = |name: &str, inside: &dyn Fn(&mut Page)| {
                page.leaf("dt", &[], name);
                page.tag("dd", &[], |page| inside(page));
            };
            fact("Ledger", &|page| page.text(&format!("up to record {}", number(report.seq))));
            fact("SHA-256", &|page| page.code_or_unknown(report.sha256.as_deref()));
            fact("Made by", &|page| {
                page.text(&format!("Trackway {}, report format {}", report.version, report.report));
            });
        });
    });
}
