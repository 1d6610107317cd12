//! Which test shows which rule.
//!
//! A test cites a rule by its name, `port_031_last_close_wakes_waiters`, or several:
//! `port_031_hnd_108_...`. A comment `Rules: PORT-031, PORT-035` directly above or inside a test
//! adds more. An invariant of `ARCHITECTURE.md` is cited as `i07_...`, before rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::{Project, SourceFile};
use crate::tokens::{self, Function};

/// The families of rules, as they begin the name of a test.
const FAMILIES: [&str; 10] =
    ["port", "hnd", "sock", "lx", "file", "pipe", "slot", "dir", "dev", "dbg"];

/// A rule's identity, independent of leading zeros: `PORT-031`, `LX-03`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId {
    family: String,
    number: u32,
}

impl RuleId {
    /// Reads `PORT-031`.
    pub fn parse(text: &str) -> Option<Self> {
        let (family, digits) = text.trim().split_once('-')?;
        let family = family.to_ascii_lowercase();
        FAMILIES.contains(&family.as_str()).then_some(())?;
        Some(Self { family, number: digits.parse().ok()? })
    }
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = if self.family == "port" { 3 } else { 2 };
        write!(formatter, "{}-{:0width$}", self.family.to_ascii_uppercase(), self.number)
    }
}

/// A test, by file and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// The file's path in the project.
    pub file: String,
    /// The function.
    pub name: String,
}

/// Everything that the tests of a tree cite.
#[derive(Debug, Default)]
pub struct Citations {
    /// Rule to tests.
    pub rules: BTreeMap<RuleId, BTreeSet<Test>>,
    /// Invariant number to tests.
    pub invariants: BTreeMap<u32, BTreeSet<Test>>,
    /// `Rules:` comments that are unreadable or belong to no test, as `path:line: why`.
    pub problems: Vec<String>,
}

impl Citations {
    /// Reads every test of the project.
    pub fn of(project: &Project) -> Self {
        let mut citations = Self::default();
        for file in project.files(&[".rs"]) {
            citations.read_rust(&file);
        }
        for file in project.files(&[".c"]) {
            if file.path.starts_with("conformance/") {
                citations.read_c(&file);
            }
        }
        citations
    }

    fn read_rust(&mut self, file: &SourceFile) {
        match tokens::read(&file.text, &[]) {
            Ok(facts) => self.read_functions(file, &facts.functions),
            Err(why) => self.problems.push(format!("{}: {why}", file.path)),
        }
    }

    fn read_c(&mut self, file: &SourceFile) {
        let run: BTreeSet<&str> = file.text.lines().filter_map(run_name).collect();
        let functions: Vec<_> =
            c_functions(&file.text).into_iter().filter(|f| run.contains(f.name.as_str())).collect();
        self.read_functions(file, &functions);
    }

    fn read_functions(&mut self, file: &SourceFile, functions: &[Function]) {
        for function in functions {
            let test = Test { file: file.path.clone(), name: function.name.clone() };
            let cited = cited_by_name(&function.name);
            for rule in cited.rules {
                self.rules.entry(rule).or_default().insert(test.clone());
            }
            for number in cited.invariants {
                self.invariants.entry(number).or_default().insert(test.clone());
            }
        }
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            if let Some(begin) = rules_comment(line) {
                let list = whole_list(begin, &lines[index + 1..]);
                self.read_comment(file, functions, index + 1, &list);
            }
        }
    }

    fn read_comment(&mut self, file: &SourceFile, all: &[Function], line: usize, list: &str) {
        let Some(function) = function_at(&file.text, all, line) else {
            self.problems.push(format!("{}:{line}: this comment belongs to no test", file.path));
            return;
        };
        let test = Test { file: file.path.clone(), name: function.name.clone() };
        for item in list.split(',').filter(|item| !is_table(item)) {
            match RuleId::parse(item.trim().trim_end_matches('.')) {
                Some(rule) => {
                    self.rules.entry(rule).or_default().insert(test.clone());
                }
                None => {
                    let item = item.trim();
                    self.problems.push(format!("{}:{line}: `{item}` is no rule", file.path));
                }
            }
        }
    }
}

