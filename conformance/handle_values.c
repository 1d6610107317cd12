/* Handle values, pseudo-handles and last errors: handles.md sections A and B. */
#include "handles.h"

static void hnd_001_values_are_multiples_of_four(void)
{
    HANDLE handles[100];
    int i, j, wrong = 0, same = 0;

    for (i = 0; i < 100; i++) handles[i] = i % 2 ? make_event(FALSE, FALSE) : make_port(0);
    for (i = 0; i < 100; i++) {
        wrong += !handles[i] || (ULONG_PTR)handles[i] % 4 != 0;
        for (j = 0; j < i; j++) same += handles[i] == handles[j];
    }
    ok(!wrong, "%d values are not multiples of four", wrong);
    ok(!same, "%d pairs of open handles have one value", same);
    for (i = 0; i < 100; i++) CloseHandle(handles[i]);
}

static void hnd_001_low_bits_are_ignored(void)
{
    HANDLE event = make_event(FALSE, TRUE), port = make_port(0);
    HANDLE stale = closed_handle();
    DWORD flags;
    int bits;

    for (bits = 1; bits < 4; bits++) {
        ok(WaitForSingleObject(TAG(event, bits), 0) == WAIT_OBJECT_0, "wait with tag %d", bits);
        ok(SetEvent(TAG(event, bits)), "SetEvent with tag %d", bits);
        ok(compare_handles(event, TAG(event, bits)), "compare with tag %d", bits);
        ok(GetHandleInformation(TAG(event, bits), &flags), "flags with tag %d", bits);
        ok(PostQueuedCompletionStatus(TAG(port, bits), bits, 0, NULL), "post with tag %d", bits);
        ok_success(get_packet(TAG(port, bits), 0), bits, 0, NULL);
        ok_fails(SetEvent(TAG(NULL, bits)), ERROR_INVALID_HANDLE);
        if (stale) ok_fails(SetEvent(TAG(stale, bits)), ERROR_INVALID_HANDLE);
    }
    ok(CloseHandle(TAG(event, 3)), "close with a tag: %u", (unsigned)GetLastError());
    ok_fails(CloseHandle(event), ERROR_INVALID_HANDLE);
    CloseHandle(port);
}

static void hnd_003_the_whole_value_counts(void)
{
    HANDLE event = make_event(TRUE, FALSE);
    ULONG_PTR value = (ULONG_PTR)event;

    ok_wait_fails(WaitForSingleObject((HANDLE)(ULONG_PTR)0xffffffff, 0), ERROR_INVALID_HANDLE);
    ok_wait_fails(WaitForSingleObject((HANDLE)(ULONG_PTR)0x1ffffffff, 0), ERROR_INVALID_HANDLE);
    ok_fails(SetEvent((HANDLE)(value + 0x100000000)), ERROR_INVALID_HANDLE);
    ok_fails(SetEvent((HANDLE)(value | 0xffffffff00000000)), ERROR_INVALID_HANDLE);
    ok_fails(CloseHandle((HANDLE)(value + 0x100000000)), ERROR_INVALID_HANDLE);
    ok(value < 0x80000000, "value %#llx", (unsigned long long)value);
    ok(SetEvent((HANDLE)(LONG_PTR)(LONG)value), "32 bits, sign-extended: %u",
       (unsigned)GetLastError());
    CloseHandle(event);
}

/* Rules: HND-04, HND-46 */
static void hnd_004_pseudo_handles(void)
{
    DWORD code = UNTOUCHED;

    ok(GetCurrentProcess() == PSEUDO(-1), "process %p", GetCurrentProcess());
    ok(GetCurrentThread() == PSEUDO(-2), "thread %p", GetCurrentThread());
    ok(flags_of(PSEUDO(-1)) == 0 && flags_of(PSEUDO(-2)) == 0, "flags");
    ok(GetExitCodeThread(PSEUDO(-2), &code) && code == STILL_ACTIVE, "%u", (unsigned)code);
    ok(WaitForSingleObject(PSEUDO(-2), 0) == WAIT_TIMEOUT, "wait: %u", (unsigned)GetLastError());
    ok_wait_fails(WaitForSingleObject(PSEUDO(-3), 0), ERROR_INVALID_HANDLE);
    ok_wait_fails(WaitForSingleObject(PSEUDO(-7), 0), ERROR_INVALID_HANDLE);
    ok_fails(CloseHandle(PSEUDO(-7)), ERROR_INVALID_HANDLE);
}

