//! The laws of channels, proved for each engine: one line each.

mod capabilities;
mod fixtures;

use fixtures::{Boxed, Memory, Sqlite};
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

channel_laws!(sqlite, Sqlite, except: [
    // What is accepted is on the disk, and that takes waiting. A send that is dropped while its commit is under way may have
    // been accepted: its envelope can be sent again, and is accepted once (behaviour::sqlite).
    a_request_can_be_sent_without_waiting,
    cancelling_loses_nothing_in_a_crowd,
    // These count values in memory, and there are none: what waits is bytes.
    never_more_than_the_capacity_waits,
    what_is_handled_in_place_is_let_go,
    // What waits here is kept for other processes and the next start.
    the_last_receiver_closes_the_channel,
    the_last_receiver_tells_blocked_senders,
    an_abandoned_request_is_a_dead_letter,
    // The broadcast is never full: what slow receivers have yet to read is in the store.
    a_slow_receiver_holds_the_sender,
    a_slow_receiver_that_leaves_frees_the_sender,
    the_last_receiver_frees_the_senders,
    a_full_broadcast_refuses_if_told_to,
    a_cancelled_broadcast_stays_with_its_sender,
    a_cancelled_broadcast_wakes_another,
]);

#[test]
fn the_matrix_is_printed() {
    let matrix = matrix(&[("memory", memory::EXCEPT), ("sqlite", sqlite::EXCEPT), ("boxed", boxed::EXCEPT)]);
    println!("{matrix}");
    let row = |law: &str| matrix.lines().find(|row| row.starts_with(law)).map(|row| row.split_whitespace().collect());
    assert_eq!(row("an_acked_request_is_gone"), Some(vec!["an_acked_request_is_gone", "ok", "ok", "ok"]));
    assert_eq!(row("a_request_can_be_withdrawn"), Some(vec!["a_request_can_be_withdrawn", "ok", "ok", "-"]));
}
