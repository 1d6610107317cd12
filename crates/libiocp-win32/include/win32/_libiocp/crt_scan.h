/* scanf and its family as Microsoft's C runtime reads a format: l is 32 bits
 * wide, I64, I32 and I are sizes, and in scanf_s and its like %s, %c and %[ are
 * followed by the number of characters that there is room for. libc's scanf
 * would store 64 bits in a DWORD. Wide destinations are not there. */
#ifndef LIBIOCP_CRT_SCAN_H
#define LIBIOCP_CRT_SCAN_H
#pragma GCC system_header

#include "format.h"
#include <errno.h>

#define IOCP_SCAN_MAX 32

/* The format for libc, and where the values go: a text with a limit is read into
 * memory of libc's first. */
struct iocp_scan {
    struct iocp_text format;
    void *to[IOCP_SCAN_MAX];
    char *limited[IOCP_SCAN_MAX];
    unsigned room[IOCP_SCAN_MAX];
    char is_limited[IOCP_SCAN_MAX];
    char kind[IOCP_SCAN_MAX];
    int count;
    int failed;
    int stopped;
};

IOCP_INLINE const char *iocp_scan_size_of(const char *at, const char **size)
{
    enum iocp_size read;
    at = iocp_read_size(at, &read);
    *size = read == IOCP_SIZE_HH                                ? "hh"
            : read == IOCP_SIZE_H                               ? "h"
            : read == IOCP_SIZE_64 || read == IOCP_SIZE_POINTER ? "ll"
            : read == IOCP_SIZE_LONG_DOUBLE                     ? "L"
            : read == IOCP_SIZE_L                               ? "l"
            : read == IOCP_SIZE_W                               ? "w"
                                                                : "";
    return at;
}

IOCP_INLINE const char *iocp_end_of_set(const char *at)
{
    if (*at == '^') at++;
    if (*at == ']') at++;
    while (*at != 0 && *at != ']') at++;
    return *at == ']' ? at + 1 : at;
}

/* One conversion: what follows the percent sign at at. Characters (%c) that do
 * not fit end the reading before them. */
IOCP_INLINE const char *iocp_scan_conversion(struct iocp_scan *scan, const char *at, int secure,
                                             struct iocp_arguments *arguments)
{
    const char *begin = at, *digits, *size, *conversion;
    int skipped = *at == '*', is_text;
    unsigned width = 0;
    if (skipped) at++;
    for (; *at >= '0' && *at <= '9'; at++)
        if (width < 100000000) width = width * 10 + (unsigned)(*at - '0');
    digits = at;
    at = iocp_scan_size_of(at, &size);
    conversion = at;
    if (*at == 0) return at;
    at = *at == '[' ? iocp_end_of_set(at + 1) : at + 1;
    is_text = strchr("sc[", *conversion) != NULL;
    if (strchr("SC", *conversion) != NULL || (is_text && (*size == 'l' || *size == 'w')) ||
        scan->count == IOCP_SCAN_MAX)
        scan->failed = 1;
    if (strchr("diouxXn", *conversion) != NULL && size[0] == 'l' && size[1] == 0) size = "";
    if (is_text) size = "";
    if (!skipped && *conversion != '%' && !scan->failed) {
        int i = scan->count++;
        scan->to[i] = va_arg(arguments->list, void *);
        scan->limited[i] = NULL;
        scan->kind[i] = *conversion;
        scan->room[i] = is_text && secure ? va_arg(arguments->list, unsigned) : 0;
        scan->is_limited[i] = is_text && secure && *conversion != 'c';
        if (scan->is_limited[i]) size = "m";
        if (is_text && secure && *conversion == 'c' && scan->room[i] < (width != 0 ? width : 1)) {
            if (scan->room[i] != 0) ((char *)scan->to[i])[0] = 0;
            errno = ERANGE;
            scan->stopped = 1;
            return at;
        }
    }
    iocp_text_put(&scan->format, "%", 1);
    iocp_text_put(&scan->format, begin, (size_t)(digits - begin));
    iocp_text_put(&scan->format, size, strlen(size));
    iocp_text_put(&scan->format, conversion, (size_t)(at - conversion));
    return at;
}

