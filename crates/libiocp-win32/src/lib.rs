//! The Win32 C ABI of libiocp.
//!
//! One module for each Windows header. A function mirrors the page of its name in Microsoft's
//! documentation: its parameters, its result, its error codes. It asks of its caller what that
//! page asks (pointers that are valid, memory that stays), and nothing more.

mod apc;
pub mod block_detection;
mod codes;
pub mod consoleapi;
pub mod debugapi;
pub mod errhandlingapi;
pub mod exports;
pub mod fibersapi;
pub mod fileapi;
mod futex;
pub mod handleapi;
pub mod heapapi;
pub mod ioapiset;
pub mod jobapi;
pub mod kernel;
pub mod libloaderapi;
pub mod memoryapi;
pub mod mswsock;
mod named;
pub mod processenv;
pub mod processenv_std;
pub mod processthreadsapi;
pub mod profileapi;
pub(crate) mod sockaddr;
pub mod stringapiset;
pub mod synchapi;
pub mod synchapi_events;
pub mod synchapi_mutexes;
pub mod synchapi_timers;
pub mod synchapi_waits;
pub mod sysinfoapi;
mod text;
pub mod threadpoolapiset;
pub mod threadpoollegacyapiset;
pub mod threads;
pub mod timezoneapi;
pub mod types;
pub mod winbase;
pub mod winbase_modes;
pub mod winnls;
pub mod winsock2;
pub mod winternl;
pub mod ws2tcpip;
