/* Directories, through libc: paths are those of Linux. */
#ifndef LIBIOCP_DIRECT_H
#define LIBIOCP_DIRECT_H
#pragma GCC system_header

#include <unistd.h>
#include <sys/stat.h>
#include "_libiocp/crt.h"

#define _mkdir(path) mkdir((path), 0777)
#define _chdir chdir
#define _rmdir rmdir
#define _getcwd(buffer, size) getcwd((buffer), (size_t)(size))

#endif
