/* Access rights: handles.md section G. */
#include "net.h"
#include "handles.h"

/* Rules: HND-53, HND-37 */
static void hnd_053_masks_of_the_types(void)
{
    HANDLE event = make_event(TRUE, FALSE), port = make_port(0), copy;
    HANDLE semaphore = CreateSemaphoreA(NULL, 1, 2, NULL), thread = duplicate(GetCurrentThread());
    DWORD code;

    copy = duplicate_with_access(event, 0x1F0003);
    ok(copy && SetEvent(copy) && is_signaled(copy), "event: %u", (unsigned)GetLastError());
    CloseHandle(copy);
    copy = duplicate_with_access(semaphore, 0x1F0003);
    ok(copy && is_signaled(copy) && ReleaseSemaphore(copy, 1, NULL), "semaphore: %u",
       (unsigned)GetLastError());
    CloseHandle(copy);
    copy = duplicate_with_access(port, 0x1F0003);
    ok(copy && PostQueuedCompletionStatus(copy, 0, 0, NULL) && is_signaled(copy), "port: %u",
       (unsigned)GetLastError());
    CloseHandle(copy);
    copy = duplicate_with_access(thread, 0x1FFFFF);
    ok(copy && GetExitCodeThread(copy, &code) && WaitForSingleObject(copy, 0) == WAIT_TIMEOUT,
       "thread: %u", (unsigned)GetLastError());
    CloseHandle(copy);
    CloseHandle(thread);
    CloseHandle(port);
    CloseHandle(semaphore);
    CloseHandle(event);
}

static void hnd_053_generic_rights_of_a_port(void)
{
    HANDLE port = make_port(0), readable = duplicate_with_access(port, GENERIC_READ);
    HANDLE writable = duplicate_with_access(port, GENERIC_WRITE);
    HANDLE waitable = duplicate_with_access(port, GENERIC_EXECUTE);

    ok_fails(PostQueuedCompletionStatus(readable, 0, 0, NULL), ERROR_ACCESS_DENIED);
    ok_fails(PostQueuedCompletionStatus(waitable, 0, 0, NULL), ERROR_ACCESS_DENIED);
    ok(PostQueuedCompletionStatus(writable, 1, 2, NULL), "post: %u", (unsigned)GetLastError());
    ok_wait_fails(WaitForSingleObject(readable, 0), ERROR_ACCESS_DENIED);
    ok_wait_fails(WaitForSingleObject(writable, 0), ERROR_ACCESS_DENIED);
    ok(is_signaled(waitable), "wait: %u", (unsigned)GetLastError());
    ok_none(get_packet(readable, 0), ERROR_ACCESS_DENIED);
    ok_success(get_packet(writable, 0), 1, 2, NULL);
    CloseHandle(waitable);
    CloseHandle(writable);
    CloseHandle(readable);
    CloseHandle(port);
}

static void hnd_054_read_and_write_do_not_include_waiting(void)
{
    HANDLE objects[2];
    int i;

    objects[0] = make_event(TRUE, TRUE);
    objects[1] = CreateSemaphoreA(NULL, 1, 1, NULL);
    for (i = 0; i < 2; i++) {
        HANDLE copy = duplicate_with_access(objects[i], GENERIC_READ | GENERIC_WRITE);
        HANDLE handles[2];

        ok_wait_fails(WaitForSingleObject(copy, 0), ERROR_ACCESS_DENIED);
        handles[0] = objects[i];
        handles[1] = copy;
        ok_wait_fails(WaitForMultipleObjects(2, handles, FALSE, 0), ERROR_ACCESS_DENIED);
        CloseHandle(copy);
        copy = duplicate_with_access(objects[i], GENERIC_EXECUTE);
        ok(is_signaled(copy), "generic execute: %u", (unsigned)GetLastError());
        CloseHandle(copy);
        CloseHandle(objects[i]);
    }
}