static void hnd_005_invalid_handle_value_is_the_process(void)
{
    SetLastError(UNTOUCHED);
    ok(WaitForSingleObject(INVALID_HANDLE_VALUE, 0) == WAIT_TIMEOUT, "%u",
       (unsigned)GetLastError());
    ok(WaitForSingleObject(INVALID_HANDLE_VALUE, 20) == WAIT_TIMEOUT, "%u",
       (unsigned)GetLastError());
    ok(GetLastError() == UNTOUCHED, "last error %u", (unsigned)GetLastError());
}

static void hnd_006_a_pseudo_handle_of_the_wrong_type(void)
{
    ok_fails(SetEvent(INVALID_HANDLE_VALUE), ERROR_INVALID_HANDLE);
    ok_fails(SetEvent(GetCurrentThread()), ERROR_INVALID_HANDLE);
    ok_fails(ReleaseSemaphore(INVALID_HANDLE_VALUE, 1, NULL), ERROR_INVALID_HANDLE);
    ok_fails(PostQueuedCompletionStatus(INVALID_HANDLE_VALUE, 0, 0, NULL), ERROR_INVALID_HANDLE);
    ok_fails(GetExitCodeThread(GetCurrentProcess(), (DWORD[1]){0}), ERROR_INVALID_HANDLE);
}

static void hnd_007_a_wait_for_several_takes_no_pseudo_handles(void)
{
    HANDLE event = make_event(TRUE, TRUE), handles[2];

    handles[0] = GetCurrentThread();
    handles[1] = event;
    WINE_DIFFERS("Wine waits for them")
    ok_wait_fails(WaitForMultipleObjects(1, handles, FALSE, 0), ERROR_INVALID_HANDLE);
    WINE_DIFFERS("Wine waits for them")
    ok_wait_fails(WaitForMultipleObjects(2, handles, FALSE, 0), ERROR_INVALID_HANDLE);
    handles[0] = GetCurrentProcess();
    WINE_DIFFERS("Wine waits for them")
    ok_wait_fails(WaitForMultipleObjects(1, handles, FALSE, 0), ERROR_INVALID_HANDLE);
    CloseHandle(event);
}

static void hnd_008_other_negative_values_are_invalid(void)
{
    static const LONG_PTR values[] = { -3, -7, -8, -9, -100, -1000, -0x80000000LL, -0x7ffffffcLL };
    size_t i;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        ok_fails(SetEvent((HANDLE)values[i]), ERROR_INVALID_HANDLE);
        if (values[i] < -6) ok_fails(CloseHandle((HANDLE)values[i]), ERROR_INVALID_HANDLE);
    }
}

/* As programs write it: the 32-bit constant, not sign-extended. */
#define STANDARD_ERROR ((HANDLE)(ULONG_PTR)STD_ERROR_HANDLE)
#define WINE_STANDARD "Wine 8 takes the names in CloseHandle only"

static void hnd_009_names_of_standard_handles(void)
{
    HANDLE copy = NULL, handle = GetStdHandle(STD_ERROR_HANDLE);

    if (!handle || handle == INVALID_HANDLE_VALUE) {
        printf("  no standard error\n");
        return;
    }
    WINE_DIFFERS(WINE_STANDARD)
    ok(flags_of(STANDARD_ERROR) == flags_of(handle), "flags");
    WINE_DIFFERS(WINE_STANDARD)
    ok(DuplicateHandle(GetCurrentProcess(), STANDARD_ERROR, GetCurrentProcess(), &copy,
                       0, FALSE, DUPLICATE_SAME_ACCESS), "duplicate: %u",
       (unsigned)GetLastError());
    WINE_DIFFERS(WINE_STANDARD)
    ok(compare_handles(copy, handle), "another object");
    ok(CloseHandle(STANDARD_ERROR), "close: %u", (unsigned)GetLastError());
    ok(GetStdHandle(STD_ERROR_HANDLE) == NULL, "got %p", GetStdHandle(STD_ERROR_HANDLE));
    ok_fails(CloseHandle(handle), ERROR_INVALID_HANDLE);
    CloseHandle(copy);
}

static void wait_for_a_handle(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, 0);
    actor->packet.ok = compare_handles(actor->handle, GetCurrentThread());
}

