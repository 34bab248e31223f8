//! The laws of channels, proved for each engine: one line each.

mod fixtures;

use fixtures::{Boxed, Memory};
use job_orch::channel::laws::matrix;
use job_orch::channel_laws;

channel_laws!(memory, Memory);

// What is behind a `dyn` is memory again, so the twins lose nothing; they have no more than the contracts have.
channel_laws!(boxed, Boxed, except: [
    a_request_can_be_withdrawn,
    only_what_waits_can_be_withdrawn,
    a_delayed_request_can_be_withdrawn,
    a_withdrawn_request_leaves_room,
    a_withdrawn_request_frees_its_key,
    a_withdrawn_request_may_be_the_last,
    a_buried_request_is_a_dead_letter,
    a_redriven_dead_letter_comes_again,
    a_dead_letter_survives_a_failed_redrive,
    a_dropped_dead_letter_is_gone,
    the_channels_can_be_asked,
    an_abandoned_request_is_a_dead_letter,
]);

#[test]
fn the_matrix_is_printed() {
    let matrix = matrix(&[("memory", memory::EXCEPT), ("boxed", boxed::EXCEPT)]);
    println!("{matrix}");
    let row = |law: &str| matrix.lines().find(|row| row.starts_with(law)).map(|row| row.split_whitespace().collect());
    assert_eq!(row("an_acked_request_is_gone"), Some(vec!["an_acked_request_is_gone", "ok", "ok"]));
    assert_eq!(row("a_request_can_be_withdrawn"), Some(vec!["a_request_can_be_withdrawn", "ok", "-"]));
}
