//! Which processors a thread may use.
#![allow(unsafe_code)]

use std::io;
use std::mem;

/// The processors the calling thread may use now, in ascending order.
pub fn allowed() -> io::Result<Vec<usize>> {
    // SAFETY: all bits zero is an empty processor set, which is a valid value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the kernel writes at most the size of `set` into it.
    if unsafe { libc::sched_getaffinity(0, mem::size_of_val(&set), &mut set) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let all = 0..libc::CPU_SETSIZE as usize;
    // SAFETY: every index is below CPU_SETSIZE, as the macro wants.
    Ok(all.filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect())
}

/// Restricts the calling thread, and what it starts from now on, to `cpus`.
pub fn restrict(cpus: &[usize]) -> io::Result<()> {
    // SAFETY: all bits zero is an empty processor set, which is a valid value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    for &cpu in cpus {
        // SAFETY: `CPU_SET` ignores an index that is out of the set.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    // SAFETY: `set` is initialised and its size is passed.
    match unsafe { libc::sched_setaffinity(0, mem::size_of_val(&set), &set) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
