/* Intrinsics. */
#ifndef LIBIOCP_INTRIN_H
#define LIBIOCP_INTRIN_H
#pragma GCC system_header

#include "_libiocp/atomic.h"
#include "_libiocp/crt.h"
#if defined(__x86_64__)
#include <immintrin.h>
#undef _lrotl
#undef _lrotr
#undef _rotl
#undef _rotr
#define _lrotl iocp_rotl
#define _lrotr iocp_rotr
#define _rotl iocp_rotl
#define _rotr iocp_rotr
#endif

#endif
