//! Frames of the proc connector: bytes of one netlink datagram in, one event out.
//!
//! Layout: `nlmsghdr` (16 bytes), `cn_msg` (20), `proc_event` (`linux/cn_proc.h`): `what`, `cpu`,
//! `timestamp_ns`, then a union. The timestamp lies at an odd multiple of four, so everything is
//! read by bytes. All numbers have the machine's own order.

/// `CN_IDX_PROC` and `CN_VAL_PROC` (`linux/connector.h`).
const CN_PROC: (u32, u32) = (1, 1);
const NLMSG_HEADER: usize = 16;
const EVENT: usize = NLMSG_HEADER + 20;
const UNION: usize = EVENT + 16;

/// One event of the connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The processor on which it happened; sequence numbers count per processor.
    pub(crate) cpu: u32,
    /// The processor's running number; acknowledgements take one as well.
    pub(crate) seq: u32,
    /// In an acknowledgement: one more than the request's own number.
    pub(crate) ack: u32,
    /// By the monotonic clock.
    pub(crate) timestamp_ns: u64,
    pub(crate) what: What,
}

/// What happened. A *thread* event has a pid that differs from its tgid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The kernel's answer to a request, with an errno or 0.
    Ack {
        error: u32,
    },
    Fork {
        parent_tgid: u32,
        child_pid: u32,
        child_tgid: u32,
    },
    Exec {
        pid: u32,
        tgid: u32,
    },
    Comm {
        pid: u32,
        tgid: u32,
    },
    Exit {
        pid: u32,
        tgid: u32,
        status: u32,
    },
    /// Anything that does not matter here.
    Other,
}

/// The bytes are no frame of the connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no frame of the proc connector")]
pub(crate) struct Malformed;

/// Parses one datagram.
pub(crate) fn parse(bytes: &[u8]) -> Result<Frame, Malformed> {
    let length = usize::try_from(u32_at(bytes, 0)?).map_err(|_| Malformed)?;
    if length < EVENT || length > bytes.len() {
        return Err(Malformed);
    }
    let bytes = &bytes[..length];
    if (u32_at(bytes, NLMSG_HEADER)?, u32_at(bytes, NLMSG_HEADER + 4)?) != CN_PROC {
        return Err(Malformed);
    }
    let word = |index: usize| u32_at(bytes, UNION + 4 * index);
    let what = match u32_at(bytes, EVENT)? {
        0 => What::Ack { error: word(0)? },
        0x1 => What::Fork { parent_tgid: word(1)?, child_pid: word(2)?, child_tgid: word(3)? },
        0x2 => What::Exec { pid: word(0)?, tgid: word(1)? },
        0x200 => What::Comm { pid: word(0)?, tgid: word(1)? },
        0x8000_0000 => What::Exit { pid: word(0)?, tgid: word(1)?, status: word(2)? },
        _ => What::Other,
    };
    Ok(Frame {
        cpu: u32_at(bytes, EVENT + 4)?,
        seq: u32_at(bytes, NLMSG_HEADER + 8)?,
        ack: u32_at(bytes, NLMSG_HEADER + 12)?,
        timestamp_ns: u64_at(bytes, EVENT + 8)?,
        what,
    })
}

/// Builds the request to begin with events; its acknowledgement carries `ack + 1`.
pub(crate) fn listen(ack: u32) -> [u8; 40] {
    const LISTEN: u32 = 1;
    const NLMSG_DONE: u16 = 3;
    let mut bytes = [0; 40];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &40_u32.to_ne_bytes());
    put(4, &NLMSG_DONE.to_ne_bytes());
    put(16, &CN_PROC.0.to_ne_bytes());
    put(20, &CN_PROC.1.to_ne_bytes());
    put(28, &ack.to_ne_bytes());
    put(32, &4_u16.to_ne_bytes());
    put(36, &LISTEN.to_ne_bytes());
    bytes
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Malformed> {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map(u32::from_ne_bytes).ok_or(Malformed)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, Malformed> {
    let word = bytes.get(at..at + 8).and_then(|word| word.try_into().ok());
    word.map(u64::from_ne_bytes).ok_or(Malformed)
}

/// Finds lost events by the holes in each processor's running numbers.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    /// By processor: the number that is due next, and when the last event was.
    due: Vec<Option<(u32, u64)>>,
}

/// Events that are missing, and between when, by the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) missed: u64,
    pub(crate) from_ns: u64,
    pub(crate) until_ns: u64,
}

impl Sequence {
    /// More processors than any kernel is built for.
    const MAX_CPUS: usize = 8192;

