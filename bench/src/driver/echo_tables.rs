//! What the echo measurements bring, as tables: a row for each server, columns for each number
//! of connections.

use bench::report::{Goal, Table, Tally};
use bench::stats::{self, Summary};

use super::echo::{CONNECTIONS, CONTROL, Contestant, EPOLL, OURS, Series, Setup};

/// What was measured with so many connections: a series for each server.
type Column = (usize, Vec<Series>);

/// The tables of one setup.
pub(crate) struct Tables {
    pub(crate) servers: Table,
    pub(crate) ratios: Table,
    /// For each number of connections: how many rivals are behind in throughput, and in p99.
    ahead: Vec<(usize, [Tally; 2])>,
}

pub(crate) fn tables(field: &[Contestant], columns: &[Column]) -> Tables {
    let (ratios, ahead) = ratios(field, columns);
    Tables { servers: servers(field, columns), ratios, ahead }
}

/// Of how many rivals libiocp is ahead, everywhere.
pub(crate) fn overview(parts: &[(Setup, Tables)]) -> Table {
    let mut head = vec!["ahead of".to_owned()];
    for connections in CONNECTIONS {
        head.extend([format!("{connections}: req/s"), format!("{connections}: p99")]);
    }
    let mut table = Table::new(head);
    for (setup, tables) in parts {
        let mut row = vec![setup.title()];
        for connections in CONNECTIONS {
            let found = tables.ahead.iter().find(|(measured, _)| *measured == connections);
            row.extend(match found {
                Some((_, ahead)) => ahead.map(|tally| tally.to_string()),
                None => ["-".to_owned(), "-".to_owned()],
            });
        }
        table.row(row);
    }
    table
}

fn servers(field: &[Contestant], columns: &[Column]) -> Table {
    let mut head = vec!["server".to_owned()];
    for (connections, _) in columns {
        let plural = if *connections == 1 { "" } else { "s" };
        head.push(format!("{connections} connection{plural}: k req/s"));
        head.extend(["CPU".into(), "p50 / p99".into()]);
    }
    let mut table = Table::new(head);
    for (i, contestant) in field.iter().enumerate() {
        let mut row = vec![contestant.name.clone()];
        for (_, series) in columns {
            let own = &series[i];
            let thousands = own.requests_per_second.iter().map(|rate| rate / 1000.0);
            row.push(super::cell(Summary::of(thousands)));
            row.push(median(&own.cpu_per_request, 1));
            row.push(format!("{} / {}", median(&own.p50, 0), median(&own.p99, 0)));
        }
        table.row(row);
    }
    table
}

fn median(values: &[f64], digits: usize) -> String {
    let summary = Summary::of(values.iter().copied());
    summary.map_or_else(|| "-".into(), |s| format!("{:.digits$}", s.median))
}

fn ratios(field: &[Contestant], columns: &[Column]) -> (Table, Vec<(usize, [Tally; 2])>) {
    let mut head = vec!["rival".to_owned()];
    for (connections, _) in columns {
        head.push(format!("{connections}: req/s"));
        head.push(format!("{connections}: p99"));
    }
    let mut table = Table::new(head);
    let mut ahead: Vec<_> = columns.iter().map(|(n, _)| (*n, [Tally::default(); 2])).collect();
    let place = |name: &str| field.iter().position(|c| c.name == name).expect("always there");
    let (ours, control, epoll) = (place(OURS), place(CONTROL), place(EPOLL));
    for (rival, contestant) in field.iter().enumerate() {
        if contestant.name.starts_with("libiocp") || rival == control {
            continue;
        }
        let mut row = vec![contestant.name.clone()];
        for ((_, series), (_, tallies)) in columns.iter().zip(&mut ahead) {
            let ratios = both(&series[ours], &series[rival]);
            for (ratio, tally) in ratios.into_iter().zip(tallies) {
                row.push(tally.judge(Goal::Over(1.0), ratio.as_ref()));
            }
        }
        table.row(row);
    }
    let mut noise = vec!["*noise: epoll loop against itself*".to_owned()];
    for (_, series) in columns {
        noise.extend(both(&series[epoll], &series[control]).map(super::cell));
    }
    table.row(noise);
    (table, ahead)
}

/// How far the left one is ahead: in throughput, and in p99.
fn both(left: &Series, right: &Series) -> [Option<Summary>; 2] {
    [
        stats::paired(&left.requests_per_second, &right.requests_per_second),
        stats::paired(&right.p99, &left.p99),
    ]
}
