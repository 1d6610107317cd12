/* For a source that included libc's socket headers before Winsock's: the rest
 * of them is included now, and then each name that both have stands for
 * Winsock's. libc's own meaning is gone from there on. */
#ifndef LIBIOCP_RENAMES_H
#define LIBIOCP_RENAMES_H
#pragma GCC system_header

#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/un.h>
#include <sys/ioctl.h>
#include <net/if.h>
#include <ifaddrs.h>
#ifdef __cplusplus
#include <functional>
#endif

#undef s6_addr
#undef s6_addr16
#undef s6_addr32
#undef SOMAXCONN
#undef SOMAXCONN_HINT
#undef AF_UNSPEC
#undef AF_UNIX
#undef AF_INET
#undef AF_IPX
#undef AF_APPLETALK
#undef AF_NETBIOS
#undef AF_INET6
#undef AF_IRDA
#undef AF_BTH
#undef PF_UNSPEC
#undef PF_UNIX
#undef PF_INET
#undef PF_INET6
#undef SOCK_STREAM
#undef SOCK_DGRAM
#undef SOCK_RAW
#undef SOCK_RDM
#undef SOCK_SEQPACKET
#undef IPPROTO_IP
#undef IPPROTO_HOPOPTS
#undef IPPROTO_ICMP
#undef IPPROTO_IGMP
#undef IPPROTO_GGP
#undef IPPROTO_IPV4
#undef IPPROTO_TCP
#undef IPPROTO_PUP
#undef IPPROTO_UDP
#undef IPPROTO_IDP
#undef IPPROTO_IPV6
#undef IPPROTO_ROUTING
#undef IPPROTO_FRAGMENT
#undef IPPROTO_ESP
#undef IPPROTO_AH
#undef IPPROTO_ICMPV6
#undef IPPROTO_NONE
#undef IPPROTO_DSTOPTS
#undef IPPROTO_PGM
#undef IPPROTO_SCTP
#undef IPPROTO_RAW
#undef IPPROTO_MAX
#undef SOL_SOCKET
#undef SO_DEBUG
#undef SO_ACCEPTCONN
#undef SO_REUSEADDR
#undef SO_KEEPALIVE
#undef SO_DONTROUTE
#undef SO_BROADCAST
#undef SO_USELOOPBACK
#undef SO_LINGER
#undef SO_OOBINLINE
#undef SO_DONTLINGER
#undef SO_EXCLUSIVEADDRUSE
#undef SO_SNDBUF
#undef SO_RCVBUF
#undef SO_SNDLOWAT
#undef SO_RCVLOWAT
#undef SO_SNDTIMEO
#undef SO_RCVTIMEO
#undef SO_ERROR
#undef SO_TYPE
#undef SO_BSP_STATE
#undef SO_GROUP_ID
#undef SO_GROUP_PRIORITY
#undef SO_MAX_MSG_SIZE
#undef SO_PROTOCOL_INFOA
#undef SO_PROTOCOL_INFOW
#undef SO_PROTOCOL_INFO
#undef SO_CONDITIONAL_ACCEPT
#undef SO_PAUSE_ACCEPT
#undef SO_COMPARTMENT_ID
#undef SO_RANDOMIZE_PORT
#undef SO_PORT_SCALABILITY
#undef SO_REUSE_UNICASTPORT
#undef SO_REUSE_MULTICASTPORT
#undef TCP_NODELAY
#undef TCP_EXPEDITED_1122
#undef TCP_KEEPALIVE
#undef TCP_MAXSEG
#undef TCP_MAXRT
#undef TCP_STDURG
#undef TCP_NOURG
#undef TCP_ATMARK
#undef TCP_NOSYNRETRIES
#undef TCP_TIMESTAMPS
#undef TCP_CONGESTION_ALGORITHM
#undef TCP_DELAY_FIN_ACK
#undef TCP_MAXRTMS
#undef TCP_FASTOPEN
#undef TCP_KEEPCNT
#undef TCP_KEEPIDLE
#undef TCP_KEEPINTVL
#undef TCP_FAIL_CONNECT_ON_ICMP_ERROR
#undef MSG_OOB
#undef MSG_PEEK
#undef MSG_DONTROUTE
#undef MSG_WAITALL
#undef MSG_INTERRUPT
#undef MSG_PUSH_IMMEDIATE
#undef MSG_TRUNC
#undef MSG_CTRUNC
#undef MSG_BCAST
#undef MSG_MCAST
#undef MSG_ERRQUEUE
#undef MSG_PARTIAL
#undef MSG_MAXIOVLEN
#undef INADDR_ANY
#undef INADDR_LOOPBACK
#undef INADDR_BROADCAST
#undef INADDR_NONE
#undef IN_CLASSA
#undef IN_CLASSB
#undef IN_CLASSC
#undef IN_CLASSD
#undef IN_MULTICAST
#undef IPPORT_ECHO
#undef IPPORT_RESERVED
#undef IP_OPTIONS
#undef IP_HDRINCL
#undef IP_TOS
#undef IP_TTL
#undef IP_MULTICAST_IF
#undef IP_MULTICAST_TTL
#undef IP_MULTICAST_LOOP
#undef IP_ADD_MEMBERSHIP
#undef IP_DROP_MEMBERSHIP
#undef IP_DONTFRAGMENT
#undef IP_ADD_SOURCE_MEMBERSHIP
#undef IP_DROP_SOURCE_MEMBERSHIP
#undef IP_BLOCK_SOURCE
#undef IP_UNBLOCK_SOURCE
#undef IP_PKTINFO
#undef IP_HOPLIMIT
#undef IP_RECVTTL
#undef IP_RECEIVE_BROADCAST
#undef IP_RECVIF
#undef IP_RECVDSTADDR
#undef IP_IFLIST
#undef IP_ADD_IFLIST
#undef IP_DEL_IFLIST
#undef IP_UNICAST_IF
#undef IP_RTHDR
#undef IP_RECVRTHDR
#undef IP_TCLASS
#undef IP_RECVTCLASS
#undef IP_RECVTOS
#undef IP_ORIGINAL_ARRIVAL_IF
#undef IP_ECN
#undef IP_MTU_DISCOVER
#undef IP_MTU
#undef IP_USER_MTU
#undef IP_DEFAULT_MULTICAST_TTL
#undef IP_DEFAULT_MULTICAST_LOOP
#undef IPV6_HOPOPTS
#undef IPV6_HDRINCL
#undef IPV6_UNICAST_HOPS
#undef IPV6_MULTICAST_IF
#undef IPV6_MULTICAST_HOPS
#undef IPV6_MULTICAST_LOOP
#undef IPV6_ADD_MEMBERSHIP
#undef IPV6_JOIN_GROUP
#undef IPV6_DROP_MEMBERSHIP
#undef IPV6_LEAVE_GROUP
#undef IPV6_DONTFRAG
#undef IPV6_PKTINFO
#undef IPV6_HOPLIMIT
#undef IPV6_PROTECTION_LEVEL
#undef IPV6_RECVIF
#undef IPV6_CHECKSUM
#undef IPV6_V6ONLY
#undef IPV6_UNICAST_IF
#undef IPV6_RTHDR
#undef IPV6_RECVRTHDR
#undef IPV6_TCLASS
#undef IPV6_RECVTCLASS
#undef IPV6_ECN
#undef IPV6_MTU_DISCOVER
#undef IPV6_MTU
#undef IPV6_USER_MTU
#undef AI_PASSIVE
#undef AI_CANONNAME
#undef AI_NUMERICHOST
#undef AI_NUMERICSERV
#undef AI_ALL
#undef AI_ADDRCONFIG
#undef AI_V4MAPPED
#undef NI_NOFQDN
#undef NI_NUMERICHOST
#undef NI_NAMEREQD
#undef NI_NUMERICSERV
#undef NI_DGRAM
#undef NI_MAXHOST
#undef NI_MAXSERV
#undef EAI_AGAIN
#undef EAI_BADFLAGS
#undef EAI_FAIL
#undef EAI_FAMILY
#undef EAI_MEMORY
#undef EAI_NONAME
#undef EAI_NODATA
#undef EAI_SERVICE
#undef EAI_SOCKTYPE
#undef INET_ADDRSTRLEN
#undef INET6_ADDRSTRLEN
#undef HOST_NOT_FOUND
#undef TRY_AGAIN
#undef NO_RECOVERY
#undef NO_DATA
#undef NO_ADDRESS
#undef s_addr
#undef h_addr
#undef IN6ADDR_ANY_INIT
#undef IN6ADDR_LOOPBACK_INIT
#undef INETADDR_PORT
#undef SO_CONNDATA
#undef SO_CONNOPT
#undef SO_DISCDATA
#undef SO_DISCOPT
#undef SO_OPENTYPE
#undef SO_SYNCHRONOUS_ALERT
#undef SO_SYNCHRONOUS_NONALERT
#undef SO_MAXDG
#undef SO_MAXPATHDG
#undef SO_UPDATE_ACCEPT_CONTEXT
#undef SO_CONNECT_TIME
#undef SO_UPDATE_CONNECT_CONTEXT
#undef TCP_BSDURGENT

