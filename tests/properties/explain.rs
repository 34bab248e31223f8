//! Whether outputs are those of an evaluation.

use job_orch::flow::FlowError;

use crate::eval::{End, Ends};
use crate::jobs::Wrong;

/// What a run came to.
pub(crate) fn end(output: Result<u64, FlowError<Wrong>>) -> End {
    match output {
        Ok(n) => End::Value(n),
        Err(FlowError::Empty { .. }) => End::Empty,
        Err(error) => {
            let mut all = Vec::new();
            flatten(error, &mut all);
            all.sort();
            End::Failed(all)
        }
    }
}

fn flatten(error: FlowError<Wrong>, all: &mut Vec<Wrong>) {
    match error {
        FlowError::Step { error, .. } => all.push(error.into()),
        FlowError::Several { errors, .. } => errors.into_iter().for_each(|error| flatten(error, all)),
        other => all.push(Wrong::Other(other.to_string())),
    }
}

/// Whether each output is one of its input's ends, in order. Where nothing comes out there is no output.
pub(crate) fn are_in_order(outputs: &[End], inputs: &[Ends]) -> bool {
    match (outputs, inputs) {
        (outputs, []) => outputs.is_empty(),
        (outputs, [first, inputs @ ..]) => {
            let is_left_out = first.contains(&End::Empty) && are_in_order(outputs, inputs);
            is_left_out
                || outputs
                    .split_first()
                    .is_some_and(|(output, rest)| first.contains(output) && are_in_order(rest, inputs))
        }
    }
}

/// The same in any order.
pub(crate) fn are_all(outputs: &[End], inputs: &[Ends]) -> bool {
    let Some((output, rest)) = outputs.split_first() else {
        return inputs.iter().all(|ends| ends.contains(&End::Empty));
    };
    (0..inputs.len())
        .any(|at| inputs[at].contains(output) && are_all(rest, &[&inputs[..at], &inputs[at + 1..]].concat()))
}

#[test]
fn what_is_missing_or_in_another_order_is_told() {
    let (one, two) = (End::Value(1), End::Value(2));
    let ends = |all: &[&End]| all.iter().map(|end| (*end).clone()).collect::<Ends>();
    let inputs = [ends(&[&one]), ends(&[&End::Empty, &one]), ends(&[&two])];
    assert!(are_in_order(&[one.clone(), two.clone()], &inputs));
    assert!(!are_in_order(&[two.clone(), one.clone()], &inputs));
    assert!(are_all(&[two.clone(), one.clone()], &inputs));
    for outputs in [vec![one.clone()], vec![one.clone(), one.clone()], vec![one.clone(), two.clone(), two]] {
        assert!(!are_in_order(&outputs, &inputs) && !are_all(&outputs, &inputs));
    }
}
