//! Messages, code pages and the `lstr` functions.
#![allow(unsafe_code, missing_docs, clippy::undocumented_unsafe_blocks)]

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};

use iocp::errhandlingapi::{GetLastError, SetLastError};
use iocp::stringapiset::*;
use iocp::winbase::*;

const ALLOCATE: u32 = 0x100;
const IGNORE: u32 = 0x200;
const STRING: u32 = 0x400;
const MODULE: u32 = 0x800;
const SYSTEM: u32 = 0x1000;
const ARRAY: u32 = 0x2000;

fn error() -> u32 {
    unsafe { GetLastError() }
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A system message, or the error.
fn system(code: u32, flags: u32, language: u32) -> Result<String, u32> {
    let mut buffer = [0_u8; 1000];
    let flags = SYSTEM | IGNORE | flags;
    let length = unsafe {
        let to = buffer.as_mut_ptr().cast();
        FormatMessageA(flags, null(), code, language, to, 1000, null_mut())
    };
    if length == 0 {
        return Err(error());
    }
    assert_eq!(buffer[length as usize], 0);
    Ok(String::from_utf8(buffer[..length as usize].to_vec()).unwrap())
}

/// Formats a string with an array of arguments.
fn string(source: &str, flags: u32, arguments: &[u64]) -> Result<String, u32> {
    let mut buffer = [0_u8; 1000];
    let source = CString::new(source).unwrap();
    unsafe { SetLastError(0) };
    let length = unsafe {
        FormatMessageA(
            STRING | ARRAY | flags,
            source.as_ptr().cast(),
            0,
            0,
            buffer.as_mut_ptr().cast(),
            1000,
            arguments.as_ptr().cast_mut().cast(),
        )
    };
    if length == 0 && error() != 0 {
        return Err(error());
    }
    Ok(String::from_utf8(buffer[..length as usize].to_vec()).unwrap())
}

fn pointer(text: &CStr) -> u64 {
    text.as_ptr().expose_provenance() as u64
}

#[test]
fn system_messages_are_found_by_code() {
    assert_eq!(system(2, 0, 0).unwrap(), "The system cannot find the file specified.\r\n");
    assert_eq!(system(5, 0, 0x400).unwrap(), "Access is denied.\r\n");
    assert_eq!(system(5, 0xFF, 0x409).unwrap(), "Access is denied. ");
    assert_eq!(system(0x8007_0005, 0, 0).unwrap(), "Access is denied.\r\n");
    let reset = "An existing connection was forcibly closed by the remote host.\r\n";
    assert_eq!(system(10054, 0, 0).unwrap(), reset);
    assert!(system(997, 0, 0).unwrap().starts_with("Overlapped I/O operation is in progress"));
    assert_eq!(system(99_999, 0, 0), Err(317));
    assert_eq!(system(5, 0, 0x407), Err(1815), "no German texts");
}

/// What the library can give must have a text.
#[test]
fn common_codes_have_a_text() {
    let codes = [
        0, 1, 2, 3, 5, 6, 8, 31, 32, 38, 50, 59, 64, 80, 87, 109, 121, 122, 123, 126, 127, 131,
        170, 183, 230, 231, 232, 233, 234, 258, 259, 288, 298, 535, 536, 735, 995, 996, 997, 998,
        1004, 1113, 1117, 1225, 1229, 1231, 1232, 1234, 1236, 1314, 1359, 1450, 1455, 1460, 1784,
        10004, 10013, 10014, 10022, 10035, 10036, 10037, 10038, 10040, 10043, 10045, 10047, 10048,
        10049, 10050, 10051, 10053, 10054, 10055, 10056, 10057, 10058, 10060, 10061, 10065, 10093,
        11001, 11002, 11003, 11004,
    ];
    for code in codes {
        assert!(system(code, 0, 0).is_ok_and(|text| text.ends_with(".\r\n")), "{code}");
    }
}

#[test]
fn format_message_refuses_bad_parameters() {
    let mut buffer: [c_char; 10] = [0; 10];
    let to = buffer.as_mut_ptr();
    unsafe {
        let source = c"abc".as_ptr().cast();
        assert_eq!(FormatMessageA(STRING, source, 0, 0, to, 3, null_mut()), 0);
        assert_eq!(error(), 122, "no room for the terminator");
        assert_eq!(FormatMessageA(STRING, source, 0, 0, to, 4, null_mut()), 3);
        assert_eq!(FormatMessageA(STRING, null(), 0, 0, to, 10, null_mut()), 0);
        assert_eq!(error(), 87);
        assert_eq!(FormatMessageA(0, null(), 5, 0, to, 10, null_mut()), 0);
        assert_eq!(error(), 87, "no source");
        assert_eq!(FormatMessageA(STRING | ALLOCATE, source, 0, 0, null_mut(), 0, null_mut()), 0);
        assert_eq!(error(), 8);
        assert_eq!(FormatMessageA(MODULE, null(), 5, 0, to, 10, null_mut()), 0);
        assert_eq!(error(), 1812, "the program has no messages");
        assert_eq!(FormatMessageA(STRING, c"%1".as_ptr().cast(), 0, 0, to, 10, null_mut()), 0);
        assert_eq!(error(), 87, "an insert without arguments");
    }
}

#[test]
fn format_message_allocates_a_buffer_that_local_free_takes() {
    unsafe {
        let mut memory: *mut u16 = null_mut();
        let length = FormatMessageW(
            SYSTEM | ALLOCATE | IGNORE,
            null(),
            6,
            0,
            (&raw mut memory).cast(),
            0,
            null_mut(),
        );
        let text = std::slice::from_raw_parts(memory, length as usize + 1);
        assert_eq!(text, wide("The handle is invalid.\r\n"));
        assert!(LocalFree(memory.cast()).is_null());
    }
}

/// The example of the Windows page: `%1!*.*s! %4 %5!*s!`.
#[test]
fn inserts_take_width_and_precision_from_the_arguments() {
    let (bill, bob) = (pointer(c"Bill"), pointer(c"Bob"));
    let arguments = [4, 2, bill, bob, 6, bill];
    assert_eq!(string("%1!*.*s! %4 %5!*s!", 0, &arguments).unwrap(), "  Bi Bob   Bill");
}

#[test]
fn inserts_are_formatted_as_printf_does() {
    let text = pointer(c"abc");
    let cases: [(&str, u64, &str); 14] = [
        ("%1", text, "abc"),
        ("<%1!5s!>", text, "<  abc>"),
        ("<%1!-5s!>", text, "<abc  >"),
        ("<%1!.2s!>", text, "<ab>"),
        ("%1!d!", u64::from(-5_i32 as u32), "-5"),
        ("%1!u!", 0xFFFF_FFFF_0000_0007, "7"),
        ("%1!04x!", 0xAB, "00ab"),
        ("%1!#X!", 0xAB, "0XAB"),
        ("%1!I64d!", (-7_i64) as u64, "-7"),
        ("%1!llu!", u64::MAX, "18446744073709551615"),
        ("%1!+.3d!", 5, "+005"),
        ("%1!c!", 65, "A"),
        ("%1!hd!", 0x1_0002, "2"),
        ("%1!p!", 0x12AB, "00000000000012AB"),
    ];
    for (source, argument, result) in cases {
        assert_eq!(string(source, 0, &[argument]).as_deref(), Ok(result), "{source}");
    }
    let units = wide("wide");
    let address = units.as_ptr().expose_provenance() as u64;
    assert_eq!(string("%1!S! %1!ls! %1!ws!", 0, &[address]).unwrap(), "wide wide wide");
    assert_eq!(string("%1!f!", 0, &[0]), Err(87), "floating point is not known");
    assert_eq!(string("%1!d", 0, &[0]), Err(87), "no end");
    assert_eq!(string("abc%", IGNORE, &[]), Err(87), "no escape at the end");
}

#[test]
fn escapes_are_worked_off() {
    assert_eq!(string("a%nb%rc%td%%e% f%.g%!h%0i", 0, &[]).unwrap(), "a\r\nb\rc\td%e f.g!h");
    assert_eq!(string("a\nb\r\nc", 0, &[]).unwrap(), "a\r\nb\r\nc");
}

#[test]
fn ignored_inserts_pass_through() {
    let source = "%1 %2!*.*s! %99%n%% %. %!x%0y";
    assert_eq!(string(source, IGNORE, &[]).unwrap(), "%1 %2!*.*s! %99\r\n%% %. %!x");
}

#[test]
fn width_breaks_lines_at_spaces() {
    assert_eq!(string("ab  cd   ef", 5, &[]).unwrap(), "ab\r\ncd\r\nef");
    assert_eq!(string("one two three%nfour", 8, &[]).unwrap(), "one two\r\nthree\r\nfour");
    assert_eq!(string("one\r\ntwo%nthree", 0xFF, &[]).unwrap(), "one two\r\nthree");
    assert_eq!(string("incomprehensible word", 5, &[]).unwrap(), "incomprehensible\r\nword");
}

unsafe extern "C" {
    fn vsnprintf(to: *mut c_char, size: usize, format: *const c_char, list: *mut c_void) -> i32;
}

/// `FormatMessage` reads a list as the C library does: registers first, then the stack.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_variable_argument_list_is_read_through_to_the_stack() {
    #[repr(C)]
    struct List {
        general: u32,
        floating: u32,
        overflow: *const u64,
        saved: *const u64,
    }
    let saved = [0, 0, 0, 0, 1, 2];
    let overflow = [3, 4];
    let list =
        || List { general: 32, floating: 304, overflow: overflow.as_ptr(), saved: saved.as_ptr() };
    let mut buffer: [c_char; 100] = [0; 100];
    unsafe {
        let mut own = list();
        let source = c"%4!d!%1!d!%3!d!%2!d!".as_ptr().cast();
        let arguments = (&raw mut own).cast();
        assert_eq!(FormatMessageA(STRING, source, 0, 0, buffer.as_mut_ptr(), 100, arguments), 4);
        assert_eq!(CStr::from_ptr(buffer.as_ptr()), c"4132");
        assert_eq!(own.general, 32, "the caller's list stays where it was");
        // The C library agrees on what the structure means.
        let mut theirs = list();
        vsnprintf(buffer.as_mut_ptr(), 100, c"%d%d%d%d".as_ptr(), (&raw mut theirs).cast());
        assert_eq!(CStr::from_ptr(buffer.as_ptr()), c"1234");
    }
}

