//! A plan as a flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use job_orch::Route;
use job_orch::flow::{Flow, Wire, arm};
use job_orch::retry::Retry;

use crate::eval::{fold, handled, mapped, parts};
use crate::jobs::{
    Add, Count, Inner, Millis, Nap, Plus, Risk, RiskIt, Spread, Square, TryAgain, With, Wrong, panic_quietly,
};
use crate::plan::{Each, Plan, Share, Work};

type Number = Wire<u64, Wrong>;

/// The plan as a flow.
pub(crate) fn flow(plan: &Plan) -> Flow<u64, u64, Wrong> {
    Flow::define("random", |n| plan.wire(n)).unwrap()
}

/// Failures that are left. Clones are the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Failures(Arc<AtomicU32>);

impl Failures {
    fn of(count: u32) -> Self {
        Self(Arc::new(AtomicU32::new(count)))
    }

    /// Whether there was one.
    pub(crate) fn take_one(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

#[derive(Route)]
enum Third {
    None(u64),
    One(u64),
    Two(u64),
}

impl Third {
    const fn of(n: u64) -> Self {
        match n % 3 {
            0 => Self::None(n),
            1 => Self::One(n),
            _ => Self::Two(n),
        }
    }
}

impl Plan {
    fn wire(&self, n: Number) -> Number {
        match self {
            Self::Chain(parts) => parts.iter().fold(n, |n, part| n.then(|n| part.wire(n))),
            Self::Map(by) => n.map({
                let by = *by;
                move |n| mapped(n, by)
            }),
            Self::Filter(of) => n.filter({
                let of = *of;
                move |n| !n.is_multiple_of(of)
            }),
            Self::Trip(of) => n.map({
                let of = *of;
                move |n| if n.is_multiple_of(of) { panic_quietly(n) } else { n }
            }),
            Self::Work(work) => work.wire(n),
            Self::Or(risk) => risky(n, *risk).attempt(RiskIt).or(|error| handled(&error.into())),
            Self::Bury(risk) => risky(n, *risk).attempt(RiskIt).dead_letter(),
            Self::Fork(both) => n.fork(|n| both[0].wire(n), |n| both[1].wire(n)).map(|(a, b)| fold([a, b])),
            Self::Fork3(all) => {
                n.fork3(|n| all[0].wire(n), |n| all[1].wire(n), |n| all[2].wire(n)).map(|(a, b, c)| fold([a, b, c]))
            }
            Self::Route(arms) => n.map(Third::of).route(ThirdArms {
                none: arm(|n| arms[0].wire(n)),
                one: arm(|n| arms[1].wire(n)),
                two: arm(|n| arms[2].wire(n)),
            }),
            Self::Each(each, part) => each.wire(n, |n| part.wire(n)),
            Self::Batch { max, linger, part } => {
                n.batch(*max, Duration::from_millis(*linger), |all| all.each(|n| part.wire(n)))
            }
            Self::Retry { times, failures, part } => retry(n, *times, *failures, part),
            Self::Share(share) => share.wire(n),
        }
    }
}

impl Work {
    fn wire(self, n: Number) -> Number {
        match self {
            Self::Add(by) => n.map(move |n| With(n, Plus(by))).to(Add),
            Self::Nap(millis) => n.map(move |n| With(n, Millis(millis))).to(Nap),
            Self::Square => n.to(Square),
            Self::Inner => n.to(Inner),
            Self::Risk(risk) => risky(n, risk).to(RiskIt),
        }
    }
}

fn risky(n: Number, risk: Risk) -> Wire<With<Risk>, Wrong> {
    n.map(move |n| With(n, risk))
}

fn retry(n: Number, times: u32, failures: u32, part: &Plan) -> Number {
    let policy = Retry::times(times).constant(Duration::from_millis(1)).jitter(0.0);
    n.map(move |n| With(n, Failures::of(failures))).retry_part(policy, |n| part.wire(n.to(TryAgain)))
}

impl Each {
    fn wire(self, n: Number, part: impl FnOnce(Number) -> Number) -> Number {
        let count = self.count;
        let many = if self.is_job {
            n.map(move |n| With(n, Count(count))).to(Spread)
        } else {
            n.map(move |n| parts(n, count).collect::<Vec<u64>>())
        };
        match self.at_once {
            Some(at_once) => many.each_at_once(at_once, part),
            None => many.each(part),
        }
        .map(fold)
    }
}

impl Share {
    fn wire(&self, n: Number) -> Number {
        let second = |n: Number, late| {
            let with = |n: Number| self.after.wire(n.with(late).map(|(n, late)| fold([n, late])));
            let n = self.before.wire(n);
            match self.each {
                Some(each) => each.wire(n, with),
                None => with(n),
            }
        };
        n.share(|n| self.trunk.wire(n), |s| self.first.wire(s), second).map(|(a, b)| fold([a, b]))
    }
}
