/*
 * Random reads from one file through a completion port, for measurement.
 *
 *   disk_read FILE [blocks=N] [size=BYTES] [depth=N] [ms=N] [direct=0|1] [skip=0|1]
 *
 * Keeps `depth` reads of `size` bytes in flight for `ms` milliseconds. The first eight bytes
 * of block i of the file must be the number i; every read is checked against that.
 * Prints "reads=N seconds=S".
 */
#include "options.h"

struct read {
    OVERLAPPED overlapped;
    unsigned long long block;
    char *buffer;
};

static HANDLE file;
static DWORD size;
static BOOL skip;
static ULONGLONG end; /* GetTickCount64 at which no more reads start */
static unsigned long long blocks;
static unsigned long long reads;
static unsigned long long random_state = 0x9E3779B97F4A7C15ull;

static unsigned long long next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Counts a finished read that brought what it should. */
static void check(const struct read *r, DWORD bytes)
{
    unsigned long long found;
    memcpy(&found, r->buffer, sizeof found);
    if (bytes != size || found != r->block) {
        fprintf(stderr, "block %llu: %u bytes, says %llu\n", r->block, (unsigned)bytes, found);
        ExitProcess(1);
    }
    reads++;
}

/* Starts reads into this slot until one is in flight. FALSE: the time is over. */
static BOOL launch(struct read *r)
{
    while (GetTickCount64() < end) {
        unsigned long long offset;
        DWORD bytes = 0;
        r->block = next_random() % blocks;
        offset = r->block * size;
        memset(&r->overlapped, 0, sizeof r->overlapped);
        r->overlapped.Offset = (DWORD)offset;
        r->overlapped.OffsetHigh = (DWORD)(offset >> 32);
        if (!ReadFile(file, r->buffer, size, &bytes, &r->overlapped)) {
            if (GetLastError() != ERROR_IO_PENDING)
                fail("ReadFile");
            return TRUE;
        }
        if (!skip)
            return TRUE;
        check(r, bytes);
    }
    return FALSE;
}

static double seconds_since(const LARGE_INTEGER *from)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    return (double)(now.QuadPart - from->QuadPart) / (double)frequency.QuadPart;
}

static HANDLE open_with_port(const char *path, BOOL direct)
{
    DWORD flags = FILE_FLAG_OVERLAPPED | (direct ? FILE_FLAG_NO_BUFFERING : 0);
    HANDLE port;
    file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, flags, NULL);
    if (file == INVALID_HANDLE_VALUE)
        fail("CreateFileA");
    port = CreateIoCompletionPort(file, NULL, 0, 0);
    if (port == NULL)
        fail("CreateIoCompletionPort");
    if (skip && !SetFileCompletionNotificationModes(file, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        fail("SetFileCompletionNotificationModes");
    return port;
}

int main(int argc, char **argv)
{
    DWORD depth = (DWORD)option(argc, argv, "depth", 1);
    DWORD in_flight = 0;
    LARGE_INTEGER from;
    HANDLE port;
    char *buffers;
    struct read *slots;

    if (argc < 2) {
        fprintf(stderr, "disk_read: which file?\n");
        return 2;
    }
    size = (DWORD)option(argc, argv, "size", 4096);
    blocks = (unsigned long long)option(argc, argv, "blocks", 1);
    skip = option(argc, argv, "skip", 0) != 0;
    port = open_with_port(argv[1], option(argc, argv, "direct", 0) != 0);
    buffers = VirtualAlloc(NULL, (SIZE_T)depth * size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    slots = calloc(depth, sizeof *slots);
    if (buffers == NULL || slots == NULL)
        fail("VirtualAlloc");

    QueryPerformanceCounter(&from);
    end = GetTickCount64() + (ULONGLONG)option(argc, argv, "ms", 1000);
    for (DWORD i = 0; i < depth; i++) {
        slots[i].buffer = buffers + (size_t)i * size;
        in_flight += launch(&slots[i]) ? 1 : 0;
    }
    while (in_flight > 0) {
        DWORD bytes = 0;
        ULONG_PTR key = 0;
        OVERLAPPED *overlapped = NULL;
        struct read *r;
        if (!GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE))
            fail("GetQueuedCompletionStatus");
        r = CONTAINING_RECORD(overlapped, struct read, overlapped);
        check(r, bytes);
        if (!launch(r))
            in_flight--;
    }
    printf("reads=%llu seconds=%.6f\n", reads, seconds_since(&from));
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}
