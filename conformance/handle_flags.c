/* Handle flags and comparison: handles.md section F. */
#include "net.h"
#include "handles.h"

#define INHERIT HANDLE_FLAG_INHERIT
#define PROTECT HANDLE_FLAG_PROTECT_FROM_CLOSE

static void hnd_046_get_flags(void)
{
    HANDLE event = make_event(FALSE, FALSE), nothing = duplicate_with_access(event, 0);
    SECURITY_ATTRIBUTES inherited = { sizeof(inherited), NULL, TRUE };
    HANDLE child = CreateEventA(&inherited, FALSE, FALSE, NULL);
    DWORD flags = UNTOUCHED;

    ok(flags_of(event) == 0, "new: %#x", (unsigned)flags_of(event));
    ok(flags_of(nothing) == 0, "no right is needed: %u", (unsigned)GetLastError());
    ok(flags_of(child) == INHERIT, "inheritable: %#x", (unsigned)flags_of(child));
    ok(flags_of(GetCurrentProcess()) == 0, "process");
    ok(flags_of(GetCurrentThread()) == 0, "thread");
    ok_fails(GetHandleInformation(NULL, &flags), ERROR_INVALID_HANDLE);
    ok_fails(GetHandleInformation(closed_handle(), &flags), ERROR_INVALID_HANDLE);
    ok(flags == UNTOUCHED, "the output is written on failure");
    CloseHandle(child);
    CloseHandle(nothing);
    CloseHandle(event);
}

/* Rules: HND-76, HND-77 */
static void hnd_076_new_handles_are_not_inheritable(void)
{
    HANDLE handles[4];
    SECURITY_ATTRIBUTES not_inherited = { sizeof(not_inherited), NULL, FALSE };
    int i;

    handles[0] = make_port(0);
    handles[1] = make_overlapped_file();
    handles[2] = CreateSemaphoreA(&not_inherited, 0, 1, NULL);
    handles[3] = CreateEventA(&not_inherited, TRUE, FALSE, NULL);
    for (i = 0; i < 4; i++) {
        ok(flags_of(handles[i]) == 0, "handle %d: %#x", i, (unsigned)flags_of(handles[i]));
        ok(SetHandleInformation(handles[i], INHERIT, INHERIT), "handle %d", i);
        ok(flags_of(handles[i]) == INHERIT, "handle %d: %#x", i, (unsigned)flags_of(handles[i]));
        CloseHandle(handles[i]);
    }
}

static void hnd_047_set_flags(void)
{
    HANDLE event = make_event(FALSE, FALSE), copy = duplicate(event);

    ok(SetHandleInformation(event, INHERIT, INHERIT | PROTECT), "only what the mask names");
    ok(flags_of(event) == INHERIT, "%#x", (unsigned)flags_of(event));
    ok(flags_of(copy) == 0, "the duplicate has its own: %#x", (unsigned)flags_of(copy));
    ok(SetHandleInformation(event, PROTECT, PROTECT), "the other flag");
    ok(flags_of(event) == (INHERIT | PROTECT), "%#x", (unsigned)flags_of(event));
    ok(SetHandleInformation(event, INHERIT | PROTECT, PROTECT), "one off, one on");
    ok(flags_of(event) == PROTECT, "%#x", (unsigned)flags_of(event));
    ok(SetHandleInformation(event, 0, 0), "an empty mask: %u", (unsigned)GetLastError());
    ok(SetHandleInformation(event, 0xfffffffc, 0xfffffffc), "other bits: %u",
       (unsigned)GetLastError());
    ok(flags_of(event) == PROTECT, "%#x", (unsigned)flags_of(event));
    SetHandleInformation(event, PROTECT, 0);
    ok_fails(SetHandleInformation(NULL, INHERIT, INHERIT), ERROR_INVALID_HANDLE);
    ok_fails(SetHandleInformation(closed_handle(), INHERIT, INHERIT), ERROR_INVALID_HANDLE);
    ok_fails(SetHandleInformation(GetCurrentThread(), INHERIT, INHERIT), ERROR_ACCESS_DENIED);
    ok_fails(SetHandleInformation(GetCurrentProcess(), INHERIT, INHERIT), ERROR_ACCESS_DENIED);
    CloseHandle(copy);
    CloseHandle(event);
}

static void hnd_048_compare(void)
{
    HANDLE event = make_event(FALSE, FALSE), other = make_event(FALSE, FALSE), copy, thread;
    HANDLE nothing = duplicate_with_access(event, 0), stale;

    copy = duplicate(event);
    SetHandleInformation(copy, INHERIT, INHERIT);
    ok(compare_handles(event, event), "itself");
    ok(compare_handles(event, copy), "flags do not matter");
    ok(compare_handles(nothing, copy), "access does not matter");
    ok(compare_handles(TAG(event, 1), TAG(copy, 2)), "tags do not matter");
    ok_fails(compare_handles(event, other), ERROR_NOT_SAME_OBJECT);
    ok_fails(compare_handles(event, GetCurrentThread()), ERROR_NOT_SAME_OBJECT);
    stale = closed_handle();
    ok_fails(compare_handles(event, stale), ERROR_INVALID_HANDLE);
    ok_fails(compare_handles(stale, stale), ERROR_INVALID_HANDLE);
    ok_fails(compare_handles(NULL, NULL), ERROR_INVALID_HANDLE);
    ok_fails(compare_handles(NULL, event), ERROR_INVALID_HANDLE);
    thread = duplicate(GetCurrentThread());
    ok(compare_handles(thread, GetCurrentThread()), "the pseudo-handle and the real one");
    CloseHandle(thread);
    CloseHandle(nothing);
    CloseHandle(copy);
    CloseHandle(other);
    CloseHandle(event);
}

static void hnd_049_identity_is_the_object(void)
{
    char name[64];
    HANDLE first, second, copy, port = make_port(0);
    SOCKET client, server;

    snprintf(name, sizeof(name), "conform-twice-%u.tmp", (unsigned)GetCurrentProcessId());
    first = CreateFileA(name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_ALWAYS, 0, NULL);
    second = CreateFileA(name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    copy = duplicate(first);
    ok_fails(compare_handles(first, second), ERROR_NOT_SAME_OBJECT);
    ok(compare_handles(first, copy), "the duplicate of a file");
    CloseHandle(copy);
    CloseHandle(second);
    CloseHandle(first);
    DeleteFileA(name);
    copy = duplicate(port);
    ok(compare_handles(port, copy), "the duplicate of a port");
    make_tcp_pair(&client, &server);
    ok_fails(compare_handles((HANDLE)client, (HANDLE)server), ERROR_NOT_SAME_OBJECT);
    ok_fails(compare_handles((HANDLE)client, port), ERROR_NOT_SAME_OBJECT);
    closesocket(client);
    closesocket(server);
    CloseHandle(copy);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(hnd_046_get_flags);
    RUN(hnd_047_set_flags);
    RUN(hnd_048_compare);
    RUN(hnd_049_identity_is_the_object);
    RUN(hnd_076_new_handles_are_not_inheritable);
    return conform_end();
}
