//! What the checks need to know of a Rust source, read from its tokens, so that comments and
//! strings cannot mislead them.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// One function, with the lines of its whole body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name; for a test made by a macro, the name given to the macro.
    pub name: String,
    /// The line of its name.
    pub first_line: usize,
    /// The line of its closing brace.
    pub last_line: usize,
}

/// A path that starts at the crate's root, with `super` resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CratePath {
    /// Where it stands.
    pub line: usize,
    /// The names after `crate::`.
    pub segments: Vec<String>,
}

/// What one source file contains.
#[derive(Debug, Default)]
pub struct Facts {
    /// Every function, and every name given to a macro directly.
    pub functions: Vec<Function>,
    /// Every path from the crate's root outside of `#[cfg(test)]`.
    pub paths: Vec<CratePath>,
    /// Line and name of every `static` outside of `thread_local!` and `#[cfg(test)]`.
    pub statics: Vec<(usize, String)>,
    /// Whether an attribute allows `unsafe_code`.
    pub allows_unsafe: bool,
    /// The modules in files of their own that are built for tests only, with their full path.
    pub test_modules: Vec<Vec<String>>,
}

#[derive(Clone)]
struct Place {
    module: Vec<String>,
    in_test: bool,
    in_thread_local: bool,
}

/// Reads a source whose module is `module`. The error is the tokenizer's.
pub fn read(text: &str, module: &[String]) -> Result<Facts, String> {
    let stream: TokenStream = text.parse().map_err(|error| format!("not Rust: {error}"))?;
    let mut facts = Facts::default();
    let place = Place { module: module.to_vec(), in_test: false, in_thread_local: false };
    walk(&stream.into_iter().collect::<Vec<_>>(), &place, &mut facts);
    Ok(facts)
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn ident(token: Option<&TokenTree>) -> Option<&Ident> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident),
        _ => None,
    }
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

fn line_of(ident: &Ident) -> usize {
    ident.span().start().line
}

fn walk(tokens: &[TokenTree], place: &Place, facts: &mut Facts) {
    let mut test_item = false;
    for (at, token) in tokens.iter().enumerate() {
        let here = Place { in_test: place.in_test || test_item, ..place.clone() };
        match token {
            TokenTree::Ident(word) => read_word(word, tokens, at, &here, facts),
            TokenTree::Punct(punct) if punct.as_char() == ';' => test_item = false,
            TokenTree::Group(inner) => {
                if is_punct(at.checked_sub(1).and_then(|before| tokens.get(before)), '#')
                    || is_inner_attribute(tokens, at)
                {
                    let attribute = without_spaces(inner);
                    test_item |= is_for_tests(&attribute);
                    facts.allows_unsafe |= allows_unsafe(&attribute);
                } else {
                    let inside = place_inside(tokens, at, &here, facts);
                    walk(&inner.stream().into_iter().collect::<Vec<_>>(), &inside, facts);
                    test_item &= inner.delimiter() != Delimiter::Brace;
                }
            }
            _ => {}
        }
    }
}

fn is_inner_attribute(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_punct(tokens.get(at - 1), '!') && is_punct(tokens.get(at - 2), '#')
}

fn without_spaces(group: &Group) -> String {
    group.stream().to_string().split_whitespace().collect()
}

/// `cfg(test)`, or `cfg(all(...))` with `test` among its conditions.
fn is_for_tests(attribute: &str) -> bool {
    let all = attribute.strip_prefix("cfg(all(").and_then(|rest| rest.strip_suffix("))"));
    attribute == "cfg(test)" || all.is_some_and(|list| list.split(',').any(|one| one == "test"))
}

fn allows_unsafe(attribute: &str) -> bool {
    ["allow(", "expect("].iter().any(|verb| {
        attribute
            .split(verb)
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .any(|lints| lints.split(',').any(|lint| lint == "unsafe_code"))
    })
}

/// The place inside the group at `at`: an inline module, a macro's arguments, or the same.
fn place_inside(tokens: &[TokenTree], at: usize, place: &Place, facts: &mut Facts) -> Place {
    let mut inside = place.clone();
    let before = |distance: usize| at.checked_sub(distance).and_then(|index| tokens.get(index));
    if let (Some(name), Some(keyword)) = (ident(before(1)), ident(before(2)))
        && keyword == "mod"
        && group(tokens.get(at), Delimiter::Brace).is_some()
    {
        inside.module.push(name.to_string());
    }
    if let (true, Some(name)) = (is_punct(before(1), '!'), ident(before(2))) {
        inside.in_thread_local |= name == "thread_local";
        if let Some(TokenTree::Group(arguments)) = tokens.get(at) {
            read_macro_names(arguments, facts);
        }
    }
    inside
}

/// A macro that makes tests is given their names directly.
fn read_macro_names(arguments: &Group, facts: &mut Facts) {
    for token in arguments.stream() {
        if let TokenTree::Ident(name) = token {
            let line = line_of(&name);
            let name = name.to_string();
            facts.functions.push(Function { name, first_line: line, last_line: line });
        }
    }
}

