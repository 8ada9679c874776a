//! x
use trackway_protocol::record::Repo;
pub(crate) enum Found { Repo(Repo), None, Unknown(String) }
pub(crate) struct Lookup;
impl Lookup { pub(crate) fn new() -> Self { Lookup } pub(crate) async fn repo(&mut self, _d: &std::path::Path) -> Found { Found::None } }
