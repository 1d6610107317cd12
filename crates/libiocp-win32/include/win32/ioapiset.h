/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_IOAPISET_H
#define LIBIOCP_IOAPISET_H
#pragma GCC system_header

#include "windows.h"

#endif
