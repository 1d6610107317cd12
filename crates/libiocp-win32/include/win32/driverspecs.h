/* Annotations, which mean nothing here. */
#ifndef LIBIOCP_DRIVERSPECS_H
#define LIBIOCP_DRIVERSPECS_H
#pragma GCC system_header

#include "_libiocp/sal_words.h"

#endif