static void hnd_010_duplicate_of_the_current_thread(void)
{
    HANDLE real = NULL;
    struct actor actor;

    ok(DuplicateHandle(PSEUDO(-1), PSEUDO(-2), PSEUDO(-1), &real, 0, FALSE,
                       DUPLICATE_SAME_ACCESS), "%u", (unsigned)GetLastError());
    ok(real && real != PSEUDO(-2) && (LONG_PTR)real > 0, "got %p", real);
    ok(compare_handles(real, GetCurrentThread()), "it is this thread");
    actor_start(&actor, NULL, FALSE);
    actor.handle = real;
    actor_do(&actor, wait_for_a_handle);
    ok(actor.packet.error == WAIT_TIMEOUT, "wait in another thread: %#x",
       (unsigned)actor.packet.error);
    ok(!actor.packet.ok, "the pseudo-handle of another thread is the same object");
    actor_stop(&actor);
    ok(CloseHandle(real), "%u", (unsigned)GetLastError());
    ok_fails(CloseHandle(real), ERROR_INVALID_HANDLE);
}

static void hnd_010_duplicate_of_the_current_process(void)
{
    HANDLE real = NULL;

    ok(DuplicateHandle(PSEUDO(-1), PSEUDO(-1), PSEUDO(-1), &real, 0, FALSE,
                       DUPLICATE_SAME_ACCESS), "%u", (unsigned)GetLastError());
    ok(real && (LONG_PTR)real > 0, "got %p", real);
    ok(compare_handles(real, GetCurrentProcess()), "it is this process");
    ok(WaitForSingleObject(real, 0) == WAIT_TIMEOUT, "%u", (unsigned)GetLastError());
    ok(CloseHandle(real), "%u", (unsigned)GetLastError());
}

static void hnd_011_each_function_has_its_failure_value(void)
{
    ok(CreateFileA("no-such-directory/no-such-file", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0,
                   NULL) == INVALID_HANDLE_VALUE, "CreateFile");
    ok(CreateSemaphoreA(NULL, 2, 1, NULL) == NULL, "CreateSemaphore");
    ok(CreateIoCompletionPort(NULL, NULL, 0, 0) == NULL, "CreateIoCompletionPort");
}

static void hnd_012_status_codes_and_last_errors(void)
{
    static const struct { DWORD status, error; } rows[] = {
        { 0xC0000008, 6 }, { 0xC0000024, 6 }, { 0xC0000235, 6 }, { 0xC0000128, 6 },
        { 0xC0000037, 6 }, { 0xC0000022, 5 }, { 0xC000010A, 5 }, { 0xC000004B, 5 },
        { 0xC0000034, 2 }, { 0xC000003A, 3 }, { 0xC0000035, 183 }, { 0xC0000033, 123 },
        { 0xC000003B, 161 }, { 0xC000000D, 87 }, { 0xC00000EF, 87 }, { 0xC00000FA, 87 },
        { 0xC0000030, 87 }, { 0xC0000046, 288 }, { 0xC0000047, 298 }, { 0xC0000191, 587 },
        { 0xC000009A, 1450 }, { 0xC0000004, 24 }, { 0xC0000003, 87 }, { 0xC00001AC, 1656 },
        { 0xC0000001, 31 }, { 0xC0000005, 998 }, { 0xC0000010, 1 }, { 0xC0000002, 1 },
        { 0xC00000BB, 50 }, { 0x80000005, 234 }, { 0xC0000023, 122 }, { 0xC0000061, 1314 },
        { 0xC0000120, 995 }, { 0xC000014B, 109 }, { 0xC0000241, 1236 }, { 0xC000013B, 64 },
        { 0xC000020D, 64 },
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        OVERLAPPED overlapped = {0};
        DWORD bytes;

        overlapped.Internal = rows[i].status;
        SetLastError(UNTOUCHED);
        ok(!GetOverlappedResult(NULL, &overlapped, &bytes, FALSE)
           && GetLastError() == rows[i].error, "status %#x: %u, expected %u",
           (unsigned)rows[i].status, (unsigned)GetLastError(), (unsigned)rows[i].error);
    }
}

