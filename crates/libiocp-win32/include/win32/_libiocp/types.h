/* The basic types: LLP64 names on an LP64 platform. DWORD, LONG and ULONG are
 * 32 bits; what is as wide as a pointer is the same C type as size_t, so that a
 * size_t * is a PULONG_PTR as on Windows. */
#ifndef LIBIOCP_TYPES_H
#define LIBIOCP_TYPES_H
#pragma GCC system_header

#include "compiler.h"

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifndef NULL
#define NULL 0
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef TRUE
#define TRUE 1
#endif
#define MAX_PATH 260

IOCP_BEGIN_C

typedef char CHAR, *PCHAR, *LPCH, *PCH, *LPSTR, *PSTR, *NPSTR, CCHAR;
typedef const char *LPCSTR, *PCSTR, *LPCCH, *PCCH, *PCZZSTR;
typedef signed char INT8, *PINT8;
typedef unsigned char UCHAR, *PUCHAR, BYTE, *PBYTE, *LPBYTE, BOOLEAN, *PBOOLEAN, UINT8, *PUINT8;
typedef short SHORT, *PSHORT, INT16, *PINT16;
typedef unsigned short USHORT, *PUSHORT, WORD, *PWORD, *LPWORD, ATOM, LANGID, UINT16, *PUINT16;
typedef int INT, *PINT, *LPINT, BOOL, *PBOOL, *LPBOOL, INT32, *PINT32, LONG32, *PLONG32;
typedef unsigned int UINT, *PUINT, *LPUINT, UINT32, *PUINT32, DWORD32, *PDWORD32,
    ULONG32, *PULONG32;
typedef int LONG, *PLONG, *LPLONG, HRESULT, NTSTATUS, *PNTSTATUS, HFILE;
typedef unsigned int ULONG, *PULONG, DWORD, *PDWORD, *LPDWORD, LCID, COLORREF, ACCESS_MASK,
    *PACCESS_MASK;
typedef long long INT64, *PINT64, LONG64, *PLONG64, LONGLONG, *PLONGLONG, *LPLONGLONG;
typedef unsigned long long UINT64, *PUINT64, ULONG64, *PULONG64, DWORD64, *PDWORD64, ULONGLONG,
    *PULONGLONG, DWORDLONG, *PDWORDLONG;
typedef float FLOAT, *PFLOAT;
typedef double DOUBLE;

typedef __INTPTR_TYPE__ INT_PTR, *PINT_PTR, LONG_PTR, *PLONG_PTR, LPARAM, LRESULT;
typedef __SIZE_TYPE__ UINT_PTR, *PUINT_PTR, ULONG_PTR, *PULONG_PTR, DWORD_PTR, *PDWORD_PTR, WPARAM;
typedef __SIZE_TYPE__ SIZE_T, *PSIZE_T, KAFFINITY, *PKAFFINITY;
typedef __INTPTR_TYPE__ SSIZE_T, *PSSIZE_T;
typedef SHORT HALF_PTR, *PHALF_PTR;
typedef USHORT UHALF_PTR, *PUHALF_PTR;

typedef void *PVOID, *LPVOID, *HANDLE, *HGLOBAL, *HLOCAL, *PVOID64;
typedef const void *LPCVOID, *PCVOID;
typedef HANDLE *PHANDLE, *LPHANDLE;

/* 16 bits. With -fshort-wchar it is wchar_t, and L"text" is Windows' own. */
#if __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR;
#define IOCP_WIDE_LITERAL(text) L##text
#elif defined(__cplusplus)
typedef char16_t WCHAR;
#define IOCP_WIDE_LITERAL(text) u##text
#else
typedef unsigned short WCHAR;
#define IOCP_WIDE_LITERAL(text) u##text
#endif
typedef WCHAR *PWCHAR, *LPWCH, *PWCH, *LPWSTR, *PWSTR, *NWPSTR, OLECHAR, *LPOLESTR, *BSTR;
typedef const WCHAR *LPCWSTR, *PCWSTR, *LPCWCH, *PCWCH, *PCZZWSTR, *LPCOLESTR;

