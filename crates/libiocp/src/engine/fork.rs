//! What a fork must not share.
#![allow(unsafe_code)]

/// A page that the kernel wipes in the child of a fork; where it cannot, the
/// number of the process.
#[derive(Debug)]
pub(super) struct Guard {
    page: *const u8,
    process: u32,
}

// SAFETY: the page is only read after it was made.
unsafe impl Send for Guard {}
// SAFETY: as above.
unsafe impl Sync for Guard {}

const PAGE: usize = 4096;

impl Guard {
    pub(super) fn new() -> Self {
        // Nothing forks under Miri, which does not know this page.
        let process = std::process::id();
        if cfg!(miri) {
            return Self { page: std::ptr::null(), process };
        }
        // SAFETY: a fresh private mapping; the byte is written before the page
        // is shared with other threads.
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
                return Self { page: std::ptr::null(), process };
            }
            // A kernel, or one that stands in for it, may not know the advice.
            if libc::madvise(page, PAGE, libc::MADV_WIPEONFORK) != 0 {
                libc::munmap(page, PAGE);
                return Self { page: std::ptr::null(), process };
            }
            page.cast::<u8>().write(1);
            Self { page: page.cast(), process }
        }
    }

    #[inline]
    pub(super) fn is_forked(&self) -> bool {
        if self.page.is_null() {
            return std::process::id() != self.process;
        }
        // SAFETY: the page lives as long as the guard. The volatile read sees
        // what the kernel did behind the compiler's back.
        unsafe { self.page.read_volatile() == 0 }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.page.is_null() {
            // SAFETY: nothing refers to the page any more.
            unsafe { libc::munmap(self.page.cast_mut().cast(), PAGE) };
        }
    }
}
