//! Reads of a file through one ring: plain, and with what can be registered.
#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use bench::process::Failure;
use bench::report::Table;
use io_uring::squeue::Entry;
use io_uring::{IoUring, opcode, types};

use super::{Run, race, timed};
use crate::driver::Settings;
use crate::driver::disk::{BLOCK, TestFile};

#[derive(Clone, Copy)]
struct Way {
    has_file: bool,
    has_buffers: bool,
}

pub(super) fn measure(settings: &Settings, table: &mut Table) -> Result<(), Failure> {
    let way = |has_file, has_buffers| Way { has_file, has_buffers };
    let ways = [
        ("plain", way(false, false)),
        ("registered file", way(true, false)),
        ("registered buffers", way(false, true)),
        ("both registered", way(true, true)),
    ];
    let blocks = settings.pick(1 << 28, 1 << 26) / BLOCK;
    let file = TestFile::new(&settings.dir, blocks)?;
    let time = Duration::from_millis(settings.pick(400, 100));
    for direct in [false, true] {
        let open = OpenOptions::new()
            .read(true)
            .custom_flags(if direct { libc::O_DIRECT } else { 0 })
            .open(file.path())?;
        for depth in [1, 32, 128] {
            let from = if direct { "device" } else { "page cache" };
            race(
                settings,
                table,
                &format!("reads from the {from}, depth {depth}"),
                &ways,
                |way| run(way, &open, blocks, depth, time),
            )?;
        }
    }
    Ok(())
}

/// Pages for so many blocks.
struct Pages(*mut u8, usize);

impl Pages {
    fn new(blocks: usize) -> io::Result<Self> {
        let layout = std::alloc::Layout::from_size_align(blocks * BLOCK, BLOCK);
        // SAFETY: the size is not zero.
        let start = unsafe { std::alloc::alloc_zeroed(layout.map_err(io::Error::other)?) };
        Ok(Self(start, blocks * BLOCK))
    }

    fn block(&self, index: usize) -> *mut u8 {
        assert!((index + 1) * BLOCK <= self.1, "a block of ours");
        // SAFETY: inside the allocation.
        unsafe { self.0.add(index * BLOCK) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let layout = std::alloc::Layout::from_size_align(self.1, BLOCK).expect("as allocated");
        // SAFETY: allocated with this layout; the kernel has completed all reads.
        unsafe { std::alloc::dealloc(self.0, layout) };
    }
}

fn run(way: Way, file: &File, blocks: usize, depth: usize, time: Duration) -> Result<Run, Failure> {
    let mut ring: IoUring = IoUring::builder()
        .setup_single_issuer()
        .setup_coop_taskrun()
        .build(depth.next_power_of_two() as u32)?;
    let pages = Pages::new(depth)?;
    if way.has_file {
        ring.submitter().register_files(&[file.as_raw_fd()])?;
    }
    if way.has_buffers {
        let all = libc::iovec { iov_base: pages.0.cast(), iov_len: pages.1 };
        // SAFETY: the pages live longer than their last read.
        unsafe { ring.submitter().register_buffers(&[all])? };
    }
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    timed(|| {
        let (from, mut reads, mut in_flight) = (Instant::now(), 0, 0);
        let mut free: Vec<usize> = (0..depth).collect();
        loop {
            let goes_on = from.elapsed() < time;
            while goes_on && let Some(place) = free.pop() {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let offset = (random % blocks as u64) * BLOCK as u64;
                let entry = read(way, file, pages.block(place), offset);
                // SAFETY: the page lives, and nobody looks at it, until the read is complete.
                let pushed = unsafe { ring.submission().push(&entry.user_data(place as u64)) };
                pushed.map_err(io::Error::other)?;
                in_flight += 1;
            }
            if in_flight == 0 {
                return Ok(reads);
            }
            ring.submit_and_wait(1)?;
            for entry in ring.completion() {
                if entry.result() != BLOCK as i32 {
                    return Err(io::Error::other(format!("a read came to {}", entry.result())));
                }
                free.push(entry.user_data() as usize);
                in_flight -= 1;
                reads += 1;
            }
        }
    })
}

fn read(way: Way, file: &File, to: *mut u8, offset: u64) -> Entry {
    let (plain, registered) = (types::Fd(file.as_raw_fd()), types::Fixed(0));
    let length = BLOCK as u32;
    match (way.has_file, way.has_buffers) {
        (false, false) => opcode::Read::new(plain, to, length).offset(offset).build(),
        (true, false) => opcode::Read::new(registered, to, length).offset(offset).build(),
        (false, true) => opcode::ReadFixed::new(plain, to, length, 0).offset(offset).build(),
        (true, true) => opcode::ReadFixed::new(registered, to, length, 0).offset(offset).build(),
    }
}
