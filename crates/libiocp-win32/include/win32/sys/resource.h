/* libc's <sys/resource.h>, whose struct timeval is not Winsock's. */
#pragma GCC system_header
#pragma push_macro("timeval")
#pragma push_macro("fd_set")
#pragma push_macro("select")
#undef timeval
#undef fd_set
#undef select
#include_next <sys/resource.h>
#pragma pop_macro("timeval")
#pragma pop_macro("fd_set")
#pragma pop_macro("select")
