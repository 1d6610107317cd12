//! The table of options against what was observed on Windows.

use super::*;

fn find(level: i32, name: i32) -> &'static Row {
    Row::find(level, name).unwrap_or_else(|code| panic!("{level:#x} {name:#x}: {code}"))
}

const SOL: i32 = SOL_SOCKET;

/// 0 or 1, of `SOL_SOCKET`.
const FLAGS: &[i32] =
    &[SO_REUSEADDR, SO_EXCLUSIVEADDRUSE, SO_BROADCAST, SO_DONTLINGER, SO_OOBINLINE];
/// One byte, of any level.
const BYTES: &[(i32, i32)] =
    &[(SOL, SO_KEEPALIVE), (SOL, SO_DONTROUTE), (TCP, TCP_NODELAY), (IPV6, IPV6_V6ONLY)];
/// Four bytes, of `SOL_SOCKET`; those of the second list zero what they refuse to fill.
const WORDS: &[i32] = &[SO_SNDTIMEO, SO_RCVTIMEO, SO_OPENTYPE];
const ZEROING_WORDS: &[i32] = &[SO_SNDBUF, SO_RCVBUF, SO_LINGER];
/// Four bytes and no fewer, of other levels; those of the second list are 0 or 1.
const OTHER_WORDS: &[(i32, i32)] =
    &[(TCP, TCP_KEEPALIVE), (TCP, TCP_KEEPINTVL), (TCP, TCP_KEEPCNT)];
const OTHER_WORD_FLAGS: &[(i32, i32)] = &[
    (IP, IP_PKTINFO),
    (IP, IP_RECVTTL),
    (IP, IP_RECVTOS),
    (IPV6, IPV6_PKTINFO),
    (IPV6, IPV6_HOPLIMIT),
    (IPV6, IPV6_RECVTCLASS),
];
/// Of other levels, short values taken: 0 or 1, and 0 to 255.
const OTHER_FLAGS: &[(i32, i32)] =
    &[(IP, IP_MULTICAST_LOOP), (IPV6, IPV6_MULTICAST_LOOP), (IPV6, IPV6_DONTFRAG)];
const SMALL: &[(i32, i32)] = &[
    (IP, IP_TOS),
    (IP, IP_TTL),
    (IP, IP_MULTICAST_TTL),
    (IPV6, IPV6_UNICAST_HOPS),
    (IPV6, IPV6_MULTICAST_HOPS),
];

/// What a get leaves: four bytes that were 0x77, the length, the error.
type Left = ([u8; 4], i32, u32);

const WHOLE: Left = ([1, 0, 0, 0], 4, 0);
const FIRST: Left = ([1, 0x77, 0x77, 0x77], 1, 0);

/// A get of 1 with this much room.
fn get(row: &Row, room: i32) -> Left {
    let reading = row.encode(1, room);
    let mut buffer = [0x77; 4];
    buffer[..reading.bytes.len()].copy_from_slice(&reading.bytes);
    (buffer, reading.size.unwrap_or(room), reading.code)
}

fn set(row: &Row, value: u64, optlen: i32) -> Result<u32, u32> {
    row.decode(&value.to_le_bytes()[..row.length_read(optlen)?])
}

fn of_socket(names: &[i32]) -> impl Iterator<Item = &'static Row> {
    names.iter().map(|name| find(SOL, *name))
}

fn of(names: &[(i32, i32)]) -> impl Iterator<Item = &'static Row> {
    names.iter().map(|(level, name)| find(*level, *name))
}

#[test]
fn sock_136_flags() {
    for row in of_socket(FLAGS) {
        assert_eq!([get(row, 4), get(row, 8), get(row, 1)], [WHOLE, WHOLE, FIRST], "{row:?}");
        // Two bytes written, one told.
        assert_eq!(get(row, 2), ([1, 0, 0x77, 0x77], 1, 0), "{row:?}");
        assert_eq!([set(row, 1, 0), set(row, 1, -1)], [Ok(0), Ok(1)], "{row:?}");
    }
    for row in of(OTHER_FLAGS) {
        assert_eq!([get(row, 4), get(row, 1), get(row, 2)], [WHOLE, FIRST, FIRST], "{row:?}");
        assert_eq!([set(row, 1, 0), set(row, 1, -1)], [Err(10014), Err(10055)], "{row:?}");
    }
    for row in of_socket(FLAGS).chain(of(OTHER_FLAGS)) {
        assert_eq!([set(row, 1, 1), set(row, 0x100, 4)], [Ok(1), Ok(1)], "{row:?}");
        assert_eq!([set(row, 0x100, 1), set(row, 1 << 32, 8)], [Ok(0), Ok(0)], "{row:?}");
    }
}

#[test]
fn sock_136_single_bytes() {
    for row in of(BYTES) {
        for room in [1, 2, 4, 8] {
            assert_eq!(get(row, room), FIRST, "{row:?}");
            assert_eq!([set(row, 1, room), set(row, 0x100, room)], [Ok(1), Ok(0)], "{row:?}");
        }
        assert_eq!([set(row, 1, 0), set(row, 1, -1)], [Err(10014), Err(10055)], "{row:?}");
    }
}

