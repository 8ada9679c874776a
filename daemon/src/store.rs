//! x
use std::path::Path; use tokio::sync::watch;
use trackway_protocol::{ids::*, record::*, row::*, message::Filter};
#[derive(Clone, Debug)]
pub(crate) struct Draft { pub at: Timestamp, pub evidence: Evidence, pub replaces: Option<RecordId>, pub body: Body }
#[derive(Debug, thiserror::Error)] #[error("x")] pub(crate) struct StoreError;
#[derive(Debug, thiserror::Error)] #[error("x")] pub(crate) struct WriterGone;
pub(crate) struct Store;
pub(crate) fn open(_d: &Path) -> Result<Store, StoreError> { Ok(Store) }
pub(crate) struct Rebuilt { pub records: u64 }
pub(crate) fn rebuild(_d: &Path) -> Result<Rebuilt, StoreError> { Err(StoreError) }
impl Store { pub fn reader(&self) -> Reader { Reader } pub fn recover(&self) -> Result<Recovered, StoreError> { Err(StoreError) } pub fn start(self) -> Writer { Writer } }
pub(crate) struct OpenLaunch { pub facts: Launch, pub started_at: Timestamp }
pub(crate) struct TouchKey { pub launch: Option<LaunchId>, pub dir: String, pub how: String, pub quarter: i64 }
pub(crate) struct LastRun { pub boot_id: String, pub stopped: Option<Timestamp>, pub last_record_at: Timestamp }
#[derive(Default)] pub(crate) struct Recovered { pub open_launches: Vec<OpenLaunch>, pub touched: Vec<TouchKey>, pub last_run: Option<LastRun> }
#[derive(Clone)] pub(crate) struct Writer;
impl Writer { pub async fn append(&self, _d: Vec<Draft>) -> Result<(), WriterGone> { Ok(()) } pub async fn flush(&self) -> Result<u64, WriterGone> { Ok(0) } pub fn committed(&self) -> watch::Receiver<u64> { watch::channel(0).1 } pub fn health(&self) -> watch::Receiver<Health> { watch::channel(Health::Ok).1 } pub async fn close(self) {} }
#[derive(Clone, Debug)] pub(crate) enum Health { Ok, Failing { since: Timestamp, reason: String, waiting: u64, dropped: u64 } }
#[derive(Clone)] pub(crate) struct Reader;
pub(crate) struct Counts { pub ledger: LedgerStatus, pub launches: u64 }
pub(crate) struct Page { pub records: Vec<Vec<u8>>, pub last_seq: u64 }
pub(crate) enum LookupError { NotFound, Ambiguous(Vec<LaunchId>), Store(StoreError) }
impl Reader {
 pub fn counts(&self) -> Result<Counts, StoreError> { Err(StoreError) }
 pub fn launches(&self, _f: &Filter) -> Result<Vec<LaunchRow>, StoreError> { Err(StoreError) }
 pub fn dirs(&self, _f: &Filter) -> Result<Vec<DirRow>, StoreError> { Err(StoreError) }
 pub fn gaps(&self, _f: &Filter) -> Result<Vec<GapRow>, StoreError> { Err(StoreError) }
 pub fn launch(&self, _f: &str) -> Result<LaunchRow, LookupError> { Err(LookupError::NotFound) }
 pub fn records_of(&self, _f: LaunchId) -> Result<Vec<Vec<u8>>, StoreError> { Err(StoreError) }
 pub fn page(&self, _a: u64, _u: u64, _m: usize, _f: &Filter) -> Result<Page, StoreError> { Err(StoreError) }
}
