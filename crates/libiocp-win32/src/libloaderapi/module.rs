//! What a module handle stands for.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::codes::{ERROR_BAD_EXE_FORMAT, ERROR_MOD_NOT_FOUND, ERROR_NOT_SUPPORTED};
use crate::exports::{self, Export};
use crate::text::c_string;
use crate::types::HMODULE;

/// A Windows library whose functions this crate has. Its address is its handle.
#[derive(Debug)]
pub(super) struct System {
    names: &'static [&'static str],
    pub(super) exports: &'static [Export],
}

static SYSTEM: [System; 4] = [
    System { names: &["kernel32", "kernelbase"], exports: exports::KERNEL32 },
    System { names: &["ntdll"], exports: exports::NTDLL },
    System { names: &["ws2_32", "wsock32"], exports: exports::WS2_32 },
    System { names: &["mswsock"], exports: exports::MSWSOCK },
];

/// The sets of functions that Windows names by contract.
const CONTRACTS: &str = "api-ms-win-core-";

/// A module.
#[derive(Clone, Copy, Debug)]
pub(super) enum Module {
    System(&'static System),
    /// A handle of the dynamic linker; the program itself is one too.
    Linked(*mut c_void),
}

/// Handles of shared objects that were given out, and how often each was loaded.
fn loaded() -> MutexGuard<'static, HashMap<usize, usize>> {
    static TABLE: LazyLock<Mutex<HashMap<usize, usize>>> = LazyLock::new(Mutex::default);
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The handle of the program itself.
pub(super) fn program() -> *mut c_void {
    // SAFETY: NULL is the program.
    unsafe { libc::dlopen(std::ptr::null(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) }
}

/// The last part of a path, in lower case, without `.dll` or a single dot at the end.
fn base_name(path: &[u8]) -> String {
    let name = path.rsplit(|&b| b == b'/' || b == b'\\').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let plain = name.strip_suffix(".dll").or_else(|| name.strip_suffix('.'));
    plain.unwrap_or(&name).to_owned()
}

fn system(path: &[u8]) -> Option<&'static System> {
    let name = base_name(path);
    if name.starts_with(CONTRACTS) {
        return SYSTEM.first();
    }
    SYSTEM.iter().find(|system| system.names.contains(&name.as_str()))
}

/// A path as Linux has it: what does not begin with a slash may have backslashes.
fn linux_path(path: &[u8]) -> CString {
    let mut path = path.to_vec();
    if !path.starts_with(b"/") {
        path.iter_mut().filter(|b| **b == b'\\').for_each(|b| *b = b'/');
    }
    c_string(&path)
}

/// Whether a handle is of the library that holds the system's messages.
pub(crate) fn is_system_messages(handle: HMODULE) -> bool {
    handle.addr() == std::ptr::from_ref(&SYSTEM[0]).addr()
}

impl Module {
    pub(super) fn handle(self) -> HMODULE {
        match self {
            Module::System(system) => std::ptr::from_ref(system).cast_mut().cast(),
            Module::Linked(handle) => handle,
        }
    }

    /// The module of a handle; NULL is the program.
    pub(super) fn of(handle: HMODULE) -> Option<Module> {
        let program = program();
        if handle.is_null() || handle == program {
            return Some(Module::Linked(program));
        }
        let system = SYSTEM.iter().find(|s| std::ptr::from_ref(*s).addr() == handle.addr());
        if let Some(system) = system {
            return Some(Module::System(system));
        }
        loaded().contains_key(&handle.addr()).then_some(Module::Linked(handle))
    }

    /// A module that is loaded already.
    pub(super) fn find(path: &[u8]) -> Result<Module, u32> {
        if let Some(system) = system(path) {
            return Ok(Module::System(system));
        }
        let name = linux_path(path);
        // SAFETY: a terminated string; nothing is loaded.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
        if handle.is_null() || name.is_empty() {
            return Err(ERROR_MOD_NOT_FOUND);
        }
        // SAFETY: takes back the count the look-up added; the module stays loaded by others.
        unsafe { libc::dlclose(handle) };
        loaded().entry(handle.expose_provenance()).or_insert(0);
        Ok(Module::Linked(handle))
    }

    /// Loads a module. `as_data` asks for its contents only.
    pub(super) fn load(path: &[u8], as_data: bool) -> Result<Module, u32> {
        if path.is_empty() {
            return Err(ERROR_MOD_NOT_FOUND);
        }
        if let Some(system) = system(path) {
            return Ok(Module::System(system));
        }
        let name = linux_path(path);
        if as_data {
            return Err(ERROR_NOT_SUPPORTED);
        }
        // SAFETY: a terminated string. The program asked for what the module does when loaded.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() {
            return Err(load_error(&name));
        }
        *loaded().entry(handle.expose_provenance()).or_insert(0) += 1;
        Ok(Module::Linked(handle))
    }

