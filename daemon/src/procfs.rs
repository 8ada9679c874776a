//! Reading processes in `/proc`, quickly: what vanishes first is read first.
//!
//! Everything here may find the process gone at any moment; then a field stays absent. Nothing
//! here blocks: files in `/proc` have no disk behind them.

use std::ffi::{CStr, OsStr, OsString};
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, Dir, Mode, OFlags, ResolveFlags, openat, openat2, readlinkat, readlinkat_raw, statat,
};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::event::{AgentEnv, Ancestor, FileId, ProcessFacts, RawArgv, Tty};

#[cfg(test)]
mod tests;

/// What the kernel appends to the path of a deleted file.
const DELETED: &[u8] = b" (deleted)";
/// An environment may have any size; ours to read is bounded. The kernel's own limit for argv and
/// environment together is 6 MiB.
const MAX_FILE: usize = 8 * 1024 * 1024;
/// Room for most files, so that they are read at once.
const ROOM: usize = 4096;
/// `PF_KTHREAD` of the kernel's `sched.h`.
const KERNEL_THREAD: u32 = 0x0020_0000;
/// How far up the tree ancestors are read.
const MAX_ANCESTORS: usize = 32;

/// `/proc`, opened once.
#[derive(Debug)]
pub(crate) struct Procfs {
    root: OwnedFd,
    /// Our own pid and mount namespaces, to compare with.
    own_namespaces: [Option<OsString>; 2],
    uid: u32,
}

/// Target of `/proc/PID/exe`.
pub(crate) enum Exe<'a> {
    /// The executable, with the kernel's mark where it was deleted.
    Path(&'a [u8]),
    /// The process is gone, or is a zombie.
    Gone,
    /// It is not ours to read.
    Denied,
}

/// The parts of `/proc/PID/stat` that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) comm: OsString,
    pub(crate) zombie: bool,
    /// Whether it is a thread of the kernel.
    pub(crate) kernel: bool,
    pub(crate) ppid: u32,
    /// How many threads it has, a first one that has ended among them.
    pub(crate) threads: u32,
    pub(crate) tty: Tty,
    pub(crate) start_ticks: u64,
    /// From where to where in its memory its environment lies, where the kernel tells.
    pub(crate) environment: Option<[u64; 2]>,
}

