//! A network namespace with only loopback, entered as root or as an ordinary user.

use std::env;
use std::io;
use std::net::UdpSocket;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::thread::clear_ambient_capability_set;

use super::fence::Fence;
use super::names;

/// Becomes this same program inside a new namespace, called with the namespace that it left.
/// Returns only to say why not.
///
/// An ordinary user needs a user namespace for it, but one in which nothing else changes:
/// an agent that finds itself to be uid 0 behaves differently.
pub(super) fn enter() -> io::Error {
    let mut unshare = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--user", "--map-current-user", "--keep-caps"]);
    }
    let (exe, left) = match (env::current_exe(), Fence::around_us()) {
        (Ok(exe), Ok(left)) => (exe, left),
        (Err(error), _) | (_, Err(error)) => return error,
    };
    unshare.arg("--net").arg("--").arg(exe).arg(left.to_string()).exec()
}

/// Raises loopback and makes it the whole world, then gives up the capabilities that this took: an
/// agent must not have them. `left` is the namespace that [`enter`] was called in.
pub(super) fn settle(left: &str) -> io::Result<Fence> {
    let fence = Fence::around_us()?;
    refuse_other_networks(&fence, left)?;
    raise_loopback()?;
    route_everything_to_us()?;
    names::serve()?;
    clear_ambient_capability_set()?;
    Ok(fence)
}

/// Refuses whatever is not surely a namespace of our own, and new. Anywhere else, what follows would
/// cut a machine off its network and end its processes.
fn refuse_other_networks(fence: &Fence, left: &str) -> io::Result<()> {
    let left: Option<Fence> = left.parse().ok();
    // In a new namespace loopback is down, and nothing can be reached.
    let reaches = UdpSocket::bind("0.0.0.0:0")?.connect("127.0.0.1:53").is_ok();
    if left.is_none_or(|left| left == *fence) || reaches {
        return Err(io::Error::other("this is no new network namespace"));
    }
    Ok(())
}

/// The index of `lo` in every namespace.
const LOOPBACK: u32 = 1;

/// Says `ip link set lo up` to the kernel; iproute2 is not on every machine.
fn raise_loopback() -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const UP: u32 = 1;
    let link = [0, LOOPBACK, UP, UP];
    ask_kernel(RTM_NEWLINK, link.map(u32::to_ne_bytes).as_flattened())
}

/// Says `ip route add local 0.0.0.0/0 dev lo`: every address is ours, so that whoever tries one is
/// refused at once instead of waiting for an answer.
fn route_everything_to_us() -> io::Result<()> {
    const RTM_NEWROUTE: u16 = 24;
    const INET: u8 = 2;
    const TABLE_LOCAL: u8 = 255;
    const PROTOCOL_STATIC: u8 = 4;
    const SCOPE_HOST: u8 = 254;
    const TYPE_LOCAL: u8 = 2;
    const RTA_OIF: u16 = 4;
    let mut route = vec![INET, 0, 0, 0, TABLE_LOCAL, PROTOCOL_STATIC, SCOPE_HOST, TYPE_LOCAL];
    route.extend([0; 4]);
    route.extend([8, RTA_OIF].map(u16::to_ne_bytes).as_flattened());
    route.extend(LOOPBACK.to_ne_bytes());
    ask_kernel(RTM_NEWROUTE, &route)
}

fn ask_kernel(kind: u16, body: &[u8]) -> io::Result<()> {
    const REQUEST: u16 = 1;
    const ACKNOWLEDGE: u16 = 4;
    const CREATE: u16 = 0x400;
    let length = u32::try_from(16 + body.len()).expect("a request is short");
    let mut message = length.to_ne_bytes().to_vec();
    message.extend([kind, REQUEST | ACKNOWLEDGE | CREATE].map(u16::to_ne_bytes).as_flattened());
    message.extend([0; 8]);
    message.extend(body);

    let (family, raw) = (AddressFamily::NETLINK, SocketType::RAW);
    // Protocol 0, NETLINK_ROUTE, is the default.
    let socket = rustix::net::socket_with(family, raw, SocketFlags::CLOEXEC, None)?;
    let kernel = SocketAddrNetlink::new(0, 0);
    rustix::net::sendto(&socket, &message, SendFlags::empty(), &kernel)?;
    let mut answer = [0; 64];
    let (_, length) = rustix::net::recv(&socket, &mut answer, RecvFlags::empty())?;
    acknowledged(&answer[..length])
}

fn acknowledged(answer: &[u8]) -> io::Result<()> {
    let code = answer.get(16..20).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match code {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
