/* Calls that leave their letter, for the conformance programs on APCs. */
#ifndef CONFORM_CALLS_H
#define CONFORM_CALLS_H

#include "handles.h"

static char ran[64];
static volatile LONG calls;

/* Each call leaves its letter. */
static inline VOID CALLBACK note(ULONG_PTR letter)
{
    size_t length = strlen(ran);

    if (length < sizeof(ran) - 1) ran[length] = (char)letter;
    InterlockedIncrement(&calls);
}

static inline void forget(void)
{
    memset(ran, 0, sizeof(ran));
    calls = 0;
}

static inline void queue_for(HANDLE thread, char letter)
{
    ok(QueueUserAPC(note, thread, (ULONG_PTR)letter) != 0, "QueueUserAPC: %u",
       (unsigned)GetLastError());
}

static inline void queue(char letter)
{
    queue_for(GetCurrentThread(), letter);
}

#define ok_ran(letters) ok(!strcmp(ran, letters), "\"%s\" ran, expected \"%s\"", ran, letters)

static inline void sleep_alertably(struct actor *actor)
{
    actor->packet.error = SleepEx(actor->milliseconds, TRUE);
}

static inline DWORD get_alertable(HANDLE port, DWORD milliseconds, OVERLAPPED_ENTRY *entry)
{
    ULONG count = 0;

    SetLastError(UNTOUCHED);
    if (GetQueuedCompletionStatusEx(port, entry, 1, &count, milliseconds, TRUE))
        return count == 1 ? ERROR_SUCCESS : UNTOUCHED;
    return GetLastError();
}

static inline void take_alertable(struct actor *actor)
{
    OVERLAPPED_ENTRY entry;

    memset(&entry, 0, sizeof(entry));
    actor->packet.error = get_alertable(actor->port, actor->milliseconds, &entry);
    actor->packet.key = entry.lpCompletionKey;
}

#endif
