//! The inserts of `FormatMessage`: its arguments, and the `printf` formats between `!`.
#![allow(unsafe_code)]

use crate::text;

/// Where arguments come from. All are read as 64-bit slots.
#[derive(Debug)]
pub(super) enum Arguments {
    /// None were given.
    Missing,
    /// An array of pointer-sized values.
    Array(*const u64),
    /// A C variable argument list, and what was read of it so far.
    List(List, Vec<u64>),
}

impl Arguments {
    /// Argument `number`, counted from 1.
    ///
    /// # Safety
    /// There are that many arguments.
    unsafe fn get(&mut self, number: usize) -> Option<u64> {
        // SAFETY: this function's contract.
        unsafe {
            match self {
                Arguments::Missing => None,
                Arguments::Array(first) => Some(first.add(number - 1).read()),
                Arguments::List(list, read) => {
                    while read.len() < number {
                        read.push(list.next());
                    }
                    Some(read[number - 1])
                }
            }
        }
    }
}

/// The C type `va_list` of the x86-64 System V ABI.
#[cfg(target_arch = "x86_64")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    general_offset: u32,
    floating_offset: u32,
    overflow: *const u64,
    saved: *const u8,
}

#[cfg(target_arch = "x86_64")]
impl List {
    /// # Safety
    /// The list has another argument.
    unsafe fn next(&mut self) -> u64 {
        // SAFETY: this function's contract and the ABI: six general registers were saved, the
        // rest is on the stack.
        unsafe {
            if self.general_offset < 48 {
                let slot = self.saved.add(self.general_offset as usize).cast::<u64>();
                self.general_offset += 8;
                slot.read()
            } else {
                let slot = self.overflow;
                self.overflow = slot.add(1);
                slot.read()
            }
        }
    }
}

/// The C type `va_list` of the 64-bit Arm ABI.
#[cfg(target_arch = "aarch64")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    stack: *const u64,
    general_top: *const u8,
    vector_top: *const u8,
    general_offset: i32,
    vector_offset: i32,
}

#[cfg(target_arch = "aarch64")]
impl List {
    /// # Safety
    /// The list has another argument.
    unsafe fn next(&mut self) -> u64 {
        // SAFETY: this function's contract and the ABI: a negative offset counts back from the
        // end of the saved registers, the rest is on the stack.
        unsafe {
            if self.general_offset < 0 {
                let slot = self.general_top.offset(self.general_offset as isize).cast::<u64>();
                self.general_offset += 8;
                slot.read()
            } else {
                let slot = self.stack;
                self.stack = slot.add(1);
                slot.read()
            }
        }
    }
}

/// A format between `!`, taken apart.
#[derive(Debug, Default)]
struct Format {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: Field,
    precision: Field,
    size: Size,
    kind: u8,
}

#[derive(Debug, Default, Clone, Copy)]
enum Field {
    #[default]
    Absent,
    Number(usize),
    Argument,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Size {
    #[default]
    Plain,
    Byte,
    Short,
    Long,
    Wide,
}

impl Format {
    /// Takes a format apart; `None` when it is none, or one of the floating-point formats, which
    /// `FormatMessage` does not know.
    fn parse(text: &[u8]) -> Option<Format> {
        let mut format = Format::default();
        let mut rest = text;
        while let [flag @ (b'-' | b'+' | b' ' | b'#' | b'0'), tail @ ..] = rest {
            match flag {
                b'-' => format.left = true,
                b'+' => format.plus = true,
                b' ' => format.space = true,
                b'#' => format.alternate = true,
                _ => format.zero = true,
            }
            rest = tail;
        }
        (format.width, rest) = field(rest);
        if let [b'.', tail @ ..] = rest {
            (format.precision, rest) = field(tail);
            if matches!(format.precision, Field::Absent) {
                format.precision = Field::Number(0);
            }
        }
        let sizes: [(&[u8], Size); 12] = [
            (b"I64", Size::Wide),
            (b"I32", Size::Plain),
            (b"I", Size::Wide),
            (b"ll", Size::Wide),
            (b"l", Size::Long),
            (b"w", Size::Long),
            (b"hh", Size::Byte),
            (b"h", Size::Short),
            (b"j", Size::Wide),
            (b"z", Size::Wide),
            (b"t", Size::Wide),
            (b"L", Size::Wide),
        ];
        if let Some((prefix, size)) = sizes.iter().find(|(prefix, _)| rest.starts_with(prefix)) {
            format.size = *size;
            rest = &rest[prefix.len()..];
        }
        match rest {
            [
                kind @ (b's' | b'S' | b'c' | b'C' | b'd' | b'i' | b'u' | b'o' | b'x' | b'X' | b'p'),
            ] => {
                format.kind = *kind;
                Some(format)
            }
            _ => None,
        }
    }

    /// Whether a string or character is of UTF-16 units.
    fn is_wide(&self, wide: bool) -> bool {
        match self.size {
            Size::Byte | Size::Short => false,
            Size::Long | Size::Wide => true,
            Size::Plain => wide != self.kind.is_ascii_uppercase(),
        }
    }

