/* String functions of Microsoft's C runtime, narrow and 16-bit wide. A function
 * with _s that finds its arguments wrong returns its error code (after emptying
 * the destination where it says so), as with a handler that returns. */
#ifndef LIBIOCP_CRT_STRING_H
#define LIBIOCP_CRT_STRING_H
#pragma GCC system_header

#ifdef __cplusplus
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#endif
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

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

IOCP_INLINE size_t strnlen_s(const char *str, size_t numberOfElements)
{
    size_t length = 0;
    if (str == NULL) return 0;
    while (length < numberOfElements && str[length] != 0) length++;
    return length;
}

IOCP_INLINE errno_t strcpy_s(char *dest, rsize_t dest_size, const char *src)
{
    size_t i;
    if (dest == NULL || dest_size == 0) return EINVAL;
    if (src == NULL) {
        dest[0] = 0;
        return EINVAL;
    }
    for (i = 0; i < dest_size; i++)
        if ((dest[i] = src[i]) == 0) return 0;
    dest[0] = 0;
    return ERANGE;
}

/* At most count characters; with _TRUNCATE what there is room for, and
 * STRUNCATE if that was not all. */
IOCP_INLINE errno_t strncpy_s(char *dest, size_t dest_size, const char *src, size_t count)
{
    size_t i;
    if (count == 0 && dest == NULL && dest_size == 0) return 0;
    if (dest == NULL || dest_size == 0) return EINVAL;
    if (count == 0) {
        dest[0] = 0;
        return 0;
    }
    if (src == NULL) {
        dest[0] = 0;
        return EINVAL;
    }
    for (i = 0; i < dest_size; i++) {
        if (count != _TRUNCATE && i == count) {
            dest[i] = 0;
            return 0;
        }
        if ((dest[i] = src[i]) == 0) return 0;
    }
    if (count == _TRUNCATE) {
        dest[dest_size - 1] = 0;
        return STRUNCATE;
    }
    dest[0] = 0;
    return ERANGE;
}

IOCP_INLINE errno_t strncat_s(char *dest, size_t dest_size, const char *src, size_t count)
{
    size_t used;
    errno_t result;
    if (count == 0 && dest == NULL && dest_size == 0) return 0;
    if (dest == NULL || dest_size == 0) return EINVAL;
    used = strnlen_s(dest, dest_size);
    if (used == dest_size || (src == NULL && count != 0)) {
        dest[0] = 0;
        return EINVAL;
    }
    if (count == 0) return 0;
    result = strncpy_s(dest + used, dest_size - used, src, count);
    if (result != 0 && result != STRUNCATE) dest[0] = 0;
    return result;
}

IOCP_INLINE errno_t strcat_s(char *dest, rsize_t dest_size, const char *src)
{
    size_t used;
    errno_t result;
    if (dest == NULL || dest_size == 0) return EINVAL;
    used = strnlen_s(dest, dest_size);
    if (used == dest_size || src == NULL) {
        dest[0] = 0;
        return EINVAL;
    }
    result = strcpy_s(dest + used, dest_size - used, src);
    if (result != 0) dest[0] = 0;
    return result;
}

IOCP_INLINE size_t wcsnlen_s(const WCHAR *str, size_t numberOfElements)
{
    size_t length = 0;
    if (str == NULL) return 0;
    while (length < numberOfElements && str[length] != 0) length++;
    return length;
}

IOCP_INLINE errno_t wcscpy_s(WCHAR *dest, rsize_t dest_size, const WCHAR *src)
{
    size_t i;
    if (dest == NULL || dest_size == 0) return EINVAL;
    if (src == NULL) {
        dest[0] = 0;
        return EINVAL;
    }
    for (i = 0; i < dest_size; i++)
        if ((dest[i] = src[i]) == 0) return 0;
    dest[0] = 0;
    return ERANGE;
}

/* At most count characters; with _TRUNCATE what there is room for, and
 * STRUNCATE if that was not all. */
