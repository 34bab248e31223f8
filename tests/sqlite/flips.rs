//! Bits that flip while nobody has the store open: each accepted request is delivered as it was sent, or somebody is told.
//!
//! `JOB_ORCH_FLIPS=2000 cargo test -p job-orch-tests --test sqlite flips` is the long run.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use job_orch::channel::{Channels, Delivery, Envelope, McReceive, MpSend};
use job_orch::engine::EngineChannels;
use job_orch::prelude::*;
use job_orch::{Durability, Engine};

use crate::store::Place;

#[job]
async fn measure(text: &String) -> usize {
    text.len()
}

/// What was sent, and the file and its log as somebody left them.
struct Left {
    sent: BTreeMap<JobId, String>,
    file: Vec<u8>,
    log: Vec<u8>,
}

fn log_of(file: &Path) -> PathBuf {
    file.with_extension("db-wal")
}

/// Leaves 60 requests: in the file if the store was closed, else most of them in the log.
async fn leave(is_closed: bool) -> Left {
    let place = Place::new();
    let store = place.open();
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    let mut sent = BTreeMap::new();
    for number in 0..60 {
        let envelope: Envelope<Measure> = Envelope::new(format!("request number {number}, and some more words"));
        sent.insert(envelope.id(), envelope.request().clone());
        channels.request_sender().send(envelope).await.unwrap();
    }
    let mut log = std::fs::read(log_of(&place.file())).unwrap();
    if is_closed {
        drop((channels, store));
        log.clear();
    }
    // What was made in advance holds nothing.
    log.truncate(log.len() - log.iter().rev().take_while(|byte| **byte == 0).count());
    Left { sent, file: std::fs::read(place.file()).unwrap(), log }
}

/// Delivers what is left. Says how much was delivered, and whether anybody was told that something is wrong.
async fn deliver(left: &Left) -> (usize, bool) {
    let place = Place::new();
    std::fs::write(place.file(), &left.file).unwrap();
    std::fs::set_permissions(place.file(), PermissionsExt::from_mode(0o600)).unwrap();
    if !left.log.is_empty() {
        std::fs::write(log_of(&place.file()), &left.log).unwrap();
    }
    let options = Sqlite::options().durability(Durability::ProcessCrash).for_tests();
    let Ok(store) = options.open(place.file()) else { return (0, true) };
    let Ok(channels) = Engine::open::<Measure>(&store, &Measure::SERVING).await else { return (0, true) };
    let (mut receiver, mut delivered, mut told) = (channels.request_receiver(), BTreeSet::new(), false);
    loop {
        match tokio::time::timeout(Duration::from_millis(2), receiver.receive()).await {
            Ok(Ok(delivery)) => {
                let (id, text) = (delivery.message().id(), delivery.message().request());
                assert_eq!(left.sent.get(&id), Some(text), "another request than was sent");
                assert!(delivered.insert(id), "delivered again");
                if delivery.ack().await.is_err() {
                    told = true;
                    break;
                }
            }
            Ok(Err(_)) => {
                told = true;
                break;
            }
            Err(_) => break,
        }
    }
    told |= channels.dead_letters().await.map_or(true, |dead| !dead.is_empty());
    (delivered.len(), told)
}

async fn flip(is_closed: bool, seed: &mut u64) {
    let flips: usize = std::env::var("JOB_ORCH_FLIPS").map_or(150, |flips| flips.parse().unwrap()) / 2;
    let mut left = leave(is_closed).await;
    assert_eq!(deliver(&left).await, (60, false), "nothing has flipped yet");
    let (mut told, mut harmless) = (0, 0);
    for _ in 0..flips {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = if is_closed { left.file.len() } else { left.log.len() } * 8;
        let bit = usize::try_from(*seed >> 20).unwrap() % bits;
        let turn = |left: &mut Left| {
            let bytes = if is_closed { &mut left.file } else { &mut left.log };
            bytes[bit / 8] ^= 1 << (bit % 8);
        };
        turn(&mut left);
        let (delivered, is_told) = deliver(&left).await;
        turn(&mut left);
        assert!(is_told || delivered == 60, "bit {bit} hides {} requests (closed: {is_closed})", 60 - delivered);
        if is_told { told += 1 } else { harmless += 1 }
    }
    println!("closed: {is_closed}; {told} were told, {harmless} did no harm");
    assert!(told > flips / 20 && (harmless > 0 || !is_closed), "it shows something: {told} told, {harmless} harmless");
}

#[tokio::test]
async fn no_bit_flips_in_silence_in_a_file() {
    flip(true, &mut 7).await;
}

#[tokio::test]
async fn no_bit_flips_in_silence_in_a_log() {
    flip(false, &mut 11).await;
}
