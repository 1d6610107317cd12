//! What an object is made with.

use super::callbacks::{PTP_CLEANUP_GROUP_CANCEL_CALLBACK, PTP_SIMPLE_CALLBACK};
use super::{Kind, PTP_POOL, Value, find};
use crate::kernel::system;
use crate::threadpoollegacyapiset::Lane;
use crate::types::{DWORD, HMODULE, SIZE_T};
use libiocp::pool::{Group, Pool, Priority, Traits};
use libiocp::status::Status;
use std::ffi::c_void;
use std::sync::Arc;

/// `TP_CALLBACK_ENVIRON`: where callbacks are to run, and how. The last two
/// fields exist from version 3 on.
#[repr(C)]
#[derive(Debug)]
pub struct TP_CALLBACK_ENVIRON {
    /// 1 or 3.
    pub Version: DWORD,
    /// NULL for the default pool.
    pub Pool: PTP_POOL,
    /// NULL for none.
    pub CleanupGroup: *mut c_void,
    /// What is called for an object when its group is cancelled.
    pub CleanupGroupCancelCallback: PTP_CLEANUP_GROUP_CANCEL_CALLBACK,
    /// A library that stays while callbacks are outstanding.
    pub RaceDll: HMODULE,
    /// Windows' own.
    pub ActivationContext: *mut c_void,
    /// What is called after each callback.
    pub FinalizationCallback: PTP_SIMPLE_CALLBACK,
    /// Bit 0: callbacks last long. Bit 1: on a thread that stays.
    pub Flags: DWORD,
    /// 0, 1, 2: high, normal, low.
    pub CallbackPriority: DWORD,
    /// The size of this structure.
    pub Size: DWORD,
}

/// `TP_POOL_STACK_INFORMATION`: the stacks of a pool's threads.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct TP_POOL_STACK_INFORMATION {
    /// Bytes of address space.
    pub StackReserve: SIZE_T,
    /// Bytes that are there from the start.
    pub StackCommit: SIZE_T,
}

const LONG_FUNCTION: DWORD = 1;
const PERSISTENT: DWORD = 2;

/// An environment, read.
pub(super) struct Environment {
    pub(super) pool: Arc<Pool>,
    pub(super) traits: Traits,
    pub(super) cancel: PTP_CLEANUP_GROUP_CANCEL_CALLBACK,
    pub(super) finalization: PTP_SIMPLE_CALLBACK,
    pub(super) library: HMODULE,
}

impl Environment {
    /// # Errors
    /// `INVALID_PARAMETER` for an unknown version or priority, `NOT_SUPPORTED`
    /// for what Linux does not have.
    ///
    /// # Safety
    /// NULL, or a valid environment of its version.
    pub(super) unsafe fn read(
        function: &str,
        environment: *const TP_CALLBACK_ENVIRON,
    ) -> Result<Self, Status> {
        if environment.is_null() {
            return Ok(Self {
                pool: Arc::clone(system().pool()),
                traits: Traits::default(),
                cancel: None,
                finalization: None,
                library: std::ptr::null_mut(),
            });
        }
        // SAFETY: by the contract of this function; the fields beyond version
        // 1 are read only if they are there.
        unsafe {
            let priority = match (*environment).Version {
                1 => Priority::Normal,
                3 => priority((*environment).CallbackPriority)?,
                _ => return Err(Status::INVALID_PARAMETER),
            };
            let flags = (*environment).Flags;
            let no_context = [0, usize::MAX].contains(&((*environment).ActivationContext as usize));
            let is_persistent = flags & PERSISTENT != 0;
            if !no_context || (is_persistent && !(*environment).Pool.is_null()) {
                return Err(Status::NOT_SUPPORTED);
            }
            let pool = match (*environment).Pool {
                pool if !pool.is_null() => super::pool(function, pool),
                _ if is_persistent => Lane::Persistent.pool()?,
                _ => Arc::clone(system().pool()),
            };
            Ok(Self {
                pool,
                traits: Traits {
                    runs_long: flags & LONG_FUNCTION != 0,
                    priority,
                    group: group(function, (*environment).CleanupGroup as Value),
                    ..Traits::default()
                },
                cancel: (*environment).CleanupGroupCancelCallback,
                finalization: (*environment).FinalizationCallback,
                library: (*environment).RaceDll,
            })
        }
    }
}

fn priority(value: DWORD) -> Result<Priority, Status> {
    match value {
        0 => Ok(Priority::High),
        1 => Ok(Priority::Normal),
        2 => Ok(Priority::Low),
        _ => Err(Status::INVALID_PARAMETER),
    }
}

fn group(function: &str, value: Value) -> Option<Arc<Group>> {
    let select = |kind: &Kind| match kind {
        Kind::Group(group) => Some(Arc::clone(group)),
        _ => None,
    };
    (value != 0).then(|| find(function, value, select))
}
