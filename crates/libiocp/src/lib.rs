//! Windows I/O completion ports, natively on Linux.
