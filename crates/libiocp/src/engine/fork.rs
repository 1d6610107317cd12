//! What a fork must not share.
#![allow(unsafe_code)]

/// A page that the kernel wipes in the child of a fork.
#[derive(Debug)]
pub(super) struct Guard(*const u8);

// SAFETY: the page is only read after it was made.
unsafe impl Send for Guard {}
// SAFETY: as above.
unsafe impl Sync for Guard {}

const PAGE: usize = 4096;

impl Guard {
    pub(super) fn new() -> Self {
        // Nothing forks under Miri, which does not know this page.
        if cfg!(miri) {
            return Self(std::ptr::null());
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
                return Self(std::ptr::null());
            }
            libc::madvise(page, PAGE, libc::MADV_WIPEONFORK);
            page.cast::<u8>().write(1);
            Self(page.cast())
        }
    }

    #[inline]
    pub(super) fn is_forked(&self) -> bool {
        // SAFETY: the page lives as long as the guard. The volatile read sees
        // what the kernel did behind the compiler's back.
        !self.0.is_null() && unsafe { self.0.read_volatile() } == 0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: nothing refers to the page any more.
            unsafe { libc::munmap(self.0.cast_mut().cast(), PAGE) };
        }
    }
}
