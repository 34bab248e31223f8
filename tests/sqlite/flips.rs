//! Bits that flip while nobody has the store open: each accepted request is delivered as it was sent, or somebody is told.
//!
//! `JOB_ORCH_FLIPS=2000 cargo test -p job-orch-tests --test sqlite flips` is the long run.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use job_orch::channel::{Channels, Delivery, Envelope, McReceive, MpSend, SendOptions};
use job_orch::engine::EngineChannels;
use job_orch::prelude::*;
use job_orch::{Durability, Engine};

use crate::store::Place;

#[job]
async fn measure(text: &String) -> usize {
    text.len()
}

/// Makes a file large.
#[job]
async fn swallow(_: &String) {}

/// Where the bits flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    /// In a file that is looked at in whole when it is opened.
    File,
    /// In its log.
    Log,
    /// In a file that is looked at while it is in use.
    LargeFile,
}

/// What was sent, and the file and its log as somebody left them.
struct Left {
    place: In,
    sent: BTreeMap<JobId, String>,
    file: Vec<u8>,
    log: Vec<u8>,
}

impl Left {
    fn bytes(&mut self) -> &mut Vec<u8> {
        if self.place == In::Log { &mut self.log } else { &mut self.file }
    }
}

/// What a file is filled with that is to be large.
const FILLING: &str = "x";

fn log_of(file: &Path) -> PathBuf {
    file.with_extension("db-wal")
}

/// Leaves 60 requests, some of which are urgent or were delayed: in the file if the store was closed, else most of them in
/// the log.
async fn leave(is_in: In) -> Left {
    let place = Place::new();
    let store = place.open();
    if is_in == In::LargeFile {
        let channels = Engine::open::<Swallow>(&store, &Swallow::SERVING).await.unwrap();
        channels.request_sender().send(Envelope::new(FILLING.repeat(9 << 20))).await.unwrap();
    }
    let channels = Engine::open::<Measure>(&store, &Measure::SERVING).await.unwrap();
    let mut sent = BTreeMap::new();
    for number in 0..60 {
        let envelope: Envelope<Measure> = Envelope::new(format!("request number {number}, and some more words"));
        sent.insert(envelope.id(), envelope.request().clone());
        let delay = (number % 6 == 1).then_some(Duration::from_millis(1));
        let mut options = SendOptions::default();
        (options.priority, options.delay) = (i16::from(number % 6 == 2), delay);
        channels.request_sender().send_with(envelope, options).await.unwrap();
    }
    let mut log = std::fs::read(log_of(&place.file())).unwrap();
    if is_in != In::Log {
        drop((channels, store));
        log.clear();
    }
    // What was made in advance holds nothing.
    log.truncate(log.len() - log.iter().rev().take_while(|byte| **byte == 0).count());
    Left { place: is_in, sent, file: std::fs::read(place.file()).unwrap(), log }
}

/// Delivers what is left. Says how much was delivered, and whether anybody was told that something is wrong.
async fn deliver(left: &Left) -> (usize, bool) {
    let place = Place::new();
    std::fs::write(place.file(), &left.file).unwrap();
    std::fs::set_permissions(place.file(), PermissionsExt::from_mode(0o600)).unwrap();
    if !left.log.is_empty() {
        std::fs::write(log_of(&place.file()), &left.log).unwrap();
    }
    let mut options = Sqlite::options().durability(Durability::ProcessCrash);
    if left.place != In::LargeFile {
        options = options.for_tests();
    }
    let Ok(store) = options.open(place.file()) else { return (0, true) };
    let Ok(channels) = Engine::open::<Measure>(&store, &Measure::SERVING).await else { return (0, true) };
    let (mut receiver, mut delivered, mut told) = (channels.request_receiver(), BTreeSet::new(), false);
    while delivered.len() < left.sent.len() {
        match tokio::time::timeout(patience(left), receiver.receive()).await {
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

/// After so long, nothing more comes. A large file is looked at meanwhile, and whoever waits is told what is found.
const fn patience(left: &Left) -> Duration {
    match left.place {
        In::LargeFile => Duration::from_secs(20),
        In::File | In::Log => Duration::from_millis(2),
    }
}

/// A byte that may flip: not one of the filling, of which no two bytes differ.
fn is_of_interest(left: &mut Left, byte: usize) -> bool {
    let bytes = left.bytes();
    let page = &bytes[byte - byte % 4096..bytes.len().min(byte - byte % 4096 + 4096)];
    page.iter().filter(|byte| **byte == FILLING.as_bytes()[0]).count() < 3000
}

async fn flip(is_in: In, share: usize, seed: &mut u64) {
    let flips: usize = std::env::var("JOB_ORCH_FLIPS").map_or(150, |flips| flips.parse().unwrap()) / share;
    let mut left = leave(is_in).await;
    assert_eq!(deliver(&left).await, (60, false), "nothing has flipped yet");
    let (mut told, mut harmless) = (0, 0);
    while told + harmless < flips {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = left.bytes().len() * 8;
        let bit = usize::try_from(*seed >> 20).unwrap() % bits;
        if !is_of_interest(&mut left, bit / 8) {
            continue;
        }
        left.bytes()[bit / 8] ^= 1 << (bit % 8);
        let (delivered, is_told) = deliver(&left).await;
        left.bytes()[bit / 8] ^= 1 << (bit % 8);
        assert!(is_told || delivered == 60, "bit {bit} hides {} requests ({is_in:?})", 60 - delivered);
        if is_told { told += 1 } else { harmless += 1 }
    }
    println!("{is_in:?}: {told} were told, {harmless} did no harm");
    let is_dull = told <= flips / 20 || (harmless == 0 && is_in != In::Log);
    assert!(!is_dull, "it shows something: {told} told, {harmless} harmless");
}

#[tokio::test]
async fn no_bit_flips_in_silence_in_a_file() {
    flip(In::File, 2, &mut 7).await;
}

#[tokio::test]
async fn no_bit_flips_in_silence_in_a_log() {
    flip(In::Log, 2, &mut 11).await;
}

#[tokio::test]
async fn no_bit_flips_in_silence_in_a_large_file() {
    flip(In::LargeFile, 5, &mut 13).await;
}
