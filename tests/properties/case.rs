//! Cases: a plan, what goes in, and how it is run.

use std::future::Future;
use std::time::Duration;

use job_orch::flow::Flow;
use job_orch::prelude::*;
use job_orch_tests::Tally;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use crate::eval::{End, Ends, Evaluation};
use crate::jobs::{Wrong, start};
use crate::plan::{Limits, Plan, plans};
use crate::wire;

/// Cases of all properties together, unless `JOB_ORCH_CASES` says another number.
const CASES: u32 = 3_000;

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) plan: Plan,
    pub(crate) inputs: Vec<u64>,
    /// Whether the flow collects its failures.
    pub(crate) collects: bool,
    /// Runs that are admitted at once.
    pub(crate) at_once: usize,
    pub(crate) workers: usize,
    /// Places in each channel.
    pub(crate) room: usize,
}

/// On paused time.
pub(crate) const PAUSED: Limits = Limits { millis: 20, may_end: true, depth: 4 };

/// On real time.
pub(crate) const REAL: Limits = Limits { millis: 1, ..PAUSED };

/// How long nothing of a case lasts.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Cases within these limits.
pub(crate) fn cases(limits: Limits) -> impl Strategy<Value = Case> {
    let ways = (any::<bool>(), 1..4_usize, 1..4_usize, 1..4_usize);
    (plans(limits), vec(0..10_000_u64, 1..6), ways).prop_map(|(plan, inputs, (collects, at_once, workers, room))| {
        Case { plan, inputs, collects, at_once, workers, room }
    })
}

/// What a property says of one case: an error says why it does not hold.
pub(crate) type Verdict = Result<(), TestCaseError>;

/// Checks a property in this percentage of all cases.
pub(crate) fn check<S: Strategy>(percent: u32, strategy: &S, property: impl Fn(S::Value) -> Verdict) {
    let all = std::env::var("JOB_ORCH_CASES").map_or(CASES, |cases| cases.parse().expect("a number of cases"));
    let cases = (all * percent).div_ceil(100);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 10_000,
        max_shrink_time: 30_000,
        ..Config::default()
    };
    if let Err(error) = TestRunner::new(config).run(strategy, property) {
        panic!("{error}");
    }
}

/// Runs on paused time.
pub(crate) fn paused<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

/// Runs on two threads and on real time.
pub(crate) fn threaded<F: Future>(future: F) -> F::Output {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap().block_on(future)
}

/// A case that runs.
pub(crate) struct Running {
    pub(crate) orch: Orchestrator<Memory>,
    pub(crate) flow: Flow<u64, u64, Wrong>,
    /// Counts the jobs that are running.
    pub(crate) inside: Tally,
}

impl Case {
    pub(crate) async fn start(&self) -> Running {
        let inside = Tally::default();
        let flow = wire::flow(&self.plan).at_once(self.at_once);
        let flow = if self.collects { flow.collect_failures() } else { flow };
        Running { orch: start(self.workers, self.room, &inside).await, flow, inside }
    }

    /// What each input may come to; `None` if that is too much to say.
    pub(crate) fn evaluated(&self) -> Option<Vec<Ends>> {
        let evaluation = Evaluation { collects: self.collects };
        self.inputs.iter().map(|n| evaluation.of(&self.plan, *n)).collect()
    }
}

impl Running {
    /// In the end nothing is in flight, the orchestrator is well, and its shutdown ends.
    pub(crate) async fn ends_clean(self) -> Verdict {
        let rests = async {
            while !self.rests().await {
                sleep(Duration::from_millis(1)).await;
            }
        };
        if timeout(LONG, rests).await.is_err() {
            let (running, health) = (self.inside.alive(), self.orch.health().await);
            return Err(TestCaseError::fail(format!("{running} jobs still run: {health:?}")));
        }
        let ended = ends("a shutdown", self.orch.shutdown()).await?;
        prop_assert!(ended.is_ok(), "the shutdown: {:?}", ended);
        Ok(())
    }

    /// Whether nothing waits and nothing runs.
    async fn rests(&self) -> bool {
        let health = self.orch.health().await;
        health.is_healthy() && health.jobs.iter().all(|job| job.waiting == Some(0)) && self.inside.alive() == 0
    }
}

/// Awaits what must come within a minute, on either clock.
pub(crate) async fn ends<F: Future>(what: &str, future: F) -> Result<F::Output, TestCaseError> {
    timeout(LONG, future).await.map_err(|_| TestCaseError::fail(format!("{what} never ends")))
}

#[test]
fn cases_are_of_every_kind_and_nearly_all_have_an_evaluation() {
    let (strategy, mut runner) = (cases(PAUSED), TestRunner::deterministic());
    let cases: Vec<Case> = (0..600).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let evaluated: Vec<Ends> = cases.iter().filter_map(Case::evaluated).flatten().collect();
    let given = cases.iter().map(|case| case.inputs.len()).sum::<usize>();
    assert!(evaluated.len() * 100 > given * 95, "{} of {given} have an evaluation", evaluated.len());
    let sure = evaluated.iter().filter(|ends| ends.len() == 1).count();
    assert!(sure * 100 > given * 80, "{sure} of {given} have one end");
    let count = |is: fn(&End) -> bool| evaluated.iter().flatten().filter(|end| is(end)).count() * 100;
    let kinds = [
        count(|end| matches!(end, End::Value(_))),
        count(|end| matches!(end, End::Empty)),
        count(|end| matches!(end, End::Failed(all) if all.len() == 1)),
        count(|end| matches!(end, End::Failed(all) if all.len() > 1)),
    ];
    assert!(kinds.iter().all(|kind| *kind > given), "{kinds:?} hundredths of {given}");
    let plans = format!("{cases:?}");
    for kind in
        ["Filter", "Trip", "Or", "Bury", "Fork(", "Fork3", "Route", "Each(", "Batch", "Retry", "Share(", "Inner"]
    {
        assert!(plans.matches(kind).count() > 60, "{kind}");
    }
}
