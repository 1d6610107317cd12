//! The entries of `docs/divergences.md`.
//!
//! An entry is a heading `## D7 Title`, a line `Rules: PORT-104, SOCK-68` and a line
//! `State: differs` or `State: open point`.

use crate::citations::RuleId;

/// Where the entries are.
pub const PATH: &str = "docs/divergences.md";

/// What an entry says of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Windows does something else, and we know it.
    Differs,
    /// The rules leave it open; what we do is our decision.
    OpenPoint,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The `7` of `D7`.
    pub number: u32,
    /// The rest of the heading.
    pub title: String,
    /// The rules it is about.
    pub rules: Vec<RuleId>,
    /// What it says of them.
    pub state: State,
}

impl Divergence {
    /// A Markdown link to the entry, from another file of `docs/`.
    pub fn link(&self) -> String {
        let heading = format!("D{} {}", self.number, self.title);
        format!("[D{}](divergences.md#{})", self.number, anchor(&heading))
    }
}

/// The anchor that a Markdown heading gets: lower case, spaces to hyphens, punctuation dropped.
pub fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

struct Draft {
    number: u32,
    title: String,
    rules: Option<Vec<RuleId>>,
    state: Option<State>,
}

impl Draft {
    fn finish(self) -> Result<Divergence, String> {
        let number = self.number;
        Ok(Divergence {
            number,
            title: self.title,
            rules: self.rules.ok_or_else(|| format!("D{number} has no line `Rules:`"))?,
            state: self.state.ok_or_else(|| format!("D{number} has no line `State:`"))?,
        })
    }
}

fn heading(line: &str) -> Option<(u32, &str)> {
    let (number, title) = line.strip_prefix("## D")?.split_once(' ')?;
    Some((number.parse().ok()?, title.trim()))
}

fn rules(list: &str) -> Result<Vec<RuleId>, String> {
    list.split(',')
        .map(|item| RuleId::parse(item).ok_or_else(|| format!("`{}` is no rule", item.trim())))
        .collect()
}

/// Reads every entry; numbers rise, so an entry never changes its number unnoticed.
pub fn parse(text: &str) -> Result<Vec<Divergence>, String> {
    let mut drafts: Vec<Draft> = Vec::new();
    for line in text.lines() {
        if let Some((number, title)) = heading(line) {
            if drafts.last().is_some_and(|last| last.number >= number) {
                return Err(format!("D{number} does not follow in order"));
            }
            drafts.push(Draft { number, title: title.to_owned(), rules: None, state: None });
            continue;
        }
        let Some(draft) = drafts.last_mut() else { continue };
        if let Some(list) = line.strip_prefix("Rules:") {
            draft.rules = Some(rules(list).map_err(|why| format!("D{}: {why}", draft.number))?);
        } else if let Some(state) = line.strip_prefix("State:") {
            draft.state = Some(match state.trim() {
                "differs" => State::Differs,
                "open point" => State::OpenPoint,
                other => return Err(format!("D{}: `{other}` is no state", draft.number)),
            });
        }
    }
    drafts.into_iter().map(Draft::finish).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "# T\n\nRules: prose\n\n## D7 A poll: at the limit\n\nRules: PORT-104\n\
                         State: differs\n\nWhy.\n";

    #[test]
    fn an_entry_is_read() {
        let entries = parse(ENTRY).expect("valid");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].number, 7);
        assert_eq!(entries[0].state, State::Differs);
        assert_eq!(entries[0].link(), "[D7](divergences.md#d7-a-poll-at-the-limit)");
    }

    #[test]
    fn an_entry_without_rules_or_state_is_refused() {
        assert!(parse("## D1 T\n\nState: differs\n").is_err());
        assert!(parse("## D1 T\n\nRules: PORT-001\n").is_err());
        assert!(parse("## D1 T\n\nRules: PORT-001\nState: maybe\n").is_err());
        assert!(parse("## D1 T\n\nRules: X-1\nState: differs\n").is_err());
    }

    #[test]
    fn numbers_rise() {
        let twice = format!("{ENTRY}{ENTRY}");
        assert!(parse(&twice).is_err());
    }
}
