//! Runs and streams that are dropped, at some poll or at some time.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use job_orch_tests::cut_off;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::timeout;

use crate::case::{Case, PAUSED, Running, Verdict, cases, check, ends, paused};
use crate::eval::{End, Ends};
use crate::explain::end;
use crate::plan::Limits;

/// When a run is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    Never,
    /// After so many polls.
    Polls(usize),
    /// After so long.
    After(Duration),
}

/// Cases, and when each run is dropped.
pub(crate) fn cut_cases(limits: Limits) -> impl Strategy<Value = (Case, Vec<Cut>)> {
    let micros = limits.millis * 3_000;
    let cut = prop_oneof![
        1 => Just(Cut::Never),
        2 => (0..12_usize).prop_map(Cut::Polls),
        2 => (0..micros).prop_map(|micros| Cut::After(Duration::from_micros(micros))),
    ];
    (cases(limits), vec(cut, 6))
}

#[test]
fn runs_that_are_dropped_leave_nothing_behind_and_trouble_nobody() {
    check(25, &cut_cases(PAUSED), |(case, cuts)| paused(dropped(&case, &cuts)));
}

pub(crate) async fn dropped(case: &Case, cuts: &[Cut]) -> Verdict {
    let Some(evaluated) = case.evaluated() else { return Ok(()) };
    let running = case.start().await;
    let runs = case.inputs.iter().zip(cuts).map(|(n, cut)| cut_run(&running, *n, *cut));
    for (output, expected) in ends("a run", join_all(runs)).await?.into_iter().zip(&evaluated) {
        prop_assert!(
            output.as_ref().is_none_or(|end| expected.contains(end)),
            "{:?} is none of {:?}",
            output,
            expected
        );
    }
    if let Some(Cut::Polls(outputs)) = cuts.last() {
        let all = running.orch.run_all(&running.flow, stream::iter(case.inputs.clone()));
        let _ = ends("a stream of runs", all.take(*outputs).count()).await?;
    }
    goes_on(case, &evaluated, &running).await?;
    running.ends_clean().await
}

async fn cut_run(running: &Running, n: u64, cut: Cut) -> Option<End> {
    let run = running.orch.run(&running.flow, n);
    let output = match cut {
        Cut::Never => Some(run.await),
        Cut::Polls(polls) => cut_off(polls, run).await,
        Cut::After(time) => timeout(time, run).await.ok(),
    };
    output.map(end)
}

/// More runs than are admitted at once: a lost permit would be missed.
async fn goes_on(case: &Case, evaluated: &[Ends], running: &Running) -> Verdict {
    let inputs = case.inputs.iter().zip(evaluated).cycle().take(2 * case.at_once + 1);
    let runs = inputs.map(async |(n, expected)| (running.orch.run(&running.flow, *n).await, expected));
    for (output, expected) in ends("a later run", join_all(runs)).await? {
        let end = end(output);
        prop_assert!(expected.contains(&end), "later, {:?} is none of {:?}", end, expected);
    }
    Ok(())
}
