//! The `proc-connector` tier: the kernel tells of every fork, exec and exit over netlink.
//!
//! Since Linux 6.6 an ordinary user may listen (commit bfdfdc2f3b70); before, it takes
//! `CAP_NET_ADMIN`. Three things about it shape this file:
//!
//! * **Only the acknowledgement proves that the kernel listens to us.** In another user or pid
//!   namespace the request is ignored without an error, and events may come all the same as long as
//!   somebody else listens.
//! * **It can go silent without an error**, when another listener's leaving upsets the kernel's
//!   count of listeners. A canary finds that out, and a new socket mends it. The canary is a
//!   `prctl(PR_SET_NAME)` of the reader thread: it travels the same way as an exec, at the cost of
//!   one system call, and is in our queue before the call returns.
//! * **The queue is finite.** The stream is taken unfiltered, because only then are the running
//!   numbers of each processor without holes, so that every lost event is counted.

use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

use crate::clock;
use crate::pipeline::LAUNCHES;
use crate::procfs::{Exe, Procfs};
use crate::source::EventSender;

pub(crate) mod frame;
pub(crate) mod look;
mod reader;
#[cfg(test)]
mod tests;

use frame::{Frame, What};

/// The name of the tier in `status`.
pub(crate) const TIER: &str = "proc-connector";
/// `CN_IDX_PROC` as a multicast group.
const GROUP: u32 = 1;
/// Room for about 10,000 events where the kernel allows it (832 bytes are charged for each).
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
/// How long the kernel may take to acknowledge, and a canary to appear.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the tier cannot be used. The text says what to do about it, if anything can be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unavailable {
    /// The kernel is older than 6.6, or a security module is in the way.
    #[error(
        "the kernel refuses process events to ordinary users ({0}); Linux 6.6 and later allow them"
    )]
    Refused(Errno),
    /// There is no connector in this network namespace.
    #[error("there are no process events in this network namespace (a container?)")]
    OtherNetworkNamespace,
    /// The request was ignored.
    #[error(
        "the kernel ignores the request for process events: this is another user or pid namespace \
         (a container, or a sandboxed service unit)"
    )]
    NotAcknowledged,
    /// The kernel acknowledged, and then said nothing of an exec.
    #[error("the kernel acknowledged and then told nothing of a program that was started")]
    Silent,
    /// Something else failed.
    #[error("failed to {what}: {errno}")]
    Failed {
        /// What was attempted.
        what: &'static str,
        /// The error.
        errno: Errno,
    },
}

/// A connector that answers.
#[derive(Debug)]
pub(crate) struct ProcConnector {
    socket: Socket,
    procfs: Procfs,
}

impl ProcConnector {
    /// Opens the connector, and proves by an acknowledgement and by one exec of `canary` that
    /// events come.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] says why another tier has to do.
    pub(crate) fn open(canary: Command) -> Result<Self, Unavailable> {
        let procfs =
            Procfs::open().map_err(|errno| Unavailable::Failed { what: "open /proc", errno })?;
        let socket = Socket::open()?;
        expect_exec(&socket, &procfs, canary)?;
        Ok(Self { socket, procfs })
    }

    /// Reads events until told to stop, on a thread of its own.
    ///
    /// # Errors
    ///
    /// Those of starting a thread.
    pub(crate) fn start(self, events: EventSender) -> std::io::Result<super::Running> {
        let waker = super::waker()?;
        let (control, orders) = super::Control::new(Some(waker.clone()));
        let reader = reader::Reader::new(self.socket, self.procfs, events.clone(), orders, waker);
        let name = super::Name { source: LAUNCHES, tier: TIER };
        super::Running::start(name, control, events, move || reader.run())
    }
}

/// A connector socket on which the kernel has acknowledged that it listens to us.
#[derive(Debug)]
struct Socket(OwnedFd);

