//! A graph as data, over numbers.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::jobs::Risk;

/// A part of a flow, from one number to one number.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Chain(Vec<Self>),
    Map(u64),
    /// Takes multiples out.
    Filter(u64),
    /// A function that panics for multiples.
    Trip(u64),
    Work(Work),
    /// A risk that is handled in place.
    Or(Risk),
    /// A risk that becomes a dead letter.
    Bury(Risk),
    Fork(Box<[Self; 2]>),
    Fork3(Box<[Self; 3]>),
    /// By the remainder of a division by three.
    Route(Box<[Self; 3]>),
    Each(Each, Box<Self>),
    Batch {
        max: usize,
        linger: u64,
        part: Box<Self>,
    },
    /// Retries the part, which begins with so many failures.
    Retry {
        times: u32,
        failures: u32,
        part: Box<Self>,
    },
    Share(Box<Share>),
}

impl Plan {
    /// Whether values of several elements or runs go on together somewhere in it.
    pub(crate) fn has_batch(&self) -> bool {
        match self {
            Self::Batch { .. } => true,
            Self::Map(_) | Self::Filter(_) | Self::Trip(_) | Self::Work(_) | Self::Or(_) | Self::Bury(_) => false,
            Self::Chain(parts) => parts.iter().any(Self::has_batch),
            Self::Fork(parts) => parts.iter().any(Self::has_batch),
            Self::Fork3(parts) | Self::Route(parts) => parts.iter().any(Self::has_batch),
            Self::Each(_, part) | Self::Retry { part, .. } => part.has_batch(),
            Self::Share(share) => {
                [&share.trunk, &share.first, &share.before, &share.after].into_iter().any(Self::has_batch)
            }
        }
    }
}

/// A step that is a job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Add(u64),
    Nap(u64),
    Square,
    Inner,
    Risk(Risk),
}

/// How an `each` goes over up to `count` parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Each {
    pub(crate) count: u64,
    pub(crate) at_once: Option<u32>,
    /// Whether a job makes the parts.
    pub(crate) is_job: bool,
}

/// `first` comes after `trunk`; `after` waits for `trunk` and comes after `before`, in the parts of an `each` or not.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub(crate) trunk: Plan,
    pub(crate) first: Plan,
    pub(crate) before: Plan,
    pub(crate) each: Option<Each>,
    pub(crate) after: Plan,
}

/// What a plan may do.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The longest nap.
    pub(crate) millis: u64,
    /// Whether a value may fail, or be taken out.
    pub(crate) may_end: bool,
    pub(crate) depth: u32,
}

impl Limits {
    const fn without_ends(self) -> Self {
        Self { may_end: false, depth: 1, ..self }
    }
}

/// Plans within these limits.
pub(crate) fn plans(limits: Limits) -> BoxedStrategy<Plan> {
    if limits.depth == 0 {
        return leaf(limits);
    }
    let plan = leaf(limits).prop_recursive(limits.depth - 1, 24, 4, move |plan| branching(limits, &plan)).boxed();
    branching(limits, &plan)
}

fn leaf(limits: Limits) -> BoxedStrategy<Plan> {
    let safe = prop_oneof![
        2 => (0..100_u64).prop_map(Plan::Map),
        3 => safe_work(limits).prop_map(Plan::Work),
        1 => risk(limits).prop_map(Plan::Or),
    ];
    if !limits.may_end {
        return safe.boxed();
    }
    prop_oneof![
        6 => safe,
        1 => (2..9_u64).prop_map(Plan::Filter),
        1 => (2..12_u64).prop_map(Plan::Trip),
        1 => risk(limits).prop_map(Plan::Bury),
        2 => risk(limits).prop_map(|risk| Plan::Work(Work::Risk(risk))),
        1 => Just(Plan::Work(Work::Inner)),
    ]
    .boxed()
}

fn safe_work(limits: Limits) -> impl Strategy<Value = Work> {
    prop_oneof![
        2 => (0..100_u64).prop_map(Work::Add),
        2 => (0..=limits.millis).prop_map(Work::Nap),
        1 => Just(Work::Square),
    ]
}

fn risk(limits: Limits) -> impl Strategy<Value = Risk> {
    (2..12_u64, prop::bool::weighted(0.2), 0..=limits.millis).prop_map(|(of, panics, millis)| Risk {
        of,
        panics,
        millis,
    })
}

fn each() -> impl Strategy<Value = Each> {
    (1..9_u64, prop::option::weighted(0.7, 1..4_u32), any::<bool>()).prop_map(|(count, at_once, is_job)| Each {
        count,
        at_once,
        is_job,
    })
}

fn branching(limits: Limits, plan: &BoxedStrategy<Plan>) -> BoxedStrategy<Plan> {
    let two = (plan.clone(), plan.clone()).prop_map(|(a, b)| Plan::Fork(Box::new([a, b])));
    let three = (plan.clone(), plan.clone(), plan.clone());
    let batched = if limits.may_end { plans(limits.without_ends()) } else { plan.clone() };
    let batch = (1..5_usize, 0..3_u64, batched);
    let failures = if limits.may_end { 0..4_u32 } else { 0..1 };
    prop_oneof![
        4 => vec(plan.clone(), 1..4).prop_map(Plan::Chain),
        3 => two,
        1 => three.clone().prop_map(|(a, b, c)| Plan::Fork3(Box::new([a, b, c]))),
        2 => three.prop_map(|(a, b, c)| Plan::Route(Box::new([a, b, c]))),
        3 => (each(), plan.clone()).prop_map(|(each, part)| Plan::Each(each, Box::new(part))),
        2 => batch.prop_map(|(max, linger, part)| Plan::Batch { max, linger, part: Box::new(part) }),
        2 => (1..3_u32, failures, plan.clone())
            .prop_map(|(times, failures, part)| Plan::Retry { times, failures, part: Box::new(part) }),
        2 => share(plan),
    ]
    .boxed()
}

fn share(plan: &BoxedStrategy<Plan>) -> impl Strategy<Value = Plan> + use<> {
    let each = prop::option::weighted(0.3, each());
    (plan.clone(), plan.clone(), plan.clone(), each, plan.clone()).prop_map(|(trunk, first, before, each, after)| {
        Plan::Share(Box::new(Share { trunk, first, before, each, after }))
    })
}
