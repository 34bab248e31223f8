//! A plan evaluated directly: every end that a run may come to.
//!
//! Where several branches do not come to a value, which of them is met first is a matter of time, so an evaluation gives a set.

use std::collections::BTreeSet;

use crate::jobs::{INNER_RISK, Risk, Wrong};
use crate::plan::{Each, Plan, Share, Work};

/// What one number comes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Value(u64),
    /// It was taken out.
    Empty,
    /// More than one failure only where they are collected. Sorted.
    Failed(Vec<Wrong>),
}

/// All ends that may be.
pub(crate) type Ends = BTreeSet<End>;

/// Of more combinations than this no set is made.
const MOST: usize = 256;

/// Many as one, in order.
pub(crate) fn fold(numbers: impl IntoIterator<Item = u64>) -> u64 {
    let mix = |mixed: u64, n: u64| mixed.rotate_left(7) ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    numbers.into_iter().fold(17, mix)
}

/// What a `map` makes of it.
pub(crate) const fn mapped(n: u64, by: u64) -> u64 {
    n.wrapping_mul(3).wrapping_add(by)
}

/// The parts of one number.
pub(crate) fn parts(n: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..n % (count + 1)).map(move |part| n.wrapping_add(part * part))
}

/// What `attempt(…).or(…)` makes of a failure.
pub(crate) fn handled(wrong: &Wrong) -> u64 {
    match wrong {
        Wrong::Risk(n) => n + 1,
        _ => 1,
    }
}

/// Evaluates plans of a flow.
#[derive(Clone, Copy)]
pub(crate) struct Evaluation {
    /// Whether the flow collects its failures.
    pub(crate) collects: bool,
}

impl Evaluation {
    /// What this number may come to; `None` if that is too much to say.
    pub(crate) fn of(self, plan: &Plan, n: u64) -> Option<Ends> {
        Some(match plan {
            Plan::Chain(parts) => {
                let mut ends = one(End::Value(n));
                for part in parts {
                    ends = then(&ends, |n| self.of(part, n))?;
                }
                ends
            }
            Plan::Map(by) => one(End::Value(mapped(n, *by))),
            Plan::Filter(of) => one(if n.is_multiple_of(*of) { End::Empty } else { End::Value(n) }),
            Plan::Trip(of) if n.is_multiple_of(*of) => one(failed(Wrong::Panic(n.to_string()))),
            Plan::Trip(_) => one(End::Value(n)),
            Plan::Work(work) => one(work.of(n)),
            Plan::Or(risk) => one(End::Value(risk.take(n).unwrap_or_else(|wrong| handled(&wrong)))),
            Plan::Bury(risk) => one(risk.take(n).map_or(End::Empty, End::Value)),
            Plan::Fork(both) => self.fork(&[self.of(&both[0], n)?, self.of(&both[1], n)?])?,
            Plan::Fork3(all) => self.fork(&[self.of(&all[0], n)?, self.of(&all[1], n)?, self.of(&all[2], n)?])?,
            Plan::Route(arms) => self.of(&arms[(n % 3) as usize], n)?,
            Plan::Each(each, part) => self.each(*each, n, |n| self.of(part, n))?,
            Plan::Batch { part, .. } => self.of(part, n)?,
            Plan::Retry { times, failures, .. } if failures > times => one(failed(Wrong::Flaky(n))),
            Plan::Retry { part, .. } => self.of(part, n)?,
            Plan::Share(share) => Self { collects: false }.share(share, n)?,
        })
    }

    fn share(self, share: &Share, n: u64) -> Option<Ends> {
        let before = self.of(&share.before, n)?;
        let mut all = Ends::new();
        for late in self.of(&share.trunk, n)? {
            let End::Value(late) = late else {
                // The other branch may have ended first.
                all.extend(before.iter().filter(|end| !matches!(end, End::Value(_))).cloned());
                all.insert(late);
                continue;
            };
            let after = |n| self.of(&share.after, fold([n, late]));
            let second = then(&before, |n| match share.each {
                Some(each) => self.each(each, n, after),
                None => after(n),
            })?;
            all.extend(self.fork(&[self.of(&share.first, late)?, second])?);
        }
        Some(all)
    }

    fn fork(self, branches: &[Ends]) -> Option<Ends> {
        let join = |ends: &[End], joined: &mut Ends| {
            if ends.iter().all(|end| matches!(end, End::Value(_))) {
                joined.insert(End::Value(fold(values(ends))));
            } else if self.collects {
                joined.insert(collected(ends).unwrap_or(End::Empty));
            } else {
                joined.extend(ends.iter().filter(|end| !matches!(end, End::Value(_))).cloned());
            }
        };
        combined(branches, join)
    }

    fn each(self, each: Each, n: u64, part: impl Fn(u64) -> Option<Ends>) -> Option<Ends> {
        let ends = parts(n, each.count).map(part).collect::<Option<Vec<Ends>>>()?;
        let collect = |ends: &[End], all: &mut Ends| match collected(ends) {
            None => {
                all.insert(End::Value(fold(values(ends))));
            }
            Some(failures) if self.collects => {
                all.insert(failures);
            }
            Some(_) => all.extend(ends.iter().filter(|end| matches!(end, End::Failed(_))).cloned()),
        };
        combined(&ends, collect)
    }
}

impl Work {
    fn of(self, n: u64) -> End {
        let risk = |risk: Risk| risk.take(n);
        match self {
            Self::Add(by) => End::Value(n.wrapping_add(by)),
            Self::Nap(_) => End::Value(n),
            Self::Square => End::Value(n.wrapping_mul(n)),
            Self::Inner => risk(INNER_RISK).map_or_else(failed, |a| End::Value(fold([a, n]))),
            Self::Risk(taken) => risk(taken).map_or_else(failed, End::Value),
        }
    }
}

fn one(end: End) -> Ends {
    Ends::from([end])
}

fn failed(wrong: Wrong) -> End {
    End::Failed(vec![wrong])
}

fn values(ends: &[End]) -> impl Iterator<Item = u64> {
    ends.iter().filter_map(|end| if let End::Value(n) = end { Some(*n) } else { None })
}

/// All failures as one; `None` if there is none.
fn collected(ends: &[End]) -> Option<End> {
    let failures = |end: &End| if let End::Failed(failures) = end { failures.clone() } else { Vec::new() };
    let mut all: Vec<Wrong> = ends.iter().flat_map(failures).collect();
    all.sort();
    if all.is_empty() { None } else { Some(End::Failed(all)) }
}

/// Each value goes on.
fn then(ends: &Ends, mut next: impl FnMut(u64) -> Option<Ends>) -> Option<Ends> {
    let mut all = Ends::new();
    for end in ends {
        match end {
            End::Value(n) => all.extend(next(*n)?),
            other => _ = all.insert(other.clone()),
        }
    }
    if all.len() > MOST { None } else { Some(all) }
}

/// What comes of each combination of ends.
fn combined(branches: &[Ends], mut comes_to: impl FnMut(&[End], &mut Ends)) -> Option<Ends> {
    let mut combinations: Vec<Vec<End>> = vec![Vec::new()];
    for ends in branches {
        let longer =
            |before: &Vec<End>| ends.iter().map(|end| [&before[..], std::slice::from_ref(end)].concat()).collect();
        combinations = combinations.iter().flat_map::<Vec<Vec<End>>, _>(longer).collect();
        if combinations.len() > MOST {
            return None;
        }
    }
    let mut all = Ends::new();
    combinations.iter().for_each(|ends| comes_to(ends, &mut all));
    if all.len() > MOST { None } else { Some(all) }
}
