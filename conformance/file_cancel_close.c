/* Results, cancelling, closing and the exit of threads on disk files:
 * files_pipes.md FILE-14 to FILE-18, FILE-63, FILE-64.
 */
#include "files.h"

enum { COUNT = 64, LENGTH = 16384 };

static char block[COUNT][LENGTH];
static OVERLAPPED ov[COUNT];

/* A file of COUNT blocks. */
static HANDLE filled(const char *suffix)
{
    HANDLE file = scratch(suffix, FILE_FLAG_OVERLAPPED);
    int i;

    for (i = 0; i < COUNT; i++) {
        memset(block[i], 'A' + i % 26, LENGTH);
        put(file, (ULONGLONG)i * LENGTH, block[i], LENGTH);
    }
    return file;
}

static void start_reads(HANDLE file)
{
    int i;

    for (i = 0; i < COUNT; i++) {
        memset(block[i], 0, LENGTH);
        at(&ov[i], (ULONGLONG)i * LENGTH);
        ok_pends((int)start_read(file, block[i], LENGTH, &ov[i]));
    }
}

/* Takes a packet for every read: whole, or failed with one of two codes. */
static void take_all(HANDLE port, DWORD code, DWORD other)
{
    int seen[COUNT] = { 0 }, i;

    for (i = 0; i < COUNT; i++) {
        struct packet packet = take(port, LIMIT);
        int index = packet.ov ? (int)(packet.ov - ov) : -1;
        BOOL whole = packet.result && packet.bytes == LENGTH;

        ok(index >= 0 && (whole || (!packet.result && (packet.error == code ||
                                                       packet.error == other) &&
                                    packet.bytes == 0)), "%s", packet_text(&packet));
        if (index < 0) break;
        seen[index]++;
        if (whole) {
            ok(block[index][0] == 'A' + index % 26 && block[index][LENGTH - 1] == block[index][0],
               "read %d has wrong data", index);
        }
    }
    for (i = 0; i < COUNT; i++) ok(seen[i] == 1, "read %d: %d packets", i, seen[i]);
    ok_quiet(port);
}

/* Rules: FILE-14 */
static void file_014_there_is_nothing_to_cancel(void)
{
    HANDLE file = scratch("nothing", FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of((UINT_PTR)file, KEY);

    ok_true(CancelIo(file));
    WINE_DIFFERS("without OVERLAPPED it always succeeds")
    ok_false(CancelIoEx(file, NULL), ERROR_NOT_FOUND);
    ok_false(CancelIoEx(file, &ov[0]), ERROR_NOT_FOUND);
    at(&ov[0], 0);
    ok_pends((int)start_write(file, "abc", 3, &ov[0]));
    ok_success(port, KEY, &ov[0], 3);
    ok_false(CancelIoEx(file, &ov[0]), ERROR_NOT_FOUND);
    ok_quiet(port);
    CloseHandle(file);
    ok_false(CancelIo(file), ERROR_INVALID_HANDLE);
    ok_false(CancelIoEx(file, NULL), ERROR_INVALID_HANDLE);
    CloseHandle(port);
}

/* Rules: FILE-14, FILE-05 */
static void file_014_cancelled_reads_complete_once(void)
{
    HANDLE file = filled("cancel"), port = port_of((UINT_PTR)file, KEY);
    int round, i;

    for (round = 0; round < 3; round++) {
        start_reads(file);
        if (round == 0) CancelIoEx(file, NULL);
        if (round == 1) ok_true(CancelIo(file));
        for (i = 0; round == 2 && i < COUNT; i++) CancelIoEx(file, &ov[COUNT - 1 - i]);
        take_all(port, ERROR_OPERATION_ABORTED, ERROR_OPERATION_ABORTED);
    }
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-15, FILE-05 */
static void file_015_the_last_close_completes_everything_once(void)
{
    HANDLE file = filled("close"), port = port_of((UINT_PTR)file, KEY);

    start_reads(file);
    ok_true(CloseHandle(file));
    take_all(port, ERROR_OPERATION_ABORTED, ERROR_INVALID_HANDLE);
    CloseHandle(port);
}

/* Rules: FILE-15 */
static void file_015_a_duplicate_keeps_reads_alive(void)
{
    HANDLE file = filled("duplicate"), port = port_of((UINT_PTR)file, KEY), copy = NULL;
    int i, whole = 0;

    ok_true(DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &copy, 0, FALSE,
                            DUPLICATE_SAME_ACCESS));
    start_reads(file);
    ok_true(CloseHandle(file));
    for (i = 0; i < COUNT; i++) {
        struct packet packet = take(port, LIMIT);

        if (!packet.ov) break;
        whole += packet.result && packet.bytes == LENGTH && packet.key == KEY;
    }
    ok(whole == COUNT, "%d of %d reads", whole, COUNT);
    at(&ov[0], 0);
    ok_pends((int)start_read(copy, block[0], 1, &ov[0]));
    ok_success(port, KEY, &ov[0], 1);
    ok_quiet(port);
    CloseHandle(copy);
    CloseHandle(port);
}

static DWORD WINAPI read_and_exit(void *file)
{
    start_reads((HANDLE)file);
    return 0;
}

/* Rules: FILE-64, LX-01 */
static void file_064_reads_outlive_their_thread(void)
{
    HANDLE file = filled("thread"), port = port_of((UINT_PTR)file, KEY), thread;
    int i, whole = 0;

    thread = CreateThread(NULL, 0, read_and_exit, file, 0, NULL);
    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "the thread hangs");
    CloseHandle(thread);
    for (i = 0; i < COUNT; i++) {
        struct packet packet = take(port, LIMIT);

        if (!packet.ov) break;
        whole += packet.result && packet.bytes == LENGTH && packet.key == KEY;
    }
    ok(whole == COUNT, "%d of %d reads", whole, COUNT);
    ok_quiet(port);
    CloseHandle(file);
    CloseHandle(port);
}