    /// Loads a module that was found once more.
    pub(super) fn add_count(self) {
        let Module::Linked(handle) = self else { return };
        let Some(path) = self.path() else { return };
        if handle == program() {
            return;
        }
        // SAFETY: a terminated string of a module that is loaded.
        unsafe { libc::dlopen(c_string(&path).as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        *loaded().entry(handle.expose_provenance()).or_insert(0) += 1;
    }

    /// Undoes one load. The system's modules and the program stay for ever.
    pub(super) fn unload(self) -> Result<(), u32> {
        let Module::Linked(handle) = self else { return Ok(()) };
        if handle == program() {
            return Ok(());
        }
        let mut loaded = loaded();
        match loaded.get_mut(&handle.addr()) {
            // Found, not loaded, through these functions: whoever loaded it keeps it.
            Some(0) => return Ok(()),
            Some(1) => {
                loaded.remove(&handle.addr());
            }
            Some(count) => *count -= 1,
            None => return Err(ERROR_MOD_NOT_FOUND),
        }
        drop(loaded);
        // SAFETY: the handle had a load of ours left.
        unsafe { libc::dlclose(handle) };
        Ok(())
    }

    /// The address of a function.
    pub(super) fn function(self, name: &CStr) -> Option<*mut c_void> {
        match self {
            Module::System(system) => {
                let export =
                    system.exports.iter().find(|e| e.name.as_bytes() == name.to_bytes())?;
                Some(export.address.cast_mut().cast())
            }
            Module::Linked(handle) => {
                // SAFETY: a handle of the linker and a terminated string.
                let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
                (!found.is_null()).then_some(found)
            }
        }
    }

    /// The file a module came from. A system module is in the file this code is in.
    pub(super) fn path(self) -> Option<Vec<u8>> {
        match self {
            Module::System(_) => path_of(std::ptr::from_ref(&SYSTEM).cast()),
            Module::Linked(handle) if handle == program() => program_path(),
            Module::Linked(handle) => {
                let mut map: *const LinkMap = std::ptr::null();
                let target = (&raw mut map).cast();
                // SAFETY: a handle of the linker; it writes a pointer to its record, which stays
                // while the module is loaded.
                unsafe {
                    if libc::dlinfo(handle, libc::RTLD_DI_LINKMAP, target) != 0 {
                        return None;
                    }
                    Some(CStr::from_ptr((*map).name).to_bytes().to_vec())
                }
            }
        }
    }

    /// The module an address is in.
    pub(super) fn around(address: *const c_void) -> Result<Module, u32> {
        let path = path_of(address).ok_or(ERROR_MOD_NOT_FOUND)?;
        let own = path_of(std::ptr::from_ref(&SYSTEM).cast());
        if program_path().is_some_and(|program| program == resolved(&path)) {
            return Ok(Module::Linked(program()));
        }
        if own.as_ref() == Some(&path) {
            return Ok(Module::System(&SYSTEM[0]));
        }
        Module::find(&path)
    }
}

/// The first fields of the dynamic linker's record of a module.
#[repr(C)]
struct LinkMap {
    address: usize,
    name: *const c_char,
}

fn program_path() -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::fs::read_link("/proc/self/exe").ok()?.into_os_string().into_vec())
}

fn resolved(path: &[u8]) -> Vec<u8> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
    let full = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    full.into_os_string().into_vec()
}

/// The file that the code or data at an address came from.
fn path_of(address: *const c_void) -> Option<Vec<u8>> {
    // SAFETY: all-zero is a valid `Dl_info`.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: any address may be asked about; the name is terminated and stays while loaded.
    unsafe {
        if libc::dladdr(address, &raw mut info) == 0 || info.dli_fname.is_null() {
            return None;
        }
        Some(resolved(CStr::from_ptr(info.dli_fname).to_bytes()))
    }
}

/// Why a file was not loaded: it is no ELF file, or something it needs is missing.
fn load_error(name: &CStr) -> u32 {
    use std::io::Read;
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::OsStr::from_bytes(name.to_bytes());
    let mut magic = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut magic));
    match read {
        Ok(_) if &magic != b"\x7FELF" => ERROR_BAD_EXE_FORMAT,
        _ => ERROR_MOD_NOT_FOUND,
    }
}
