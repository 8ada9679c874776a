//! What `trackwayd` and `trackwayctl` say to each other, and nothing else.
//!
//! # The wire, version 1
//!
//! * **Transport.** A local socket ([`endpoint`]): a Unix socket of mode 0600 in a directory of
//!   mode 0700. The daemon refuses a peer whose uid differs from its own.
//! * **Framing.** One JSON object per line, UTF-8, ended by `\n` ([`codec`]). A request may have
//!   [`codec::MAX_REQUEST_LINE`] bytes, a line of an answer [`codec::MAX_ANSWER_LINE`].
//! * **Order.** The daemon speaks first: [`message::Answer::Hello`] with the protocol number and its
//!   version. A client that does not know the number says so and leaves. Then the client sends
//!   requests, one at a time; each carries an `id` of the client's choice, and every line of the
//!   answer's headers carries it back.
//! * **Answers.** Zero or more blocks, then [`message::Answer::Done`] or
//!   [`message::Answer::Failure`]. A block is a header `{"type":"records","id":7,"count":n}` (or
//!   `rows`) followed by `n` raw lines. Lines below `records` are the stored bytes of the records,
//!   verbatim: their leaf hash can be taken from what was received. Lines below `rows` are the
//!   objects of [`row`].
//! * **Cursors.** `export` fixes its upper end when it starts and pages by `seq`; `tail` pages on
//!   for as long as the client reads, woken by commits. Both take `after`, the last `seq` that the
//!   client has.
//! * **Proof.** An `export` with `proof` is all records up to a checkpoint that is made for it: below
//!   `records` stand, besides records, lines of the kind `export.omitted` for all that a filter leaves
//!   out or that is pruned, and as the last line one of the kind `export.checkpoint`
//!   ([`log::ExportLine`]).
//! * **Long work.** `verify` and `prune` may take minutes. Every few seconds an empty block of rows
//!   tells that they go on.
//! * **Leaving.** A client leaves by closing the connection. One that closes only its own direction
//!   is answered what it asked before, and its `tail` goes on. A `tail` ends only with its
//!   connection: a client that sends anything after asking for one is told so with the failure
//!   `bad-request`, which carries the `id` of the `tail`, and the connection is closed.
//! * **Evolution.** Readers ignore fields and types that they do not know. New fields are optional
//!   and have a default. Golden files in `protocol/tests/wire/` keep old lines readable.
//! * **Limits.** A line that is too long, is no JSON or has an unknown `type` is answered with a
//!   failure; a line that is too long also ends the connection, as do 60 s without a request and
//!   30 s without progress while an answer is being written.
//! * **Many clients.** Where there are too many, one more is greeted, told `busy` and let go. Answers
//!   to all but `status`, `doctor`, `tail` and `export` are of one moment and held as a whole, so only
//!   a few are at a time: one may take 60 s to be read, and less than a second per 64 KiB while others
//!   wait; a client that waits too long for its turn is told `busy` and may ask again.

pub mod canonical;
pub mod codec;
pub mod endpoint;
pub mod ids;
pub mod log;
pub mod message;
pub mod record;
pub mod remote;
pub mod report;
pub mod row;

/// The number of the wire protocol that this crate speaks.
pub const PROTOCOL: u32 = 1;
