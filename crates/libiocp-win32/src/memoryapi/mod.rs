//! `memoryapi.h`: reserving, committing and protecting pages.

mod locked;
mod maps;
mod runs;
mod space;
mod virtual_memory;

pub use locked::*;
pub use virtual_memory::*;

const PAGE_NOACCESS: u32 = 0x01;
const PAGE_READONLY: u32 = 0x02;
const PAGE_READWRITE: u32 = 0x04;
const PAGE_EXECUTE: u32 = 0x10;
const PAGE_EXECUTE_READ: u32 = 0x20;
const PAGE_EXECUTE_READWRITE: u32 = 0x40;
const PAGE_GUARD: u32 = 0x100;
const PAGE_NOCACHE: u32 = 0x200;
const PAGE_WRITECOMBINE: u32 = 0x400;

const MEM_COMMIT: u32 = 0x1000;
const MEM_RESERVE: u32 = 0x2000;
const MEM_DECOMMIT: u32 = 0x4000;
const MEM_RELEASE: u32 = 0x8000;
const MEM_FREE: u32 = 0x1_0000;
const MEM_PRIVATE: u32 = 0x2_0000;
const MEM_MAPPED: u32 = 0x4_0000;
const MEM_RESET: u32 = 0x8_0000;
const MEM_TOP_DOWN: u32 = 0x10_0000;
const MEM_WRITE_WATCH: u32 = 0x20_0000;
const MEM_RESET_UNDO: u32 = 0x100_0000;
const MEM_IMAGE: u32 = 0x100_0000;
const MEM_LARGE_PAGES: u32 = 0x2000_0000;

/// `PROT_` bits for a `PAGE_` value that private memory may have, or `None`.
fn linux_protection(protect: u32) -> Option<i32> {
    let hints = PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE;
    let access = protect & !hints;
    let bits = match access {
        PAGE_NOACCESS if protect == PAGE_NOACCESS => libc::PROT_NONE,
        PAGE_READONLY => libc::PROT_READ,
        PAGE_READWRITE => libc::PROT_READ | libc::PROT_WRITE,
        PAGE_EXECUTE => libc::PROT_EXEC,
        PAGE_EXECUTE_READ => libc::PROT_READ | libc::PROT_EXEC,
        PAGE_EXECUTE_READWRITE => libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
        _ => return None,
    };
    // An access to a guard page must fault; that the next one would succeed cannot be had.
    Some(if protect & PAGE_GUARD != 0 { libc::PROT_NONE } else { bits })
}
