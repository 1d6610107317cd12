//! The Win32 C ABI of libiocp.