/// What begins a test's name: invariants (`i07`) and rules (a family and at least two digits).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cited {
    /// The numbers of invariants.
    pub invariants: Vec<u32>,
    /// The rules.
    pub rules: Vec<RuleId>,
}

/// Reads a name; without a word behind the numbers it is no test's name, and cites nothing.
pub fn cited_by_name(name: &str) -> Cited {
    let mut cited = Cited::default();
    let mut parts = name.split('_').peekable();
    while let Some(part) = parts.next() {
        let digits = parts.peek().copied().unwrap_or_default();
        if let Some(number) = invariant(part) {
            cited.invariants.push(number);
        } else if FAMILIES.contains(&part)
            && digits.len() >= 2
            && let Ok(number) = digits.parse()
        {
            cited.rules.push(RuleId { family: part.to_owned(), number });
            parts.next();
        } else {
            return cited;
        }
    }
    Cited::default()
}

fn invariant(part: &str) -> Option<u32> {
    let digits = part.strip_prefix('i')?;
    (digits.len() == 2).then(|| digits.parse().ok()).flatten()
}

/// `T12`: a table of the rules, which has no state of its own.
fn is_table(item: &str) -> bool {
    let number = item.trim().strip_prefix('T').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|letter| letter.is_ascii_digit())
}

/// The list in `// Rules: A, B`, `/* Rules: A */` or ` * Rules: A`.
fn rules_comment(line: &str) -> Option<&str> {
    Some(comment(line)?.strip_prefix("Rules:")?.trim())
}

/// What a line of comment says, without its marks.
fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let body = text.trim_start_matches(['/', '*', '!']);
    (body.len() < text.len()).then(|| body.trim().trim_end_matches("*/").trim())
}

/// A list that ends with a comma goes on in the next line.
fn whole_list(begin: &str, below: &[&str]) -> String {
    let mut list = begin.to_owned();
    for line in below.iter().map_while(|line| comment(line)) {
        if !list.ends_with(',') {
            break;
        }
        list.push_str(line);
    }
    list
}

/// The innermost function around the line, or the one that starts below it with nothing but
/// comments and attributes between.
fn function_at<'a>(text: &str, functions: &'a [Function], line: usize) -> Option<&'a Function> {
    let around = functions
        .iter()
        .filter(|function| function.first_line <= line && line <= function.last_line)
        .min_by_key(|function| function.last_line - function.first_line);
    around.or_else(|| {
        let lines: Vec<&str> = text.lines().collect();
        let next = (line..lines.len()).find(|&index| !is_between(lines[index]))?;
        functions.iter().find(|function| function.first_line == next + 1)
    })
}

fn is_between(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || ["//", "/*", "*", "#["].iter().any(|start| line.starts_with(start))
}

fn run_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let forms = ["RUN(", "RUN_WINE_FAILS(", "RUN_WINE_RACES("];
    let rest = forms.into_iter().find_map(|form| line.strip_prefix(form))?;
    Some(rest.split([',', ')']).next()?.trim())
}