fn read_word(word: &Ident, tokens: &[TokenTree], at: usize, place: &Place, facts: &mut Facts) {
    let line = line_of(word);
    match word.to_string().as_str() {
        "fn" => {
            if let Some(name) = ident(tokens.get(at + 1)) {
                facts.functions.push(Function {
                    name: name.to_string(),
                    first_line: line,
                    last_line: end_of_item(&tokens[at..]).unwrap_or(line),
                });
            }
        }
        "mod" if place.in_test && is_punct(tokens.get(at + 2), ';') => {
            if let Some(name) = ident(tokens.get(at + 1)) {
                let mut module = place.module.clone();
                module.push(name.to_string());
                facts.test_modules.push(module);
            }
        }
        "static" if !is_punct(at.checked_sub(1).and_then(|before| tokens.get(before)), '\'') => {
            let name_at =
                at + 1 + usize::from(ident(tokens.get(at + 1)).is_some_and(|w| w == "mut"));
            if let Some(name) = ident(tokens.get(name_at))
                && is_punct(tokens.get(name_at + 1), ':')
                && !place.in_test
                && !place.in_thread_local
            {
                facts.statics.push((line, name.to_string()));
            }
        }
        "crate" if !place.in_test && is_path_separator(tokens, at + 1) => {
            expand(tokens, at + 3, &[], line, facts);
        }
        "super" if !place.in_test && !follows_super(tokens, at) => {
            let mut module = place.module.clone();
            let mut next = at;
            while ident(tokens.get(next)).is_some_and(|word| word == "super")
                && is_path_separator(tokens, next + 1)
            {
                module.pop();
                next += 3;
            }
            if next > at {
                expand(tokens, next, &module, line, facts);
            }
        }
        _ => {}
    }
}

fn follows_super(tokens: &[TokenTree], at: usize) -> bool {
    at >= 3
        && is_path_separator(tokens, at - 2)
        && ident(tokens.get(at - 3)).is_some_and(|word| word == "super")
}

fn end_of_item(tokens: &[TokenTree]) -> Option<usize> {
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return None,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                return Some(group.span_close().end().line);
            }
            _ => {}
        }
    }
    None
}

/// Follows one path, and every branch of a `{a, b::c}`.
fn expand(tokens: &[TokenTree], at: usize, prefix: &[String], line: usize, facts: &mut Facts) {
    let mut segments = prefix.to_vec();
    let mut next = at;
    loop {
        if let Some(branches) = group(tokens.get(next), Delimiter::Brace) {
            let inner: Vec<TokenTree> = branches.stream().into_iter().collect();
            for branch in inner.split(|token| is_punct(Some(token), ',')) {
                if !branch.is_empty() {
                    expand(branch, 0, &segments, line, facts);
                }
            }
            return;
        }
        let Some(name) = ident(tokens.get(next)) else { break };
        if is_punct(tokens.get(next + 1), '!') {
            return;
        }
        segments.push(name.to_string());
        if !is_path_separator(tokens, next + 1) {
            break;
        }
        next += 3;
    }
    facts.paths.push(CratePath { line, segments });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Facts {
        read(text, &["port".to_owned(), "queue".to_owned()]).expect("valid tokens")
    }

    fn paths(text: &str) -> Vec<String> {
        facts(text).paths.iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn use_trees_are_expanded() {
        assert_eq!(
            paths("use crate::{sync::Mutex, status::{Status, self}};"),
            ["sync::Mutex", "status::Status", "status::self"]
        );
    }

    #[test]
    fn paths_in_expressions_and_macros_are_seen() {
        assert_eq!(
            paths("fn f() { crate::handle::close(); assert!(crate::event::set()); }"),
            ["handle::close", "event::set"]
        );
    }

    #[test]
    fn super_is_resolved_from_the_module() {
        assert_eq!(paths("use super::Port;"), ["port::Port"]);
        assert_eq!(paths("use super::super::file::File;"), ["file::File"]);
        assert_eq!(paths("mod inner { use super::super::Port; }"), ["port::Port"]);
    }

    #[test]
    fn comments_strings_and_tests_are_not_paths() {
        assert!(paths("// crate::file::File\nconst A: &str = \"crate::file::X\";").is_empty());
        assert!(paths("#[cfg(test)] mod tests { use crate::file::File; }").is_empty());
        assert_eq!(paths("#[cfg(test)] use crate::a::A; use crate::b::B;"), ["b::B"]);
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_named() {
        let text = "#[cfg(all(test, not(loom)))]\nmod schedules;\nmod seat;\n#[cfg(test)] mod t;";
        let found = facts(text).test_modules;
        assert_eq!(found, [["port", "queue", "schedules"], ["port", "queue", "t"]]);
        assert!(facts("#[cfg(all(not(test), unix))] mod a;").test_modules.is_empty());
    }

    #[test]
    fn statics_are_found_but_not_lifetimes_or_thread_locals() {
        let text = "static A: u8 = 1; static mut B: u8 = 2; fn f(x: &'static str) {}\n\
                    thread_local! { static C: u8 = 3; }\n\
                    #[cfg(test)] mod tests { static D: u8 = 4; }";
        let names: Vec<_> = facts(text).statics.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["A", "B"]);
    }

    #[test]
    fn a_function_knows_its_lines() {
        let found = facts("fn one() {\n\n}\nfn two(a: [u8; 2]) -> u8 {\n 1\n}\n").functions;
        assert_eq!(found[0], Function { name: "one".to_owned(), first_line: 1, last_line: 3 });
        assert_eq!((found[1].first_line, found[1].last_line), (4, 6));
    }

    #[test]
    fn unsafe_code_is_allowed_by_attribute_only() {
        assert!(facts("#![allow(unsafe_code)]").allows_unsafe);
        assert!(facts("#[expect(dead_code, unsafe_code)] fn f() {}").allows_unsafe);
        assert!(facts("#![cfg_attr(not(loom), allow(unsafe_code))]").allows_unsafe);
        assert!(!facts("#![deny(unsafe_code)] // allow(unsafe_code)").allows_unsafe);
    }
}
