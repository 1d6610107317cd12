/* printf and its family, of Microsoft's C runtime. */
#ifndef LIBIOCP_CRT_PRINT_H
#define LIBIOCP_CRT_PRINT_H
#pragma GCC system_header

#ifdef __cplusplus
#include <cstdio>
#endif
#include "format.h"
#include <errno.h>
#include <limits.h>

#ifndef _TRUNCATE
#define _TRUNCATE ((size_t)-1)
#endif
#ifndef STRUNCATE
#define STRUNCATE 80
#endif
#ifndef LIBIOCP_ERRNO_T
#define LIBIOCP_ERRNO_T
typedef int errno_t;
typedef size_t rsize_t;
#endif

/* Ends the text and gives its length, or -1. */
IOCP_INLINE int iocp_finish_file(struct iocp_text *text, FILE *stream)
{
    int result = -1;
    if (!text->failed && text->length <= INT_MAX &&
        fwrite(text->data, 1, text->length, stream) == text->length)
        result = (int)text->length;
    iocp_text_close(text);
    return result;
}

enum iocp_on_overflow {
    IOCP_CUT_C99,      /* cut, end with zero, give the whole length */
    IOCP_CUT_OLD,      /* cut, end with zero only if there is room, give -1 */
    IOCP_CUT_TERMINATE, /* cut, end with zero, give -1 */
    IOCP_EMPTY         /* leave nothing, give -1 and ERANGE */
};

IOCP_INLINE int iocp_finish(struct iocp_text *text, char *buffer, size_t room,
                            enum iocp_on_overflow how)
{
    size_t length = text->length, stored;
    int failed = text->failed || length > INT_MAX;
    if (room > 0 && (failed || (how == IOCP_EMPTY && length >= room))) {
        buffer[0] = 0;
        if (!failed) errno = ERANGE;
        failed = 1;
    } else if (!failed) {
        stored = length < room ? length : room;
        if (room > 0 && stored == room && how != IOCP_CUT_OLD) stored--;
        if (stored > 0) memcpy(buffer, text->data, stored);
        if (stored < room) buffer[stored] = 0;
        if (how == IOCP_CUT_OLD ? length > room : how == IOCP_CUT_TERMINATE && length >= room)
            failed = 1;
    }
    iocp_text_close(text);
    return failed ? -1 : (int)length;
}

IOCP_INLINE int iocp_finish_wide(struct iocp_text *text, WCHAR *buffer, size_t room,
                                 enum iocp_on_overflow how)
{
    size_t length = text->failed ? 0 : iocp_text_to_wide(text, buffer, room);
    int failed = text->failed || length > INT_MAX;
    if (room > 0 && (failed || (how == IOCP_EMPTY && length >= room))) {
        buffer[0] = 0;
        if (!failed) errno = ERANGE;
        failed = 1;
    } else if (!failed) {
        if (length < room)
            buffer[length] = 0;
        else if (room > 0 && how != IOCP_CUT_OLD)
            buffer[room - 1] = 0;
        if (how == IOCP_CUT_OLD ? length > room : how == IOCP_CUT_TERMINATE && length >= room)
            failed = 1;
    }
    iocp_text_close(text);
    return failed ? -1 : (int)length;
}

/* v<name> with a va_list, <name> with the arguments. */
#define IOCP_VARIADIC(NAME, VNAME, PARAMETERS, LAST, ARGUMENTS) \
    IOCP_INLINE int NAME PARAMETERS                             \
    {                                                           \
        int result;                                             \
        va_list list;                                           \
        va_start(list, LAST);                                   \
        result = VNAME ARGUMENTS;                               \
        va_end(list);                                           \
        return result;                                          \
    }

IOCP_INLINE int iocp_vfprintf(FILE *stream, const char *format, va_list list)
{
    struct iocp_text text;
    iocp_text_open(&text);
    iocp_format(&text, format, 0, list);
    return iocp_finish_file(&text, stream);
}
IOCP_INLINE int iocp_vprintf(const char *format, va_list list)
{
    return iocp_vfprintf(stdout, format, list);
}
IOCP_VARIADIC(iocp_fprintf, iocp_vfprintf, (FILE *stream, const char *format, ...), format,
              (stream, format, list))
IOCP_VARIADIC(iocp_printf, iocp_vprintf, (const char *format, ...), format, (format, list))

IOCP_INLINE int iocp_vfwprintf(FILE *stream, const WCHAR *format, va_list list)
{
    struct iocp_text text;
    iocp_text_open(&text);
    iocp_format_wide(&text, format, list);
    return iocp_finish_file(&text, stream);
}
IOCP_INLINE int iocp_vwprintf(const WCHAR *format, va_list list)
{
    return iocp_vfwprintf(stdout, format, list);
}
IOCP_VARIADIC(iocp_fwprintf, iocp_vfwprintf, (FILE *stream, const WCHAR *format, ...), format,
              (stream, format, list))