#[test]
fn sock_136_words() {
    for row in of_socket(WORDS) {
        assert_eq!(get(row, 1), ([0x77; 4], 1, 10014), "{row:?}");
        assert_eq!(get(row, 2), ([0x77; 4], 2, 10014), "{row:?}");
    }
    for row in of_socket(ZEROING_WORDS) {
        assert_eq!(get(row, 1), ([0, 0x77, 0x77, 0x77], 1, 10014), "{row:?}");
        assert_eq!(get(row, 2), ([0, 0, 0x77, 0x77], 2, 10014), "{row:?}");
    }
    for row in of(OTHER_WORDS).chain(of(OTHER_WORD_FLAGS)) {
        assert_eq!([get(row, 1), get(row, 2)], [([0x77; 4], 0, 10014); 2], "{row:?}");
        assert_eq!(set(row, 1, -1), Err(10055), "{row:?}");
    }
    for row in of_socket(WORDS).chain(of_socket(ZEROING_WORDS)) {
        assert_eq!([set(row, 1, -1), set(row, 0x100, 4)], [Ok(1), Ok(0x100)], "{row:?}");
    }
    let others = of(OTHER_WORDS).chain(of(OTHER_WORD_FLAGS));
    for row in of_socket(WORDS).chain(of_socket(ZEROING_WORDS)).chain(others) {
        assert_eq!([get(row, 4), get(row, 8)], [WHOLE, WHOLE], "{row:?}");
        for len in 0..4 {
            assert_eq!(set(row, 1, len), Err(10014), "{row:?} {len}");
        }
        assert_eq!(set(row, 0xFFFF_FFFF_0000_0001, 8), Ok(1), "{row:?}");
    }
    assert_eq!(set(find(TCP, TCP_KEEPCNT), 256, 4), Err(10022));
    assert_eq!(set(find(TCP, TCP_KEEPALIVE), 256, 4), Ok(256));
    assert_eq!(set(find(IP, IP_PKTINFO), 256, 4), Ok(1));
}

#[test]
fn sock_136_small_numbers() {
    for row in of(SMALL) {
        assert_eq!([get(row, 4), get(row, 1), get(row, 2)], [WHOLE, FIRST, FIRST], "{row:?}");
        assert_eq!([set(row, 255, 4), set(row, 256, 4)], [Ok(255), Err(10022)], "{row:?}");
        // As many bytes as there are; the others are not looked at.
        assert_eq!([set(row, 0xFF07, 1), set(row, 0xFF_0008, 2)], [Ok(7), Ok(8)], "{row:?}");
        assert_eq!([set(row, 1, 0), set(row, 1, -1)], [Err(10014), Err(10055)], "{row:?}");
    }
}

#[test]
fn sock_136_no_room() {
    for row in ROWS.iter().filter(|row| row.access != Set) {
        assert_eq!(get(row, 0), ([0x77; 4], 0, 10014), "{row:?}");
        // This one alone does not mind.
        let is_open_type = row.level == SOL && row.name == SO_OPENTYPE;
        let negative = if is_open_type { WHOLE } else { ([0x77; 4], -1, 10014) };
        assert_eq!(get(row, -1), negative, "{row:?}");
    }
}

#[test]
fn sock_135_unknown_options() {
    for level in [-1, 0x8000, 1, 2] {
        assert_eq!(Row::find(level, SO_RCVTIMEO).err(), Some(10022), "{level:#x}");
    }
    for (level, name) in [(SOL, -2), (SOL, 0x1003), (TCP, 99), (IP, -1), (IPV6, -1)] {
        assert_eq!(Row::find(level, name).err(), Some(10042), "{level:#x} {name:#x}");
    }
}

#[test]
fn sock_141_options_by_kind_of_socket() {
    for (level, name, family, kind, expected) in [
        (SOL, SO_BROADCAST, AF_INET, SOCK_STREAM, Err(10042)),
        (SOL, SO_LINGER, AF_INET, SOCK_DGRAM, Err(10042)),
        (SOL, SO_KEEPALIVE, AF_INET6, SOCK_STREAM, Ok(())),
        (TCP, TCP_NODELAY, AF_INET, SOCK_DGRAM, Err(10042)),
        (IP, IP_HDRINCL, AF_INET, SOCK_STREAM, Err(10022)),
        (IP, IP_HDRINCL, AF_INET, SOCK_DGRAM, Err(10022)),
        (IP, IP_HDRINCL, AF_INET, SOCK_RAW, Ok(())),
        (IP, IP_PKTINFO, AF_INET, SOCK_STREAM, Err(10022)),
        (IP, IP_PKTINFO, AF_INET, SOCK_DGRAM, Ok(())),
        (IP, IP_MULTICAST_TTL, AF_INET, SOCK_STREAM, Err(10022)),
        (IP, IP_TTL, AF_INET, SOCK_STREAM, Ok(())),
        (IPV6, IPV6_RECVTCLASS, AF_INET6, SOCK_STREAM, Err(10022)),
        (IPV6, IPV6_V6ONLY, AF_INET6, SOCK_STREAM, Ok(())),
        (IPV6, IPV6_V6ONLY, AF_INET, SOCK_STREAM, Err(10022)),
    ] {
        assert_eq!(find(level, name).check(family, kind), expected, "{level:#x} {name:#x}");
    }
}

#[test]
fn no_option_is_listed_twice() {
    for (index, row) in ROWS.iter().enumerate() {
        let is_same = |other: &Row| (other.level, other.name) == (row.level, row.name);
        assert!(!ROWS[..index].iter().any(is_same), "{row:?}");
    }
}
