/* Time, files, environment and memory, of Microsoft's C runtime. */
#ifndef LIBIOCP_CRT_MISC_H
#define LIBIOCP_CRT_MISC_H
#pragma GCC system_header

#ifdef __cplusplus
#include <cstdlib>
#include <ctime>
#endif
#include "crt_string.h"
#include "crt_print.h"
#include <stdlib.h>
#include <time.h>

#if __SIZEOF_WCHAR_T__ == 2
#undef wprintf
#undef fwprintf
#undef vwprintf
#undef vfwprintf
#undef swprintf
#undef vswprintf
#define wprintf iocp_wprintf
#define fwprintf iocp_fwprintf
#define vwprintf iocp_vwprintf
#define vfwprintf iocp_vfwprintf
#define swprintf iocp_swprintf
#define vswprintf iocp_vswprintf

IOCP_INLINE int iocp_fputws(const WCHAR *wide, FILE *stream)
{
    struct iocp_text text;
    iocp_text_open(&text);
    iocp_text_put_wide(&text, wide, iocp_wide_length(wide));
    return iocp_finish_file(&text, stream) < 0 ? -1 : 0;
}
IOCP_INLINE wint_t iocp_fputwc(WCHAR wide, FILE *stream)
{
    struct iocp_text text;
    iocp_text_open(&text);
    iocp_text_put_wide(&text, &wide, 1);
    return iocp_finish_file(&text, stream) < 0 ? WEOF : (wint_t)wide;
}
#ifdef __cplusplus
namespace std {
using ::iocp_fputwc;
using ::iocp_fputws;
}
#endif
#undef fputws
#undef fputwc
#undef putwchar
#define fputws iocp_fputws
#define fputwc iocp_fputwc
#define putwchar(wide) iocp_fputwc((wide), stdout)
#define _putws(wide) (iocp_fputws((wide), stdout) < 0 || putchar('\n') < 0 ? -1 : 0)
/* libc's functions for 32-bit characters that have no counterpart here: a call
 * does not link. */
#undef getwchar
#undef fgetwc
#undef getwc
#undef fgetws
#undef wscanf
#undef fwscanf
#undef swscanf
#undef wcsftime
#undef wcscoll
#undef wcsxfrm
#define getwchar iocp_getwchar_is_not_there
#define fgetwc iocp_fgetwc_is_not_there
#define getwc iocp_getwc_is_not_there
#define fgetws iocp_fgetws_is_not_there
#define wscanf iocp_wscanf_is_not_there
#define fwscanf iocp_fwscanf_is_not_there
#define swscanf iocp_swscanf_is_not_there
#define wcsftime iocp_wcsftime_is_not_there
#define wcscoll iocp_wcscoll_is_not_there
#define wcsxfrm iocp_wcsxfrm_is_not_there

IOCP_INLINE FILE *_wfopen(const WCHAR *filename, const WCHAR *mode)
{
    FILE *stream = NULL;
    struct iocp_text name, how;
    iocp_text_open(&name);
    iocp_text_open(&how);
    iocp_text_put_wide(&name, filename, iocp_wide_length(filename) + 1);
    iocp_text_put_wide(&how, mode, iocp_wide_length(mode) + 1);
    if (!name.failed && !how.failed) stream = fopen(name.data, how.data);
    iocp_text_close(&name);
    iocp_text_close(&how);
    return stream;
}
IOCP_INLINE errno_t _wfopen_s(FILE **stream, const WCHAR *filename, const WCHAR *mode)
{
    if (stream == NULL) return EINVAL;
    *stream = NULL;
    if (filename == NULL || mode == NULL) return EINVAL;
    *stream = _wfopen(filename, mode);
    return *stream != NULL ? 0 : errno;
}
#endif

IOCP_INLINE errno_t fopen_s(FILE **stream, const char *filename, const char *mode)
{
    if (stream == NULL) return EINVAL;
    *stream = NULL;
    if (filename == NULL || mode == NULL) return EINVAL;
    *stream = fopen(filename, mode);
    return *stream != NULL ? 0 : errno;
}

IOCP_INLINE errno_t freopen_s(FILE **stream, const char *filename, const char *mode, FILE *old)
{
    if (stream == NULL) return EINVAL;
    *stream = NULL;
    if (mode == NULL || old == NULL) return EINVAL;
    *stream = freopen(filename, mode, old);
    return *stream != NULL ? 0 : errno;
}

IOCP_INLINE char *gets_s(char *buffer, size_t size)
{
    size_t length = 0;
    int c;
    if (buffer == NULL || size == 0) return NULL;
    while ((c = getchar()) != EOF && c != '\n') {
        if (length + 1 < size) buffer[length] = (char)c;
        length++;
    }
    if (c == EOF && length == 0) {
        buffer[0] = 0;
        return NULL;
    }
    if (length >= size) {
        buffer[0] = 0;
        errno = ERANGE;
        return NULL;
    }
    buffer[length] = 0;
    return buffer;
}

