/* What the programs about disk files share beside the packets of sockets.h:
 * names of files that nobody else has, and files with known contents.
 */
#ifndef CONFORM_FILES_H
#define CONFORM_FILES_H

#include "sockets.h"

/* A name for a file of this run, in the directory for temporary files. It
 * stays valid until eight more names were made. */
static inline const char *file_name(const char *suffix)
{
    static char names[8][400];
    static unsigned next;
    char *name = names[next++ % 8];
    const char *directory = getenv("TEMP");

    if (!directory) directory = getenv("TMPDIR");
    if (!directory) directory = "/tmp";
    snprintf(name, sizeof(names[0]), "%s/conform-%u-%s", directory,
             (unsigned)GetCurrentProcessId(), suffix);
    return name;
}

static inline const WCHAR *wide(const char *text)
{
    static WCHAR buffer[400];
    size_t i;

    for (i = 0; text[i] && i < 399; i++) buffer[i] = (unsigned char)text[i];
    buffer[i] = 0;
    return buffer;
}

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static inline HANDLE open_as(const char *name, DWORD access, DWORD disposition, DWORD flags)
{
    return CreateFileA(name, access, SHARE_ALL, NULL, disposition, flags, NULL);
}

/* A new empty file with these flags, gone when its last handle is closed. */
static inline HANDLE scratch(const char *suffix, DWORD flags)
{
    HANDLE file = open_as(file_name(suffix), GENERIC_READ | GENERIC_WRITE | DELETE, CREATE_ALWAYS,
                          FILE_FLAG_DELETE_ON_CLOSE | flags);

    ok(file != INVALID_HANDLE_VALUE, "CreateFile: error %u", (unsigned)GetLastError());
    return file;
}

#define ok_file(file) \
    ok((file) != INVALID_HANDLE_VALUE, "no file: error %u", (unsigned)GetLastError())

#define ok_no_file(file, code) \
    do { \
        HANDLE file_ = (file); \
        DWORD error_ = GetLastError(); \
        ok(file_ == INVALID_HANDLE_VALUE && error_ == (DWORD)(code), \
           "gave %p, error %u, wanted error %u", file_, (unsigned)error_, (unsigned)(code)); \
        if (file_ != INVALID_HANDLE_VALUE && file_) CloseHandle(file_); \
    } while (0)

static inline void at(OVERLAPPED *ov, ULONGLONG offset)
{
    memset(ov, 0, sizeof(*ov));
    ov->Internal = UNTOUCHED;
    ov->InternalHigh = UNTOUCHED;
    ov->Offset = (DWORD)offset;
    ov->OffsetHigh = (DWORD)(offset >> 32);
}

/* Overlapped calls: 0 for TRUE, or the last error. */
static inline DWORD start_read(HANDLE file, void *data, DWORD length, OVERLAPPED *ov)
{
    return ReadFile(file, data, length, NULL, ov) ? 0 : GetLastError();
}

static inline DWORD start_write(HANDLE file, const void *data, DWORD length, OVERLAPPED *ov)
{
    return WriteFile(file, data, length, NULL, ov) ? 0 : GetLastError();
}

/* Writes through an overlapped handle and waits. */
static inline void put(HANDLE file, ULONGLONG offset, const void *data, DWORD length)
{
    OVERLAPPED ov;
    DWORD bytes = 0;

    at(&ov, offset);
    ov.hEvent = (HANDLE)((ULONG_PTR)CreateEventA(NULL, TRUE, FALSE, NULL) | 1);
    if (!WriteFile(file, data, length, NULL, &ov) && GetLastError() == ERROR_IO_PENDING) {
        GetOverlappedResultEx(file, &ov, &bytes, LIMIT, FALSE);
    }
    ok(ov.Internal == 0 && ov.InternalHigh == length, "write: status %08x, %u bytes",
       (unsigned)ov.Internal, (unsigned)ov.InternalHigh);
    CloseHandle((HANDLE)((ULONG_PTR)ov.hEvent & ~(ULONG_PTR)1));
}

/* Reads through an overlapped handle and waits: the count, or -1. */
static inline int fetch(HANDLE file, ULONGLONG offset, void *data, DWORD length)
{
    OVERLAPPED ov;
    DWORD bytes = 0;

    at(&ov, offset);
    ov.hEvent = (HANDLE)((ULONG_PTR)CreateEventA(NULL, TRUE, FALSE, NULL) | 1);
    if (!ReadFile(file, data, length, NULL, &ov) && GetLastError() == ERROR_IO_PENDING) {
        GetOverlappedResultEx(file, &ov, &bytes, LIMIT, FALSE);
    }
    CloseHandle((HANDLE)((ULONG_PTR)ov.hEvent & ~(ULONG_PTR)1));
    return ov.Internal == 0 ? (int)ov.InternalHigh : -1;
}

static inline LONGLONG size_of(HANDLE file)
{
    LARGE_INTEGER size;

    size.QuadPart = -1;
    ok(GetFileSizeEx(file, &size), "GetFileSizeEx: error %u", (unsigned)GetLastError());
    return size.QuadPart;
}

#endif
