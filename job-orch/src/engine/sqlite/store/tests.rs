#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::time::Instant;

use super::*;
use crate::channel::TransactionError;
use crate::engine::sqlite::work::FEW;
use crate::engine::sqlite::writer::{GROUP, Task, Told};
use crate::sync::atomic::{AtomicUsize, Ordering};

const SETTINGS: Settings = Settings {
    durability: Durability::PowerLoss,
    lease: Duration::from_secs(30),
    poll: Duration::from_secs(1),
    retention: Duration::from_secs(60),
    most_bytes: None,
    most_payload: 1000,
    #[cfg(feature = "testing")]
    is_test: false,
};

/// What nobody waits for.
fn told(name: &'static str) -> Command {
    Command::Task(Box::new(Told::until_done(move |transaction: &mut Transaction<'_>| {
        transaction.register(name).map(drop)
    })))
}

#[test]
fn a_file_that_is_busy_holds_the_writer_up_once() {
    const BUSY: Duration = Duration::from_millis(200);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let mut groups = groups(&path, SETTINGS, schema::open(&path, None).unwrap(), Clock::System).unwrap();
    groups.connection.busy_timeout(BUSY).unwrap();
    let other = schema::open_for_user(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    groups.turn((0..10).map(|_| told("late")).collect(), None);
    assert!(begun.elapsed() < BUSY * 5, "{:?}", begun.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    // With the next sign of life it is done.
    groups.turn(vec![Command::Beat], None);
    let known = "SELECT count(*) FROM job WHERE name = 'late'";
    assert_eq!(other.query_row(known, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn what_is_tried_again_is_tried_a_part_at_a_time_and_what_nobody_misses_never() {
    const ALL: usize = 3 * GROUP;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let mut groups = groups(&path, SETTINGS, schema::open(&path, None).unwrap(), Clock::System).unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let fail = || {
        let tries = Arc::clone(&tries);
        move |_: &mut Transaction<'_>| {
            tries.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(rusqlite::Error::InvalidQuery)
        }
    };
    groups.turn((0..GROUP).map(|_| Command::Task(Box::new(Told::once(fail())))).collect(), None);
    assert_eq!((groups.later.len(), tries.swap(0, Ordering::Relaxed)), (0, GROUP + 1));
    groups.later = (0..ALL).map(|_| Box::new(Told::until_done(fail())) as Box<dyn Task>).collect();
    groups.turn(vec![Command::Beat], None);
    // Once together, and once each.
    assert_eq!((groups.later.len(), tries.load(Ordering::Relaxed)), (ALL, GROUP + 1));
}

#[test]
fn a_connection_of_the_users_waits_for_the_disk_whatever_the_store_promises() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let store = Store::open(&path, Settings { durability: Durability::ProcessCrash, ..SETTINGS }).unwrap();
    let user = schema::open_for_user(&path).unwrap();
    let synchronous =
        |user: &Connection| -> i64 { user.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap() };
    assert_eq!(synchronous(&user), schema::SYNCHRONOUS);
    user.execute_batch("BEGIN").unwrap();
    assert!(store.connection_of(&user).is_ok());
    user.execute_batch("ROLLBACK; PRAGMA synchronous = NORMAL; BEGIN").unwrap();
    let refused = store.connection_of(&user).unwrap_err();
    assert!(matches!(refused, TransactionError::Weak { found: 1, needed: 2 }), "{refused}");
}

#[test]
fn what_comes_while_little_is_done_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let mut groups = groups(&path, SETTINGS, schema::open(&path, None).unwrap(), Clock::System).unwrap();
    let (sender, late) = std::sync::mpsc::channel();
    for command in [told("second"), told("third"), Command::Beat, told("fourth")] {
        sender.send(command).unwrap();
    }
    groups.turn(vec![told("first")], Some(&late));
    assert_eq!(groups.committed.tasks.len(), 3);
    assert!(matches!(groups.left.take(), Some(Command::Beat)), "it comes after what came before it");
    groups.finish(false);
    // Who comes to many waits for the next transaction, which is under way while the first is synced.
    groups.turn((0..FEW).map(|_| told("first")).collect(), Some(&late));
    assert_eq!(groups.committed.tasks.len(), FEW);
    assert!(matches!(late.try_recv(), Ok(Command::Task(_))), "it waits still");
}

/// A job with one request that waits, and one who waits for it and is not listed yet.
fn one_waiting(groups: &mut Groups) -> Arc<Local> {
    groups.turn(vec![told("one")], None);
    let sql = "INSERT INTO request (seq, id, sent, version, codec, checksum, payload)
               VALUES (1 << 40 | 1, zeroblob(16), 0, 0, 1, 0, zeroblob(2));
               UPDATE job SET turn = 2, waiting = 1, bytes = 2";
    groups.connection.execute_batch(sql).unwrap();
    Arc::new(Local::new(1, 1, &crate::settings::Serving::DEFAULT, 1))
}

fn held(groups: &Groups) -> i64 {
    groups.connection.query_row("SELECT count(*) FROM held", [], |row| row.get(0)).unwrap()
}

#[test]
fn who_comes_while_little_is_done_is_served_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let mut groups = groups(&path, SETTINGS, schema::open(&path, None).unwrap(), Clock::System).unwrap();
    let local = one_waiting(&mut groups);
    let _waiting = local.wait();
    let (sender, late) = std::sync::mpsc::channel();
    let (locals, listed) = (Arc::clone(&groups.locals), Arc::clone(&local));
    let comes = move |transaction: &mut Transaction<'_>| {
        lock(&locals).push(Arc::downgrade(&listed));
        let _ = sender.send(Command::Look(Arc::clone(&listed)));
        transaction.register("two").map(drop)
    };
    groups.turn(vec![Command::Task(Box::new(Told::until_done(comes)))], Some(&late));
    assert_eq!(held(&groups), 1, "the look is used up, and nobody looks again");
}

#[test]
fn nothing_is_handed_out_while_a_fault_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.db");
    let mut groups = groups(&path, SETTINGS, schema::open(&path, None).unwrap(), Clock::System).unwrap();
    let local = one_waiting(&mut groups);
    lock(&groups.locals).push(Arc::downgrade(&local));
    let _waiting = local.wait();
    // What is told goes on, so that as much as can be is put in order.
    let touch =
        || Command::Task(Box::new(Told::until_done(|transaction: &mut Transaction<'_>| transaction.job(1).map(drop))));
    *lock(&groups.damage) = Some(StoreError::Damaged { what: "it".into() });
    groups.turn(vec![touch()], None);
    assert_eq!(held(&groups), 0);
    *lock(&groups.damage) = None;
    groups.turn(vec![touch()], None);
    assert_eq!(held(&groups), 1, "somebody waits for it");
}