/* The order of the arguments is not that of C11, and errors are returned. */
IOCP_INLINE errno_t iocp_broken_down(struct tm *to, const time_t *from, int local)
{
    if (to == NULL) return EINVAL;
    if (from == NULL || *from < 0) {
        memset(to, 0xff, sizeof *to);
        return EINVAL;
    }
    tzset();
    return (local ? localtime_r(from, to) : gmtime_r(from, to)) != NULL ? 0 : errno;
}
IOCP_INLINE errno_t localtime_s(struct tm *to, const time_t *from)
{
    return iocp_broken_down(to, from, 1);
}
IOCP_INLINE errno_t gmtime_s(struct tm *to, const time_t *from)
{
    return iocp_broken_down(to, from, 0);
}
IOCP_INLINE errno_t asctime_s(char *buffer, size_t size, const struct tm *from)
{
    if (buffer == NULL || size == 0) return EINVAL;
    buffer[0] = 0;
    if (size < 26 || from == NULL) return EINVAL;
    return strftime(buffer, size, "%a %b %d %H:%M:%S %Y\n", from) != 0 ? 0 : EINVAL;
}
IOCP_INLINE errno_t ctime_s(char *buffer, size_t size, const time_t *from)
{
    struct tm local;
    if (buffer == NULL || size == 0) return EINVAL;
    buffer[0] = 0;
    if (size < 26 || localtime_s(&local, from) != 0) return EINVAL;
    return asctime_s(buffer, size, &local);
}
typedef long long __time64_t;
typedef LONG __time32_t;
IOCP_INLINE __time64_t _time64(__time64_t *to)
{
    __time64_t now = (__time64_t)time(NULL);
    if (to != NULL) *to = now;
    return now;
}
IOCP_INLINE errno_t _localtime64_s(struct tm *to, const __time64_t *from)
{
    time_t value = from != NULL ? (time_t)*from : 0;
    return localtime_s(to, from != NULL ? &value : NULL);
}
IOCP_INLINE errno_t _gmtime64_s(struct tm *to, const __time64_t *from)
{
    time_t value = from != NULL ? (time_t)*from : 0;
    return gmtime_s(to, from != NULL ? &value : NULL);
}
#define _tzset tzset

IOCP_INLINE errno_t strerror_s(char *buffer, size_t size, int number)
{
    if (buffer == NULL || size == 0) return EINVAL;
    strncpy_s(buffer, size, strerror(number), _TRUNCATE);
    return 0;
}
IOCP_INLINE errno_t getenv_s(size_t *needed, char *buffer, size_t size, const char *name)
{
    const char *value;
    if (needed == NULL || (buffer == NULL && size > 0)) return EINVAL;
    *needed = 0;
    if (buffer != NULL && size > 0) buffer[0] = 0;
    if (name == NULL) return EINVAL;
    value = getenv(name);
    if (value == NULL) return 0;
    *needed = strlen(value) + 1;
    if (size == 0) return 0;
    return *needed > size ? ERANGE : strcpy_s(buffer, size, value);
}
IOCP_INLINE errno_t _dupenv_s(char **buffer, size_t *length, const char *name)
{
    const char *value;
    if (buffer == NULL) return EINVAL;
    *buffer = NULL;
    if (length != NULL) *length = 0;
    if (name == NULL) return EINVAL;
    value = getenv(name);
    if (value == NULL) return 0;
    *buffer = _strdup(value);
    if (*buffer == NULL) return ENOMEM;
    if (length != NULL) *length = strlen(value) + 1;
    return 0;
}

/* alignment is a power of two. */
IOCP_INLINE void *_aligned_malloc(size_t size, size_t alignment)
{
    void *block = NULL;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    errno = posix_memalign(&block, alignment, size != 0 ? size : 1);
    return errno == 0 ? block : NULL;
}
IOCP_INLINE void _aligned_free(void *block) { free(block); }
#undef _alloca
#define _alloca(size) __builtin_alloca(size)
#define _malloca(size) malloc(size)
#define _freea(block) free(block)
#undef _lrotl
#undef _lrotr
#undef _rotl
#undef _rotr
IOCP_INLINE ULONG iocp_rotl(ULONG value, int shift)
{
    return value << (shift & 31) | value >> (-shift & 31);
}
IOCP_INLINE ULONG iocp_rotr(ULONG value, int shift)
{
    return value >> (shift & 31) | value << (-shift & 31);
}
#define _lrotl iocp_rotl
#define _lrotr iocp_rotr
#define _rotl iocp_rotl
#define _rotr iocp_rotr
#define _MAX_PATH 260
#define _MAX_DRIVE 3
#define _MAX_DIR 256
#define _MAX_FNAME 256
#define _MAX_EXT 256

#ifdef __cplusplus
template <size_t N> inline errno_t strerror_s(char (&buffer)[N], int number)
{
    return strerror_s(&buffer[0], N, number);
}
template <size_t N> inline errno_t ctime_s(char (&buffer)[N], const time_t *from)
{
    return ctime_s(&buffer[0], N, from);
}
#endif

#endif
