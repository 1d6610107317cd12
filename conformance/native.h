/* The native calls for the conformance programs, asked for by name as programs do.
 *
 * A function that is not there (Wine 8 has no wait completion packets) is called by
 * its wrapper in vain: NT_MISSING.
 */
#ifndef CONFORM_NATIVE_H
#define CONFORM_NATIVE_H

#include "ports.h"

#include <winternl.h>

#define NT_SUCCESS_ ((NTSTATUS)0)
#define NT_ABANDONED ((NTSTATUS)0x80)
#define NT_USER_APC ((NTSTATUS)0xC0)
#define NT_TIMEOUT ((NTSTATUS)0x102)
#define NT_PENDING ((NTSTATUS)0x103)
#define NT_OBJECT_NAME_EXISTS ((NTSTATUS)0x40000000)
#define NT_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define NT_NOT_IMPLEMENTED ((NTSTATUS)0xC0000002)
#define NT_INVALID_INFO_CLASS ((NTSTATUS)0xC0000003)
#define NT_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#define NT_ACCESS_VIOLATION ((NTSTATUS)0xC0000005)
#define NT_INVALID_HANDLE ((NTSTATUS)0xC0000008)
#define NT_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define NT_INVALID_DEVICE_REQUEST ((NTSTATUS)0xC0000010)
#define NT_END_OF_FILE ((NTSTATUS)0xC0000011)
#define NT_ACCESS_DENIED ((NTSTATUS)0xC0000022)
#define NT_OBJECT_TYPE_MISMATCH ((NTSTATUS)0xC0000024)
#define NT_OBJECT_NAME_INVALID ((NTSTATUS)0xC0000033)
#define NT_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define NT_OBJECT_NAME_COLLISION ((NTSTATUS)0xC0000035)
#define NT_OBJECT_PATH_SYNTAX_BAD ((NTSTATUS)0xC000003B)
#define NT_SEMAPHORE_LIMIT_EXCEEDED ((NTSTATUS)0xC0000047)
#define NT_CANCELLED ((NTSTATUS)0xC0000120)
#define NT_NOT_FOUND ((NTSTATUS)0xC0000225)
#define NT_MISSING ((NTSTATUS)0xE0000001)

struct nt_completion {
    HANDLE port;
    PVOID key;
};

struct nt_entry {
    PVOID key, context;
    IO_STATUS_BLOCK block;
};

typedef VOID(NTAPI *nt_routine)(PVOID, PIO_STATUS_BLOCK, ULONG);

static inline FARPROC nt_function(const char *name)
{
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
}

