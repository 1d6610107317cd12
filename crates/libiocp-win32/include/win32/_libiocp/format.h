/* Formatted output as Microsoft's C runtime reads a format: l is 32 bits wide,
 * I64, I32 and I are sizes, %ls, %ws and %S take UTF-16, %p is 16 digits, and
 * a wide function's %s is wide. libc's printf would read a DWORD as 64 bits.
 * Narrow text is UTF-8. */
#ifndef LIBIOCP_FORMAT_H
#define LIBIOCP_FORMAT_H
#pragma GCC system_header

#include "text.h"
#include <stdio.h>

struct iocp_arguments {
    va_list list;
};

enum iocp_size { IOCP_SIZE_NONE, IOCP_SIZE_HH, IOCP_SIZE_H, IOCP_SIZE_L, IOCP_SIZE_W, IOCP_SIZE_32,
                 IOCP_SIZE_64, IOCP_SIZE_POINTER, IOCP_SIZE_LONG_DOUBLE };

struct iocp_spec {
    char flags[8];
    int left;
    int zero;
    int width;
    int precision;
    enum iocp_size size;
    char conversion;
};

IOCP_INLINE const char *iocp_read_number(const char *at, int *number,
                                         struct iocp_arguments *arguments)
{
    if (*at == '*') {
        *number = va_arg(arguments->list, int);
        return at + 1;
    }
    for (*number = 0; *at >= '0' && *at <= '9'; at++)
        if (*number < 100000000) *number = *number * 10 + (*at - '0');
    return at;
}

IOCP_INLINE const char *iocp_read_size(const char *at, enum iocp_size *size)
{
    *size = IOCP_SIZE_NONE;
    switch (*at) {
    case 'h':
        *size = at[1] == 'h' ? IOCP_SIZE_HH : IOCP_SIZE_H;
        return at + (at[1] == 'h' ? 2 : 1);
    case 'l':
        *size = at[1] == 'l' ? IOCP_SIZE_64 : IOCP_SIZE_L;
        return at + (at[1] == 'l' ? 2 : 1);
    case 'I':
        if (at[1] == '6' && at[2] == '4') {
            *size = IOCP_SIZE_64;
            return at + 3;
        }
        if (at[1] == '3' && at[2] == '2') {
            *size = IOCP_SIZE_32;
            return at + 3;
        }
        *size = IOCP_SIZE_POINTER;
        return at + 1;
    case 'w':
        *size = IOCP_SIZE_W;
        return at + 1;
    case 'z':
    case 't':
        *size = IOCP_SIZE_POINTER;
        return at + 1;
    case 'j':
        *size = IOCP_SIZE_64;
        return at + 1;
    case 'L':
        *size = IOCP_SIZE_LONG_DOUBLE;
        return at + 1;
    default:
        return at;
    }
}

/* What follows a percent sign. */
IOCP_INLINE const char *iocp_read_spec(const char *at, struct iocp_spec *spec,
                                       struct iocp_arguments *arguments)
{
    size_t flags = 0;
    spec->left = 0;
    spec->zero = 0;
    for (; *at != 0 && strchr("-+ #0", *at) != NULL; at++) {
        if (*at == '-') spec->left = 1;
        if (*at == '0') spec->zero = 1;
        if (memchr(spec->flags, *at, flags) == NULL) spec->flags[flags++] = *at;
    }
    at = iocp_read_number(at, &spec->width, arguments);
    if (spec->width < 0) {
        spec->width = -spec->width;
        if (!spec->left) spec->flags[flags++] = '-';
        spec->left = 1;
    }
    spec->flags[flags] = 0;
    spec->precision = -1;
    if (*at == '.') at = iocp_read_number(at + 1, &spec->precision, arguments);
    at = iocp_read_size(at, &spec->size);
    spec->conversion = *at;
    return *at != 0 ? at + 1 : at;
}

IOCP_INLINE void iocp_put_padded(struct iocp_text *text, const struct iocp_spec *spec,
                                 const char *bytes, size_t count, size_t columns)
{
    size_t pad = spec->width > 0 && (size_t)spec->width > columns ? spec->width - columns : 0;
    if (!spec->left) iocp_text_fill(text, spec->zero ? '0' : ' ', pad);
    iocp_text_put(text, bytes, count);
    if (spec->left) iocp_text_fill(text, ' ', pad);
}

IOCP_INLINE void iocp_put_wide_padded(struct iocp_text *text, const struct iocp_spec *spec,
                                      const WCHAR *wide, size_t count)
{
    struct iocp_text narrow;
    iocp_text_open(&narrow);
    iocp_text_put_wide(&narrow, wide, count);
    text->failed |= narrow.failed;
    iocp_put_padded(text, spec, narrow.data, narrow.length, count);
    iocp_text_close(&narrow);
}

IOCP_INLINE void iocp_put_string(struct iocp_text *text, const struct iocp_spec *spec,
                                 const void *string, int wide)
{
    size_t count = 0, limit = spec->precision >= 0 ? (size_t)spec->precision : (size_t)-1;
    if (string == NULL) {
        string = "(null)";
        wide = 0;
    }
    if (wide) {
        while (count < limit && ((const WCHAR *)string)[count] != 0) count++;
        iocp_put_wide_padded(text, spec, (const WCHAR *)string, count);
    } else {
        while (count < limit && ((const char *)string)[count] != 0) count++;
        iocp_put_padded(text, spec, (const char *)string, count, count);
    }
}