IOCP_INLINE errno_t wcsncpy_s(WCHAR *dest, size_t dest_size, const WCHAR *src, size_t count)
{
    size_t i;
    if (count == 0 && dest == NULL && dest_size == 0) return 0;
    if (dest == NULL || dest_size == 0) return EINVAL;
    if (count == 0) {
        dest[0] = 0;
        return 0;
    }
    if (src == NULL) {
        dest[0] = 0;
        return EINVAL;
    }
    for (i = 0; i < dest_size; i++) {
        if (count != _TRUNCATE && i == count) {
            dest[i] = 0;
            return 0;
        }
        if ((dest[i] = src[i]) == 0) return 0;
    }
    if (count == _TRUNCATE) {
        dest[dest_size - 1] = 0;
        return STRUNCATE;
    }
    dest[0] = 0;
    return ERANGE;
}

IOCP_INLINE errno_t wcsncat_s(WCHAR *dest, size_t dest_size, const WCHAR *src, size_t count)
{
    size_t used;
    errno_t result;
    if (count == 0 && dest == NULL && dest_size == 0) return 0;
    if (dest == NULL || dest_size == 0) return EINVAL;
    used = wcsnlen_s(dest, dest_size);
    if (used == dest_size || (src == NULL && count != 0)) {
        dest[0] = 0;
        return EINVAL;
    }
    if (count == 0) return 0;
    result = wcsncpy_s(dest + used, dest_size - used, src, count);
    if (result != 0 && result != STRUNCATE) dest[0] = 0;
    return result;
}

IOCP_INLINE errno_t wcscat_s(WCHAR *dest, rsize_t dest_size, const WCHAR *src)
{
    size_t used;
    errno_t result;
    if (dest == NULL || dest_size == 0) return EINVAL;
    used = wcsnlen_s(dest, dest_size);
    if (used == dest_size || src == NULL) {
        dest[0] = 0;
        return EINVAL;
    }
    result = wcscpy_s(dest + used, dest_size - used, src);
    if (result != 0) dest[0] = 0;
    return result;
}

IOCP_INLINE errno_t memcpy_s(void *dest, rsize_t dest_size, const void *src, rsize_t count)
{
    if (count == 0) return 0;
    if (dest == NULL) return EINVAL;
    if (src == NULL || dest_size < count) {
        memset(dest, 0, dest_size);
        return src == NULL ? EINVAL : ERANGE;
    }
    memcpy(dest, src, count);
    return 0;
}

IOCP_INLINE errno_t memmove_s(void *dest, rsize_t dest_size, const void *src, rsize_t count)
{
    if (count == 0) return 0;
    if (dest == NULL || src == NULL) return EINVAL;
    if (dest_size < count) return ERANGE;
    memmove(dest, src, count);
    return 0;
}

/* Letters of the C locale. */
IOCP_INLINE int iocp_lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }
IOCP_INLINE int iocp_upper(int c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }

IOCP_INLINE int _strnicmp(const char *a, const char *b, size_t count)
{
    for (; count > 0; count--, a++, b++) {
        int x = iocp_lower((unsigned char)*a), y = iocp_lower((unsigned char)*b);
        if (x != y || x == 0) return x - y;
    }
    return 0;
}
IOCP_INLINE int _stricmp(const char *a, const char *b) { return _strnicmp(a, b, (size_t)-1); }
IOCP_INLINE char *_strlwr(char *s)
{
    char *at;
    for (at = s; *at != 0; at++) *at = (char)iocp_lower((unsigned char)*at);
    return s;
}
IOCP_INLINE char *_strupr(char *s)
{
    char *at;
    for (at = s; *at != 0; at++) *at = (char)iocp_upper((unsigned char)*at);
    return s;
}
IOCP_INLINE char *_strdup(const char *s)
{
    size_t bytes = (strlen(s) + 1) * sizeof(char);
    char *copy = (char *)malloc(bytes);
    if (copy != NULL) memcpy(copy, s, bytes);
    return copy;
}