#define NT_CALL(name, types, arguments) \
    static inline NTSTATUS nt_##name types \
    { \
        NTSTATUS(NTAPI *function) types = (NTSTATUS(NTAPI *) types)(void *)nt_function(#name); \
        return function ? function arguments : NT_MISSING; \
    }

NT_CALL(NtCreateIoCompletion, (HANDLE *h, ACCESS_MASK a, OBJECT_ATTRIBUTES *o, ULONG n),
        (h, a, o, n))
NT_CALL(NtOpenIoCompletion, (HANDLE *h, ACCESS_MASK a, OBJECT_ATTRIBUTES *o), (h, a, o))
NT_CALL(NtSetIoCompletion, (HANDLE h, ULONG_PTR k, ULONG_PTR c, NTSTATUS s, SIZE_T n),
        (h, k, c, s, n))
NT_CALL(NtSetIoCompletionEx, (HANDLE h, HANDLE r, ULONG_PTR k, ULONG_PTR c, NTSTATUS s, SIZE_T n),
        (h, r, k, c, s, n))
NT_CALL(NtRemoveIoCompletion,
        (HANDLE h, ULONG_PTR *k, ULONG_PTR *c, IO_STATUS_BLOCK *b, LARGE_INTEGER *t),
        (h, k, c, b, t))
NT_CALL(NtRemoveIoCompletionEx,
        (HANDLE h, struct nt_entry *e, ULONG n, ULONG *m, LARGE_INTEGER *t, BOOLEAN a),
        (h, e, n, m, t, a))
NT_CALL(NtQueryIoCompletion, (HANDLE h, int class, PVOID p, ULONG n, ULONG *m),
        (h, class, p, n, m))
NT_CALL(NtAllocateReserveObject, (HANDLE *h, OBJECT_ATTRIBUTES *o, int type), (h, o, type))
NT_CALL(NtSetInformationFile, (HANDLE h, IO_STATUS_BLOCK *b, PVOID p, ULONG n, int class),
        (h, b, p, n, class))
NT_CALL(NtQueryInformationFile, (HANDLE h, IO_STATUS_BLOCK *b, PVOID p, ULONG n, int class),
        (h, b, p, n, class))
NT_CALL(NtCreateWaitCompletionPacket, (HANDLE *h, ACCESS_MASK a, OBJECT_ATTRIBUTES *o), (h, a, o))
NT_CALL(NtAssociateWaitCompletionPacket,
        (HANDLE h, HANDLE port, HANDLE target, ULONG_PTR k, ULONG_PTR c, NTSTATUS s, ULONG_PTR n,
         BOOLEAN *already), (h, port, target, k, c, s, n, already))
NT_CALL(NtCancelWaitCompletionPacket, (HANDLE h, BOOLEAN remove), (h, remove))
NT_CALL(NtReadFile,
        (HANDLE h, HANDLE e, nt_routine r, PVOID c, IO_STATUS_BLOCK *b, PVOID p, ULONG n,
         LARGE_INTEGER *o, ULONG *k), (h, e, r, c, b, p, n, o, k))
NT_CALL(NtWriteFile,
        (HANDLE h, HANDLE e, nt_routine r, PVOID c, IO_STATUS_BLOCK *b, const void *p, ULONG n,
         LARGE_INTEGER *o, ULONG *k), (h, e, r, c, b, p, n, o, k))
NT_CALL(NtCancelIoFile, (HANDLE h, IO_STATUS_BLOCK *b), (h, b))
NT_CALL(NtCancelIoFileEx, (HANDLE h, IO_STATUS_BLOCK *one, IO_STATUS_BLOCK *b), (h, one, b))
NT_CALL(NtClose, (HANDLE h), (h))
NT_CALL(NtQueryObject, (HANDLE h, int class, PVOID p, ULONG n, ULONG *m), (h, class, p, n, m))
NT_CALL(RtlNtStatusToDosError, (NTSTATUS status), (status))
NT_CALL(NtCreateEvent, (HANDLE *h, ACCESS_MASK a, OBJECT_ATTRIBUTES *o, int type, BOOLEAN set),
        (h, a, o, type, set))
NT_CALL(NtOpenEvent, (HANDLE *h, ACCESS_MASK a, OBJECT_ATTRIBUTES *o), (h, a, o))
NT_CALL(NtSetEvent, (HANDLE h, LONG *before), (h, before))
NT_CALL(NtResetEvent, (HANDLE h, LONG *before), (h, before))
NT_CALL(NtCreateSemaphore, (HANDLE *h, ACCESS_MASK a, OBJECT_ATTRIBUTES *o, LONG n, LONG m),
        (h, a, o, n, m))
NT_CALL(NtReleaseSemaphore, (HANDLE h, LONG n, LONG *before), (h, n, before))
NT_CALL(NtWaitForSingleObject, (HANDLE h, BOOLEAN a, LARGE_INTEGER *t), (h, a, t))
NT_CALL(NtWaitForMultipleObjects, (ULONG n, const HANDLE *h, int how, BOOLEAN a, LARGE_INTEGER *t),
        (n, h, how, a, t))

/* One expectation: a native call gives a status. */
#define ok_status(call, expected) do { \
        const char *mark_ = conform_inverted; \
        NTSTATUS status_; \
        conform_inverted = NULL; \
        status_ = (call); \
        conform_inverted = mark_; \
        ok(status_ == (expected), #call ": %#x, expected %#x", (unsigned)status_, \
           (unsigned)(expected)); \
    } while (0)

/* The port, key, context and status block of a packet taken at once. */
struct nt_packet {
    NTSTATUS result;
    ULONG_PTR key, context;
    IO_STATUS_BLOCK block;
};

static inline struct nt_packet nt_take(HANDLE port, LONGLONG milliseconds)
{
    struct nt_packet packet = {0, UNTOUCHED, UNTOUCHED, {{0}, UNTOUCHED}};
    LARGE_INTEGER timeout;

    packet.block.Status = UNTOUCHED;
    timeout.QuadPart = -10000 * milliseconds;
    packet.result = nt_NtRemoveIoCompletion(port, &packet.key, &packet.context, &packet.block,
                                            &timeout);
    return packet;
}

static inline void check_nt_packet(const char *file, int line, struct nt_packet p, ULONG_PTR key,
                                   ULONG_PTR context, NTSTATUS status, ULONG_PTR information)
{
    conform_check(p.result == 0 && p.key == key && p.context == context
                  && p.block.Status == status && p.block.Information == information, file, line,
                  "got result %#x key %#llx context %#llx status %#x information %#llx",
                  (unsigned)p.result, (unsigned long long)p.key, (unsigned long long)p.context,
                  (unsigned)p.block.Status, (unsigned long long)p.block.Information);
}

#define ok_nt_packet(packet, key, context, status, information) \
    check_nt_packet(__FILE__, __LINE__, packet, key, context, status, information)
#define ok_no_nt_packet(packet) ok((packet).result == NT_TIMEOUT, "a packet, or %#x", \
                                   (unsigned)(packet).result)

/* Attributes with a name in the directory of the session's objects. */
struct nt_name {
    WCHAR text[128];
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attributes;
};

static inline OBJECT_ATTRIBUTES *nt_name(struct nt_name *name, const char *path, ULONG flags)
{
    int length = MultiByteToWideChar(CP_ACP, 0, path, -1, name->text, 128) - 1;

    name->string.Length = (USHORT)(2 * length);
    name->string.MaximumLength = (USHORT)(2 * length + 2);
    name->string.Buffer = name->text;
    memset(&name->attributes, 0, sizeof(name->attributes));
    name->attributes.Length = sizeof(name->attributes);
    name->attributes.ObjectName = &name->string;
    name->attributes.Attributes = flags;
    return &name->attributes;
}

#endif
