//! What a fork must not share.
#![allow(unsafe_code)]

use crate::sync::unique;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that lasts until its owner begins another era. No two eras of any
/// owner have the same one. In the child of a fork it is zero for ever: it lies
/// in a page that the kernel wipes.
#[derive(Debug)]
pub(crate) struct Era {
    number: NonNull<AtomicU64>,
    /// Where the kernel cannot wipe a page.
    instead: Option<Instead>,
}

/// The number, and the process that it is for.
#[derive(Debug)]
struct Instead {
    number: Box<AtomicU64>,
    process: u32,
}

// SAFETY: the number is reached atomically only.
unsafe impl Send for Era {}
// SAFETY: as above.
unsafe impl Sync for Era {}

const PAGE: usize = 4096;

impl Default for Era {
    fn default() -> Self {
        let (number, instead) = match Self::page() {
            Some(page) => (page.cast(), None),
            None => {
                let number = Box::new(AtomicU64::new(0));
                let instead = Instead { number, process: std::process::id() };
                (NonNull::from(&*instead.number), Some(instead))
            }
        };
        let era = Self { number, instead };
        era.word().store(unique(), Ordering::Release);
        era
    }
}

impl Era {
    /// A fresh page of zeroes.
    fn page() -> Option<NonNull<u8>> {
        // Nothing forks under Miri, which does not know this page.
        if cfg!(miri) {
            return None;
        }
        // SAFETY: a fresh private mapping.
        unsafe {
            let page = libc::mmap(
                std::ptr::null_mut(),
                PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            if page == libc::MAP_FAILED {
                return None;
            }
            // A kernel, or one that stands in for it, may not know the advice.
            if libc::madvise(page, PAGE, libc::MADV_WIPEONFORK) != 0 {
                libc::munmap(page, PAGE);
                return None;
            }
            NonNull::new(page.cast())
        }
    }

    #[inline]
    fn word(&self) -> &AtomicU64 {
        // SAFETY: the page or the box lives as long as this.
        unsafe { self.number.as_ref() }
    }

    #[inline]
    pub(crate) fn number(&self) -> u64 {
        if self.instead.as_ref().is_some_and(|it| it.process != std::process::id()) {
            return 0;
        }
        self.word().load(Ordering::Acquire)
    }

    /// Begins another era.
    pub(crate) fn end(&self) {
        if self.number() != 0 {
            self.word().store(unique(), Ordering::Release);
        }
    }
}

impl Drop for Era {
    fn drop(&mut self) {
        if self.instead.is_none() {
            // SAFETY: nothing refers to the page any more.
            unsafe { libc::munmap(self.number.as_ptr().cast(), PAGE) };
        }
    }
}