    fn integer(&self, value: u64, precision: Option<usize>) -> (Vec<u8>, Vec<u8>) {
        let signed = matches!(self.kind, b'd' | b'i');
        let value = match self.size {
            _ if self.kind == b'p' => value,
            Size::Wide => value,
            Size::Byte if signed => i64::from(value as i8) as u64,
            Size::Byte => u64::from(value as u8),
            Size::Short if signed => i64::from(value as i16) as u64,
            Size::Short => u64::from(value as u16),
            // `long` is 32 bits.
            _ if signed => i64::from(value as i32) as u64,
            _ => u64::from(value as u32),
        };
        let negative = signed && (value as i64) < 0;
        let mut digits = match self.kind {
            b'd' | b'i' => (value as i64).unsigned_abs().to_string(),
            b'o' => format!("{value:o}"),
            b'x' => format!("{value:x}"),
            b'X' => format!("{value:X}"),
            b'p' => format!("{value:016X}"),
            _ => value.to_string(),
        };
        if precision == Some(0) && value == 0 {
            digits.clear();
        }
        while digits.len() < precision.unwrap_or(0) {
            digits.insert(0, '0');
        }
        let prefix: &[u8] = match self.kind {
            _ if negative => b"-",
            b'd' | b'i' if self.plus => b"+",
            b'd' | b'i' if self.space => b" ",
            b'x' if self.alternate && value != 0 => b"0x",
            b'X' if self.alternate && value != 0 => b"0X",
            b'o' if self.alternate && !digits.starts_with('0') => b"0",
            _ => b"",
        };
        (prefix.to_vec(), digits.into_bytes())
    }
}

fn field(text: &[u8]) -> (Field, &[u8]) {
    if let [b'*', tail @ ..] = text {
        return (Field::Argument, tail);
    }
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return (Field::Absent, text);
    }
    let number = text[..digits]
        .iter()
        .fold(0_usize, |sum, b| sum.saturating_mul(10).saturating_add(usize::from(b - b'0')));
    // No result may be longer than 64 KiB anyway.
    (Field::Number(number.min(0x1_0000)), &text[digits..])
}

/// The text of an insert: argument `number` in the `printf` format, `s` when there is none.
/// `None` when the format or the argument is missing.
///
/// # Safety
/// The arguments are as many and of such types as the format says.
pub(super) unsafe fn insert(
    number: usize,
    format: &[u8],
    arguments: &mut Arguments,
    wide: bool,
) -> Option<Vec<u16>> {
    let mut format = Format::parse(format)?;
    let mut number = number;
    // SAFETY: this function's contract.
    let mut value = |field: Field| unsafe {
        match field {
            Field::Absent => Some(None),
            Field::Number(n) => Some(Some(i64::try_from(n).unwrap_or(0))),
            Field::Argument => {
                let value = arguments.get(number)?;
                number += 1;
                Some(Some(i64::from(value as i32).clamp(-0x1_0000, 0x1_0000)))
            }
        }
    };
    let width = value(format.width)?.unwrap_or(0);
    let precision = value(format.precision)?.and_then(|p| usize::try_from(p).ok());
    format.left |= width < 0;
    let width = usize::try_from(width.unsigned_abs()).unwrap_or(0);
    // SAFETY: this function's contract.
    let argument = unsafe { arguments.get(number) }?;
    let (prefix, body) = match format.kind {
        b's' | b'S' => {
            // SAFETY: this function's contract: a string of the kind the format says.
            let mut string = unsafe { string(argument, format.is_wide(wide), precision) };
            string.truncate(precision.unwrap_or(usize::MAX));
            (Vec::new(), string)
        }
        b'c' | b'C' if format.is_wide(wide) => (Vec::new(), vec![argument as u16]),
        b'c' | b'C' => (Vec::new(), vec![u16::from(argument as u8)]),
        _ => {
            let (prefix, digits) = format.integer(argument, precision);
            (widen(&prefix), widen(&digits))
        }
    };
    let numeric = !matches!(format.kind, b's' | b'S' | b'c' | b'C');
    let padding = width.saturating_sub(prefix.len() + body.len());
    let fill = |unit: u8| std::iter::repeat_n(u16::from(unit), padding);
    let mut out = Vec::new();
    if format.left {
        out.extend(prefix.into_iter().chain(body).chain(fill(b' ')));
    } else if format.zero && (!numeric || precision.is_none()) {
        out.extend(prefix.into_iter().chain(fill(b'0')).chain(body));
    } else {
        out.extend(fill(b' ').chain(prefix).chain(body));
    }
    Some(out)
}

fn widen(bytes: &[u8]) -> Vec<u16> {
    bytes.iter().map(|&b| b.into()).collect()
}

/// The string an argument points to, not read beyond `precision` units.
///
/// # Safety
/// The address is null, or of a string that is terminated or at least `precision` units long.
unsafe fn string(address: u64, wide: bool, precision: Option<usize>) -> Vec<u16> {
    let limit = precision.unwrap_or(usize::MAX);
    let address = address as usize;
    if address == 0 {
        return widen(b"(null)");
    }
    // SAFETY: this function's contract.
    unsafe {
        if wide {
            let first = std::ptr::with_exposed_provenance::<u16>(address);
            let len = (0..limit).find(|&at| *first.add(at) == 0).unwrap_or(limit);
            std::slice::from_raw_parts(first, len).to_vec()
        } else {
            let first = std::ptr::with_exposed_provenance::<u8>(address);
            let len = (0..limit).find(|&at| *first.add(at) == 0).unwrap_or(limit);
            text::to_wide(std::slice::from_raw_parts(first, len))
        }
    }
}
