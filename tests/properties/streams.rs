//! A flow over a stream of inputs.

use futures_util::{StreamExt, stream};
use proptest::prelude::*;

use crate::case::{Case, PAUSED, Verdict, cases, check, ends, paused};
use crate::eval::End;
use crate::explain::{are_all, are_in_order, end};

#[test]
fn outputs_are_as_many_and_in_the_order_of_the_inputs() {
    check(20, &cases(PAUSED), |case| paused(streamed(&case)));
}

pub(crate) async fn streamed(case: &Case) -> Verdict {
    let Some(evaluated) = case.evaluated() else { return Ok(()) };
    let running = case.start().await;
    let all = || running.orch.run_all(&running.flow, stream::iter(case.inputs.clone())).at_once(case.at_once);
    let outputs: Vec<End> = ends("a stream of runs", all().map(end).collect()).await?;
    prop_assert!(are_in_order(&outputs, &evaluated), "{:?} is not {:?}, in order", outputs, evaluated);
    let outputs: Vec<End> = ends("a stream of runs", all().as_completed().map(end).collect()).await?;
    prop_assert!(are_all(&outputs, &evaluated), "{:?} is not {:?}, in any order", outputs, evaluated);
    Ok(())
}