IOCP_INLINE int _wcsnicmp(const WCHAR *a, const WCHAR *b, size_t count)
{
    for (; count > 0; count--, a++, b++) {
        int x = iocp_lower((unsigned short)*a), y = iocp_lower((unsigned short)*b);
        if (x != y || x == 0) return x - y;
    }
    return 0;
}
IOCP_INLINE int _wcsicmp(const WCHAR *a, const WCHAR *b) { return _wcsnicmp(a, b, (size_t)-1); }
IOCP_INLINE WCHAR *_wcslwr(WCHAR *s)
{
    WCHAR *at;
    for (at = s; *at != 0; at++) *at = (WCHAR)iocp_lower((unsigned short)*at);
    return s;
}
IOCP_INLINE WCHAR *_wcsupr(WCHAR *s)
{
    WCHAR *at;
    for (at = s; *at != 0; at++) *at = (WCHAR)iocp_upper((unsigned short)*at);
    return s;
}
IOCP_INLINE WCHAR *_wcsdup(const WCHAR *s)
{
    size_t bytes = (iocp_wide_length(s) + 1) * sizeof(WCHAR);
    WCHAR *copy = (WCHAR *)malloc(bytes);
    if (copy != NULL) memcpy(copy, s, bytes);
    return copy;
}
#define stricmp _stricmp
#define strnicmp _strnicmp
#define _strcmpi _stricmp
#define strcmpi _stricmp
#define wcsicmp _wcsicmp
#define wcsnicmp _wcsnicmp
#define strlwr _strlwr
#define strupr _strupr
#define strtok_s(str, delimiters, context) strtok_r((str), (delimiters), (context))

/* The digits of value, room permitting; 0 or an error code. */
IOCP_INLINE errno_t iocp_digits(ULONGLONG value, int negative, char *buffer, size_t room, int radix)
{
    char digits[66];
    size_t count = 0, i;
    if (buffer == NULL || room == 0) return EINVAL;
    buffer[0] = 0;
    if (radix < 2 || radix > 36) return EINVAL;
    do {
        digits[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % (unsigned)radix];
        value /= (unsigned)radix;
    } while (value != 0);
    if (negative) digits[count++] = '-';
    if (count >= room) return ERANGE;
    for (i = 0; i < count; i++) buffer[i] = (char)digits[count - 1 - i];
    buffer[count] = 0;
    return 0;
}
IOCP_INLINE errno_t _itoa_s(int value, char *buffer, size_t size, int radix)
{
    if (radix == 10 && value < 0) return iocp_digits(0u - (unsigned)value, 1, buffer, size, radix);
    return iocp_digits((unsigned)value, 0, buffer, size, radix);
}
IOCP_INLINE errno_t _i64toa_s(long long value, char *buffer, size_t size, int radix)
{
    if (radix == 10 && value < 0)
        return iocp_digits(0ull - (ULONGLONG)value, 1, buffer, size, radix);
    return iocp_digits((ULONGLONG)value, 0, buffer, size, radix);
}
IOCP_INLINE char *_itoa(int value, char *buffer, int radix)
{
    _itoa_s(value, buffer, 66, radix);
    return buffer;
}
IOCP_INLINE char *_ultoa(ULONG value, char *buffer, int radix)
{
    iocp_digits(value, 0, buffer, 66, radix);
    return buffer;
}
IOCP_INLINE char *_i64toa(long long value, char *buffer, int radix)
{
    _i64toa_s(value, buffer, 66, radix);
    return buffer;
}
IOCP_INLINE char *_ui64toa(ULONGLONG value, char *buffer, int radix)
{
    iocp_digits(value, 0, buffer, 66, radix);
    return buffer;
}
#define _ltoa _itoa
#define _ltoa_s _itoa_s