impl Procfs {
    /// Opens `/proc`.
    pub(crate) fn open() -> rustix::io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open("/proc", flags, Mode::empty())?;
        let own = |name: &CStr| readlinkat(&root, name, Vec::new()).ok().map(to_os);
        let own_namespaces = [own(c"self/ns/pid"), own(c"self/ns/mnt")];
        Ok(Self { root, own_namespaces, uid: rustix::process::geteuid().as_raw() })
    }

    /// Reads the executable's path into `buffer`, without allocating.
    pub(crate) fn exe<'a>(&self, pid: u32, buffer: &'a mut [u8; 4096]) -> Exe<'a> {
        let mut name = Name::new();
        match readlinkat_raw(&self.root, name.of(pid, "exe"), &mut buffer[..]) {
            Ok(length) => Exe::Path(&buffer[..length]),
            Err(Errno::ACCESS | Errno::PERM) => Exe::Denied,
            Err(_) => Exe::Gone,
        }
    }

    /// Whether the process is this user's; none where it is gone.
    pub(crate) fn is_own(&self, pid: u32) -> Option<bool> {
        let mut name = Name::new();
        let stat = statat(&self.root, name.of(pid, ""), AtFlags::empty()).ok()?;
        Some(stat.st_uid == self.uid)
    }

    /// Reads `comm`, which a zombie still has.
    pub(crate) fn comm(&self, pid: u32) -> Option<OsString> {
        // Of processes that have no other fact left, most are gone: asking for one by signal 0
        // costs a tenth of looking it up in vain.
        let id = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        if test_kill_process(id) == Err(Errno::SRCH) {
            return None;
        }
        let mut comm = self.read(pid, "comm")?;
        comm.pop_if(|byte| *byte == b'\n');
        Some(OsString::from_vec(comm))
    }

    /// Reads `stat`; none where the process is gone.
    pub(crate) fn stat(&self, pid: u32) -> Option<Stat> {
        self.try_stat(pid).ok().flatten()
    }

    /// Reads `stat`; none where the process is gone.
    ///
    /// # Errors
    ///
    /// What keeps files from being opened at all, such as a full table of descriptors.
    pub(crate) fn try_stat(&self, pid: u32) -> rustix::io::Result<Option<Stat>> {
        match self.try_read(pid, "stat") {
            Ok(bytes) => Ok(parse_stat(&bytes)),
            Err(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => Err(Errno::MFILE),
            Err(_) => Ok(None),
        }
    }

    /// Returns the process's current directory.
    pub(crate) fn cwd(&self, pid: u32) -> Option<PathBuf> {
        self.link(pid, "cwd").map(|path| self.strip_deleted(pid, "cwd", path).0)
    }

    /// Resolves a path as the process sees it, whatever lies under that name on our side. Touches
    /// the process's disks.
    pub(crate) fn resolve_within(&self, pid: u32, path: &Path) -> Option<PathBuf> {
        let mut name = Name::new();
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let root = openat(&self.root, name.of(pid, "root"), flags, Mode::empty()).ok()?;
        let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let file = openat2(&root, path, flags, Mode::empty(), within).ok()?;
        let link = format!("self/fd/{}", file.as_raw_fd());
        readlinkat(&self.root, link, Vec::new()).ok().map(|path| to_os(path).into())
    }

    /// Returns the thread by which a process can still be read: its first one, or another where that
    /// has ended before the process; none where the process has ended.
    pub(crate) fn living_thread(&self, pid: u32) -> Option<u32> {
        let first = self.stat(pid)?;
        if !first.zombie {
            return Some(pid);
        }
        if first.threads <= 1 {
            return None;
        }
        let mut name = Name::new();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let tasks = openat(&self.root, name.of(pid, "task"), flags, Mode::empty()).ok()?;
        let threads = Dir::read_from(tasks).ok()?.flatten();
        let mut threads = threads.filter_map(|entry| entry.file_name().to_str().ok()?.parse().ok());
        threads.find(|thread| *thread != pid)
    }

    /// Reads a process in the order in which facts vanish: `exe` (which the caller has), `cwd`,
    /// `stat`, `cmdline`, `environ`.
    pub(crate) fn facts(&self, pid: u32, exe: Option<&[u8]>) -> ProcessFacts {
        let cwd = self.cwd(pid);
        let stat = self.stat(pid);
        let argv = self.argv(pid);
        let env = self.read(pid, "environ");
        let bounds = stat.as_ref().and_then(|stat| stat.environment);
        let is_whole = env.as_ref().is_none_or(|env| self.is_whole(pid, env, bounds));
        let is_becoming = !is_whole && self.stat(pid).is_some_and(|stat| !stat.zombie);
        let env = env.filter(|_| is_whole);
        let exe = exe.map(|path| PathBuf::from(OsStr::from_bytes(path)));
        let exe = exe.map(|path| self.strip_deleted(pid, "exe", path));
        ProcessFacts {
            pid,
            ppid: stat.as_ref().map(|stat| stat.ppid),
            start_ticks: stat.as_ref().map(|stat| stat.start_ticks),
            exe_deleted: exe.as_ref().is_some_and(|(_, deleted)| *deleted),
            exe: exe.map(|(path, _)| path),
            exe_id: self.file(pid, "exe"),
            cwd,
            tty: stat.as_ref().map(|stat| stat.tty.clone()),
            argv,
            env: env.map(|bytes| AgentEnv::from_environ(&bytes)),
            other_namespace: self.other_namespace(pid),
            ancestors: Vec::new(),
            told: None,
            is_becoming,
        }
    }

    /// Whether an environment is all that the process has, which had it within `bounds` before. In the
    /// middle of an `execve`, and where a process ends, it reads as empty or breaks off.
    ///
    /// The kernel lays out what a program starts with in this order: arguments, environment, name of the
    /// file (`create_elf_tables` in `fs/binfmt_elf.c`). Until it has found where the environment ends,
    /// that is said to end where it begins, which is where the name begins if there is none.
    fn is_whole(&self, pid: u32, env: &[u8], bounds: Option<[u64; 2]>) -> bool {
        let is_of = |[begin, end]: [u64; 2]| end.checked_sub(begin) == Some(env.len() as u64);
        if !env.is_empty() && bounds.is_some_and(is_of) {
            return true;
        }
        // It may run another program by now.
        let now = self.stat(pid).and_then(|stat| stat.environment);
        if !env.is_empty() {
            // Where the kernel says nothing of that, nothing speaks against it.
            return now.map_or(bounds.is_none(), is_of);
        }
        let name = self.read(pid, "auxv").as_deref().and_then(address_of_name);
        now.zip(name).is_some_and(|([begin, end], name)| begin == end && end == name)
    }

    /// Reads a process that is not about to vanish, by any thread that it has left. None where it
    /// has ended.
    pub(crate) fn standing(&self, pid: u32) -> Option<ProcessFacts> {
        let mut buffer = [0; 4096];
        let thread = match self.exe(pid, &mut buffer) {
            Exe::Gone => self.living_thread(pid)?,
            Exe::Path(_) | Exe::Denied => pid,
        };
        let exe = match self.exe(thread, &mut buffer) {
            Exe::Path(exe) => Some(exe),
            // A process that hides its executable is there all the same.
            Exe::Denied | Exe::Gone => None,
        };
        let facts = self.facts(thread, exe);
        // A thread has a start time of its own.
        let start_ticks = if thread == pid {
            facts.start_ticks
        } else {
            self.stat(pid).map(|stat| stat.start_ticks)
        };
        start_ticks.is_some().then_some(ProcessFacts { pid, start_ticks, ..facts })
    }

    /// Reads the processes above one, nearest first.
    pub(crate) fn ancestors(&self, ppid: Option<u32>) -> Vec<Ancestor> {
        let mut ancestors = Vec::new();
        let mut next = ppid;
        while let Some(pid) = next.filter(|pid| *pid > 0 && ancestors.len() < MAX_ANCESTORS) {
            let Some(stat) = self.stat(pid) else { break };
            let exe = self.link(pid, "exe").map(|path| self.strip_deleted(pid, "exe", path).0);
            let name = exe.as_deref().and_then(|path| path.file_name()).map(OsStr::to_owned);
            ancestors.push(Ancestor { pid, name: name.unwrap_or(stat.comm) });
            next = Some(stat.ppid);
        }
        ancestors
    }

    /// Reads the command line; none where there is none.
    pub(crate) fn argv(&self, pid: u32) -> Option<RawArgv> {
        let bytes = self.read(pid, "cmdline").filter(|bytes| !bytes.is_empty());
        bytes.map(RawArgv::from_cmdline)
    }

    /// Lists all processes: the pid, and the inode that stands for the process behind it.
    ///
    /// # Errors
    ///
    /// Whatever keeps the list from being whole.
    pub(crate) fn processes(&self) -> rustix::io::Result<Vec<(u32, u64)>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(&self.root, ".", flags, Mode::empty())?;
        let mut processes = Vec::new();
        for entry in Dir::read_from(root)? {
            let entry = entry?;
            let pid = entry.file_name().to_str().ok().and_then(|name| name.parse::<u32>().ok());
            processes.extend(pid.map(|pid| (pid, entry.ino())));
        }
        Ok(processes)
    }

    /// Returns the paths of the files that a process has open for writing, as far as a bound goes.
    pub(crate) fn written(&self, pid: u32) -> Vec<PathBuf> {
        const MOST: usize = 4096;
        let mut name = Name::new();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fds = openat(&self.root, name.of(pid, "fd"), flags, Mode::empty());
        let Some((fds, entries)) = fds.ok().and_then(|fds| {
            let entries = Dir::read_from(&fds).ok()?;
            Some((fds, entries))
        }) else {
            return Vec::new();
        };
        let is_written = |fd: &CStr| {
            // The link's own permissions tell how the file was opened.
            let link = statat(&fds, fd, AtFlags::SYMLINK_NOFOLLOW);
            link.is_ok_and(|link| link.st_mode & 0o200 != 0)
        };
        let mut paths = Vec::new();
        for entry in entries.flatten().take(MOST) {
            let fd = entry.file_name();
            let path = readlinkat(&fds, fd, Vec::new()).ok();
            let path = path.filter(|path| path.to_bytes().starts_with(b"/"));
            paths.extend(path.filter(|_| is_written(fd)).map(|path| PathBuf::from(to_os(path))));
        }
        paths
    }

    /// Returns the file behind one of the kernel's own links, whatever its path means now.
    fn file(&self, pid: u32, link: &str) -> Option<FileId> {
        let mut name = Name::new();
        let stat = statat(&self.root, name.of(pid, link), AtFlags::empty()).ok()?;
        Some(FileId { device: stat.st_dev, inode: stat.st_ino })
    }

    /// Takes the kernel's mark of a deleted file off a path, and says whether it was there.
    ///
    /// A file may really be named so. Only then is the path, mark and all, that of the same file.
    fn strip_deleted(&self, pid: u32, link: &str, path: PathBuf) -> (PathBuf, bool) {
        let Some(stripped) = path.as_os_str().as_bytes().strip_suffix(DELETED) else {
            return (path, false);
        };
        let file = self.file(pid, link);
        if file.is_some() && file == FileId::of(&path) {
            return (path, false);
        }
        (PathBuf::from(OsStr::from_bytes(stripped)), true)
    }

    fn other_namespace(&self, pid: u32) -> Option<bool> {
        let [own_pid, own_mount] = &self.own_namespaces;
        let same = |file, own: &Option<OsString>| {
            Some(self.link(pid, file)?.as_os_str() == own.as_deref()?)
        };
        Some(!(same("ns/pid", own_pid)? && same("ns/mnt", own_mount)?))
    }

    fn link(&self, pid: u32, file: &str) -> Option<PathBuf> {
        let mut name = Name::new();
        readlinkat(&self.root, name.of(pid, file), Vec::new()).ok().map(|path| to_os(path).into())
    }

    fn read(&self, pid: u32, file: &str) -> Option<Vec<u8>> {
        self.try_read(pid, file).ok()
    }

    fn try_read(&self, pid: u32, file: &str) -> rustix::io::Result<Vec<u8>> {
        let mut name = Name::new();
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let fd = openat(&self.root, name.of(pid, file), flags, Mode::empty())?;
        let mut bytes = Vec::with_capacity(ROOM);
        loop {
            let read = rustix::io::read(&fd, rustix::buffer::spare_capacity(&mut bytes))?;
            // These files give as much as there is room for: whatever is less was the rest.
            if read == 0 || bytes.len() < bytes.capacity() || bytes.len() >= MAX_FILE {
                return Ok(bytes);
            }
            bytes.reserve(bytes.len());
        }
    }
}

