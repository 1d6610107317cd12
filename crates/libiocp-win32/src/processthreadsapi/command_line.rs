//! Which program a command line names, and its arguments.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The arguments of a command line, taken apart as Microsoft's C runtime does.
///
/// The first is a program's name, in which backslashes stand for themselves.
pub(super) fn arguments(line: &[u8]) -> Vec<Vec<u8>> {
    let (program, mut rest) = program(line);
    let mut arguments = vec![program];
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return arguments;
        }
        let (argument, behind) = argument(rest);
        arguments.push(argument);
        rest = behind;
    }
}

/// The program's name, and what is behind it.
fn program(line: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut name = Vec::new();
    let mut is_quoted = false;
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b' ' | b'\t' if !is_quoted => return (name, &line[at..]),
            _ => name.push(byte),
        }
    }
    (name, &[])
}

/// One argument: `2n` backslashes before a quote are `n` of them, one more
/// makes the quote a plain character, and two quotes in quotes are one.
fn argument(line: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut argument = Vec::new();
    let mut is_quoted = false;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        let backslashes = line[at..].iter().take_while(|&&it| it == b'\\').count();
        if backslashes > 0 && line.get(at + backslashes) == Some(&b'"') {
            argument.extend(std::iter::repeat_n(b'\\', backslashes / 2));
            at += backslashes;
            if backslashes % 2 == 1 {
                argument.push(b'"');
                at += 1;
            }
        } else if byte == b'"' && is_quoted && line.get(at + 1) == Some(&b'"') {
            argument.push(b'"');
            at += 2;
        } else if byte == b'"' {
            is_quoted = !is_quoted;
            at += 1;
        } else if !is_quoted && (byte == b' ' || byte == b'\t') {
            break;
        } else {
            argument.push(byte);
            at += 1;
        }
    }
    (argument, &line[at..])
}

/// The names that a command line may mean, the likeliest first: what is in
/// quotes, else what is before the first blank, the second, and so on.
pub(super) fn candidates(line: &[u8]) -> Vec<Vec<u8>> {
    let line = line.trim_ascii_start();
    if line.first() == Some(&b'"') {
        let end = line[1..].iter().position(|&it| it == b'"').map_or(line.len(), |at| at + 1);
        return vec![line[1..end].to_vec()];
    }
    let blanks = line.iter().enumerate().filter(|(_, it)| **it == b' ' || **it == b'\t');
    let ends = blanks.map(|(at, _)| at).chain([line.len()]);
    let mut names: Vec<Vec<u8>> = ends.map(|end| line[..end].trim_ascii_end().to_vec()).collect();
    names.dedup();
    names
}

/// Where a program is looked for that is named without a directory: beside
/// the running program, here, and along the search path.
fn directories() -> Vec<PathBuf> {
    let own = std::env::current_exe().ok();
    let own = own.and_then(|it| it.parent().map(Path::to_path_buf));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let listed: Vec<PathBuf> = std::env::split_paths(&path).collect();
    own.into_iter().chain([PathBuf::from(".")]).chain(listed).collect()
}

/// The file of a program: as it is named, or with `.exe` if its name has no
/// extension.
pub(super) fn find(name: &Path) -> Option<PathBuf> {
    let is_file = |path: &PathBuf| path.is_file();
    let spellings = |path: PathBuf| {
        let with_exe = path.extension().is_none().then(|| path.with_extension("exe"));
        std::iter::once(path).chain(with_exe)
    };
    if name.as_os_str().as_bytes().contains(&b'/') {
        return spellings(name.to_path_buf()).find(is_file);
    }
    directories().into_iter().flat_map(|it| spellings(it.join(name))).find(is_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        let strings = arguments(line.as_bytes()).into_iter();
        strings.map(|it| String::from_utf8(it).unwrap()).collect()
    }

    /// The examples of Microsoft's page on parsing arguments.
    #[test]
    fn arguments_are_taken_apart_as_documented() {
        assert_eq!(split(r#"p "a b c" d e"#), ["p", "a b c", "d", "e"]);
        assert_eq!(split(r#"p "ab\"c" "\\" d"#), ["p", "ab\"c", "\\", "d"]);
        assert_eq!(split(r#"p a\\\b d"e f"g h"#), ["p", r"a\\\b", "de fg", "h"]);
        assert_eq!(split(r#"p a\\\"b c d"#), ["p", r#"a\"b"#, "c", "d"]);
        assert_eq!(split(r#"p a\\\\"b c" d e"#), ["p", r"a\\b c", "d", "e"]);
        assert_eq!(split(r#"p a"b"" c d"#), ["p", "ab\" c d"]);
        assert_eq!(split(r#""C:\a b\p" x"#), [r"C:\a b\p", "x"]);
        assert_eq!(split(r#"p """#), ["p", ""]);
        assert_eq!(split("p  x\t "), ["p", "x"]);
    }

    #[test]
    fn a_name_without_quotes_may_have_blanks() {
        let names = candidates(b"dir/a b c");
        assert_eq!(names, [b"dir/a".to_vec(), b"dir/a b".to_vec(), b"dir/a b c".to_vec()]);
        assert_eq!(candidates(b" \"a b\" c"), [b"a b".to_vec()]);
    }
}