/* The digits of value, room permitting; 0 or an error code. */
IOCP_INLINE errno_t iocp_wide_digits(ULONGLONG value, int negative, WCHAR *buffer, size_t room,
                                     int radix)
{
    char digits[66];
    size_t count = 0, i;
    if (buffer == NULL || room == 0) return EINVAL;
    buffer[0] = 0;
    if (radix < 2 || radix > 36) return EINVAL;
    do {
        digits[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % (unsigned)radix];
        value /= (unsigned)radix;
    } while (value != 0);
    if (negative) digits[count++] = '-';
    if (count >= room) return ERANGE;
    for (i = 0; i < count; i++) buffer[i] = (WCHAR)digits[count - 1 - i];
    buffer[count] = 0;
    return 0;
}
IOCP_INLINE errno_t _itow_s(int value, WCHAR *buffer, size_t size, int radix)
{
    if (radix == 10 && value < 0)
        return iocp_wide_digits(0u - (unsigned)value, 1, buffer, size, radix);
    return iocp_wide_digits((unsigned)value, 0, buffer, size, radix);
}
IOCP_INLINE errno_t _i64tow_s(long long value, WCHAR *buffer, size_t size, int radix)
{
    if (radix == 10 && value < 0)
        return iocp_wide_digits(0ull - (ULONGLONG)value, 1, buffer, size, radix);
    return iocp_wide_digits((ULONGLONG)value, 0, buffer, size, radix);
}
IOCP_INLINE WCHAR *_itow(int value, WCHAR *buffer, int radix)
{
    _itow_s(value, buffer, 66, radix);
    return buffer;
}
IOCP_INLINE WCHAR *_ultow(ULONG value, WCHAR *buffer, int radix)
{
    iocp_wide_digits(value, 0, buffer, 66, radix);
    return buffer;
}
IOCP_INLINE WCHAR *_i64tow(long long value, WCHAR *buffer, int radix)
{
    _i64tow_s(value, buffer, 66, radix);
    return buffer;
}
IOCP_INLINE WCHAR *_ui64tow(ULONGLONG value, WCHAR *buffer, int radix)
{
    iocp_wide_digits(value, 0, buffer, 66, radix);
    return buffer;
}
#define _ltow _itow
#define _ltow_s _itow_s
#define itoa _itoa
#define ltoa _ltoa
#define ultoa _ultoa
#define _atoi64(text) ((long long)strtoll((text), NULL, 10))
#define _strtoi64 strtoll
#define _strtoui64 strtoull

/* The wide functions of libc read 32-bit characters, so those of a source with
 * 16-bit ones are here. */
#if __SIZEOF_WCHAR_T__ == 2

