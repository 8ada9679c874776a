//! Models, and what was spent on them.

use std::cmp::Reverse;

use trackway_protocol::report::ModelUse;
use trackway_report::prices::{Price, PriceList};

use super::super::spent::Spent;
use super::keys::{Keyed, Keys};

/// By the key of the model's name, for each agent that bore it.
#[derive(Default)]
pub(super) struct Models(Keyed<Vec<OfModel>>);

/// What was spent on a model of an agent.
pub(super) struct OfModel {
    agent: String,
    name: String,
    pub(super) price: Option<Price>,
    pub(super) spent: Spent,
    pub(super) sessions: Keys,
}

impl Models {
    /// Returns that of an agent; `name` is asked for when it is met first.
    pub(super) fn of(
        &mut self,
        key: i64,
        agent: &str,
        name: impl FnOnce() -> rusqlite::Result<String>,
        prices: &PriceList,
    ) -> rusqlite::Result<&mut OfModel> {
        let models = self.0.entry(key).or_default();
        let at = match models.iter().position(|known| known.agent == agent) {
            Some(at) => at,
            None => {
                models.push(OfModel::new(agent, name()?, prices));
                models.len() - 1
            }
        };
        Ok(&mut models[at])
    }

    /// Returns what was spent on each, on that with the most tokens first.
    pub(super) fn uses(&self) -> Vec<ModelUse> {
        let model = |model: &OfModel| {
            let use_ = model.spent.total();
            ModelUse {
                agent: model.agent.clone(),
                model: Some(model.name.clone()).filter(|name| !name.is_empty()),
                sessions: model.sessions.len() as u64,
                priced: use_.unpriced_responses == 0,
                use_,
            }
        };
        let mut models: Vec<ModelUse> = self.by_name().map(model).collect();
        models.sort_by_key(|model| {
            let tokens = model.use_.tokens;
            let written = tokens.cache_write_5m.saturating_add(tokens.cache_write_1h);
            let sent = tokens.input.saturating_add(tokens.cache_read).saturating_add(written);
            Reverse(sent.saturating_add(tokens.output))
        });
        models
    }

    /// Returns those without a price, as `agent model`.
    pub(super) fn unpriced(&self) -> Vec<String> {
        let models = self.by_name().filter(|model| model.spent.total().unpriced_responses > 0);
        models
            .map(|OfModel { agent, name, .. }| match name.as_str() {
                "" => format!("{agent} (model unknown)"),
                name => format!("{agent} {name}"),
            })
            .collect()
    }

    /// Returns them by agent and name.
    fn by_name(&self) -> impl Iterator<Item = &OfModel> {
        let mut models: Vec<&OfModel> = self.0.values().flatten().collect();
        models.sort_unstable_by_key(|model| (&model.agent, &model.name));
        models.into_iter()
    }
}

impl OfModel {
    fn new(agent: &str, name: String, prices: &PriceList) -> Self {
        let price = prices.find(agent, &name);
        let (spent, sessions) = Default::default();
        Self { agent: agent.to_owned(), name, price, spent, sessions }
    }
}
