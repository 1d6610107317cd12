//! A map from positions to values, kept as runs.

use std::collections::BTreeMap;

/// Values over `0..end`; each run goes on to the next one's start.
#[derive(Debug)]
pub(super) struct Runs {
    starts: BTreeMap<usize, u32>,
    end: usize,
}

impl Runs {
    /// One run over everything.
    pub(super) fn new(end: usize, value: u32) -> Runs {
        Runs { starts: BTreeMap::from([(0, value)]), end }
    }

    /// The value at a position, and the run it is in.
    pub(super) fn at(&self, position: usize) -> (u32, usize, usize) {
        let run = self.starts.range(..=position).next_back();
        let (start, value) = run.map_or((0, 0), |(&start, &value)| (start, value));
        let next = self.starts.range(position + 1..).next();
        (value, start, next.map_or(self.end, |(&next, _)| next))
    }

    /// The runs of a range, cut to it.
    pub(super) fn within(&self, from: usize, to: usize) -> Vec<(usize, usize, u32)> {
        let mut runs = Vec::new();
        let mut at = from;
        while at < to {
            let (value, _, end) = self.at(at);
            runs.push((at, end.min(to), value));
            at = end;
        }
        runs
    }

    /// Whether every position of a range has a value the test accepts.
    pub(super) fn all(&self, from: usize, to: usize, test: impl Fn(u32) -> bool) -> bool {
        self.within(from, to).iter().all(|&(_, _, value)| test(value))
    }

    /// Sets a range to one value.
    pub(super) fn set(&mut self, from: usize, to: usize, value: u32) {
        if from >= to {
            return;
        }
        let after = (to < self.end).then(|| self.at(to).0);
        let inner: Vec<usize> = self.starts.range(from..to).map(|(&start, _)| start).collect();
        for start in inner {
            self.starts.remove(&start);
        }
        let before = (from > 0).then(|| self.at(from - 1).0);
        if before != Some(value) {
            self.starts.insert(from, value);
        }
        match after {
            Some(after) if after != value => {
                self.starts.insert(to, after);
            }
            _ => {
                self.starts.remove(&to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Runs;

    /// Setting ranges agrees with an array of single positions.
    #[test]
    fn runs_agree_with_an_array() {
        let mut runs = Runs::new(40, 0);
        let mut array = [0_u32; 40];
        let mut seed = 12345_u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (seed >> 16) as usize % below
        };
        for _ in 0..2000 {
            let (a, b, value) = (random(41), random(41), random(3) as u32);
            let (from, to) = (a.min(b), a.max(b));
            runs.set(from, to, value);
            array[from..to].fill(value);
            for (position, &value) in array.iter().enumerate() {
                let (found, start, end) = runs.at(position);
                assert_eq!(found, value);
                assert!(array[start..end].iter().all(|&v| v == value));
                assert!(start == 0 || array[start - 1] != value, "runs are as long as can be");
                assert!(end == 40 || array[end] != value, "runs are as long as can be");
            }
        }
    }
}
