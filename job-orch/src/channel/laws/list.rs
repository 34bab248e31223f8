//! The list of all laws: where a new law is written down, so that every engine runs it.

/// Calls a macro once, with all laws.
#[doc(hidden)]
#[macro_export]
macro_rules! __channel_laws_list {
    ($($callback:ident)::+ $(, $with:ident)?) => {
        $($callback)::+! {
            $($with)?
            requests {
                alone a_request_arrives_as_it_was_sent,
                alone a_request_waits_for_its_receiver,
                alone a_request_wakes_its_receiver,
                alone one_receiver_gets_requests_in_order,
                alone requests_sent_at_once_keep_their_order,
                alone requests_that_find_no_room_stay_with_their_sender,
                alone sending_nothing_sends_nothing,
                alone a_request_can_be_sent_without_waiting,
                crowded each_request_goes_to_one_receiver,
                alone every_idle_receiver_is_woken,
                alone a_receiver_that_leaves_leaves_its_requests_behind,
                alone channels_do_not_mix,
            }
            settling {
                alone an_acked_request_is_gone,
                alone a_request_returned_untouched_keeps_its_place,
                alone a_request_returned_in_a_stream_keeps_its_place,
                alone returned_requests_come_before_later_ones,
                alone a_failure_counts_an_attempt,
                alone a_failed_request_waits_for_its_time,
                alone a_snooze_counts_no_attempt,
                alone attempts_survive_a_return,
                alone a_forgotten_delivery_returns,
                alone a_returned_request_wakes_a_receiver,
                alone every_returned_request_comes_again,
                alone a_returned_request_needs_no_room,
                alone a_delivery_outlives_its_channel,
            }
            closing {
                alone a_closed_channel_delivers_what_waits,
                alone closing_twice_is_closing_once,
                alone a_closed_channel_hands_requests_back,
                alone closing_tells_blocked_senders,
                alone closing_cuts_a_batch_in_two,
                alone closing_tells_waiting_receivers,
                alone the_last_sender_closes_the_channel,
                alone the_last_receiver_closes_the_channel,
                alone the_last_receiver_tells_blocked_senders,
                alone a_closed_channel_takes_requests_back,
                alone every_receiver_sees_the_end,
            }
            capacity {
                alone a_full_channel_makes_senders_wait,
                alone waiting_senders_proceed_in_order,
                alone much_room_lets_many_senders_in,
                alone a_full_channel_refuses_if_told_to,
                alone a_sender_may_refuse_to_wait,
                alone an_accepted_request_is_never_dropped,
                alone memory_stays_flat,
                crowded never_more_than_the_capacity_waits,
            }
            delays {
                alone an_option_is_respected_or_refused,
                alone a_delayed_request_comes_at_its_time,
                alone a_delay_of_nothing_is_none,
                alone a_delay_may_last_for_ever,
                alone delayed_requests_come_in_order_of_time,
                alone an_earlier_time_is_not_slept_through,
                alone a_delay_delays_nobody_else,
                alone a_delayed_request_takes_room,
                alone a_closed_channel_keeps_its_delays,
                alone the_watch_over_a_delay_is_passed_on,
                alone requests_due_together_wake_several_receivers,
                alone a_cancelled_wait_keeps_the_delay,
            }
            priorities {
                alone higher_priorities_come_first,
                alone one_priority_keeps_its_order,
                alone a_low_priority_is_not_starved,
                alone options_without_priority_keep_the_order,
                alone a_plain_request_is_not_starved,
            }
            uniqueness {
                alone a_key_is_unique_while_it_waits,
                alone a_key_is_unique_while_it_runs,
                alone a_key_may_be_unique_among_those_that_wait,
                alone a_key_is_unique_between_attempts,
                alone an_ack_frees_the_key,
                alone a_burial_frees_the_key,
                alone other_keys_are_free,
                alone a_duplicate_needs_no_room,
                crowded of_many_duplicates_one_is_accepted,
            }
            withdrawing {
                alone a_request_can_be_withdrawn,
                alone only_what_waits_can_be_withdrawn,
                alone a_delayed_request_can_be_withdrawn,
                alone a_withdrawn_request_leaves_room,
                alone a_withdrawn_request_frees_its_key,
                alone a_withdrawn_request_may_be_the_last,
            }
            dead_letters {
                alone a_buried_request_is_a_dead_letter,
                alone a_redriven_dead_letter_comes_again,
                alone a_dead_letter_survives_a_failed_redrive,
                alone a_dropped_dead_letter_is_gone,
                alone the_channels_can_be_asked,
                alone an_abandoned_request_is_a_dead_letter,
            }
            broadcast {
                alone every_receiver_sees_every_response,
                alone a_late_receiver_sees_what_comes_later,
                alone a_clone_goes_on_from_the_same_place,
                alone a_response_wakes_every_receiver,
                alone a_slow_receiver_holds_the_sender,
                alone a_slow_receiver_that_leaves_frees_the_sender,
                alone the_last_receiver_frees_the_senders,
                alone a_batch_goes_in_bit_by_bit,
                alone a_full_broadcast_refuses_if_told_to,
                alone a_broadcast_is_seen_to_its_end,
                alone without_receivers_nothing_is_kept,
                alone a_sender_knows_of_its_receivers,
                alone what_was_seen_is_let_go,
                crowded many_senders_keep_their_own_order,
            }
            lag {
                alone the_oldest_responses_go_and_are_counted,
                alone a_slow_receiver_slows_nobody_down,
                alone a_clone_does_not_lag_twice,
                alone a_clone_inherits_the_lag,
                alone skipped_responses_are_told_in_their_place,
                alone skipped_responses_take_no_room,
                alone missed_and_received_add_up,
                crowded missed_and_received_add_up_in_a_crowd,
            }
            cancelling {
                alone a_cancelled_receive_takes_nothing,
                alone a_cancelled_receive_wakes_another,
                alone a_leaving_receiver_wakes_another,
                alone a_receiver_that_stays_away_holds_nobody_up,
                alone a_cancelled_send_sends_nothing,
                alone a_cancelled_send_wakes_another,
                alone a_cancelled_batch_stays_with_its_sender,
                alone a_cancelled_broadcast_stays_with_its_sender,
                alone a_cancelled_listen_misses_nothing,
                alone a_cancelled_broadcast_wakes_another,
                crowded cancelling_loses_nothing_in_a_crowd,
            }
            fetching {
                alone what_is_fetched_is_handled_in_order,
                alone what_is_released_goes_to_others,
                alone the_rest_goes_to_others,
                alone what_is_in_hand_returns_alone,
                alone what_is_in_hand_can_be_released,
                alone what_is_released_takes_its_own_room,
                alone what_is_handled_in_place_is_let_go,
                alone an_idle_sibling_gets_what_was_fetched_ahead,
                alone who_is_at_the_only_request_keeps_the_next_from_nobody,
                alone what_is_in_hand_becomes_a_delivery,
                alone a_cancelled_fetch_takes_nothing,
            }
            leaks {
                alone a_thousand_channels_leave_nothing_behind,
                alone a_thousand_broadcasts_leave_nothing_behind,
                alone a_settled_request_is_let_go,
                alone a_channel_without_receivers_keeps_nothing,
                alone receivers_come_and_go,
            }
        }
    };
}

/// Calls a macro once for each law: with its module, its way of running and its name.
#[doc(hidden)]
#[macro_export]
macro_rules! __channel_laws_each {
    ($callback:ident $($module:ident { $($kind:ident $law:ident,)+ })+) => {
        $($($callback!($module $kind $law);)+)+
    };
}
