//! Winsock's error codes and the constants whose numbers Linux does not share (T3, T4).
#![allow(missing_docs)]

pub const INVALID_SOCKET: usize = usize::MAX;
pub const SOCKET_ERROR: i32 = -1;

pub const WSA_WAIT_FAILED: u32 = u32::MAX;
pub const WSA_INVALID_HANDLE: u32 = 6;
pub const WSA_NOT_ENOUGH_MEMORY: u32 = 8;
pub const WSA_INVALID_PARAMETER: u32 = 87;
pub const WSA_IO_INCOMPLETE: u32 = 996;
pub const WSA_IO_PENDING: u32 = 997;

pub const WSAEINTR: u32 = 10004;
pub const WSAEACCES: u32 = 10013;
pub const WSAEFAULT: u32 = 10014;
pub const WSAEINVAL: u32 = 10022;
pub const WSAEMFILE: u32 = 10024;
pub const WSAEWOULDBLOCK: u32 = 10035;
pub const WSAEALREADY: u32 = 10037;
pub const WSAENOTSOCK: u32 = 10038;
pub const WSAEMSGSIZE: u32 = 10040;
pub const WSAEPROTOTYPE: u32 = 10041;
pub const WSAENOPROTOOPT: u32 = 10042;
pub const WSAEPROTONOSUPPORT: u32 = 10043;
pub const WSAESOCKTNOSUPPORT: u32 = 10044;
pub const WSAEOPNOTSUPP: u32 = 10045;
pub const WSAEAFNOSUPPORT: u32 = 10047;
pub const WSAEADDRINUSE: u32 = 10048;
pub const WSAEADDRNOTAVAIL: u32 = 10049;
pub const WSAENETDOWN: u32 = 10050;
pub const WSAENETRESET: u32 = 10052;
pub const WSAECONNABORTED: u32 = 10053;
pub const WSAECONNRESET: u32 = 10054;
pub const WSAENOBUFS: u32 = 10055;
pub const WSAEISCONN: u32 = 10056;
pub const WSAENOTCONN: u32 = 10057;
pub const WSAESHUTDOWN: u32 = 10058;
pub const WSAETIMEDOUT: u32 = 10060;
pub const WSAECONNREFUSED: u32 = 10061;
pub const WSAVERNOTSUPPORTED: u32 = 10092;
pub const WSANOTINITIALISED: u32 = 10093;
pub const WSATYPE_NOT_FOUND: u32 = 10109;
pub const WSAHOST_NOT_FOUND: u32 = 11001;
pub const WSATRY_AGAIN: u32 = 11002;
pub const WSANO_RECOVERY: u32 = 11003;
pub const WSANO_DATA: u32 = 11004;

pub const AF_UNSPEC: i32 = 0;
pub const AF_UNIX: i32 = 1;
pub const AF_INET: i32 = 2;
pub const AF_INET6: i32 = 23;

pub const SOCK_STREAM: i32 = 1;
pub const SOCK_DGRAM: i32 = 2;
pub const SOCK_RAW: i32 = 3;
pub const SOCK_RDM: i32 = 4;
pub const SOCK_SEQPACKET: i32 = 5;

pub const IPPROTO_IP: i32 = 0;
pub const IPPROTO_TCP: i32 = 6;
pub const IPPROTO_UDP: i32 = 17;
pub const IPPROTO_IPV6: i32 = 41;

pub const SOL_SOCKET: i32 = 0xFFFF;
pub const SO_DEBUG: i32 = 1;
pub const SO_ACCEPTCONN: i32 = 2;
pub const SO_REUSEADDR: i32 = 4;
pub const SO_EXCLUSIVEADDRUSE: i32 = !SO_REUSEADDR;
pub const SO_KEEPALIVE: i32 = 8;
pub const SO_DONTROUTE: i32 = 0x10;
pub const SO_BROADCAST: i32 = 0x20;
pub const SO_LINGER: i32 = 0x80;
pub const SO_DONTLINGER: i32 = !SO_LINGER;
pub const SO_OOBINLINE: i32 = 0x100;
pub const SO_SNDBUF: i32 = 0x1001;
pub const SO_RCVBUF: i32 = 0x1002;
pub const SO_SNDTIMEO: i32 = 0x1005;
pub const SO_RCVTIMEO: i32 = 0x1006;
pub const SO_ERROR: i32 = 0x1007;
pub const SO_TYPE: i32 = 0x1008;
pub const SO_MAX_MSG_SIZE: i32 = 0x2003;
pub const SO_PROTOCOL_INFOA: i32 = 0x2004;
pub const SO_PROTOCOL_INFOW: i32 = 0x2005;
pub const SO_CONDITIONAL_ACCEPT: i32 = 0x3002;
pub const SO_RANDOMIZE_PORT: i32 = 0x3005;
pub const SO_PORT_SCALABILITY: i32 = 0x3006;
pub const SO_REUSE_UNICASTPORT: i32 = 0x3007;
pub const SO_OPENTYPE: i32 = 0x7008;
pub const SO_UPDATE_ACCEPT_CONTEXT: i32 = 0x700B;
pub const SO_CONNECT_TIME: i32 = 0x700C;
pub const SO_UPDATE_CONNECT_CONTEXT: i32 = 0x7010;

