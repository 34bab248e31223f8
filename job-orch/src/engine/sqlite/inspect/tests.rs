#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use super::*;
use crate::engine::sqlite::Sqlite;

#[test]
fn what_an_inspector_changes_is_on_the_disk_when_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    drop(Sqlite::open(&file).unwrap());
    let inspector = Inspector::open(&file).unwrap();
    let synchronous = inspector.connection.pragma_query_value(None, "synchronous", |row| row.get(0));
    assert_eq!(synchronous, Ok(schema::SYNCHRONOUS));
}

#[test]
fn who_waits_for_another_process_in_vain_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    drop(Sqlite::open(&file).unwrap());
    let mut inspector = Inspector::open(&file).unwrap();
    inspector.connection.busy_timeout(std::time::Duration::from_millis(10)).unwrap();
    let other = schema::open_for_user(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(inspector.hasten(JobId::new()), Err(StoreError::Busy)));
}
