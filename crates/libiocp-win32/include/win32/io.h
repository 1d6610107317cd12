/* File descriptors of the C runtime: so far what libc means by them. The names
 * with an underscore are not here.  */
#ifndef LIBIOCP_IO_H
#define LIBIOCP_IO_H
#pragma GCC system_header

#include <unistd.h>
#include <fcntl.h>
#include "_libiocp/crt.h"

#endif