fn to_wide(page: u32, flags: u32, bytes: &[u8]) -> Result<Vec<u16>, u32> {
    let mut buffer = [0_u16; 100];
    let length = unsafe {
        let from = bytes.as_ptr().cast();
        MultiByteToWideChar(page, flags, from, bytes.len() as i32, buffer.as_mut_ptr(), 100)
    };
    if length == 0 { Err(error()) } else { Ok(buffer[..length as usize].to_vec()) }
}

fn to_bytes(page: u32, flags: u32, units: &[u16]) -> Result<Vec<u8>, u32> {
    let mut buffer = [0_u8; 100];
    let length = unsafe {
        let (from, to) = (units.as_ptr(), buffer.as_mut_ptr().cast());
        let count = units.len() as i32;
        WideCharToMultiByte(page, flags, from, count, to, 100, null(), null_mut())
    };
    if length == 0 { Err(error()) } else { Ok(buffer[..length as usize].to_vec()) }
}

#[test]
fn utf8_is_converted_and_bad_bytes_are_replaced() {
    assert_eq!(
        to_wide(65001, 8, "a\u{e9}\u{20ac}\u{1f600}".as_bytes()).unwrap(),
        wide("a\u{e9}\u{20ac}\u{1f600}")[..5]
    );
    assert_eq!(
        to_bytes(65001, 0x80, &wide("a\u{e9}\u{20ac}\u{1f600}")[..5]).unwrap(),
        "a\u{e9}\u{20ac}\u{1f600}".as_bytes()
    );
    // One replacement for each longest beginning of a sequence.
    assert_eq!(
        to_wide(65001, 0, b"\xF0\x9F\x98x\xC0\xAF").unwrap(),
        [0xFFFD, 0x78, 0xFFFD, 0xFFFD]
    );
    assert_eq!(to_wide(65001, 8, b"ab\xFF"), Err(1113));
    assert_eq!(to_bytes(65001, 0, &[0xD800, 0x61]).unwrap(), "\u{FFFD}a".as_bytes());
    assert_eq!(to_bytes(65001, 0x80, &[0xD800, 0x61]), Err(1113));
    assert_eq!(to_wide(65001, 0, b"\xED\xA0\x80").unwrap(), [0xFFFD; 3]);
}