impl Socket {
    fn open() -> Result<Self, Unavailable> {
        let failed = |what| move |errno| Unavailable::Failed { what, errno };
        let fd = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(netlink::CONNECTOR),
        )
        .map_err(failed("open a netlink socket"))?;
        // Forcing needs a capability; without it the kernel cuts the wish to `rmem_max`.
        if sockopt::set_socket_recv_buffer_size_force(&fd, RECEIVE_BUFFER).is_err() {
            sockopt::set_socket_recv_buffer_size(&fd, RECEIVE_BUFFER)
                .map_err(failed("enlarge the receive buffer"))?;
        }
        rustix::net::bind(&fd, &SocketAddrNetlink::new(0, GROUP)).map_err(Unavailable::Refused)?;
        let socket = Self(fd);
        socket.listen()?;
        Ok(socket)
    }

    fn listen(&self) -> Result<(), Unavailable> {
        // The number comes back in the acknowledgement, which every listener on the machine gets.
        // It is not the sequence number: that one the kernel replaces by its own.
        let [_, _, _, _, ack @ ..] = clock::read().monotonic_ns.to_be_bytes();
        let ack = u32::from_be_bytes(ack);
        match rustix::net::send(&self.0, &frame::listen(ack), SendFlags::empty()) {
            Ok(_) => {}
            Err(Errno::CONNREFUSED) => return Err(Unavailable::OtherNetworkNamespace),
            Err(errno) => return Err(Unavailable::Refused(errno)),
        }
        let deadline = Instant::now() + PATIENCE;
        while let Some(frame) = self.next(deadline) {
            match frame.what {
                What::Ack { .. } if frame.ack != ack.wrapping_add(1) => {}
                What::Ack { error: 0 } => return Ok(()),
                What::Ack { error } => {
                    let errno = i32::try_from(error).unwrap_or(i32::MAX).wrapping_abs();
                    return Err(Unavailable::Refused(Errno::from_raw_os_error(errno)));
                }
                _ => {}
            }
        }
        Err(Unavailable::NotAcknowledged)
    }

    /// Waits for the next frame until the deadline.
    fn next(&self, deadline: Instant) -> Option<Frame> {
        loop {
            match self.receive() {
                Ok(Some(frame)) => return Some(frame),
                Ok(None) | Err(Errno::NOBUFS | Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let left = deadline.checked_duration_since(Instant::now())?;
                    let left = left.try_into().ok()?;
                    let mut fds = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)];
                    let _ = poll(&mut fds, Some(&left));
                }
                Err(_) => return None,
            }
        }
    }

    /// Receives one datagram: a frame, or none where it was no frame of the kernel's.
    fn receive(&self) -> rustix::io::Result<Option<Frame>> {
        let mut bytes = [0; 256];
        let (received, _, from) =
            rustix::net::recvfrom(&self.0, &mut bytes[..], RecvFlags::empty())?;
        let from = from.and_then(|address| SocketAddrNetlink::try_from(address).ok());
        // Any process may send to the group; only the kernel has port 0.
        if from.is_none_or(|address| address.pid() != 0) {
            return Ok(None);
        }
        Ok(frame::parse(&bytes[..received]).ok())
    }
}

/// Runs `canary` and waits until the kernel tells of it and `/proc` shows it.
fn expect_exec(socket: &Socket, procfs: &Procfs, mut canary: Command) -> Result<(), Unavailable> {
    let spawned = canary.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = spawned.map_err(|error| Unavailable::Failed {
        what: "start the canary",
        errno: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    })?;
    let deadline = Instant::now() + PATIENCE;
    let mut seen = false;
    while let Some(frame) = socket.next(deadline) {
        if frame.what == (What::Exec { pid: child.id(), tgid: child.id() }) {
            seen = matches!(procfs.exe(child.id(), &mut [0; 4096]), Exe::Path(_));
            break;
        }
    }
    // The canary waits for the end of its input, so that it is there to be looked at.
    drop(child.stdin.take());
    drop(child.wait());
    if seen { Ok(()) } else { Err(Unavailable::Silent) }
}
