//! `winternl.h`: the native calls, as `ntdll.dll` has them.
//!
//! They return an NTSTATUS and leave the last error alone. The documentation
//! asks of a caller what it asks everywhere: pointers that are valid. A NULL
//! where something must be stored is answered with `STATUS_ACCESS_VIOLATION`.

mod calls;
mod files;
mod information;
mod names;
mod objects;
mod packets;
mod ports;
mod strings;
mod synchronization;
mod types;
mod waits;

pub use calls::{NtQueueApcThread, NtTestAlert};
pub use files::{NtCancelIoFile, NtCancelIoFileEx, NtReadFile, NtWriteFile};
pub use information::{NtQueryInformationFile, NtSetInformationFile};
pub use objects::{NtClose, NtQueryObject, NtSetInformationObject};
pub use packets::{
    NtAllocateReserveObject, NtAssociateWaitCompletionPacket, NtCancelWaitCompletionPacket,
    NtCreateWaitCompletionPacket,
};
pub use ports::{
    NtCreateIoCompletion, NtOpenIoCompletion, NtQueryIoCompletion, NtRemoveIoCompletion,
    NtRemoveIoCompletionEx, NtSetIoCompletion, NtSetIoCompletionEx,
};
pub use strings::{RtlInitUnicodeString, RtlNtStatusToDosError, RtlNtStatusToDosErrorNoTeb};
pub use synchronization::{
    NtClearEvent, NtCreateEvent, NtCreateSemaphore, NtOpenEvent, NtOpenSemaphore, NtPulseEvent,
    NtReleaseSemaphore, NtResetEvent, NtSetEvent,
};
pub use types::{
    FILE_COMPLETION_INFORMATION, IO_STATUS_BLOCK, NTSTATUS, OBJECT_ATTRIBUTES,
    OBJECT_BASIC_INFORMATION, OBJECT_DATA_INFORMATION, OBJECT_TYPE_INFORMATION, UNICODE_STRING,
};
pub use waits::{NtDelayExecution, NtWaitForMultipleObjects, NtWaitForSingleObject};

use libiocp::status::Status;

/// The NTSTATUS of a result.
fn status(result: Result<(), Status>) -> NTSTATUS {
    result.err().unwrap_or(Status::SUCCESS).0 as NTSTATUS
}