#if defined(UNICODE) || defined(_UNICODE)
typedef WCHAR TCHAR, *PTCHAR, TBYTE, *PTBYTE, _TCHAR, _TSCHAR, _TUCHAR, _TXCHAR;
typedef LPWSTR LPTSTR, PTSTR, LPTCH, PTCH;
typedef LPCWSTR LPCTSTR, PCTSTR, LPCTCH, PCTCH;
#define TEXT(text) IOCP_WIDE_LITERAL(text)
#define __TEXT(text) IOCP_WIDE_LITERAL(text)
#else
typedef char TCHAR, *PTCHAR, _TCHAR;
typedef signed char _TSCHAR;
typedef unsigned char TBYTE, *PTBYTE, _TUCHAR;
typedef char _TXCHAR;
typedef LPSTR LPTSTR, PTSTR, LPTCH, PTCH;
typedef LPCSTR LPCTSTR, PCTSTR, LPCTCH, PCTCH;
#define TEXT(text) text
#define __TEXT(text) text
#endif

#define DECLARE_HANDLE(name) \
    struct name##__ {        \
        int unused;          \
    };                       \
    typedef struct name##__ *name
DECLARE_HANDLE(HINSTANCE);
DECLARE_HANDLE(HWND);
typedef HINSTANCE HMODULE;

typedef INT_PTR(WINAPI *FARPROC)(void);
typedef INT_PTR(WINAPI *NEARPROC)(void);
typedef INT_PTR(WINAPI *PROC)(void);

typedef union _LARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        DWORD HighPart;
    };
    struct {
        DWORD LowPart;
        DWORD HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef struct _LUID {
    DWORD LowPart;
    LONG HighPart;
} LUID, *PLUID;

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
    DWORD Data1;
    WORD Data2;
    WORD Data3;
    BYTE Data4[8];
} GUID, *LPGUID;
typedef const GUID *LPCGUID;
typedef GUID IID, CLSID, UUID;
#endif

typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

typedef struct _OVERLAPPED {
    ULONG_PTR Internal;
    ULONG_PTR InternalHigh;
    __extension__ union {
        __extension__ struct {
            DWORD Offset;
            DWORD OffsetHigh;
        };
        PVOID Pointer;
    };
    HANDLE hEvent;
} OVERLAPPED, *LPOVERLAPPED;

typedef struct _OVERLAPPED_ENTRY {
    ULONG_PTR lpCompletionKey;
    LPOVERLAPPED lpOverlapped;
    ULONG_PTR Internal;
    DWORD dwNumberOfBytesTransferred;
} OVERLAPPED_ENTRY, *LPOVERLAPPED_ENTRY;

typedef struct _EXCEPTION_RECORD {
    DWORD ExceptionCode;
    DWORD ExceptionFlags;
    struct _EXCEPTION_RECORD *ExceptionRecord;
    PVOID ExceptionAddress;
    DWORD NumberParameters;
    ULONG_PTR ExceptionInformation[15];
} EXCEPTION_RECORD, *PEXCEPTION_RECORD;

/* A CONTEXT belongs to a debugger; it stays opaque. */
typedef struct _CONTEXT CONTEXT, *PCONTEXT, *LPCONTEXT;
typedef struct _EXCEPTION_POINTERS {
    PEXCEPTION_RECORD ExceptionRecord;
    PCONTEXT ContextRecord;
} EXCEPTION_POINTERS, *PEXCEPTION_POINTERS, *LPEXCEPTION_POINTERS;