IOCP_INLINE size_t iocp_wcslen(const WCHAR *s) { return iocp_wide_length(s); }
IOCP_INLINE size_t iocp_wcsnlen(const WCHAR *s, size_t limit) { return wcsnlen_s(s, limit); }
IOCP_INLINE WCHAR *iocp_wcscpy(WCHAR *to, const WCHAR *from)
{
    memcpy(to, from, (iocp_wide_length(from) + 1) * sizeof(WCHAR));
    return to;
}
IOCP_INLINE WCHAR *iocp_wcscat(WCHAR *to, const WCHAR *from)
{
    iocp_wcscpy(to + iocp_wide_length(to), from);
    return to;
}
IOCP_INLINE WCHAR *iocp_wcsncpy(WCHAR *to, const WCHAR *from, size_t count)
{
    size_t i = 0;
    for (; i < count && from[i] != 0; i++) to[i] = from[i];
    for (; i < count; i++) to[i] = 0;
    return to;
}
IOCP_INLINE WCHAR *iocp_wcsncat(WCHAR *to, const WCHAR *from, size_t count)
{
    WCHAR *end = to + iocp_wide_length(to);
    for (; count > 0 && *from != 0; count--) *end++ = *from++;
    *end = 0;
    return to;
}
IOCP_INLINE int iocp_wcsncmp(const WCHAR *a, const WCHAR *b, size_t count)
{
    for (; count > 0; count--, a++, b++)
        if (*a != *b || *a == 0) return *a < *b ? -1 : *a > *b;
    return 0;
}
IOCP_INLINE int iocp_wcscmp(const WCHAR *a, const WCHAR *b)
{
    return iocp_wcsncmp(a, b, (size_t)-1);
}
IOCP_INLINE WCHAR *iocp_wcschr(const WCHAR *s, WCHAR c)
{
    for (;; s++) {
        if (*s == c) return (WCHAR *)s;
        if (*s == 0) return NULL;
    }
}
IOCP_INLINE WCHAR *iocp_wcsrchr(const WCHAR *s, WCHAR c)
{
    const WCHAR *found = NULL;
    for (;; s++) {
        if (*s == c) found = s;
        if (*s == 0) return (WCHAR *)found;
    }
}
IOCP_INLINE WCHAR *iocp_wcsstr(const WCHAR *s, const WCHAR *part)
{
    size_t length = iocp_wide_length(part);
    for (;; s++) {
        if (iocp_wcsncmp(s, part, length) == 0) return (WCHAR *)s;
        if (*s == 0) return NULL;
    }
}
IOCP_INLINE size_t iocp_wcscspn(const WCHAR *s, const WCHAR *set)
{
    size_t i = 0;
    while (s[i] != 0 && iocp_wcschr(set, s[i]) == NULL) i++;
    return i;
}
IOCP_INLINE size_t iocp_wcsspn(const WCHAR *s, const WCHAR *set)
{
    size_t i = 0;
    while (s[i] != 0 && iocp_wcschr(set, s[i]) != NULL) i++;
    return i;
}
IOCP_INLINE WCHAR *iocp_wcspbrk(const WCHAR *s, const WCHAR *set)
{
    s += iocp_wcscspn(s, set);
    return *s != 0 ? (WCHAR *)s : NULL;
}
IOCP_INLINE WCHAR *iocp_wcstok(WCHAR *s, const WCHAR *set, WCHAR **context)
{
    if (s == NULL) s = *context;
    s += iocp_wcsspn(s, set);
    if (*s == 0) {
        *context = s;
        return NULL;
    }
    *context = s + iocp_wcscspn(s, set);
    if (**context != 0) *(*context)++ = 0;
    return s;
}
IOCP_INLINE WCHAR *iocp_wmemcpy(WCHAR *to, const WCHAR *from, size_t count)
{
    return (WCHAR *)memcpy(to, from, count * sizeof(WCHAR));
}
IOCP_INLINE WCHAR *iocp_wmemmove(WCHAR *to, const WCHAR *from, size_t count)
{
    return (WCHAR *)memmove(to, from, count * sizeof(WCHAR));
}
IOCP_INLINE WCHAR *iocp_wmemset(WCHAR *to, WCHAR c, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) to[i] = c;
    return to;
}
IOCP_INLINE int iocp_wmemcmp(const WCHAR *a, const WCHAR *b, size_t count)
{
    for (; count > 0; count--, a++, b++)
        if (*a != *b) return *a < *b ? -1 : 1;
    return 0;
}
IOCP_INLINE WCHAR *iocp_wmemchr(const WCHAR *s, WCHAR c, size_t count)
{
    for (; count > 0; count--, s++)
        if (*s == c) return (WCHAR *)s;
    return NULL;
}

/* A number is plain ASCII: it is read by libc from a narrow copy. */
#define IOCP_WIDE_NUMBER(T, NAME, PARAMETERS, CALL)                            \
    IOCP_INLINE T NAME PARAMETERS                                              \
    {                                                                          \
        char copy[512], *stop;                                                 \
        size_t i = 0;                                                          \
        T value;                                                               \
        for (; i < sizeof copy - 1 && s[i] > 0 && s[i] < 128; i++)             \
            copy[i] = (char)s[i];                                              \
        copy[i] = 0;                                                           \
        value = CALL;                                                          \
        if (end != NULL) *end = (WCHAR *)s + (stop - copy);                    \
        return value;                                                          \
    }
IOCP_WIDE_NUMBER(long long, iocp_wcstoll, (const WCHAR *s, WCHAR **end, int base),
                 strtoll(copy, &stop, base))
IOCP_WIDE_NUMBER(unsigned long long, iocp_wcstoull, (const WCHAR *s, WCHAR **end, int base),
                 strtoull(copy, &stop, base))