IOCP_VARIADIC(iocp_wprintf, iocp_vwprintf, (const WCHAR *format, ...), format, (format, list))

IOCP_INLINE int iocp_vformat(char *buffer, size_t room, enum iocp_on_overflow how,
                             const char *format, va_list list)
{
    struct iocp_text text;
    iocp_text_open(&text);
    iocp_format(&text, format, 0, list);
    return iocp_finish(&text, buffer, room, how);
}
IOCP_INLINE int iocp_vformat_wide(WCHAR *buffer, size_t room, enum iocp_on_overflow how,
                                  const WCHAR *format, va_list list)
{
    struct iocp_text text;
    iocp_text_open(&text);
    iocp_format_wide(&text, format, list);
    return iocp_finish_wide(&text, buffer, room, how);
}

IOCP_INLINE int iocp_vsnprintf(char *buffer, size_t count, const char *format, va_list list)
{
    return iocp_vformat(buffer, count, IOCP_CUT_C99, format, list);
}
IOCP_INLINE int iocp_vsprintf(char *buffer, const char *format, va_list list)
{
    return iocp_vformat(buffer, INT_MAX, IOCP_CUT_C99, format, list);
}
IOCP_VARIADIC(iocp_snprintf, iocp_vsnprintf, (char *buffer, size_t count, const char *format, ...),
              format, (buffer, count, format, list))
IOCP_VARIADIC(iocp_sprintf, iocp_vsprintf, (char *buffer, const char *format, ...), format,
              (buffer, format, list))
IOCP_INLINE int _vsnprintf(char *buffer, size_t count, const char *format, va_list list)
{
    return iocp_vformat(buffer, count, IOCP_CUT_OLD, format, list);
}
IOCP_VARIADIC(_snprintf, _vsnprintf, (char *buffer, size_t count, const char *format, ...), format,
              (buffer, count, format, list))
IOCP_INLINE int _vscprintf(const char *format, va_list list)
{
    return iocp_vsnprintf(NULL, 0, format, list);
}
IOCP_VARIADIC(_scprintf, _vscprintf, (const char *format, ...), format, (format, list))

IOCP_INLINE int vsprintf_s(char *buffer, size_t sizeOfBuffer, const char *format, va_list list)
{
    if (buffer == NULL || format == NULL || sizeOfBuffer == 0) {
        errno = EINVAL;
        return -1;
    }
    return iocp_vformat(buffer, sizeOfBuffer, IOCP_EMPTY, format, list);
}
IOCP_VARIADIC(sprintf_s, vsprintf_s, (char *buffer, size_t sizeOfBuffer, const char *format, ...),
              format, (buffer, sizeOfBuffer, format, list))

/* At most count characters; _TRUNCATE means as many as there is room for. */
IOCP_INLINE int vsnprintf_s(char *buffer, size_t sizeOfBuffer, size_t count, const char *format,
                            va_list list)
{
    if (buffer == NULL && sizeOfBuffer == 0 && count == 0) return 0;
    if (buffer == NULL || format == NULL || sizeOfBuffer == 0) {
        errno = EINVAL;
        return -1;
    }
    if (count == _TRUNCATE || count < sizeOfBuffer)
        return iocp_vformat(buffer, count == _TRUNCATE ? sizeOfBuffer : count + 1,
                            IOCP_CUT_TERMINATE, format, list);
    return iocp_vformat(buffer, sizeOfBuffer, IOCP_EMPTY, format, list);
}
#define _vsnprintf_s vsnprintf_s
IOCP_VARIADIC(_snprintf_s, vsnprintf_s,
              (char *buffer, size_t sizeOfBuffer, size_t count, const char *format, ...), format,
              (buffer, sizeOfBuffer, count, format, list))

IOCP_INLINE int iocp_vswprintf(WCHAR *buffer, size_t count, const WCHAR *format, va_list list)
{
    int length = iocp_vformat_wide(buffer, count, IOCP_CUT_C99, format, list);
    return length >= 0 && (size_t)length >= count ? -1 : length;
}
IOCP_VARIADIC(iocp_swprintf, iocp_vswprintf,
              (WCHAR *buffer, size_t count, const WCHAR *format, ...), format,
              (buffer, count, format, list))
IOCP_INLINE int _vsnwprintf(WCHAR *buffer, size_t count, const WCHAR *format, va_list list)
{
    return iocp_vformat_wide(buffer, count, IOCP_CUT_OLD, format, list);
}
IOCP_VARIADIC(_snwprintf, _vsnwprintf, (WCHAR *buffer, size_t count, const WCHAR *format, ...),
              format, (buffer, count, format, list))
IOCP_INLINE int vswprintf_s(WCHAR *buffer, size_t sizeOfBuffer, const WCHAR *format, va_list list)
{
    if (buffer == NULL || format == NULL || sizeOfBuffer == 0) {
        errno = EINVAL;
        return -1;
    }
    return iocp_vformat_wide(buffer, sizeOfBuffer, IOCP_EMPTY, format, list);
}
IOCP_VARIADIC(swprintf_s, vswprintf_s,
              (WCHAR *buffer, size_t sizeOfBuffer, const WCHAR *format, ...), format,
              (buffer, sizeOfBuffer, format, list))