typedef VOID(CALLBACK *PAPCFUNC)(ULONG_PTR Parameter);
typedef VOID(WINAPI *LPOVERLAPPED_COMPLETION_ROUTINE)(DWORD dwErrorCode,
                                                      DWORD dwNumberOfBytesTransfered,
                                                      LPOVERLAPPED lpOverlapped);
IOCP_END_C

#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#define HasOverlappedIoCompleted(lpOverlapped) \
    (((DWORD)*(volatile ULONG_PTR *)&(lpOverlapped)->Internal) != 0x00000103u)

#define MAKEWORD(a, b) \
    ((WORD)((BYTE)((DWORD_PTR)(a) & 0xff) | (WORD)(BYTE)((DWORD_PTR)(b) & 0xff) << 8))
#define MAKELONG(a, b) \
    ((LONG)((WORD)((DWORD_PTR)(a) & 0xffff) | (DWORD)(WORD)((DWORD_PTR)(b) & 0xffff) << 16))
#define LOWORD(l) ((WORD)((DWORD_PTR)(l) & 0xffff))
#define HIWORD(l) ((WORD)(((DWORD_PTR)(l) >> 16) & 0xffff))
#define LOBYTE(w) ((BYTE)((DWORD_PTR)(w) & 0xff))
#define HIBYTE(w) ((BYTE)(((DWORD_PTR)(w) >> 8) & 0xff))

#define PtrToUlong(p) ((ULONG)(ULONG_PTR)(p))
#define PtrToLong(p) ((LONG)(LONG_PTR)(p))
#define PtrToUint(p) ((UINT)(UINT_PTR)(p))
#define PtrToInt(p) ((INT)(INT_PTR)(p))
#define UlongToPtr(l) ((VOID *)(ULONG_PTR)(ULONG)(l))
#define LongToPtr(l) ((VOID *)(LONG_PTR)(LONG)(l))
#define UIntToPtr(i) ((VOID *)(UINT_PTR)(UINT)(i))
#define IntToPtr(i) ((VOID *)(INT_PTR)(INT)(i))
#define ULongToPtr UlongToPtr
#define HandleToUlong(h) ((ULONG)(ULONG_PTR)(h))
#define HandleToULong HandleToUlong
#define HandleToLong(h) ((LONG)(LONG_PTR)(h))
#define UlongToHandle(l) ((HANDLE)(ULONG_PTR)(ULONG)(l))
#define ULongToHandle UlongToHandle
#define LongToHandle(l) ((HANDLE)(LONG_PTR)(LONG)(l))
#define Int32x32To64(a, b) ((LONGLONG)(LONG)(a) * (LONGLONG)(LONG)(b))
#define UInt32x32To64(a, b) ((ULONGLONG)(DWORD)(a) * (ULONGLONG)(DWORD)(b))
#define Int64ShllMod32(v, n) ((ULONGLONG)(v) << ((n) & 31))
#define Int64ShrlMod32(v, n) ((ULONGLONG)(v) >> ((n) & 31))

#define MINCHAR 0x80
#define MAXCHAR 0x7f
#define MINSHORT 0x8000
#define MAXSHORT 0x7fff
#define MINLONG 0x80000000
#define MAXLONG 0x7fffffff
#define MAXBYTE 0xff
#define MAXWORD 0xffff
#define MAXDWORD 0xffffffffu
#define MAXLONGLONG 0x7fffffffffffffffLL
#define MAXULONG_PTR (~(ULONG_PTR)0)
#define MAXUINT_PTR (~(UINT_PTR)0)
#define MAXSIZE_T (~(SIZE_T)0)
#define MAXINT_PTR ((INT_PTR)(MAXUINT_PTR >> 1))
#define MAXUINT 0xffffffffu
#define MAXINT 0x7fffffff
#define MAXULONG 0xffffffffu
#define MAXULONGLONG (~(ULONGLONG)0)
#define MAXULONG64 (~(ULONG64)0)
#define MAXLONG64 0x7fffffffffffffffLL
#define UNICODE_NULL ((WCHAR)0)
#define ANSI_NULL ((CHAR)0)

