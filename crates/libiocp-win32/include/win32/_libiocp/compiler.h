/* Words of Microsoft's compiler, in terms of gcc and clang. */
#ifndef LIBIOCP_COMPILER_H
#define LIBIOCP_COMPILER_H
#pragma GCC system_header

/* A source may ask whether it is built for this library. */
#define LIBIOCP 1

#if !defined(__GNUC__)
#error "libiocp's headers need gcc or clang"
#endif
#if !defined(__LP64__)
#error "libiocp's headers need a 64-bit target"
#endif

/* libstdc++'s ready-made std::wstring has 32-bit characters; with 16-bit ones
 * it is instantiated in the program, if this comes before <string>. */
#if defined(__cplusplus) && __SIZEOF_WCHAR_T__ == 2
#include <cstddef>
#ifdef _GLIBCXX_EXTERN_TEMPLATE
#undef _GLIBCXX_EXTERN_TEMPLATE
#define _GLIBCXX_EXTERN_TEMPLATE 0
#endif
#endif

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define EXTERN_C extern "C"
#define EXTERN_C_START extern "C" {
#define EXTERN_C_END }
#define IOCP_BEGIN_C extern "C" {
#define IOCP_END_C }
#define IOCP_INLINE inline __attribute__((__unused__))
#else
#define EXTERN_C extern
#define EXTERN_C_START
#define EXTERN_C_END
#define IOCP_BEGIN_C
#define IOCP_END_C
#define IOCP_INLINE static __inline__ __attribute__((__unused__))
#endif

/* The library's own name for a function whose Windows name belongs to libc. */
#define IOCP_SYMBOL(name) __asm__(#name)

/* There is one calling convention, the platform's. */
#define WINAPI
#define WINAPIV
#define APIENTRY
#define CALLBACK
#define NTAPI
#define PASCAL
#define WSAAPI
#define WSPAPI
#define STDAPICALLTYPE
#define STDMETHODCALLTYPE
#define NTSYSAPI
#define NTSYSCALLAPI
#define WINBASEAPI
#define WINSOCK_API_LINKAGE
#define DECLSPEC_IMPORT
#define __stdcall
#define _stdcall
#define __cdecl
#define _cdecl
#ifndef cdecl
#define cdecl
#endif
#define __fastcall
#define _fastcall
#define __thiscall
#define __vectorcall
#define __clrcall
#define __pascal
#define _pascal
#define __CRTDECL
#define FAR
#define NEAR
#define far
#define near
#define _far
#define _near
#define __w64
#define __ptr32
#define __ptr64
#define __sptr
#define __uptr
#define __unaligned
#define UNALIGNED
#define UNALIGNED64
#define RESTRICTED_POINTER __restrict

#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#define _int64 long long

#undef __forceinline
#define __forceinline __inline__ __attribute__((__always_inline__))
#define _forceinline __forceinline
#define _inline __inline__
#define FORCEINLINE static __forceinline
#define CFORCEINLINE FORCEINLINE

#define DECLSPEC_NORETURN __attribute__((__noreturn__))
#define DECLSPEC_NOINLINE __attribute__((__noinline__))
#define DECLSPEC_ALIGN(n) __attribute__((__aligned__(n)))
#define DECLSPEC_SELECTANY __attribute__((__weak__))
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(64)
#define DECLSPEC_NOTHROW __attribute__((__nothrow__))
#define DECLSPEC_NOVTABLE
#define DECLSPEC_DEPRECATED __attribute__((__deprecated__))

/* __declspec(word); a word that is not here does not compile. */
#undef __declspec
#undef _declspec
#define __declspec(word) IOCP_DECLSPEC_##word
#define _declspec(word) IOCP_DECLSPEC_##word
#define IOCP_DECLSPEC_dllexport __attribute__((__visibility__("default")))
#define IOCP_DECLSPEC_dllimport
#define IOCP_DECLSPEC_noreturn __attribute__((__noreturn__))
#define IOCP_DECLSPEC_noinline __attribute__((__noinline__))
#define IOCP_DECLSPEC_nothrow __attribute__((__nothrow__))
#define IOCP_DECLSPEC_novtable
#define IOCP_DECLSPEC_noalias
#define IOCP_DECLSPEC_restrict
#define IOCP_DECLSPEC_allocator
#define IOCP_DECLSPEC_safebuffers
#define IOCP_DECLSPEC_selectany __attribute__((__weak__))
#define IOCP_DECLSPEC_thread __thread
#define IOCP_DECLSPEC_deprecated __attribute__((__deprecated__))
#define IOCP_DECLSPEC_align(n) __attribute__((__aligned__(n)))
#define IOCP_DECLSPEC_uuid(text)

#define __pragma(words)
#define __assume(fact) ((fact) ? (void)0 : __builtin_unreachable())
#define __noop(...) ((void)0)
#define _ReturnAddress() __builtin_return_address(0)
#define _AddressOfReturnAddress() \
    ((void *)((char *)__builtin_frame_address(0) + sizeof(void *)))

/* #pragma comment(lib, ...) and #pragma warning(...) say nothing to gcc. */
#pragma GCC diagnostic ignored "-Wunknown-pragmas"

#define UNREFERENCED_PARAMETER(p) ((void)(p))
#define UNREFERENCED_LOCAL_VARIABLE(v) ((void)(v))
#define DBG_UNREFERENCED_PARAMETER(p) ((void)(p))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(v) ((void)(v))

#define ANYSIZE_ARRAY 1
#define C_ASSERT(fact) \
    typedef char IOCP_PASTE(iocp_c_assert_, __LINE__)[(fact) ? 1 : -1] __attribute__((__unused__))
#define IOCP_PASTE(a, b) IOCP_PASTE_NOW(a, b)
#define IOCP_PASTE_NOW(a, b) a##b

#define FIELD_OFFSET(type, field) ((LONG)__builtin_offsetof(type, field))
#define UFIELD_OFFSET(type, field) ((DWORD)__builtin_offsetof(type, field))
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ARRAYSIZE(array) RTL_NUMBER_OF(array)
#ifndef _countof
#define _countof(array) RTL_NUMBER_OF(array)
#endif
#define CONTAINING_RECORD(address, type, field) \
    ((type *)(void *)((char *)(void *)(address) - __builtin_offsetof(type, field)))

#include "seh.h"
#include "sal_words.h"

#endif