#[test]
fn system_code_page_keeps_lone_surrogates() {
    for page in [0, 1, 3] {
        let bytes = to_bytes(page, 0, &[0x61, 0xD800, 0x62]).unwrap();
        assert_eq!(bytes, b"a\xED\xA0\x80b");
        assert_eq!(to_wide(page, 1, &bytes).unwrap(), [0x61, 0xD800, 0x62]);
    }
}

#[test]
fn single_byte_pages_are_converted() {
    assert_eq!(to_wide(1252, 0, b"\x80\xE9").unwrap(), [0x20AC, 0xE9]);
    assert_eq!(to_bytes(1252, 0, &[0x20AC, 0xE9, 0x3B1]).unwrap(), b"\x80\xE9?");
    assert_eq!(to_bytes(28591, 0, &[0x20AC, 0xE9]).unwrap(), b"?\xE9");
    assert_eq!(to_wide(20127, 8, b"a\x80"), Err(1113));
    let (mut buffer, mut used): ([c_char; 4], i32) = ([0; 4], 7);
    unsafe {
        let from = [0x61, 0x20AC_u16];
        let to = buffer.as_mut_ptr();
        WideCharToMultiByte(20127, 0, from.as_ptr(), 2, to, 4, c"#".as_ptr(), &mut used);
    }
    assert_eq!((buffer[0] as u8, buffer[1] as u8, used), (b'a', b'#', 1));
}