/// The functions `static void name(void)` of a conformance program; a body ends at the first
/// closing brace in the first column.
fn c_functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(rest) = line.strip_prefix("static void ") else { continue };
        let Some((name, _)) = rest.split_once('(') else { continue };
        if line.trim_end().ends_with(';') {
            continue;
        }
        let end = (index..lines.len()).find(|&at| lines[at].starts_with('}'));
        functions.push(Function {
            name: name.to_owned(),
            first_line: index + 1,
            last_line: end.unwrap_or(index) + 1,
        });
    }
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str) -> Vec<String> {
        cited_by_name(name).rules.iter().map(RuleId::to_string).collect()
    }

    fn rust(text: &str) -> Citations {
        let mut citations = Citations::default();
        citations.read_rust(&SourceFile { path: "t.rs".to_owned(), text: text.to_owned() });
        citations
    }

    fn cited(citations: &Citations) -> Vec<String> {
        let list = citations.rules.iter();
        list.flat_map(|(rule, tests)| tests.iter().map(move |t| format!("{rule} {}", t.name)))
            .collect()
    }

    #[test]
    fn a_name_cites_the_rules_it_begins_with() {
        assert_eq!(names("port_031_last_close_wakes_waiters"), ["PORT-031"]);
        assert_eq!(names("lx_03_close_protocol"), ["LX-03"]);
        assert_eq!(names("hnd_015_values_recycle"), ["HND-15"]);
        assert_eq!(names("port_031_hnd_108_last_close"), ["PORT-031", "HND-108"]);
    }

    #[test]
    fn other_names_cite_nothing() {
        for name in ["port_31", "file_1_handle", "file_handle", "a_port_031_x", "port_031"] {
            assert!(names(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn leading_zeros_do_not_matter() {
        assert_eq!(RuleId::parse("SOCK-042"), RuleId::parse("SOCK-42"));
        assert_eq!(RuleId::parse("port-31").map(|id| id.to_string()), Some("PORT-031".to_owned()));
        assert_eq!(RuleId::parse("RFC-2119"), None);
    }

    #[test]
    fn comments_above_and_inside_add_rules() {
        let above = "// Rules: PORT-035, HND-108\n#[test]\nfn port_031_x() {}\n";
        assert_eq!(
            cited(&rust(above)),
            ["PORT-031 port_031_x", "PORT-035 port_031_x", "HND-108 port_031_x"]
                .map(str::to_owned)
                .iter()
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
        let inside = "#[test]\nfn closes() {\n    // Rules: PORT-035\n    assert!(true);\n}\n";
        assert_eq!(cited(&rust(inside)), ["PORT-035 closes"]);
    }

    #[test]
    fn a_list_goes_on_after_a_comma() {
        let text = "// Rules: PORT-001,\n// PORT-002\n// and prose\n#[test]\nfn closes() {}\n";
        assert_eq!(cited(&rust(text)), ["PORT-001 closes", "PORT-002 closes"]);
    }

    #[test]
    fn a_comment_without_a_test_or_a_rule_is_a_problem() {
        assert_eq!(rust("// Rules: PORT-001\nconst A: u8 = 1;\n").problems.len(), 1);
        assert_eq!(rust("// Rules: PORT-001, all\nfn t() {}\n").problems.len(), 1);
        assert!(rust("// Rules: PORT-001, T12\nfn t() {}\n").problems.is_empty());
    }

    #[test]
    fn names_given_to_a_macro_count() {
        assert_eq!(cited(&rust("per_engine!(port_031_x, port_032_y);")).len(), 2);
        assert!(cited(&rust("fn f() { g(port_031_x); }")).is_empty());
    }

    #[test]
    fn a_conformance_test_counts_only_if_it_is_run() {
        let text = "/* Rules: PORT-035 */\nstatic void port_031_x(void)\n{\n}\n\
                    static void port_032_y(void)\n{\n}\n\
                    int main(void)\n{\n    RUN(port_031_x);\n}\n";
        let mut citations = Citations::default();
        citations.read_c(&SourceFile { path: "t.c".to_owned(), text: text.to_owned() });
        assert_eq!(cited(&citations), ["PORT-031 port_031_x", "PORT-035 port_031_x"]);
    }

    #[test]
    fn invariants_have_two_digits_and_come_with_rules() {
        let numbers = |name: &str| cited_by_name(name).invariants;
        assert_eq!(numbers("i07_settled_before_posted"), [7]);
        assert_eq!(numbers("i13_i14_port_090_in_order"), [13, 14]);
        assert_eq!(names("i13_i14_port_090_in_order"), ["PORT-090"]);
        assert!(numbers("i7_x").is_empty() && numbers("if_x").is_empty());
        assert!(numbers("i07").is_empty());
    }
}