/* One number through libc, whose ll is 64 bits as well. */
IOCP_INLINE void iocp_put_number(struct iocp_text *text, const struct iocp_spec *spec,
                                 struct iocp_arguments *arguments)
{
    char format[64], digits[512], *large = NULL, *to = digits;
    int is_float = strchr("eEfFgGaA", spec->conversion) != NULL, count;
    long long value = 0;
    double real = 0;
    long double long_real = 0;

    if (is_float && spec->size == IOCP_SIZE_LONG_DOUBLE)
        long_real = va_arg(arguments->list, long double);
    else if (is_float)
        real = va_arg(arguments->list, double);
    else if (spec->size == IOCP_SIZE_64 || spec->size == IOCP_SIZE_POINTER)
        value = va_arg(arguments->list, long long);
    else if (spec->conversion == 'd' || spec->conversion == 'i')
        value = va_arg(arguments->list, int);
    else
        value = va_arg(arguments->list, unsigned int);
    if (!is_float && spec->size == IOCP_SIZE_H)
        value = strchr("di", spec->conversion) ? (short)value : (unsigned short)value;
    if (!is_float && spec->size == IOCP_SIZE_HH)
        value = strchr("di", spec->conversion) ? (signed char)value : (unsigned char)value;

    snprintf(format, sizeof format, "%%%s%s%s%s%c", spec->flags, spec->width > 0 ? "*" : "",
             ".*", is_float ? (spec->size == IOCP_SIZE_LONG_DOUBLE ? "L" : "") : "ll",
             spec->conversion);
#define IOCP_FORMAT_INTO(buffer, room)                                                         \
    (spec->width > 0                                                                           \
         ? is_float ? spec->size == IOCP_SIZE_LONG_DOUBLE                                      \
                          ? snprintf(buffer, room, format, spec->width, spec->precision,    \
                                     long_real)                                                \
                          : snprintf(buffer, room, format, spec->width, spec->precision, real) \
                    : snprintf(buffer, room, format, spec->width, spec->precision, value)      \
     : is_float ? spec->size == IOCP_SIZE_LONG_DOUBLE                                          \
                      ? snprintf(buffer, room, format, spec->precision, long_real)             \
                      : snprintf(buffer, room, format, spec->precision, real)                  \
                : snprintf(buffer, room, format, spec->precision, value))
    count = IOCP_FORMAT_INTO(digits, sizeof digits);
    if (count >= (int)sizeof digits) {
        to = large = (char *)malloc((size_t)count + 1);
        if (large != NULL) count = IOCP_FORMAT_INTO(large, (size_t)count + 1);
    }
#undef IOCP_FORMAT_INTO
    if (to == NULL || count < 0)
        text->failed = 1;
    else
        iocp_text_put(text, to, (size_t)count);
    free(large);
}

IOCP_INLINE void iocp_put_pointer(struct iocp_text *text, struct iocp_spec *spec,
                                  struct iocp_arguments *arguments)
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%016llX",
                         (unsigned long long)(uintptr_t)va_arg(arguments->list, void *));
    iocp_put_padded(text, spec, digits, (size_t)count, (size_t)count);
}

IOCP_INLINE void iocp_put_character(struct iocp_text *text, const struct iocp_spec *spec, int wide,
                                    int value)
{
    WCHAR unit = (WCHAR)value;
    char byte = (char)value;
    if (wide)
        iocp_put_wide_padded(text, spec, &unit, 1);
    else
        iocp_put_padded(text, spec, &byte, 1, 1);
}

/* Appends the formatted text. wide tells that a wide function was called: then
 * s and c are wide, and S and C are narrow. */
IOCP_INLINE void iocp_format(struct iocp_text *text, const char *format, int wide, va_list list)
{
    struct iocp_arguments arguments;
    struct iocp_spec spec;
    int is_wide;
    va_copy(arguments.list, list);
    while (*format != 0) {
        const char *percent = strchr(format, '%');
        size_t plain = percent != NULL ? (size_t)(percent - format) : strlen(format);
        iocp_text_put(text, format, plain);
        format += plain;
        if (percent == NULL) break;
        format = iocp_read_spec(percent + 1, &spec, &arguments);
        is_wide = spec.size == IOCP_SIZE_L || spec.size == IOCP_SIZE_W ||
                  (spec.size != IOCP_SIZE_H && wide == (spec.conversion >= 'a'));
        switch (spec.conversion) {
        case 'd': case 'i': case 'u': case 'o': case 'x': case 'X':
        case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': case 'a': case 'A':
            iocp_put_number(text, &spec, &arguments);
            break;
        case 'p':
            iocp_put_pointer(text, &spec, &arguments);
            break;
        case 's': case 'S':
            iocp_put_string(text, &spec, va_arg(arguments.list, void *), is_wide);
            break;
        case 'c': case 'C':
            iocp_put_character(text, &spec, is_wide, va_arg(arguments.list, int));
            break;
        case 'n':
            text->failed = 1;
            break;
        case 0:
            break;
        default:
            iocp_text_put(text, &spec.conversion, 1);
            break;
        }
    }
    va_end(arguments.list);
}

IOCP_INLINE void iocp_format_wide(struct iocp_text *text, const WCHAR *format, va_list list)
{
    struct iocp_text narrow;
    iocp_text_open(&narrow);
    iocp_text_put_wide(&narrow, format, iocp_wide_length(format));
    iocp_text_put(&narrow, "", 1);
    if (narrow.failed)
        text->failed = 1;
    else
        iocp_format(text, narrow.data, 1, list);
    iocp_text_close(&narrow);
}

#endif
