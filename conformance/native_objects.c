/* What native calls tell of handles and objects: handles.md section F. */
#include "native.h"

enum { Basic, Name, Type, Data = 4 };

struct basic {
    ULONG attributes, access, handles, pointers, rest[10];
};

struct type {
    UNICODE_STRING name;
    ULONG objects, handles, rest[20];
    WCHAR text[64];
};

/* Rules: HND-50, HND-51 */
static void hnd_050_the_rights_and_the_handles_of_an_object(void)
{
    HANDLE event = CreateEventExA(NULL, NULL, 0, EVENT_MODIFY_STATE), copy = duplicate(event);
    struct basic basic;
    ULONG length = 0;

    SetHandleInformation(event, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    ok_status(nt_NtQueryObject(event, Basic, &basic, sizeof(basic), &length), NT_SUCCESS_);
    ok(length == 56 && basic.access == EVENT_MODIFY_STATE, "length %u, access %#x",
       (unsigned)length, (unsigned)basic.access);
    WINE_DIFFERS("Wine 8 tells no attributes")
    ok(basic.attributes == OBJ_INHERIT, "attributes %#x", (unsigned)basic.attributes);
    ok(basic.handles == 2 && basic.pointers >= 2, "%u handles, %u references",
       (unsigned)basic.handles, (unsigned)basic.pointers);
    CloseHandle(copy);
    ok_status(nt_NtQueryObject(event, Basic, &basic, sizeof(basic), NULL), NT_SUCCESS_);
    ok(basic.handles == 1, "%u handles", (unsigned)basic.handles);
    ok_status(nt_NtQueryObject(event, Basic, &basic, sizeof(basic) - 1, NULL),
              NT_INFO_LENGTH_MISMATCH);
    WINE_DIFFERS("Wine 8 takes more room than needed")
    ok_status(nt_NtQueryObject(event, Basic, &basic, sizeof(basic) + 1, NULL),
              NT_INFO_LENGTH_MISMATCH);
    CloseHandle(event);
    ok_status(nt_NtQueryObject(event, Basic, &basic, sizeof(basic), NULL), NT_INVALID_HANDLE);
}

/* Rules: HND-52 */
static void hnd_052_the_name_of_an_object(void)
{
    HANDLE event = make_event(FALSE, FALSE), named = CreateEventA(NULL, 0, 0, "conform-52");
    union {
        UNICODE_STRING name;
        char bytes[512];
    } room;
    ULONG length = 0, needed = 0;

    memset(&room, 0x55, sizeof(room));
    ok_status(nt_NtQueryObject(event, Name, &room, sizeof(room), &length), NT_SUCCESS_);
    ok(length == 16 && room.name.Length == 0 && room.name.Buffer == NULL, "length %u",
       (unsigned)length);
    ok_status(nt_NtQueryObject(named, Name, &room, sizeof(room), &length), NT_SUCCESS_);
    ok(length == 16u + room.name.Length + 2 && room.name.MaximumLength == room.name.Length + 2
       && !memcmp((char *)room.name.Buffer + room.name.Length - 20, L"conform-52", 20),
       "length %u of %u", (unsigned)length, (unsigned)room.name.Length);
    ok_status(nt_NtQueryObject(named, Name, &room, length - 1, &needed), NT_INFO_LENGTH_MISMATCH);
    ok(needed == length, "%u needed, not %u", (unsigned)needed, (unsigned)length);
    CloseHandle(named);
    CloseHandle(event);
}

static void check_type(HANDLE handle, const WCHAR *name, USHORT length)
{
    struct type type;

    ok_status(nt_NtQueryObject(handle, Type, &type, sizeof(type), NULL), NT_SUCCESS_);
    ok(type.name.Length == length && !memcmp(type.name.Buffer, name, length), "%u bytes",
       (unsigned)type.name.Length);
    CloseHandle(handle);
}

/* Rules: HND-52, PORT-211 */
static void hnd_052_the_names_of_the_kinds(void)
{
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 1, NULL), mutex = CreateMutexA(NULL, 0, NULL);

    check_type(make_event(FALSE, FALSE), L"Event", 10);
    check_type(semaphore, L"Semaphore", 18);
    check_type(mutex, L"Mutant", 12);
    check_type(make_port(0), L"IoCompletion", 24);
    check_type(make_overlapped_file(), L"File", 8);
    check_type(duplicate(GetCurrentProcess()), L"Process", 14);
    check_type(duplicate(GetCurrentThread()), L"Thread", 12);
}