IOCP_INLINE int iocp_scan_open(struct iocp_scan *scan, const char *format, int secure,
                               va_list list)
{
    struct iocp_arguments arguments;
    va_copy(arguments.list, list);
    iocp_text_open(&scan->format);
    scan->count = 0;
    scan->failed = 0;
    scan->stopped = 0;
    while (*format != 0 && !scan->failed && !scan->stopped) {
        if (*format == '%')
            format = iocp_scan_conversion(scan, format + 1, secure, &arguments);
        else
            iocp_text_put(&scan->format, format++, 1);
    }
    iocp_text_put(&scan->format, "", 1);
    va_end(arguments.list);
    return !scan->failed && !scan->format.failed;
}

IOCP_INLINE void *iocp_scan_target(struct iocp_scan *scan, int index)
{
    if (index >= scan->count) return NULL;
    return scan->is_limited[index] ? (void *)&scan->limited[index] : scan->to[index];
}

/* Moves the texts to their places. A text that does not fit ends the reading, and
 * its destination is empty. */
IOCP_INLINE int iocp_scan_close(struct iocp_scan *scan, int assigned)
{
    int i, counted = 0, result = assigned;
    for (i = 0; i < scan->count; i++) {
        char *text = scan->limited[i];
        if (text != NULL && counted < result) {
            size_t needs = strlen(text) + 1;
            if (needs <= scan->room[i])
                memcpy(scan->to[i], text, needs);
            else {
                if (scan->room[i] != 0) ((char *)scan->to[i])[0] = 0;
                errno = ERANGE;
                result = counted;
            }
        }
        free(text);
        if (scan->kind[i] != 'n') counted++;
    }
    iocp_text_close(&scan->format);
    return result;
}

#define IOCP_SCAN_4(scan, i)                                                               \
    iocp_scan_target(scan, i), iocp_scan_target(scan, i + 1), iocp_scan_target(scan, i + 2), \
        iocp_scan_target(scan, i + 3)
#define IOCP_SCAN_TARGETS(scan)                                                           \
    IOCP_SCAN_4(scan, 0), IOCP_SCAN_4(scan, 4), IOCP_SCAN_4(scan, 8), IOCP_SCAN_4(scan, 12), \
        IOCP_SCAN_4(scan, 16), IOCP_SCAN_4(scan, 20), IOCP_SCAN_4(scan, 24),              \
        IOCP_SCAN_4(scan, 28)

IOCP_INLINE int iocp_scan_file(FILE *stream, const char *format, int secure, va_list list)
{
    struct iocp_scan scan;
    int assigned = EOF;
    if (iocp_scan_open(&scan, format, secure, list))
        assigned = fscanf(stream, scan.format.data, IOCP_SCAN_TARGETS(&scan));
    else
        errno = EINVAL;
    return iocp_scan_close(&scan, assigned);
}
IOCP_INLINE int iocp_scan_string(const char *from, const char *format, int secure, va_list list)
{
    struct iocp_scan scan;
    int assigned = EOF;
    if (iocp_scan_open(&scan, format, secure, list))
        assigned = sscanf(from, scan.format.data, IOCP_SCAN_TARGETS(&scan));
    else
        errno = EINVAL;
    return iocp_scan_close(&scan, assigned);
}

IOCP_VARIADIC(iocp_sscanf, iocp_scan_string, (const char *from, const char *format, ...), format,
              (from, format, 0, list))
IOCP_VARIADIC(sscanf_s, iocp_scan_string, (const char *from, const char *format, ...), format,
              (from, format, 1, list))
IOCP_VARIADIC(iocp_fscanf, iocp_scan_file, (FILE *stream, const char *format, ...), format,
              (stream, format, 0, list))
IOCP_VARIADIC(fscanf_s, iocp_scan_file, (FILE *stream, const char *format, ...), format,
              (stream, format, 1, list))
IOCP_VARIADIC(iocp_scanf, iocp_scan_file, (const char *format, ...), format,
              (stdin, format, 0, list))
IOCP_VARIADIC(scanf_s, iocp_scan_file, (const char *format, ...), format,
              (stdin, format, 1, list))

#ifdef __cplusplus
namespace std {
using ::iocp_fscanf;
using ::iocp_scanf;
using ::iocp_sscanf;
}
#endif
#ifndef LIBIOCP_NO_PRINTF
#undef scanf
#undef fscanf
#undef sscanf
#define scanf(...) iocp_scanf(__VA_ARGS__)
#define fscanf(...) iocp_fscanf(__VA_ARGS__)
#define sscanf(...) iocp_sscanf(__VA_ARGS__)
#endif

#endif
