//! Whether the kernel's io_uring can do what the owner needs: asked, and tried
//! once, because a version number tells neither what was built in nor what a
//! sandbox forbids.
#![allow(unsafe_code)]

use io_uring::{IoUring, Probe, opcode};
use std::io::{Error, Result};

/// A ring for the calling thread, of which every operation that the owner
/// uses has been asked for.
///
/// # Errors
/// When there is none, or what is missing.
pub(super) fn open_ring(entries: u32) -> Result<IoUring> {
    let mut ring = build(entries)?;
    check_operations(&ring)?;
    try_once(&mut ring)?;
    Ok(ring)
}

/// With the flags that the kernel knows. Completions are never left until this
/// thread asks the ring for them (`DEFER_TASKRUN`): if asking is forbidden
/// later they must come all the same.
fn build(entries: u32) -> Result<IoUring> {
    let mut builder = IoUring::builder();
    builder.dontfork();
    // Linux 6.0 knows both flags, 5.19 the second, all others none.
    let attempts: [fn(&mut io_uring::Builder); 3] = [
        |builder| {
            builder.setup_single_issuer().setup_coop_taskrun();
        },
        |builder| {
            builder.setup_coop_taskrun();
        },
        |_| {},
    ];
    let mut result = Err(Error::from_raw_os_error(libc::EINVAL));
    for set_up in attempts {
        let mut builder = builder.clone();
        set_up(&mut builder);
        result = builder.build(entries);
        match &result {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
            _ => break,
        }
    }
    result
}

fn check_operations(ring: &IoUring) -> Result<()> {
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    let needed = [
        ("read", opcode::Read::CODE),
        ("write", opcode::Write::CODE),
        ("nop", opcode::Nop::CODE),
        ("async_cancel", opcode::AsyncCancel::CODE),
    ];
    match needed.iter().find(|(_, code)| !probe.is_supported(*code)) {
        Some((name, _)) => Err(Error::other(format!("the kernel's has no {name}"))),
        None if !ring.params().is_feature_nodrop() => {
            Err(Error::other("the kernel's may drop completions"))
        }
        None => Ok(()),
    }
}

/// Takes one operation through the ring: setting up may be allowed where
/// entering is not.
fn try_once(ring: &mut IoUring) -> Result<()> {
    // SAFETY: the operation points to nothing.
    let pushed = unsafe { ring.submission().push(&opcode::Nop::new().build()) };
    pushed.map_err(Error::other)?;
    loop {
        match ring.submit_and_wait(1) {
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if let Some(entry) = ring.completion().next() {
            let result = entry.result();
            return if result < 0 { Err(Error::from_raw_os_error(-result)) } else { Ok(()) };
        }
    }
}
