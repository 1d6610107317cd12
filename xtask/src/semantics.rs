//! `docs/semantics.md`: every rule, whether it holds here, and the tests that show it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::citations::{Citations, RuleId, Test};
use crate::divergences::{self, Divergence, State};
use crate::process::Failure;
use crate::project::Project;

/// The generated table.
pub const PATH: &str = "docs/semantics.md";
/// The rules: id, section, importance, title.
pub const RULES: &str = "docs/rules.csv";

/// One line of the rules.
#[derive(Debug, Clone)]
struct Rule {
    id: RuleId,
    section: String,
    importance: String,
    title: String,
}

/// What the table says of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Holds,
    Differs,
    NotYet,
}

struct Table {
    rules: Vec<Rule>,
    citations: Citations,
    divergences: Vec<Divergence>,
}

fn read_rules(text: &str) -> Result<Vec<Rule>, Failure> {
    let mut rules: Vec<Rule> = Vec::new();
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record.map_err(|error| Failure::new(format!("{RULES}: {error}")))?;
        let field = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let id = RuleId::parse(&field(0))
            .ok_or_else(|| Failure::new(format!("{RULES}: `{}` is no rule", field(0))))?;
        if rules.iter().any(|rule| rule.id == id) {
            return Err(Failure::new(format!("{RULES}: {id} twice")));
        }
        if !["must", "should", "exotic"].contains(&field(2).as_str()) {
            return Err(Failure::new(format!("{RULES}: {id}: no importance `{}`", field(2))));
        }
        rules.push(Rule { id, section: field(1), importance: field(2), title: field(3) });
    }
    Ok(rules)
}

impl Table {
    fn of(project: &Project) -> Result<Self, Failure> {
        let missing = |path: &str| Failure::new(format!("{path} is missing"));
        let rules = read_rules(&project.read(RULES).ok_or_else(|| missing(RULES))?)?;
        let text = project.read(divergences::PATH).ok_or_else(|| missing(divergences::PATH))?;
        let divergences = divergences::parse(&text)
            .map_err(|why| Failure::new(format!("{}: {why}", divergences::PATH)))?;
        let table = Self { rules, citations: Citations::of(project), divergences };
        table.verify()?;
        Ok(table)
    }

    /// Whatever is cited must exist.
    fn verify(&self) -> Result<(), Failure> {
        let mut problems = self.citations.problems.clone();
        let known = |id: &RuleId| self.rules.iter().any(|rule| rule.id == *id);
        for (id, tests) in self.citations.rules.iter().filter(|(id, _)| !known(id)) {
            for test in tests {
                problems.push(format!("{}: {} cites {id}, which is no rule", test.file, test.name));
            }
        }
        for entry in &self.divergences {
            for id in entry.rules.iter().filter(|id| !known(id)) {
                problems.push(format!("D{} cites {id}, which is no rule", entry.number));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::new(problems.join("\n"))) }
    }

    fn entries(&self, id: &RuleId) -> Vec<&Divergence> {
        self.divergences.iter().filter(|entry| entry.rules.contains(id)).collect()
    }

    fn standing(&self, id: &RuleId) -> Standing {
        if self.entries(id).iter().any(|entry| entry.state == State::Differs) {
            Standing::Differs
        } else if self.citations.rules.contains_key(id) {
            Standing::Holds
        } else {
            Standing::NotYet
        }
    }

    fn state(&self, id: &RuleId) -> String {
        let word = match self.standing(id) {
            Standing::Holds => "holds",
            Standing::Differs => "differs",
            Standing::NotYet => "not yet",
        };
        let links: Vec<_> = self.entries(id).iter().map(|entry| entry.link()).collect();
        if links.is_empty() { word.to_owned() } else { format!("{word}, {}", links.join(", ")) }
    }

    fn missing(&self, section: &str) -> Vec<String> {
        self.rules
            .iter()
            .filter(|rule| rule.section.starts_with(section) && rule.importance != "exotic")
            .filter(|rule| self.standing(&rule.id) == Standing::NotYet)
            .map(|rule| format!("{} [{}] {}", rule.id, rule.importance, rule.title))
            .collect()
    }

    fn totals(&self) -> String {
        let mut counts: BTreeMap<(&str, u8), usize> = BTreeMap::new();
        for rule in &self.rules {
            let standing = self.standing(&rule.id) as u8;
            *counts.entry((&rule.importance, standing)).or_default() += 1;
        }
        let mut text = "| importance | holds | differs | not yet | rules |\n".to_owned();
        text.push_str("|---|---:|---:|---:|---:|\n");
        for importance in ["must", "should", "exotic"] {
            let count = |standing: Standing| {
                counts.get(&(importance, standing as u8)).copied().unwrap_or_default()
            };
            let row = [Standing::Holds, Standing::Differs, Standing::NotYet].map(count);
            let [holds, differs, not_yet] = row;
            let all: usize = row.iter().sum();
            let _ = writeln!(text, "| {importance} | {holds} | {differs} | {not_yet} | {all} |");
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = HEAD.to_owned();
        text.push_str(&self.totals());
        let mut section = "";
        for rule in &self.rules {
            if rule.section != section {
                section = &rule.section;
                let _ = write!(text, "\n## {section}\n\n{COLUMNS}");
            }
            let tests = self.citations.rules.get(&rule.id);
            let tests: Vec<_> = tests.into_iter().flatten().map(cell).collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                rule.id,
                rule.importance,
                escape(&rule.title),
                self.state(&rule.id),
                tests.join("<br>"),
            );
        }
        text
    }
}