/// Room for a name below `/proc`, so that the hot path allocates nothing.
struct Name([u8; 40]);

impl Name {
    fn new() -> Self {
        Self([0; 40])
    }

    fn of(&mut self, pid: u32, file: &str) -> &CStr {
        write!(&mut self.0[..], "{pid}/{file}\0").expect("a pid and a short name fit");
        CStr::from_bytes_until_nul(&self.0).expect("it was written with its terminator")
    }
}

fn to_os(link: std::ffi::CString) -> OsString {
    OsString::from_vec(link.into_bytes())
}

/// Parses `/proc/PID/stat` (proc_pid_stat(5)). `comm` may hold spaces and brackets: it ends at the
/// last closing one.
pub(crate) fn parse_stat(bytes: &[u8]) -> Option<Stat> {
    let open = bytes.iter().position(|byte| *byte == b'(')?;
    let close = bytes.iter().rposition(|byte| *byte == b')')?;
    let comm = bytes.get(open + 1..close)?;
    let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Fields are counted from 1 and the third is the first after `comm`.
    let field = |number: usize| fields.get(number - 3).copied();
    let address = |number| field(number)?.parse().ok().filter(|address| *address != 0);
    Some(Stat {
        comm: OsString::from_vec(comm.to_vec()),
        zombie: matches!(field(3)?, "Z" | "X"),
        kernel: field(9)?.parse::<u32>().ok()? & KERNEL_THREAD != 0,
        ppid: field(4)?.parse().ok()?,
        threads: field(20)?.parse().ok()?,
        tty: tty(field(7)?.parse().ok()?),
        start_ticks: field(22)?.parse().ok()?,
        environment: address(50).zip(address(51)).map(|(begin, end)| [begin, end]),
    })
}

/// Returns where the name of the executed file begins, of the bytes of `/proc/PID/auxv`.
fn address_of_name(auxv: &[u8]) -> Option<u64> {
    /// The number of that entry, in the kernel's `auxvec.h`.
    const AT_EXECFN: usize = 31;
    let mut words = auxv
        .chunks_exact(size_of::<usize>())
        .map(|word| word.try_into().map(usize::from_ne_bytes).expect("chunks are of that length"));
    std::iter::from_fn(|| words.next().zip(words.next()))
        .find(|(key, _)| *key == AT_EXECFN)
        .and_then(|(_, value)| u64::try_from(value).ok())
}

/// Names a terminal by its device number, as `Documentation/admin-guide/devices.txt` lays them out.
fn tty(number: i64) -> Tty {
    let number = u64::try_from(number & 0xffff_ffff).unwrap_or(0);
    let (major, minor) = ((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xfff00));
    match major {
        0 => Tty::None,
        4 if minor < 64 => Tty::Named(format!("tty{minor}")),
        4 => Tty::Named(format!("ttyS{}", minor - 64)),
        136..=143 => Tty::Named(format!("pts/{}", minor + (major - 136) * 256)),
        _ => Tty::Named(format!("{major}:{minor}")),
    }
}
