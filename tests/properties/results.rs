//! A run comes to what the evaluation does.

use futures_util::future::join_all;
use job_orch_tests::settle;
use proptest::prelude::*;

use crate::case::{Case, PAUSED, Verdict, cases, check, ends, paused};
use crate::explain::end;

#[test]
fn a_run_comes_to_what_its_evaluation_does_and_then_nothing_of_it_runs() {
    check(40, &cases(PAUSED), |case| paused(one_by_one(&case)));
}

async fn one_by_one(case: &Case) -> Verdict {
    let Some(evaluated) = case.evaluated() else { return Ok(()) };
    let running = case.start().await;
    for (n, expected) in case.inputs.iter().zip(&evaluated) {
        let end = end(ends("a run", running.orch.run(&running.flow, *n)).await?);
        prop_assert!(expected.contains(&end), "{} came to {:?}, not to one of {:?}", n, end, expected);
        settle().await;
        // A batch of several scopes is not stopped with one of them.
        let beside = case.plan.has_batch();
        prop_assert!(beside || running.inside.alive() == 0, "{} came to {:?}, and a job still runs", n, end);
    }
    running.ends_clean().await
}

#[test]
fn with_one_worker_on_channels_of_one_place_every_run_ends() {
    let narrow = cases(PAUSED).prop_map(|case| Case { workers: 1, room: 1, at_once: 8, ..case });
    check(15, &narrow, |case| paused(all_at_once(&case)));
}

pub(crate) async fn all_at_once(case: &Case) -> Verdict {
    let Some(evaluated) = case.evaluated() else { return Ok(()) };
    let running = case.start().await;
    let runs = join_all(case.inputs.iter().map(|n| running.orch.run(&running.flow, *n)));
    for (output, expected) in ends("a run", runs).await?.into_iter().zip(&evaluated) {
        let end = end(output);
        prop_assert!(expected.contains(&end), "{:?} is none of {:?}", end, expected);
    }
    Ok(())
}
