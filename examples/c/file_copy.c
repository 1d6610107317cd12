/* file_copy.c: copies a file with many overlapped requests in flight.
 *
 *   file_copy SOURCE DESTINATION [--requests N] [--block BYTES]
 *
 * Each REQUEST takes the next block of the source, reads it, writes it to the
 * same place of the destination, and takes another block, until none is left.
 * One thread drives them all through a completion port.
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_MAX 256

typedef enum { READING, WRITING } STATE;

typedef struct {
    OVERLAPPED overlapped;
    STATE state;
    ULONGLONG offset; /* where the rest of the block begins in both files */
    DWORD length;     /* how much of the block is still to be read or written */
    DWORD filled;     /* bytes that were read and are not yet written */
    char *buffer;     /* where these bytes begin */
    char *block;      /* the whole buffer */
} REQUEST;

static HANDLE port, source, destination;
static ULONGLONG file_size, next_offset, copied;
static DWORD block_size = 64 * 1024;
static unsigned in_flight;
static DWORD first_error;

static void fail(const char *what, DWORD error)
{
    if (first_error) return;
    first_error = error;
    fprintf(stderr, "file_copy: %s: error %lu\n", what, (unsigned long)error);
}

/* An overlapped request carries its own file position: the handle has none. */
static void set_offset(REQUEST *request)
{
    memset(&request->overlapped, 0, sizeof(request->overlapped));
    request->overlapped.Offset = (DWORD)request->offset;
    request->overlapped.OffsetHigh = (DWORD)(request->offset >> 32);
}

/* Success and ERROR_IO_PENDING both mean that a packet will come; after any
 * other error none will. */
static void started(BOOL succeeded, const char *what)
{
    DWORD error = succeeded ? ERROR_SUCCESS : GetLastError();

    if (error == ERROR_SUCCESS || error == ERROR_IO_PENDING) in_flight++;
    else fail(what, error);
}

static void start_read(REQUEST *request)
{
    request->state = READING;
    set_offset(request);
    started(ReadFile(source, request->buffer, request->length, NULL, &request->overlapped),
            "ReadFile");
}

static void start_write(REQUEST *request)
{
    request->state = WRITING;
    set_offset(request);
    started(WriteFile(destination, request->buffer, request->filled, NULL, &request->overlapped),
            "WriteFile");
}

static void next_block(REQUEST *request)
{
    ULONGLONG left = file_size - next_offset;

    if (first_error || left == 0) return;
    request->buffer = request->block;
    request->offset = next_offset;
    request->length = left < block_size ? (DWORD)left : block_size;
    next_offset += request->length;
    start_read(request);
}

static void on_read(REQUEST *request, DWORD bytes)
{
    request->filled = bytes;
    if (bytes == 0) fail("the source became shorter", ERROR_HANDLE_EOF);
    else if (!first_error) start_write(request);
}

static void on_written(REQUEST *request, DWORD bytes)
{
    copied += bytes;
    request->offset += bytes;
    request->length -= bytes;
    request->filled -= bytes;
    request->buffer += bytes;
    if (first_error) return;
    if (bytes == 0) fail("WriteFile wrote nothing", ERROR_WRITE_FAULT);
    else if (request->filled) start_write(request);
    else if (request->length) start_read(request); /* the read had come up short */
    else next_block(request);
}

/* Returns when no request is in flight, also after an error: the buffers and
 * the OVERLAPPEDs belong to the system until their packets have come back. */
static void copy(REQUEST *requests, unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++) next_block(&requests[i]);
    while (in_flight) {
        OVERLAPPED *overlapped = NULL;
        ULONG_PTR key;
        DWORD bytes;
        BOOL succeeded = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);
        REQUEST *request;

        if (!overlapped) {
            fail("GetQueuedCompletionStatus", GetLastError());
            return;
        }
        in_flight--;
        request = CONTAINING_RECORD(overlapped, REQUEST, overlapped);
        if (!succeeded) fail(request->state == READING ? "reading" : "writing", GetLastError());
        else if (request->state == READING) on_read(request, bytes);
        else on_written(request, bytes);
    }
}

static BOOL open_files(const char *from, const char *to)
{
    LARGE_INTEGER size;

    source = CreateFileA(from, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                         FILE_FLAG_OVERLAPPED | FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (source == INVALID_HANDLE_VALUE) {
        fail(from, GetLastError());
        return FALSE;
    }
    destination = CreateFileA(to, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_OVERLAPPED,
                              NULL);
    if (destination == INVALID_HANDLE_VALUE) {
        fail(to, GetLastError());
        CloseHandle(source);
        return FALSE;
    }
    if (!GetFileSizeEx(source, &size)) fail("GetFileSizeEx", GetLastError());
    file_size = (ULONGLONG)size.QuadPart;
    /* A file that has its size does not grow with every write: requests that
     * extend a file wait for each other. */
    if (!first_error
        && (!SetFilePointerEx(destination, size, NULL, FILE_BEGIN) || !SetEndOfFile(destination)))
        fail("SetEndOfFile", GetLastError());
    port = CreateIoCompletionPort(source, NULL, 0, 1);
    if (!port || !CreateIoCompletionPort(destination, port, 0, 0))
        fail("CreateIoCompletionPort", GetLastError());
    return TRUE;
}

static BOOL parse(int argc, char **argv, unsigned *requests)
{
    int i;

    for (i = 3; i + 1 < argc; i += 2) {
        unsigned long value = strtoul(argv[i + 1], NULL, 10);

        if (strcmp(argv[i], "--requests") == 0) *requests = (unsigned)value;
        else if (strcmp(argv[i], "--block") == 0) block_size = (DWORD)value;
        else return FALSE;
    }
    return argc >= 3 && i == argc && *requests > 0 && *requests <= REQUESTS_MAX && block_size > 0;
}

int main(int argc, char **argv)
{
    static REQUEST requests[REQUESTS_MAX];
    unsigned count = 16, i;

    if (!parse(argc, argv, &count)) {
        fprintf(stderr, "usage: file_copy SOURCE DESTINATION [--requests N] [--block BYTES]\n");
        return 2;
    }
    if (!open_files(argv[1], argv[2])) return 1;
    for (i = 0; i < count; i++) {
        requests[i].block = (char *)malloc(block_size);
        if (!requests[i].block) fail("malloc", ERROR_NOT_ENOUGH_MEMORY);
    }
    if (!first_error) copy(requests, count);
    CloseHandle(source);
    CloseHandle(destination);
    if (port) CloseHandle(port);
    for (i = 0; i < count; i++) free(requests[i].block);
    if (first_error) {
        DeleteFileA(argv[2]);
        return 1;
    }
    printf("%lu KiB copied, up to %u requests in flight\n", (unsigned long)(copied / 1024), count);
    return 0;
}