IOCP_WIDE_NUMBER(double, iocp_wcstod, (const WCHAR *s, WCHAR **end), strtod(copy, &stop))
IOCP_WIDE_NUMBER(float, iocp_wcstof, (const WCHAR *s, WCHAR **end), strtof(copy, &stop))
IOCP_WIDE_NUMBER(long double, iocp_wcstold, (const WCHAR *s, WCHAR **end), strtold(copy, &stop))
/* Windows' long has 32 bits: the values are those. */
IOCP_INLINE long iocp_wcstol(const WCHAR *s, WCHAR **end, int base)
{
    long long value = iocp_wcstoll(s, end, base);
    if (value > 0x7fffffffLL || value < -0x7fffffffLL - 1) errno = ERANGE;
    return value > 0x7fffffffLL         ? 0x7fffffffL
           : value < -0x7fffffffLL - 1 ? -0x7fffffffL - 1
                                        : (long)value;
}
IOCP_INLINE unsigned long iocp_wcstoul(const WCHAR *s, WCHAR **end, int base)
{
    long long value = iocp_wcstoll(s, end, base);
    if (value > 0xffffffffLL || value < -0xffffffffLL) {
        errno = ERANGE;
        return 0xffffffffu;
    }
    return (ULONG)value;
}
IOCP_INLINE int _wtoi(const WCHAR *s) { return (int)iocp_wcstol(s, NULL, 10); }
IOCP_INLINE long long _wtoi64(const WCHAR *s) { return iocp_wcstoll(s, NULL, 10); }
#define _wtol _wtoi
#define _wtof(s) iocp_wcstod((s), NULL)

/* UTF-8 to UTF-16 and back; the length, without a zero, that was stored or,
 * with to NULL, is needed. */
IOCP_INLINE size_t iocp_mbstowcs(WCHAR *to, const char *from, size_t count)
{
    const char *end = from + strlen(from);
    size_t length = 0;
    while (from < end) {
        WCHAR wide[2];
        size_t i, units = iocp_wide_of_utf8(&from, end, wide);
        if (to != NULL && length + units > count) return length;
        for (i = 0; i < units; i++, length++)
            if (to != NULL) to[length] = wide[i];
    }
    if (to != NULL && length < count) to[length] = 0;
    return length;
}
IOCP_INLINE size_t iocp_wcstombs(char *to, const WCHAR *from, size_t count)
{
    const WCHAR *end = from + iocp_wide_length(from);
    size_t length = 0;
    while (from < end) {
        char utf8[4];
        size_t bytes = iocp_utf8_of_wide(&from, end, utf8);
        if (to != NULL && length + bytes > count) return length;
        if (to != NULL) memcpy(to + length, utf8, bytes);
        length += bytes;
    }
    if (to != NULL && length < count) to[length] = 0;
    return length;
}
#define IOCP_CONVERT_S(NAME, TO, FROM, CONVERT)                                              \
    IOCP_INLINE errno_t NAME(size_t *converted, TO *to, size_t size, const FROM *from,       \
                             size_t count)                                                   \
    {                                                                                        \
        size_t needed;                                                                       \
        if (converted != NULL) *converted = 0;                                               \
        if ((to == NULL) != (size == 0)) return EINVAL;                                      \
        if (to != NULL) to[0] = 0;                                                           \
        if (from == NULL) return EINVAL;                                                     \
        needed = CONVERT(NULL, from, 0);                                                     \
        if (to == NULL) {                                                                    \
            if (converted != NULL) *converted = needed + 1;                                  \
            return 0;                                                                        \
        }                                                                                    \
        if (needed >= size && (count == _TRUNCATE || count < size)) {                        \
            size_t stored = CONVERT(to, from, count == _TRUNCATE ? size - 1 : count);        \
            to[stored] = 0;                                                                  \
            if (converted != NULL) *converted = stored + 1;                                  \
            return count == _TRUNCATE ? STRUNCATE : 0;                                       \
        }                                                                                    \
        if (needed > count) needed = count;                                                  \
        if (needed >= size) return ERANGE;                                                   \
        needed = CONVERT(to, from, needed);                                                  \
        to[needed] = 0;                                                                      \
        if (converted != NULL) *converted = needed + 1;                                      \
        return 0;                                                                            \
    }