pub const TCP_NODELAY: i32 = 1;
pub const TCP_KEEPALIVE: i32 = 3;
pub const TCP_MAXSEG: i32 = 4;
pub const TCP_MAXRT: i32 = 5;
pub const TCP_FASTOPEN: i32 = 15;
pub const TCP_KEEPCNT: i32 = 16;
pub const TCP_KEEPINTVL: i32 = 17;

pub const IP_HDRINCL: i32 = 2;
pub const IP_TOS: i32 = 3;
pub const IP_TTL: i32 = 4;
pub const IP_MULTICAST_IF: i32 = 9;
pub const IP_MULTICAST_TTL: i32 = 10;
pub const IP_MULTICAST_LOOP: i32 = 11;
pub const IP_ADD_MEMBERSHIP: i32 = 12;
pub const IP_DROP_MEMBERSHIP: i32 = 13;
pub const IP_DONTFRAGMENT: i32 = 14;
pub const IP_PKTINFO: i32 = 19;
pub const IP_RECVTTL: i32 = 21;
pub const IP_UNICAST_IF: i32 = 31;
pub const IP_RECVTOS: i32 = 40;
pub const IP_MTU: i32 = 73;

pub const IPV6_HDRINCL: i32 = 2;
pub const IPV6_UNICAST_HOPS: i32 = 4;
pub const IPV6_MULTICAST_IF: i32 = 9;
pub const IPV6_MULTICAST_HOPS: i32 = 10;
pub const IPV6_MULTICAST_LOOP: i32 = 11;
pub const IPV6_ADD_MEMBERSHIP: i32 = 12;
pub const IPV6_DROP_MEMBERSHIP: i32 = 13;
pub const IPV6_DONTFRAG: i32 = 14;
pub const IPV6_PKTINFO: i32 = 19;
pub const IPV6_HOPLIMIT: i32 = 21;
pub const IPV6_PROTECTION_LEVEL: i32 = 23;
pub const IPV6_V6ONLY: i32 = 27;
pub const IPV6_UNICAST_IF: i32 = 31;
pub const IPV6_RECVTCLASS: i32 = 40;
pub const IPV6_MTU: i32 = 72;

pub const MSG_OOB: u32 = 1;
pub const MSG_PEEK: u32 = 2;
pub const MSG_DONTROUTE: u32 = 4;
pub const MSG_WAITALL: u32 = 8;
pub const MSG_PUSH_IMMEDIATE: u32 = 0x20;
pub const MSG_PARTIAL: u32 = 0x8000;

pub const SD_RECEIVE: i32 = 0;
pub const SD_SEND: i32 = 1;
pub const SD_BOTH: i32 = 2;

pub const WSA_FLAG_OVERLAPPED: u32 = 0x01;
pub const WSA_FLAG_NO_HANDLE_INHERIT: u32 = 0x80;
pub const WSA_FLAG_REGISTERED_IO: u32 = 0x100;
pub const TF_REUSE_SOCKET: u32 = 2;

pub const FIONBIO: u32 = 0x8004_667E;
pub const FIONREAD: u32 = 0x4004_667F;
pub const SIOCATMARK: u32 = 0x4004_7307;
pub const SIO_GET_EXTENSION_FUNCTION_POINTER: u32 = 0xC800_0006;
pub const SIO_BASE_HANDLE: u32 = 0x4800_0022;
pub const SIO_BSP_HANDLE_SELECT: u32 = 0x4800_001C;
pub const SIO_BSP_HANDLE_POLL: u32 = 0x4800_001D;
pub const SIO_KEEPALIVE_VALS: u32 = 0x9800_0004;
pub const SIO_UDP_CONNRESET: u32 = 0x9800_000C;
pub const SIO_UDP_NETRESET: u32 = 0x9800_000F;
pub const SIO_LOOPBACK_FAST_PATH: u32 = 0x9800_0010;
pub const SIO_TCP_INITIAL_RTO: u32 = 0x9800_0011;
