/* libc's descriptors. Those of Microsoft's runtime (_open, _read, ...) are not there. */
#ifndef LIBIOCP_IO_H
#define LIBIOCP_IO_H
#pragma GCC system_header

#include <fcntl.h>
#include <unistd.h>

#include "_libiocp/crt.h"

#endif