IOCP_CONVERT_S(mbstowcs_s, WCHAR, char, iocp_mbstowcs)
IOCP_CONVERT_S(wcstombs_s, char, WCHAR, iocp_wcstombs)
#ifdef __cplusplus
namespace std {
using ::iocp_mbstowcs;
using ::iocp_wcscat;
using ::iocp_wcschr;
using ::iocp_wcscmp;
using ::iocp_wcscpy;
using ::iocp_wcscspn;
using ::iocp_wcslen;
using ::iocp_wcsncat;
using ::iocp_wcsncmp;
using ::iocp_wcsncpy;
using ::iocp_wcsnlen;
using ::iocp_wcspbrk;
using ::iocp_wcsrchr;
using ::iocp_wcsspn;
using ::iocp_wcsstr;
using ::iocp_wcstod;
using ::iocp_wcstof;
using ::iocp_wcstok;
using ::iocp_wcstol;
using ::iocp_wcstold;
using ::iocp_wcstoll;
using ::iocp_wcstombs;
using ::iocp_wcstoul;
using ::iocp_wcstoull;
using ::iocp_wmemchr;
using ::iocp_wmemcmp;
using ::iocp_wmemcpy;
using ::iocp_wmemmove;
using ::iocp_wmemset;
}
#endif
#undef wcslen
#define wcslen iocp_wcslen
#undef wcsnlen
#define wcsnlen iocp_wcsnlen
#undef wcscpy
#define wcscpy iocp_wcscpy
#undef wcscat
#define wcscat iocp_wcscat
#undef wcsncpy
#define wcsncpy iocp_wcsncpy
#undef wcsncat
#define wcsncat iocp_wcsncat
#undef wcscmp
#define wcscmp iocp_wcscmp
#undef wcsncmp
#define wcsncmp iocp_wcsncmp
#undef wcschr
#define wcschr iocp_wcschr
#undef wcsrchr
#define wcsrchr iocp_wcsrchr
#undef wcsstr
#define wcsstr iocp_wcsstr
#undef wcscspn
#define wcscspn iocp_wcscspn
#undef wcsspn
#define wcsspn iocp_wcsspn
#undef wcspbrk
#define wcspbrk iocp_wcspbrk
#undef wcstok
#define wcstok iocp_wcstok
#undef wmemcpy
#define wmemcpy iocp_wmemcpy
#undef wmemmove
#define wmemmove iocp_wmemmove
#undef wmemset
#define wmemset iocp_wmemset
#undef wmemcmp
#define wmemcmp iocp_wmemcmp
#undef wmemchr
#define wmemchr iocp_wmemchr
#undef wcstol
#define wcstol iocp_wcstol
#undef wcstoul
#define wcstoul iocp_wcstoul
#undef wcstoll
#define wcstoll iocp_wcstoll
#undef wcstoull
#define wcstoull iocp_wcstoull
#undef wcstod
#define wcstod iocp_wcstod
#undef wcstof
#define wcstof iocp_wcstof
#undef wcstold
#define wcstold iocp_wcstold
#undef mbstowcs
#define mbstowcs iocp_mbstowcs
#undef wcstombs
#define wcstombs iocp_wcstombs
#define wcstok_s wcstok
#define _wcstoi64 wcstoll
#define _wcstoui64 wcstoull

#endif

#ifdef __cplusplus
template <size_t N> inline errno_t strcpy_s(char (&dest)[N], const char *src)
{
    return strcpy_s(&dest[0], N, src);
}
template <size_t N> inline errno_t strncpy_s(char (&dest)[N], const char *src, size_t count)
{
    return strncpy_s(&dest[0], N, src, count);
}
template <size_t N> inline errno_t strcat_s(char (&dest)[N], const char *src)
{
    return strcat_s(&dest[0], N, src);
}
template <size_t N> inline errno_t strncat_s(char (&dest)[N], const char *src, size_t count)
{
    return strncat_s(&dest[0], N, src, count);
}
template <size_t N> inline errno_t wcscpy_s(WCHAR (&dest)[N], const WCHAR *src)
{
    return wcscpy_s(&dest[0], N, src);
}
template <size_t N> inline errno_t wcscat_s(WCHAR (&dest)[N], const WCHAR *src)
{
    return wcscat_s(&dest[0], N, src);
}
template <size_t N> inline errno_t wcsncpy_s(WCHAR (&dest)[N], const WCHAR *src, size_t count)
{
    return wcsncpy_s(&dest[0], N, src, count);
}
template <size_t N> inline errno_t _itoa_s(int value, char (&buffer)[N], int radix)
{
    return _itoa_s(value, &buffer[0], N, radix);
}
#endif

#endif