    /// Takes the next event of a processor, and returns what is missing before it.
    pub(crate) fn take(&mut self, frame: &Frame) -> Option<Hole> {
        let cpu = usize::try_from(frame.cpu).ok().filter(|cpu| *cpu < Self::MAX_CPUS)?;
        if self.due.len() <= cpu {
            self.due.resize(cpu + 1, None);
        }
        let until_ns = frame.timestamp_ns;
        let (due, from_ns) = self.due[cpu].replace((frame.seq.wrapping_add(1), until_ns))?;
        let missed = frame.seq.wrapping_sub(due);
        // A number from the past is no hole of four milliards.
        let is_hole = (1..=u32::MAX / 2).contains(&missed);
        is_hole.then_some(Hole { missed: missed.into(), from_ns, until_ns })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Builds a datagram as the kernel sends it.
    fn datagram(what: u32, cpu: u32, seq: u32, words: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 76];
        let mut put =
            |at: usize, value: u32| bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        put(0, 76);
        put(16, 1);
        put(20, 1);
        put(24, seq);
        put(36, what);
        put(40, cpu);
        put(44, 7);
        for (index, word) in words.iter().enumerate() {
            put(52 + 4 * index, *word);
        }
        bytes
    }

    fn frame(cpu: u32, seq: u32) -> Frame {
        parse(&datagram(2, cpu, seq, &[1, 1])).unwrap()
    }

    fn take(sequence: &mut Sequence, cpu: u32, seq: u32) -> u64 {
        sequence.take(&frame(cpu, seq)).map_or(0, |hole| hole.missed)
    }

    #[test]
    fn the_kernels_frames_are_read() {
        let frame = parse(&datagram(2, 1, 9, &[41, 42])).unwrap();
        assert_eq!((frame.cpu, frame.seq, frame.timestamp_ns), (1, 9, 7));
        assert_eq!(frame.what, What::Exec { pid: 41, tgid: 42 });
        let exit = parse(&datagram(0x8000_0000, 0, 0, &[1, 2, 0x300, 17])).unwrap();
        assert_eq!(exit.what, What::Exit { pid: 1, tgid: 2, status: 0x300 });
        let fork = parse(&datagram(1, 0, 0, &[1, 2, 3, 4])).unwrap();
        assert_eq!(fork.what, What::Fork { parent_tgid: 2, child_pid: 3, child_tgid: 4 });
        assert_eq!(parse(&datagram(0x40, 0, 0, &[])).unwrap().what, What::Other);
    }

    #[test]
    fn a_short_frame_and_one_of_another_connector_are_malformed() {
        let whole = datagram(2, 0, 0, &[1, 1]);
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), Err(Malformed), "{length} bytes");
        }
        let mut other = whole;
        other[16] = 7;
        assert_eq!(parse(&other), Err(Malformed));
    }

    #[test]
    fn holes_are_counted_per_processor_and_across_the_wrap() {
        let mut sequence = Sequence::default();
        let mut taken = |cpu, seq| take(&mut sequence, cpu, seq);
        let frames = [(0, 5), (0, 6), (1, 100), (0, 9), (1, 101), (3, 0)];
        assert_eq!(frames.map(|(cpu, seq)| taken(cpu, seq)), [0, 0, 0, 2, 0, 0]);
        assert_eq!(taken(3, u32::MAX), 0, "a number from the past");
        assert_eq!(taken(3, 1), 1);
    }

    #[test]
    fn a_hole_lies_between_two_events_of_its_processor() {
        let mut sequence = Sequence::default();
        let at = |timestamp_ns, seq| Frame { timestamp_ns, ..frame(0, seq) };
        assert_eq!(sequence.take(&at(10, 1)), None);
        let hole = Hole { missed: 3, from_ns: 10, until_ns: 90 };
        assert_eq!(sequence.take(&at(90, 5)), Some(hole));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn every_lost_event_is_counted(kept in prop::collection::vec(any::<bool>(), 2..200), first in any::<u32>()) {
            let mut sequence = Sequence::default();
            let last = kept.iter().rposition(|kept| *kept).unwrap_or(0);
            let begin = kept.iter().position(|kept| *kept).unwrap_or(0);
            let lost = kept[begin..=last].iter().filter(|kept| !**kept).count() as u64;
            let mut counted = 0;
            for (index, kept) in kept.iter().enumerate() {
                if *kept {
                    let seq = first.wrapping_add(u32::try_from(index).unwrap());
                    counted += take(&mut sequence, 0, seq);
                }
            }
            prop_assert_eq!(counted, if kept.iter().any(|kept| *kept) { lost } else { 0 });
        }
    }
}