/* Rules: PORT-211, HND-53 */
static void port_211_generic_rights_of_a_port(void)
{
    static const ULONG generic[4][2] = {
        {GENERIC_READ, 0x20001}, {GENERIC_WRITE, 0x20002}, {GENERIC_EXECUTE, 0x120000},
        {GENERIC_ALL, 0x1F0003},
    };
    struct basic basic;
    HANDLE port;
    int i;

    for (i = 0; i < 4; i++) {
        port = NULL;
        ok_status(nt_NtCreateIoCompletion(&port, generic[i][0], NULL, 0), NT_SUCCESS_);
        ok_status(nt_NtQueryObject(port, Basic, &basic, sizeof(basic), NULL), NT_SUCCESS_);
        ok(basic.access == generic[i][1], "%#x", (unsigned)basic.access);
        CloseHandle(port);
    }
}

/* Rules: HND-81, HND-83, HND-84 */
static void hnd_083_events_and_semaphores_are_made_natively(void)
{
    HANDLE handles[2];
    LARGE_INTEGER now;
    LONG before = 9;

    now.QuadPart = 0;
    ok_status(nt_NtCreateEvent(&handles[0], EVENT_ALL_ACCESS, NULL, 7, 0), NT_INVALID_PARAMETER);
    ok_status(nt_NtCreateEvent(&handles[0], EVENT_ALL_ACCESS, NULL, 1, TRUE), NT_SUCCESS_);
    ok_status(nt_NtCreateSemaphore(&handles[1], SEMAPHORE_ALL_ACCESS, NULL, 2, 1),
              NT_INVALID_PARAMETER);
    ok_status(nt_NtCreateSemaphore(&handles[1], SEMAPHORE_ALL_ACCESS, NULL, 0, 1), NT_SUCCESS_);
    ok_status(nt_NtWaitForSingleObject(handles[0], FALSE, &now), NT_SUCCESS_);
    ok_status(nt_NtWaitForSingleObject(handles[0], FALSE, &now), NT_TIMEOUT);
    ok_status(nt_NtSetEvent(handles[0], &before), NT_SUCCESS_);
    ok(before == 0, "%d", (int)before);
    ok_status(nt_NtWaitForMultipleObjects(2, handles, 0, FALSE, &now), NT_TIMEOUT);
    ok_status(nt_NtReleaseSemaphore(handles[1], 1, &before), NT_SUCCESS_);
    ok(before == 0, "%d", (int)before);
    ok_status(nt_NtReleaseSemaphore(handles[1], 1, &before), NT_SEMAPHORE_LIMIT_EXCEEDED);
    ok_status(nt_NtWaitForMultipleObjects(2, handles, 0, FALSE, &now), NT_SUCCESS_);
    nt_NtReleaseSemaphore(handles[1], 1, NULL);
    ok_status(nt_NtWaitForMultipleObjects(2, handles, 1, FALSE, &now), 1);
    nt_NtSetEvent(handles[0], NULL);
    ok_status(nt_NtResetEvent(handles[0], &before), NT_SUCCESS_);
    ok(before == 1, "%d", (int)before);
    nt_NtClose(handles[0]);
    nt_NtClose(handles[1]);
}

/* Rules: PORT-033 */
static void port_033_statuses_have_win32_codes(void)
{
    ok(nt_RtlNtStatusToDosError(NT_ABANDONED) == 128, "not 735: that is the wrapper's");
    ok(nt_RtlNtStatusToDosError(NT_END_OF_FILE) == ERROR_HANDLE_EOF, "end of file");
    ok(nt_RtlNtStatusToDosError(NT_CANCELLED) == ERROR_OPERATION_ABORTED, "cancelled");
    ok(nt_RtlNtStatusToDosError((NTSTATUS)0xC0FFEE00) == ERROR_MR_MID_NOT_FOUND, "unknown");
}

int main(void)
{
    RUN(hnd_050_the_rights_and_the_handles_of_an_object);
    RUN(hnd_052_the_name_of_an_object);
    RUN(hnd_052_the_names_of_the_kinds);
    RUN(port_211_generic_rights_of_a_port);
    RUN(hnd_083_events_and_semaphores_are_made_natively);
    RUN(port_033_statuses_have_win32_codes);
    return conform_end();
}
