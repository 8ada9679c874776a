//! Exit codes. They are part of the command line's contract.

/// Done. A reader that closed the pipe early counts as done.
pub const DONE: u8 = 0;
/// Failed: the daemon refused, a file could not be written, a check of `doctor` failed, one of zones
/// that had to be certain was not, or a place was touched whose absence was asked about.
pub const FAILED: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// No daemon answers, or it went away in the middle.
pub const UNREACHABLE: u8 = 3;
/// The daemon speaks another version of the protocol, or makes reports of another.
pub const VERSION: u8 = 4;
/// The ledger, or an export of it, did not verify.
pub const NOT_VERIFIED: u8 = 5;
/// An agent entered a restricted zone (`zones check`).
pub const ZONE_ENTERED: u8 = 6;
