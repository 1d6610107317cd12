/* What a process holds: handles everywhere; descriptors and bytes of memory
 * where this library runs. */
#ifndef LEAKS_H
#define LEAKS_H

#include "conform.h"

struct holdings {
    DWORD handles;
    int descriptors;
    size_t bytes;
};

#if CONFORM_WINE

static struct holdings holdings(void)
{
    struct holdings now = { 0, 0, 0 };

    return now;
}

#else

#include <dirent.h>

/* As glibc has it; declared here because <malloc.h> is Windows' here. */
struct heap_numbers {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
extern struct heap_numbers mallinfo2(void) __attribute__((weak));

static int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    if (!directory) return 0;
    while (readdir(directory)) count++;
    closedir(directory);
    return count;
}

static struct holdings holdings(void)
{
    struct holdings now;

    GetProcessHandleCount(GetCurrentProcess(), &now.handles);
    now.descriptors = count_descriptors();
    now.bytes = 0;
    if (mallinfo2) {
        struct heap_numbers heap = mallinfo2();

        now.bytes = heap.uordblks + heap.hblkhd;
    }
    return now;
}

#endif

/* What was held at first must not have grown by more than `bytes`. */
static void check_holdings(const struct holdings *first, const struct holdings *now, size_t bytes)
{
    ok(now->handles == first->handles, "%u handles, %u at first", (unsigned)now->handles,
       (unsigned)first->handles);
    ok(now->descriptors == first->descriptors, "%d descriptors, %d at first", now->descriptors,
       first->descriptors);
    ok(now->bytes <= first->bytes + bytes, "%u bytes of memory, %u at first",
       (unsigned)now->bytes, (unsigned)first->bytes);
}

#endif
