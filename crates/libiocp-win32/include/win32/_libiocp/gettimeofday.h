/* libc's gettimeofday for Winsock's struct timeval, in a source that includes
 * both sys/time.h and winsock2.h. */
#ifndef LIBIOCP_GETTIMEOFDAY_H
#define LIBIOCP_GETTIMEOFDAY_H
#pragma GCC system_header

IOCP_INLINE int iocp_gettimeofday(struct timeval *tv, void *zone)
{
    struct timespec now;
    (void)zone;
#ifdef TIME_UTC
    timespec_get(&now, TIME_UTC);
#else
    clock_gettime(CLOCK_REALTIME, &now);
#endif
    tv->tv_sec = (LONG)now.tv_sec;
    tv->tv_usec = (LONG)(now.tv_nsec / 1000);
    return 0;
}
#define gettimeofday(tv, zone) iocp_gettimeofday((tv), (zone))

#endif
