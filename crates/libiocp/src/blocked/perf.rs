//! The kernel's record of a thread's context switches.
//!
//! A ring of the kernel's, mapped read-only, gets a record of eight bytes each
//! time the thread gets a processor or loses it, and the record tells whether
//! it lost it by sleeping. In a read-only ring the newest overwrite the oldest,
//! so that nobody has to keep up.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

/// `struct perf_event_attr` in its first published form, which is enough.
#[repr(C)]
#[derive(Debug, Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_watermark: u32,
    breakpoint_kind: u32,
    breakpoint_address: u64,
}

const PERF_TYPE_SOFTWARE: u32 = 1;
const PERF_COUNT_SW_DUMMY: u64 = 9;
const DISABLED: u64 = 1;
const EXCLUDE_KERNEL: u64 = 1 << 5;
const EXCLUDE_HYPERVISOR: u64 = 1 << 6;
const WATERMARK: u64 = 1 << 14;
const CONTEXT_SWITCH: u64 = 1 << 26;
const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;
const ENABLE: libc::c_ulong = 0x2400;
const DISABLE: libc::c_ulong = 0x2401;

const PERF_RECORD_SWITCH: u32 = 14;
/// `misc` of a record: the thread has lost the processor...
const SWITCH_OUT: u16 = 1 << 13;
/// ... and would rather have kept it.
const SWITCH_OUT_PREEMPT: u16 = 1 << 14;

const PAGE: usize = 4096;
/// Where the page of control has `data_head`, and `data_offset` after it.
const DATA_HEAD: usize = 1024;
const RECORD: u64 = 8;

/// The record of one thread's switches.
#[derive(Debug)]
pub(crate) struct Ring {
    event: File,
    /// A page of control and one of records.
    pages: NonNull<u8>,
    page: usize,
    is_enabled: AtomicBool,
    /// Where the records begin since it was last enabled.
    begin: AtomicU64,
}

// SAFETY: the kernel writes to the pages; here they are only read, by volatile
// and atomic reads.
unsafe impl Send for Ring {}
// SAFETY: as above.
unsafe impl Sync for Ring {}

impl Ring {
    /// Not yet enabled.
    pub(super) fn open(thread: u32) -> io::Result<Self> {
        let attributes = Attributes {
            kind: PERF_TYPE_SOFTWARE,
            size: size_of::<Attributes>() as u32,
            config: PERF_COUNT_SW_DUMMY,
            flags: DISABLED | EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR | WATERMARK | CONTEXT_SWITCH,
            // Every record is more than one byte, and so wakes who waits.
            wakeup_watermark: 1,
            ..Attributes::default()
        };
        // SAFETY: the attributes are readable for the size that they tell; the
        // other arguments are numbers.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                &raw const attributes,
                thread as libc::pid_t,
                -1,
                -1,
                PERF_FLAG_FD_CLOEXEC,
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor that nobody else knows.
        let event = unsafe { File::from_raw_fd(fd as i32) };
        // SAFETY: no arguments but a number; it cannot fail for this name.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(PAGE);
        // SAFETY: a new mapping wherever the kernel likes.
        let pages = unsafe {
            let shared = libc::MAP_SHARED;
            let fd = event.as_raw_fd();
            libc::mmap(std::ptr::null_mut(), 2 * page, libc::PROT_READ, shared, fd, 0)
        };
        if pages == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let pages = NonNull::new(pages.cast()).ok_or_else(io::Error::last_os_error)?;
        let (is_enabled, begin) = (AtomicBool::new(false), AtomicU64::new(0));
        Ok(Self { event, pages, page, is_enabled, begin })
    }