static void hnd_013_success_leaves_the_last_error(void)
{
    HANDLE event = make_event(FALSE, FALSE), copy = NULL;
    DWORD flags;

    SetLastError(UNTOUCHED);
    ok(SetEvent(event) && GetLastError() == UNTOUCHED, "SetEvent");
    ok(WaitForSingleObject(event, 0) == WAIT_OBJECT_0 && GetLastError() == UNTOUCHED, "wait");
    ok(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && GetLastError() == UNTOUCHED, "time-out");
    ok(WaitForMultipleObjects(1, &event, TRUE, 1) == WAIT_TIMEOUT && GetLastError() == UNTOUCHED,
       "time-out of several");
    ok(ResetEvent(event) && GetLastError() == UNTOUCHED, "ResetEvent");
    ok(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &copy, 0, FALSE,
                       DUPLICATE_SAME_ACCESS) && GetLastError() == UNTOUCHED, "DuplicateHandle");
    ok(compare_handles(event, copy) && GetLastError() == UNTOUCHED, "CompareObjectHandles");
    ok(GetHandleInformation(event, &flags) && GetLastError() == UNTOUCHED, "flags");
    ok(SetHandleInformation(event, 0, 0) && GetLastError() == UNTOUCHED, "set flags");
    ok(CloseHandle(copy) && GetLastError() == UNTOUCHED, "CloseHandle");
    CloseHandle(event);
}

static void hnd_013_creation_writes_the_last_error(void)
{
    HANDLE handle;
    char name[64];

    SetLastError(UNTOUCHED);
    handle = CreateEventA(NULL, FALSE, FALSE, NULL);
    ok(handle && GetLastError() == 0, "event: %u", (unsigned)GetLastError());
    CloseHandle(handle);
    SetLastError(UNTOUCHED);
    handle = CreateSemaphoreA(NULL, 0, 1, NULL);
    ok(handle && GetLastError() == 0, "semaphore: %u", (unsigned)GetLastError());
    CloseHandle(handle);
    snprintf(name, sizeof(name), "conform-new-%u.tmp", (unsigned)GetCurrentProcessId());
    SetLastError(UNTOUCHED);
    handle = CreateFileA(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    ok(handle != INVALID_HANDLE_VALUE && GetLastError() == 0, "new file: %u",
       (unsigned)GetLastError());
    CloseHandle(handle);
    SetLastError(UNTOUCHED);
    handle = CreateFileA(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    ok(handle != INVALID_HANDLE_VALUE && GetLastError() == ERROR_ALREADY_EXISTS,
       "old file: %u", (unsigned)GetLastError());
    CloseHandle(handle);
    SetLastError(UNTOUCHED);
    handle = CreateFileA(name, GENERIC_WRITE, 0, NULL, OPEN_ALWAYS, 0, NULL);
    ok(handle != INVALID_HANDLE_VALUE && GetLastError() == ERROR_ALREADY_EXISTS,
       "open always: %u", (unsigned)GetLastError());
    CloseHandle(handle);
    SetLastError(UNTOUCHED);
    handle = CreateFileA(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    ok(handle != INVALID_HANDLE_VALUE && GetLastError() == 0, "open existing: %u",
       (unsigned)GetLastError());
    CloseHandle(handle);
    DeleteFileA(name);
}

static void hnd_014_value_then_type_then_access(void)
{
    HANDLE event = make_event(FALSE, FALSE), nothing = duplicate_with_access(event, 0);

    ok_fails(ReleaseSemaphore(nothing, 1, NULL), ERROR_INVALID_HANDLE);
    ok_fails(PostQueuedCompletionStatus(nothing, 0, 0, NULL), ERROR_INVALID_HANDLE);
    ok_fails(SetEvent(nothing), ERROR_ACCESS_DENIED);
    ok_wait_fails(WaitForMultipleObjects(0, &nothing, FALSE, 0), ERROR_INVALID_PARAMETER);
    CloseHandle(nothing);
    CloseHandle(event);
}

int main(void)
{
    RUN(hnd_001_values_are_multiples_of_four);
    RUN(hnd_001_low_bits_are_ignored);
    RUN(hnd_003_the_whole_value_counts);
    RUN(hnd_004_pseudo_handles);
    RUN(hnd_005_invalid_handle_value_is_the_process);
    RUN(hnd_006_a_pseudo_handle_of_the_wrong_type);
    RUN(hnd_007_a_wait_for_several_takes_no_pseudo_handles);
    RUN(hnd_008_other_negative_values_are_invalid);
    RUN(hnd_010_duplicate_of_the_current_thread);
    RUN(hnd_010_duplicate_of_the_current_process);
    RUN(hnd_011_each_function_has_its_failure_value);
    RUN(hnd_012_status_codes_and_last_errors);
    RUN(hnd_013_success_leaves_the_last_error);
    RUN(hnd_013_creation_writes_the_last_error);
    RUN(hnd_014_value_then_type_then_access);
    RUN(hnd_009_names_of_standard_handles);
    return conform_end();
}