#[test]
fn conversions_refuse_bad_parameters() {
    let mut units = [0_u16; 4];
    let to = units.as_mut_ptr();
    let from = c"abcd".as_ptr();
    unsafe {
        let convert = |page, flags, from, bytes, to, room| {
            SetLastError(0);
            (MultiByteToWideChar(page, flags, from, bytes, to, room), GetLastError())
        };
        assert_eq!(convert(65001, 0, null(), 1, to, 4), (0, 87));
        assert_eq!(convert(65001, 0, from, 0, to, 4), (0, 87));
        assert_eq!(convert(65001, 0, from, 4, null_mut(), 4), (0, 87));
        assert_eq!(convert(65001, 0, from, 4, to, -1), (0, 87));
        assert_eq!(convert(65001, 1, from, 4, to, 4), (0, 1004), "UTF-8 knows one flag");
        assert_eq!(convert(0, 3, from, 4, to, 4), (0, 1004), "either or");
        assert_eq!(convert(12345, 0, from, 4, to, 4), (0, 87));
        assert_eq!(convert(65001, 0, from, 4, to, 3), (0, 122));
        assert_eq!(convert(65001, 0, from, -1, null_mut(), 0), (5, 0), "with the terminator");
        assert_eq!(convert(65001, 0, from, 4, to, 4), (4, 0), "without one");

        let mut used = 0;
        let (source, to) = ([0x61_u16], [0 as c_char; 4].as_mut_ptr());
        let narrowed = WideCharToMultiByte(65001, 0, source.as_ptr(), 1, to, 4, null(), &mut used);
        assert_eq!((narrowed, error()), (0, 87), "UTF-8 needs no default");
        let narrowed =
            WideCharToMultiByte(65001, 0x400, source.as_ptr(), 1, to, 4, null(), null_mut());
        assert_eq!((narrowed, error()), (0, 1004));
    }
}

#[test]
fn ordinal_comparison_tells_less_equal_greater() {
    let compare = |a: &str, b: &str, fold| unsafe {
        CompareStringOrdinal(wide(a).as_ptr(), -1, wide(b).as_ptr(), -1, fold)
    };
    assert_eq!(compare("a", "b", 0), 1);
    assert_eq!(compare("abc", "ABC", 0), 3);
    assert_eq!(compare("\u{e4}bc", "\u{c4}BC", 1), 2);
    assert_eq!(compare("a_", "ab", 1), 3, "compared in upper case");
    unsafe {
        assert_eq!(CompareStringOrdinal(null(), -1, wide("a").as_ptr(), -1, 0), 0);
        assert_eq!(error(), 87);
    }
}

#[test]
fn lstr_functions_take_null_and_sort_as_words() {
    let mut buffer: [c_char; 20] = [1; 20];
    let to = buffer.as_mut_ptr();
    unsafe {
        assert_eq!(lstrlenA(null()), 0);
        assert_eq!(lstrlenW(wide("abc").as_ptr()), 3);
        assert!(lstrcpyA(to, null()).is_null());
        assert_eq!(lstrcpynA(to, c"abcdef".as_ptr(), 4), to);
        assert_eq!(CStr::from_ptr(to), c"abc");
        assert_eq!(lstrcatA(to, c"xyz".as_ptr()), to);
        assert_eq!(CStr::from_ptr(to), c"abcxyz");
        assert_eq!(lstrcmpA(null(), c"".as_ptr()), -1);
        assert_eq!(lstrcmpA(c"abc".as_ptr(), c"ABC".as_ptr()), -1);
        assert_eq!(lstrcmpA(c"abd".as_ptr(), c"ABC".as_ptr()), 1);
        assert_eq!(lstrcmpiA(c"abc".as_ptr(), c"ABC".as_ptr()), 0);
        assert_eq!(lstrcmpA(c"_b".as_ptr(), c"1".as_ptr()), -1, "marks before digits");
        assert_eq!(lstrcmpA(c"9".as_ptr(), c"a".as_ptr()), -1, "digits before letters");
        assert_eq!(lstrcmpA(c"co-op".as_ptr(), c"coop".as_ptr()), 1);
        assert_eq!(lstrcmpA(c"a'b".as_ptr(), c"a-b".as_ptr()), -1);
        assert_eq!(lstrcmpiA(c"A'b".as_ptr(), c"a-B".as_ptr()), -1);
        assert_eq!(lstrcmpA(c"co-op".as_ptr(), c"cop".as_ptr()), -1, "a hyphen hardly counts");
    }
}
