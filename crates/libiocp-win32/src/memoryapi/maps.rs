//! The mappings of the process that `VirtualAlloc` did not make, from `/proc/self/maps`.

use super::{
    MEM_IMAGE, MEM_MAPPED, MEM_PRIVATE, PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
    PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE,
};

/// One line of the file.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) protect: u32,
    pub(super) kind: u32,
    pub(super) path: String,
}

/// All mappings, in order of address.
pub(super) fn read() -> Vec<Mapping> {
    let text = std::fs::read("/proc/self/maps").unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut mappings: Vec<Mapping> = text.lines().filter_map(parse).collect();
    let images: Vec<String> = mappings
        .iter()
        .filter(|m| m.kind == MEM_MAPPED && m.protect >= PAGE_EXECUTE)
        .map(|m| m.path.clone())
        .collect();
    for mapping in &mut mappings {
        if mapping.kind == MEM_MAPPED && images.contains(&mapping.path) {
            mapping.kind = MEM_IMAGE;
        }
    }
    mappings
}

fn parse(line: &str) -> Option<Mapping> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let permissions = fields.next()?;
    let path = fields.nth(3).unwrap_or("").trim_start();
    Some(Mapping {
        start: usize::from_str_radix(start, 16).ok()?,
        end: usize::from_str_radix(end, 16).ok()?,
        protect: protection(permissions),
        kind: if path.starts_with('/') { MEM_MAPPED } else { MEM_PRIVATE },
        path: path.to_owned(),
    })
}

fn protection(permissions: &str) -> u32 {
    match permissions.as_bytes().get(..3) {
        Some(b"r--") => PAGE_READONLY,
        Some([_, b'w', b'x']) => PAGE_EXECUTE_READWRITE,
        Some([_, b'w', _]) => PAGE_READWRITE,
        Some(b"r-x") => PAGE_EXECUTE_READ,
        Some(b"--x") => PAGE_EXECUTE,
        _ => PAGE_NOACCESS,
    }
}