#define RtlZeroMemory(destination, length) memset((destination), 0, (length))
#define RtlFillMemory(destination, length, fill) memset((destination), (fill), (length))
#define RtlCopyMemory(destination, source, length) memcpy((destination), (source), (length))
#define RtlMoveMemory(destination, source, length) memmove((destination), (source), (length))
#define RtlEqualMemory(a, b, length) (!memcmp((a), (b), (length)))
#define ZeroMemory RtlZeroMemory
IOCP_INLINE PVOID RtlSecureZeroMemory(PVOID ptr, SIZE_T cnt)
{
    volatile char *at = (volatile char *)ptr;
    while (cnt-- > 0) *at++ = 0;
    return ptr;
}
#define SecureZeroMemory RtlSecureZeroMemory
#define FillMemory RtlFillMemory
#define CopyMemory RtlCopyMemory
#define MoveMemory RtlMoveMemory

#ifdef __cplusplus
#define DEFINE_ENUM_FLAG_OPERATORS(type)                                                     \
    inline constexpr type operator|(type a, type b) { return (type)((unsigned)a | (unsigned)b); } \
    inline constexpr type operator&(type a, type b) { return (type)((unsigned)a & (unsigned)b); } \
    inline constexpr type operator^(type a, type b) { return (type)((unsigned)a ^ (unsigned)b); } \
    inline constexpr type operator~(type a) { return (type)~(unsigned)a; }                   \
    inline type &operator|=(type &a, type b) { return a = a | b; }                           \
    inline type &operator&=(type &a, type b) { return a = a & b; }                           \
    inline type &operator^=(type &a, type b) { return a = a ^ b; }
#define REFGUID const GUID &
#define REFIID const IID &
#define REFCLSID const CLSID &
inline bool operator==(const GUID &a, const GUID &b)
{
    return __builtin_memcmp(&a, &b, sizeof(GUID)) == 0;
}
inline bool operator!=(const GUID &a, const GUID &b) { return !(a == b); }
inline int IsEqualGUID(const GUID &a, const GUID &b) { return a == b; }
#else
#define DEFINE_ENUM_FLAG_OPERATORS(type)
#define REFGUID const GUID *
#define REFIID const IID *
#define REFCLSID const CLSID *
#define IsEqualGUID(a, b) (!memcmp((a), (b), sizeof(GUID)))
#endif
#define IsEqualIID IsEqualGUID
#define IsEqualCLSID IsEqualGUID
#define InlineIsEqualGUID IsEqualGUID

/* In the one source that defines INITGUID the GUID itself, else its declaration. */
#ifdef INITGUID
#ifdef __cplusplus
#define IOCP_GUID_DEFINITION extern "C" DECLSPEC_SELECTANY const GUID
#else
#define IOCP_GUID_DEFINITION DECLSPEC_SELECTANY const GUID
#endif
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
    EXTERN_C const GUID name;                                        \
    IOCP_GUID_DEFINITION name = {l, w1, w2, {b1, b2, b3, b4, b5, b6, b7, b8}}
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) EXTERN_C const GUID name
#endif

/* Macros in C, as in the SDK. In C++ functions, which do not break std::min;
 * NOMINMAX takes them away. */
#ifndef NOMINMAX
#ifndef __cplusplus
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#else
template <typename A, typename B>
inline constexpr auto min(const A &a, const B &b) -> decltype(true ? a + 0 : b + 0)
{
    return a < b ? a + 0 : b + 0;
}
template <typename A, typename B>
inline constexpr auto max(const A &a, const B &b) -> decltype(true ? a + 0 : b + 0)
{
    return a > b ? a + 0 : b + 0;
}
#endif
#endif
#define __min(a, b) (((a) < (b)) ? (a) : (b))
#define __max(a, b) (((a) > (b)) ? (a) : (b))

#endif
