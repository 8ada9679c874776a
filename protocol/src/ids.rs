//! Identities and times. A bare pid is never one: pids are reused within minutes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The id of one record: a UUIDv7, random enough that the hash of a pruned record cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RecordId(#[cfg_attr(feature = "schema", schemars(with = "String"))] Uuid);

impl RecordId {
    /// Returns a new id; later ids of one program sort after earlier ones.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for RecordId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A process, for as long as the machine is up and after: boot, pid and start time together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessKey {
    /// `/proc/sys/kernel/random/boot_id` on Linux; another name of this boot elsewhere.
    pub boot_id: String,
    /// The pid as the daemon's own pid namespace numbers it.
    pub pid: u32,
    /// Start time in clock ticks since boot: field 22 of `/proc/PID/stat`.
    pub start_ticks: u64,
}

/// The id of one launch, derived from the [`ProcessKey`] of its outermost process.
///
/// It is derived, not drawn, so that a daemon that was killed and started again gives a launch
/// that it finds running the same id as before.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct LaunchId(#[cfg_attr(feature = "schema", schemars(with = "String"))] Uuid);

impl LaunchId {
    /// Returns the id of the launch whose outermost process is `key`.
    #[must_use]
    pub fn of(key: &ProcessKey) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"trackway launch\0");
        hash.update(key.boot_id.as_bytes());
        hash.update([0]);
        hash.update(key.pid.to_be_bytes());
        hash.update(key.start_ticks.to_be_bytes());
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl fmt::Display for LaunchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LaunchId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A point in time: milliseconds since 1970-01-01 UTC. Written as RFC 3339 with three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timestamp(#[cfg_attr(feature = "schema", schemars(with = "String"))] i64);

impl Timestamp {
    /// Returns the time that is `ms` milliseconds after the epoch.
    #[must_use]
    pub fn from_ms(ms: i64) -> Self {
        // jiff's range is years -9999 to 9999; clamping keeps `Display` total.
        const END: i64 = 253_402_207_200_000;
        Self(ms.clamp(-END, END))
    }

    /// Returns the milliseconds since the epoch.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Returns the current time of the system's realtime clock.
    #[must_use]
    pub fn now() -> Self {
        Self::from_ms(jiff::Timestamp::now().as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => f.write_str("unknown"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time: jiff::Timestamp = text.parse()?;
        Ok(Self::from_ms(time.as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pid: u32, start_ticks: u64) -> ProcessKey {
        ProcessKey { boot_id: "b".into(), pid, start_ticks }
    }

    #[test]
    fn a_launch_id_depends_on_every_part_of_the_key() {
        assert_eq!(LaunchId::of(&key(1, 2)), LaunchId::of(&key(1, 2)));
        assert_ne!(LaunchId::of(&key(1, 2)), LaunchId::of(&key(2, 2)));
        assert_ne!(LaunchId::of(&key(1, 2)), LaunchId::of(&key(1, 3)));
    }

    #[test]
    fn a_timestamp_is_written_with_milliseconds_and_read_back() {
        let time = Timestamp::from_ms(1_795_436_453_007);
        assert_eq!(time.to_string(), "2026-11-23T12:20:53.007Z");
        assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
    }

    #[test]
    fn a_timestamp_out_of_range_is_clamped_and_still_prints() {
        for ms in [i64::MIN, i64::MAX] {
            assert_ne!(Timestamp::from_ms(ms).to_string(), "unknown");
        }
    }
}
