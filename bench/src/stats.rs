//! Medians and spreads of paired measurements.

use std::fmt;

/// Median and extremes of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The middle value, or the mean of the two in the middle.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

impl Summary {
    /// Summarises a series; `None` when it is empty.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            1 => sorted[middle],
            _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
        };
        Some(Self { median, min, max })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, min, max } = self;
        if *max >= 100.0 {
            write!(f, "{median:.0} ({min:.0} to {max:.0})")
        } else {
            write!(f, "{median:.2} ({min:.2} to {max:.2})")
        }
    }
}

impl Summary {
    /// As little room as median and extremes take, with three digits or so.
    pub fn short(&self) -> String {
        let Self { median, min, max } = self;
        let digits = if *median >= 100.0 { 0 } else { 2 - (*median >= 10.0) as usize };
        format!("{median:.digits$} ({min:.digits$}-{max:.digits$})")
    }
}

/// The ratios of two series that were measured in turns: each round's own.
pub fn paired(over: &[f64], under: &[f64]) -> Option<Summary> {
    Summary::of(over.iter().zip(under).map(|(a, b)| a / b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_series_lies_between_the_middle_two() {
        let found = Summary::of([4.0, 1.0, 3.0, 2.0]);
        assert_eq!(found, Some(Summary { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Summary::of([]), None);
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let found = paired(&[2.0, 40.0, 6.0], &[1.0, 10.0, 2.0]);
        assert_eq!(found, Some(Summary { median: 3.0, min: 2.0, max: 4.0 }));
    }
}