static void hnd_055_rights_of_each_call(void)
{
    HANDLE event = make_event(TRUE, FALSE), semaphore = CreateSemaphoreA(NULL, 0, 9, NULL);
    HANDLE thread = duplicate(GetCurrentThread()), weak;
    DWORD code = UNTOUCHED;

    weak = duplicate_with_access(event, EVENT_ALL_ACCESS & ~EVENT_MODIFY_STATE);
    ok_fails(SetEvent(weak), ERROR_ACCESS_DENIED);
    ok_fails(ResetEvent(weak), ERROR_ACCESS_DENIED);
    ok(WaitForSingleObject(weak, 0) == WAIT_TIMEOUT, "wait: %u", (unsigned)GetLastError());
    CloseHandle(weak);
    weak = duplicate_with_access(event, EVENT_MODIFY_STATE);
    ok(SetEvent(weak) && ResetEvent(weak), "modify: %u", (unsigned)GetLastError());
    ok_wait_fails(WaitForSingleObject(weak, 0), ERROR_ACCESS_DENIED);
    CloseHandle(weak);
    weak = duplicate_with_access(semaphore, SEMAPHORE_ALL_ACCESS & ~SEMAPHORE_MODIFY_STATE);
    ok_fails(ReleaseSemaphore(weak, 1, NULL), ERROR_ACCESS_DENIED);
    CloseHandle(weak);
    weak = duplicate_with_access(semaphore, SEMAPHORE_MODIFY_STATE);
    ok(ReleaseSemaphore(weak, 1, NULL), "modify: %u", (unsigned)GetLastError());
    CloseHandle(weak);
    weak = duplicate_with_access(thread, SYNCHRONIZE);
    ok_fails(GetExitCodeThread(weak, &code), ERROR_ACCESS_DENIED);
    CloseHandle(weak);
    weak = duplicate_with_access(thread, THREAD_QUERY_LIMITED_INFORMATION);
    ok(GetExitCodeThread(weak, &code) && code == STILL_ACTIVE, "%u", (unsigned)code);
    ok_wait_fails(WaitForSingleObject(weak, 0), ERROR_ACCESS_DENIED);
    CloseHandle(weak);
    CloseHandle(thread);
    CloseHandle(semaphore);
    CloseHandle(event);
}

static void hnd_055_rights_given_at_creation(void)
{
    HANDLE nothing = CreateEventExA(NULL, NULL, CREATE_EVENT_INITIAL_SET, 0);
    HANDLE waitable = CreateEventExA(NULL, NULL, CREATE_EVENT_INITIAL_SET, SYNCHRONIZE);

    ok(nothing && waitable, "%u", (unsigned)GetLastError());
    ok_wait_fails(WaitForSingleObject(nothing, 0), ERROR_ACCESS_DENIED);
    ok_fails(SetEvent(nothing), ERROR_ACCESS_DENIED);
    ok(is_signaled(waitable) && !is_signaled(waitable), "%u", (unsigned)GetLastError());
    ok_fails(SetEvent(waitable), ERROR_ACCESS_DENIED);
    CloseHandle(waitable);
    CloseHandle(nothing);
}

/* Rules: HND-55, HND-120, HND-60 */
static void hnd_055_rights_of_file_operations(void)
{
    HANDLE readable = make_file(GENERIC_READ, 0), writable = make_file(GENERIC_WRITE, 0);
    HANDLE appendable = make_file(FILE_APPEND_DATA | SYNCHRONIZE, 0);
    char buffer[8] = "abcdefg";
    DWORD bytes = UNTOUCHED;

    ok(ReadFile(readable, buffer, 4, &bytes, NULL) && bytes == 4, "%u", (unsigned)bytes);
    bytes = UNTOUCHED;
    ok_fails(WriteFile(readable, buffer, 4, &bytes, NULL), ERROR_ACCESS_DENIED);
    ok(bytes == 0, "%#x bytes", (unsigned)bytes);
    bytes = UNTOUCHED;
    ok_fails(ReadFile(writable, buffer, 4, &bytes, NULL), ERROR_ACCESS_DENIED);
    ok(bytes == 0, "%#x bytes", (unsigned)bytes);
    ok(WriteFile(writable, buffer, 4, &bytes, NULL) && bytes == 4, "%u", (unsigned)bytes);
    bytes = UNTOUCHED;
    ok(WriteFile(appendable, buffer, 4, &bytes, NULL) && bytes == 4, "append: %u, %u",
       (unsigned)bytes, (unsigned)GetLastError());
    ok_fails(ReadFile(appendable, buffer, 4, &bytes, NULL), ERROR_ACCESS_DENIED);
    CloseHandle(appendable);
    CloseHandle(writable);
    CloseHandle(readable);
}

static void hnd_060_a_file_without_rights(void)
{
    HANDLE nothing = make_file(0, 0);
    LARGE_INTEGER size;
    DWORD bytes = UNTOUCHED;
    char buffer[8];

    ok_fails(ReadFile(nothing, buffer, 4, &bytes, NULL), ERROR_ACCESS_DENIED);
    ok(bytes == 0, "read: %#x bytes", (unsigned)bytes);
    bytes = UNTOUCHED;
    ok_fails(WriteFile(nothing, buffer, 4, &bytes, NULL), ERROR_ACCESS_DENIED);
    ok(bytes == 0, "write: %#x bytes", (unsigned)bytes);
    ok(GetFileSizeEx(nothing, &size) && size.QuadPart == 4096, "size: %u",
       (unsigned)GetLastError());
    ok(is_signaled(nothing), "it can be waited for: %u", (unsigned)GetLastError());
    CloseHandle(nothing);
}

int main(void)
{
    net_start();
    RUN(hnd_053_masks_of_the_types);
    RUN(hnd_053_generic_rights_of_a_port);
    RUN(hnd_054_read_and_write_do_not_include_waiting);
    RUN(hnd_055_rights_of_each_call);
    RUN(hnd_055_rights_given_at_creation);
    RUN(hnd_055_rights_of_file_operations);
    RUN(hnd_060_a_file_without_rights);
    return conform_end();
}
