/* The family of programs: desktop. */
#ifndef LIBIOCP_WINAPIFAMILY_H
#define LIBIOCP_WINAPIFAMILY_H
#pragma GCC system_header

#define WINAPI_FAMILY_DESKTOP_APP 100
#ifndef WINAPI_FAMILY
#define WINAPI_FAMILY WINAPI_FAMILY_DESKTOP_APP
#endif
#define WINAPI_PARTITION_DESKTOP 1
#define WINAPI_PARTITION_APP 1
#define WINAPI_PARTITION_SYSTEM 1
#define WINAPI_FAMILY_PARTITION(partition) (partition)

#endif