const HEAD: &str = "# Semantics\n\n\
    What Windows does, rule by rule, and how this library stands to it. Generated by\n\
    `cargo xtask semantics` from `docs/rules.csv`, [divergences.md](divergences.md) and the names\n\
    of the tests: do not edit.\n\n\
    A rule *holds* when a test that cites it passes on every engine; it *differs* when an entry\n\
    of divergences.md says so; otherwise it is *not yet* shown. *Must* rules are those that\n\
    ordinary programs notice, *should* careful ones, *exotic* hardly any. Where the rules leave\n\
    something open, an entry of divergences.md tells what was decided.\n\n";

const COLUMNS: &str = "| rule | importance | what Windows does | state | tests |\n\
                       |---|---|---|---|---|\n";

fn cell(test: &Test) -> String {
    format!("`{}:{}`", test.file, test.name)
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace("_", "\\_").replace('*', "\\*")
}

/// Writes the table.
pub fn write(project: &Project) -> Result<(), Failure> {
    let text = Table::of(project)?.markdown();
    std::fs::write(project.path(PATH), text)
        .map_err(|error| Failure::new(format!("{PATH}: {error}")))
}

/// Fails if the committed table is not the one that the sources give.
pub fn check(project: &Project) -> Result<(), Failure> {
    let wanted = Table::of(project)?.markdown();
    let found = project.read(PATH).unwrap_or_default();
    if wanted == found {
        return Ok(());
    }
    let line = wanted.lines().zip(found.lines()).take_while(|(a, b)| a == b).count() + 1;
    let text = format!("{PATH} is out of date from line {line}: run `cargo xtask semantics`");
    Err(Failure::new(text))
}

/// The must and should rules of some sections that are not yet shown, a line each.
pub fn missing(project: &Project, section: &str) -> Result<String, Failure> {
    Ok(Table::of(project)?.missing(section).join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RuleId {
        RuleId::parse(text).expect("a rule")
    }

    fn table(cited: &[&str], entries: &str) -> Table {
        let text = "id,section,importance,title\nPORT-001,Ports A,must,\"One, two\"\n\
                    PORT-002,Ports A,should,Three\nHND-01,Handles A,must,Four\n";
        let mut citations = Citations::default();
        for rule in cited {
            let test = Test { file: "t.rs".to_owned(), name: "a_test".to_owned() };
            citations.rules.entry(id(rule)).or_default().insert(test);
        }
        let divergences = divergences::parse(entries).expect("valid");
        Table { rules: read_rules(text).expect("valid"), citations, divergences }
    }

    #[test]
    fn a_rule_holds_when_a_test_cites_it() {
        let table = table(&["PORT-001"], "");
        assert_eq!(table.state(&id("PORT-001")), "holds");
        assert_eq!(table.state(&id("PORT-002")), "not yet");
    }

    #[test]
    fn a_difference_outweighs_a_test_and_an_open_point_does_not() {
        let differs = table(&["PORT-001"], "## D1 T\nRules: PORT-001\nState: differs\n");
        assert_eq!(differs.state(&id("PORT-001")), "differs, [D1](divergences.md#d1-t)");
        let open = table(&["PORT-001"], "## D2 T\nRules: PORT-001, HND-01\nState: open point\n");
        assert_eq!(open.state(&id("PORT-001")), "holds, [D2](divergences.md#d2-t)");
        assert_eq!(open.state(&id("HND-01")), "not yet, [D2](divergences.md#d2-t)");
    }

    #[test]
    fn totals_and_sections_are_there() {
        let text = table(&["PORT-001"], "").markdown();
        assert!(text.contains("| must | 1 | 0 | 1 | 2 |"));
        assert!(text.contains("| PORT-001 | must | One, two | holds | `t.rs:a_test` |"));
        assert_eq!(text.matches("\n## ").count(), 2);
    }

    #[test]
    fn what_is_missing_can_be_listed_by_section() {
        let table = table(&["PORT-001"], "");
        assert_eq!(table.missing("Ports"), ["PORT-002 [should] Three"]);
        assert_eq!(table.missing("").len(), 2);
    }

    #[test]
    fn citing_what_is_no_rule_is_an_error() {
        assert!(table(&["PORT-999"], "").verify().is_err());
        assert!(table(&[], "## D1 T\nRules: PORT-998\nState: differs\n").verify().is_err());
        assert!(table(&["PORT-001"], "").verify().is_ok());
    }

    #[test]
    fn the_rules_of_the_project_are_readable() {
        let text = Project::here().read(RULES).expect("docs/rules.csv");
        let rules = read_rules(&text).expect("valid");
        assert!(rules.iter().all(|rule| !rule.title.is_empty() && rule.title.len() <= 100));
    }
}