/* Rules: FILE-18 */
static void file_018_results_of_a_status_block(void)
{
    static const struct {
        ULONG status;
        DWORD error;
    } cases[] = {
        { 0x00000000, 0 }, { 0x80000005, ERROR_MORE_DATA },
        { 0xC0000011, ERROR_HANDLE_EOF }, { 0xC0000120, ERROR_OPERATION_ABORTED },
        { 0xC0000022, ERROR_ACCESS_DENIED }, { 0xC000000D, ERROR_INVALID_PARAMETER },
        { 0xC0000008, ERROR_INVALID_HANDLE }, { 0xC000007F, ERROR_DISK_FULL },
    };
    HANDLE file = scratch("result", FILE_FLAG_OVERLAPPED);
    OVERLAPPED block_of;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        DWORD bytes = UNTOUCHED, error;
        BOOL result;

        memset(&block_of, 0, sizeof(block_of));
        block_of.Internal = cases[i].status;
        block_of.InternalHigh = 7;
        result = GetOverlappedResult(file, &block_of, &bytes, FALSE);
        error = result ? 0 : GetLastError();
        ok(error == cases[i].error && bytes == 7, "%08x gives %u, %u bytes",
           (unsigned)cases[i].status, (unsigned)error, (unsigned)bytes);
    }
    CloseHandle(file);
}

/* Rules: FILE-06, FILE-18 */
static void file_006_informations_are_successes(void)
{
    static const ULONG statuses[] = { 0x00000102, 0x0000010b, 0x0000010c, 0x40000010 };
    HANDLE file = scratch("information", FILE_FLAG_OVERLAPPED);
    OVERLAPPED block_of;
    DWORD bytes;
    size_t i;

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        memset(&block_of, 0, sizeof(block_of));
        block_of.Internal = statuses[i];
        WINE_DIFFERS("a failure")
        ok(GetOverlappedResult(file, &block_of, &bytes, FALSE), "%08x gives %u",
           (unsigned)statuses[i], (unsigned)GetLastError());
    }
    CloseHandle(file);
}

/* Rules: FILE-18 */
static void file_018_waiting_for_a_result(void)
{
    HANDLE file = scratch("wait", FILE_FLAG_OVERLAPPED);
    DWORD bytes = UNTOUCHED;
    OVERLAPPED pending;

    memset(&pending, 0, sizeof(pending));
    pending.Internal = NT_PENDING;
    pending.InternalHigh = 7;
    pending.hEvent = new_event();
    ok_false(GetOverlappedResult(file, &pending, &bytes, FALSE), ERROR_IO_INCOMPLETE);
    ok_false(GetOverlappedResultEx(file, &pending, &bytes, 0, FALSE), ERROR_IO_INCOMPLETE);
    ok_false(GetOverlappedResultEx(file, &pending, &bytes, 20, FALSE), WAIT_TIMEOUT);
    SetEvent(pending.hEvent);
    ok_true(GetOverlappedResult(file, &pending, &bytes, TRUE));
    ok(bytes == 7, "%u bytes", (unsigned)bytes);
    CloseHandle(pending.hEvent);
    CloseHandle(file);
}

/* Rules: FILE-63, FILE-18, FILE-10 */
static void file_063_waiting_on_a_bound_handle(void)
{
    HANDLE file = filled("bound"), port = port_of((UINT_PTR)file, KEY);
    DWORD bytes = UNTOUCHED;

    at(&ov[0], 0);
    ok_pends((int)start_read(file, block[0], 100, &ov[0]));
    ok_true(GetOverlappedResult(file, &ov[0], &bytes, TRUE));
    ok(bytes == 100, "%u bytes", (unsigned)bytes);
    ok_success(port, KEY, &ov[0], 100);
    at(&ov[0], (ULONGLONG)COUNT * LENGTH);
    ok_pends((int)start_read(file, block[0], 100, &ov[0]));
    ok_false(GetOverlappedResultEx(file, &ov[0], &bytes, LIMIT, FALSE), ERROR_HANDLE_EOF);
    ok_failure(port, KEY, &ov[0], ERROR_HANDLE_EOF, 0);
    CloseHandle(file);
    CloseHandle(port);
}

int main(void)
{
    watchdog(120);
    RUN(file_006_informations_are_successes);
    RUN(file_014_there_is_nothing_to_cancel);
    RUN(file_014_cancelled_reads_complete_once);
    RUN(file_015_the_last_close_completes_everything_once);
    RUN(file_015_a_duplicate_keeps_reads_alive);
    RUN(file_018_results_of_a_status_block);
    RUN(file_018_waiting_for_a_result);
    RUN(file_063_waiting_on_a_bound_handle);
    RUN(file_064_reads_outlive_their_thread);
    return conform_end();
}
