/* A part of Winsock's extensions. */
#ifndef LIBIOCP_MSWSOCKDEF_H
#define LIBIOCP_MSWSOCKDEF_H
#pragma GCC system_header

#include "mswsock.h"

#endif
