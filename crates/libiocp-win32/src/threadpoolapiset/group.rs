//! Objects that are closed together.

use super::{Kind, Value, fatal, find, insert, remove};
use crate::types::BOOL;
use libiocp::pool::Group;
use std::ffi::c_void;
use std::sync::Arc;

/// A cleanup group; the number that stands for one.
pub type PTP_CLEANUP_GROUP = *mut c_void;

fn group(function: &str, value: PTP_CLEANUP_GROUP) -> Arc<Group> {
    find(function, value as Value, |kind| match kind {
        Kind::Group(group) => Some(Arc::clone(group)),
        _ => None,
    })
}

/// `CreateThreadpoolCleanupGroup`: makes a group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolCleanupGroup() -> PTP_CLEANUP_GROUP {
    insert(Kind::Group(Arc::default())) as PTP_CLEANUP_GROUP
}

/// `CloseThreadpoolCleanupGroupMembers`: closes the objects of a group after
/// their callbacks have ended, or before they begin.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CloseThreadpoolCleanupGroupMembers(
    ptpcg: PTP_CLEANUP_GROUP,
    fCancelPendingCallbacks: BOOL,
    pvCleanupContext: *mut c_void,
) {
    let group = group("CloseThreadpoolCleanupGroupMembers", ptpcg);
    group.close_members(fCancelPendingCallbacks != 0, pvCleanupContext as usize);
}

/// `CloseThreadpoolCleanupGroup`: the group has no objects any more and goes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CloseThreadpoolCleanupGroup(ptpcg: PTP_CLEANUP_GROUP) {
    const NAME: &str = "CloseThreadpoolCleanupGroup";
    if !group(NAME, ptpcg).is_empty() {
        fatal(NAME, "the group still has objects");
    }
    remove(ptpcg as Value);
}