IOCP_INLINE int _vsnwprintf_s(WCHAR *buffer, size_t sizeOfBuffer, size_t count,
                              const WCHAR *format, va_list list)
{
    if (buffer == NULL && sizeOfBuffer == 0 && count == 0) return 0;
    if (buffer == NULL || format == NULL || sizeOfBuffer == 0) {
        errno = EINVAL;
        return -1;
    }
    if (count == _TRUNCATE || count < sizeOfBuffer)
        return iocp_vformat_wide(buffer, count == _TRUNCATE ? sizeOfBuffer : count + 1,
                                 IOCP_CUT_TERMINATE, format, list);
    return iocp_vformat_wide(buffer, sizeOfBuffer, IOCP_EMPTY, format, list);
}
IOCP_VARIADIC(_snwprintf_s, _vsnwprintf_s,
              (WCHAR *buffer, size_t sizeOfBuffer, size_t count, const WCHAR *format, ...), format,
              (buffer, sizeOfBuffer, count, format, list))

/* wsprintf writes at most 1024 characters, the zero included. */
IOCP_INLINE int wvsprintfA(LPSTR buffer, LPCSTR format, va_list list)
{
    int length = iocp_vformat(buffer, 1024, IOCP_CUT_C99, format, list);
    return length > 1023 ? 1023 : length;
}
IOCP_INLINE int wvsprintfW(LPWSTR buffer, LPCWSTR format, va_list list)
{
    int length = iocp_vformat_wide(buffer, 1024, IOCP_CUT_C99, format, list);
    return length > 1023 ? 1023 : length;
}
IOCP_VARIADIC(wsprintfA, wvsprintfA, (LPSTR buffer, LPCSTR format, ...), format,
              (buffer, format, list))
IOCP_VARIADIC(wsprintfW, wvsprintfW, (LPWSTR buffer, LPCWSTR format, ...), format,
              (buffer, format, list))
#ifdef UNICODE
#define wsprintf wsprintfW
#define wvsprintf wvsprintfW
#else
#define wsprintf wsprintfA
#define wvsprintf wvsprintfA
#endif

#ifdef __cplusplus
template <size_t N, typename... A>
inline int sprintf_s(char (&buffer)[N], const char *format, A... arguments)
{
    return sprintf_s(&buffer[0], N, format, arguments...);
}
template <size_t N, typename... A>
inline int swprintf_s(WCHAR (&buffer)[N], const WCHAR *format, A... arguments)
{
    return swprintf_s(&buffer[0], N, format, arguments...);
}
template <size_t N> inline int vsprintf_s(char (&buffer)[N], const char *format, va_list list)
{
    return vsprintf_s(&buffer[0], N, format, list);
}
template <size_t N, typename... A>
inline int _snprintf_s(char (&buffer)[N], size_t count, const char *format, A... arguments)
{
    return _snprintf_s(&buffer[0], N, count, format, arguments...);
}
namespace std {
using ::iocp_fprintf;
using ::iocp_fwprintf;
using ::iocp_printf;
using ::iocp_snprintf;
using ::iocp_sprintf;
using ::iocp_swprintf;
using ::iocp_vfprintf;
using ::iocp_vfwprintf;
using ::iocp_vprintf;
using ::iocp_vsnprintf;
using ::iocp_vsprintf;
using ::iocp_vswprintf;
using ::iocp_vwprintf;
using ::iocp_wprintf;
}
#endif

/* A source that wants libc's own says so before it includes windows.h. */
#ifndef LIBIOCP_NO_PRINTF
#undef printf
#undef fprintf
#undef vprintf
#undef vfprintf
#undef sprintf
#undef vsprintf
#undef snprintf
#undef vsnprintf
#define printf(...) iocp_printf(__VA_ARGS__)
#define fprintf(...) iocp_fprintf(__VA_ARGS__)
#define vprintf(...) iocp_vprintf(__VA_ARGS__)
#define vfprintf(...) iocp_vfprintf(__VA_ARGS__)
#define sprintf(...) iocp_sprintf(__VA_ARGS__)
#define vsprintf(...) iocp_vsprintf(__VA_ARGS__)
#define snprintf(...) iocp_snprintf(__VA_ARGS__)
#define vsnprintf(...) iocp_vsnprintf(__VA_ARGS__)
#endif
#define printf_s(...) iocp_printf(__VA_ARGS__)
#define fprintf_s(...) iocp_fprintf(__VA_ARGS__)
#define vprintf_s(...) iocp_vprintf(__VA_ARGS__)
#define vfprintf_s(...) iocp_vfprintf(__VA_ARGS__)
#define wprintf_s(...) iocp_wprintf(__VA_ARGS__)
#define fwprintf_s(...) iocp_fwprintf(__VA_ARGS__)

#endif