#define sockaddr iocp_ws_sockaddr
#define sockaddr_in iocp_ws_sockaddr_in
#define sockaddr_in6 iocp_ws_sockaddr_in6
#define sockaddr_storage iocp_ws_sockaddr_storage
#define sockaddr_un iocp_ws_sockaddr_un
#define in_addr iocp_ws_in_addr
#define in6_addr iocp_ws_in6_addr
#define linger iocp_ws_linger
#define hostent iocp_ws_hostent
#define servent iocp_ws_servent
#define protoent iocp_ws_protoent
#define addrinfo iocp_ws_addrinfo
#define ip_mreq iocp_ws_ip_mreq
#define ip_mreq_source iocp_ws_ip_mreq_source
#define ipv6_mreq iocp_ws_ipv6_mreq
#define in_pktinfo iocp_ws_in_pktinfo
#define in6_pktinfo iocp_ws_in6_pktinfo
#define cmsghdr iocp_ws_cmsghdr
#define socket iocp_ws_socket
#define bind iocp_ws_bind
#define listen iocp_ws_listen
#define accept iocp_ws_accept
#define connect iocp_ws_connect
#define send iocp_ws_send
#define recv iocp_ws_recv
#define sendto iocp_ws_sendto
#define recvfrom iocp_ws_recvfrom
#define shutdown iocp_ws_shutdown
#define setsockopt iocp_ws_setsockopt
#define getsockopt iocp_ws_getsockopt
#define getsockname iocp_ws_getsockname
#define getpeername iocp_ws_getpeername
#define gethostbyname iocp_ws_gethostbyname
#define gethostbyaddr iocp_ws_gethostbyaddr
#define getservbyname iocp_ws_getservbyname
#define getservbyport iocp_ws_getservbyport
#define getprotobyname iocp_ws_getprotobyname
#define getprotobynumber iocp_ws_getprotobynumber
#define getaddrinfo iocp_ws_getaddrinfo
#define freeaddrinfo iocp_ws_freeaddrinfo
#define getnameinfo iocp_ws_getnameinfo
#define gai_strerror iocp_ws_gai_strerror
#define inet_addr iocp_ws_inet_addr
#define inet_ntoa iocp_ws_inet_ntoa
#define inet_ntop iocp_ws_inet_ntop
#define inet_pton iocp_ws_inet_pton
#define in6addr_any iocp_ws_in6addr_any
#define in6addr_loopback iocp_ws_in6addr_loopback

#endif