    /// Switches are recorded from now on, or no longer.
    pub(super) fn enable(&self, enable: bool) {
        if self.is_enabled.load(Ordering::Relaxed) == enable {
            return;
        }
        if enable {
            self.begin.store(self.head(), Ordering::Relaxed);
        } else {
            self.is_enabled.store(false, Ordering::Release);
        }
        let request = if enable { ENABLE } else { DISABLE };
        // SAFETY: an own descriptor; the request has a number for argument.
        let result = unsafe { libc::ioctl(self.event.as_raw_fd(), request as _, 0) };
        if enable && result == 0 {
            self.is_enabled.store(true, Ordering::Release);
        }
    }

    fn head(&self) -> u64 {
        // SAFETY: within the first page, aligned, and never written here.
        let head = unsafe { self.pages.byte_add(DATA_HEAD).cast::<u64>().read_volatile() };
        fence(Ordering::Acquire);
        head
    }

    /// Whether the thread is asleep, by the newest record; `None` if there is
    /// none since it was enabled.
    pub(super) fn is_asleep(&self) -> Option<bool> {
        if !self.is_enabled.load(Ordering::Acquire) {
            return None;
        }
        loop {
            let head = self.head();
            if head < self.begin.load(Ordering::Relaxed) + RECORD {
                return None;
            }
            let offset = (head - RECORD) as usize % self.page;
            // SAFETY: within the second page; records are eight bytes long, so
            // that none wraps around.
            let (kind, misc) = unsafe {
                let record = self.pages.byte_add(self.page + offset);
                (
                    record.cast::<u32>().read_volatile(),
                    record.byte_add(4).cast::<u16>().read_volatile(),
                )
            };
            fence(Ordering::Acquire);
            // So many records later it may have been overwritten.
            if self.head() == head {
                let asleep = misc & SWITCH_OUT != 0 && misc & SWITCH_OUT_PREEMPT == 0;
                return (kind == PERF_RECORD_SWITCH).then_some(asleep);
            }
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `open`; nothing refers to it any more.
        unsafe { libc::munmap(self.pages.as_ptr().cast(), 2 * self.page) };
    }
}

/// What ends a wait from outside.
#[derive(Debug)]
pub(crate) struct Kick(Option<Arc<OwnedFd>>);

impl Kick {
    pub(crate) fn new() -> Self {
        // SAFETY: the call takes numbers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        // SAFETY: a new descriptor that nobody else knows.
        Self((fd >= 0).then(|| Arc::new(unsafe { OwnedFd::from_raw_fd(fd) })))
    }

    /// Written to by whoever kicks, if there is one.
    pub(crate) fn descriptor(&self) -> Option<&Arc<OwnedFd>> {
        self.0.as_ref()
    }

    fn drain(&self) {
        if let Some(kick) = &self.0 {
            let mut count = [0u8; 8];
            // SAFETY: `count` is writable for its length.
            unsafe { libc::read(kick.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
        }
    }
}

/// What ends a wait: something new of a thread, or of the waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    Record,
    Kick,
    Nothing,
}

/// Waits until a thread of one of the probes is switched, `kick` is readable,
/// or the time is up.
pub(crate) fn wait<'a>(
    probes: impl Iterator<Item = &'a super::Probe>,
    kick: &Kick,
    time: std::time::Duration,
) -> Wake {
    let poll = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut descriptors = vec![poll(kick.descriptor().map_or(-1, |kick| kick.as_raw_fd()))];
    let enabled = |ring: &&Ring| ring.is_enabled.load(Ordering::Relaxed);
    let rings = probes.filter_map(super::Probe::ring).filter(enabled);
    descriptors.extend(rings.map(|ring| poll(ring.event.as_raw_fd())));
    let time = libc::timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: time.subsec_nanos().into(),
    };
    // SAFETY: a list of so many entries; no signal mask.
    let ready = unsafe {
        let count = descriptors.len() as libc::nfds_t;
        libc::ppoll(descriptors.as_mut_ptr(), count, &raw const time, std::ptr::null())
    };
    match ready {
        ..=0 => Wake::Nothing,
        _ if descriptors[0].revents != 0 => {
            kick.drain();
            Wake::Kick
        }
        _ => Wake::Record,
    }
}
