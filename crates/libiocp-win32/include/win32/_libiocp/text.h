/* UTF-16 and UTF-8. A surrogate without its pair passes through both ways. */
#ifndef LIBIOCP_TEXT_H
#define LIBIOCP_TEXT_H
#pragma GCC system_header

#include "types.h"
#include <stdlib.h>
#include <string.h>

/* Text that grows; the first bytes need no allocation. */
struct iocp_text {
    char *data;
    size_t length;
    size_t room;
    int failed;
    char first[256];
};

IOCP_INLINE void iocp_text_open(struct iocp_text *text)
{
    text->data = text->first;
    text->length = 0;
    text->room = sizeof text->first;
    text->failed = 0;
}

IOCP_INLINE void iocp_text_close(struct iocp_text *text)
{
    if (text->data != text->first) free(text->data);
}

IOCP_INLINE void iocp_text_put(struct iocp_text *text, const char *bytes, size_t count)
{
    if (count > text->room - text->length) {
        size_t room = (text->length + count) * 2;
        char *data = text->data == text->first ? (char *)malloc(room)
                                               : (char *)realloc(text->data, room);
        if (data == NULL) {
            text->failed = 1;
            return;
        }
        if (text->data == text->first) memcpy(data, text->first, text->length);
        text->data = data;
        text->room = room;
    }
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
}

IOCP_INLINE void iocp_text_fill(struct iocp_text *text, char byte, size_t count)
{
    for (; count > 0; count--) iocp_text_put(text, &byte, 1);
}

/* The UTF-8 form of the code point or lone surrogate at *from, which moves on. */
IOCP_INLINE size_t iocp_utf8_of_wide(const WCHAR **from, const WCHAR *end, char utf8[4])
{
    unsigned long point = (unsigned short)*(*from)++;
    if (point >= 0xd800 && point < 0xdc00 && *from < end) {
        unsigned long low = (unsigned short)**from;
        if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            (*from)++;
        }
    }
    if (point < 0x80) {
        utf8[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        utf8[0] = (char)(0xc0 | point >> 6);
        utf8[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        utf8[0] = (char)(0xe0 | point >> 12);
        utf8[1] = (char)(0x80 | (point >> 6 & 0x3f));
        utf8[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    utf8[0] = (char)(0xf0 | point >> 18);
    utf8[1] = (char)(0x80 | (point >> 12 & 0x3f));
    utf8[2] = (char)(0x80 | (point >> 6 & 0x3f));
    utf8[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* The UTF-16 form of what is at *from, which moves on; U+FFFD for what is not
 * UTF-8. */
IOCP_INLINE size_t iocp_wide_of_utf8(const char **from, const char *end, WCHAR wide[2])
{
    unsigned char first = (unsigned char)*(*from)++;
    int more = first < 0x80 ? 0 : first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 && first < 0xf0
             ? 2 : first >= 0xc2 && first < 0xe0 ? 1 : -1;
    unsigned long point = first;
    const char *at = *from;
    if (more > 0) point = first & (0x3fu >> more);
    if (more < 0 || end - at < more) goto invalid;
    for (; more > 0; more--, at++) {
        if (((unsigned char)*at & 0xc0) != 0x80) goto invalid;
        point = point << 6 | ((unsigned char)*at & 0x3f);
    }
    if (point > 0x10ffff) goto invalid;
    *from = at;
    if (point < 0x10000) {
        wide[0] = (WCHAR)point;
        return 1;
    }
    wide[0] = (WCHAR)(0xd800 + ((point - 0x10000) >> 10));
    wide[1] = (WCHAR)(0xdc00 + (point & 0x3ff));
    return 2;
invalid:
    wide[0] = (WCHAR)0xfffd;
    return 1;
}

IOCP_INLINE size_t iocp_wide_length(const WCHAR *text)
{
    size_t length = 0;
    while (text[length] != 0) length++;
    return length;
}

IOCP_INLINE void iocp_text_put_wide(struct iocp_text *text, const WCHAR *wide, size_t count)
{
    const WCHAR *end = wide + count;
    char utf8[4];
    while (wide < end) {
        size_t bytes = iocp_utf8_of_wide(&wide, end, utf8);
        iocp_text_put(text, utf8, bytes);
    }
}

/* The number of units that the whole text has; at most room of them are stored. */
IOCP_INLINE size_t iocp_text_to_wide(const struct iocp_text *text, WCHAR *to, size_t room)
{
    const char *at = text->data, *end = text->data + text->length;
    size_t length = 0;
    while (at < end) {
        WCHAR wide[2];
        size_t i, units = iocp_wide_of_utf8(&at, end, wide);
        for (i = 0; i < units; i++, length++)
            if (length < room) to[length] = wide[i];
    }
    return length;
}

#endif
