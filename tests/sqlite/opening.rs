//! Files that are no store, or not ours to use.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use job_orch::engine::sqlite::OpenError;
use job_orch::engine::sqlite::inspect::Inspector;
use job_orch::prelude::*;
use job_orch::{Durability, Engine};
use rusqlite::Connection;

use crate::store::Place;

#[job]
async fn echo(number: &u64) -> u64 {
    *number
}

#[test]
fn a_store_is_made_for_its_owner_alone_and_opened_again() {
    let place = Place::new();
    assert_eq!(place.open().durability(), Durability::PowerLoss);
    assert_eq!(fs::metadata(place.file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(place.open().path(), place.file());
}

#[tokio::test]
async fn a_link_leads_to_the_store_and_all_that_lies_beside_it() {
    let (place, elsewhere) = (Place::new(), Place::new());
    drop(place.open());
    symlink(place.file(), elsewhere.file()).unwrap();
    let through = Sqlite::open(elsewhere.file()).unwrap();
    assert_eq!(through.path(), place.file());
    let orch = Orchestrator::on(through).host(Echo).start().await.unwrap();
    let straight = Orchestrator::on(place.open()).reach(Echo).start().await.unwrap();
    assert_eq!(straight.call(Echo, 7).await.unwrap(), 7);
    let beside: Vec<_> = fs::read_dir(elsewhere.folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(beside, [elsewhere.file()]);
    assert_eq!(Inspector::open(elsewhere.file()).unwrap().queues().unwrap().len(), 1);
    straight.shutdown().await.unwrap();
    orch.shutdown().await.unwrap();
}

#[test]
fn a_link_to_nothing_is_told() {
    let place = Place::new();
    symlink(place.folder().join("gone.db"), place.file()).unwrap();
    let refused = Sqlite::open(place.file()).unwrap_err();
    assert!(matches!(&refused, OpenError::Io { path, .. } if *path == place.file()), "{refused}");
}

#[test]
fn a_text_is_no_store_and_stays_as_it_is() {
    let place = Place::new();
    let text = "Dear diary, ".repeat(1000);
    fs::write(place.file(), &text).unwrap();
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(Sqlite::open(place.file()), Err(OpenError::NotAStore { .. })));
    assert_eq!(fs::read_to_string(place.file()).unwrap(), text);
}

#[test]
fn another_database_is_no_store_and_stays_as_it_is() {
    let place = Place::new();
    place.sql().execute_batch("CREATE TABLE orders (id INTEGER)").unwrap();
    let error = Sqlite::open(place.file()).unwrap_err();
    assert!(matches!(error, OpenError::NotAStore { .. }) && error.to_string().contains("jobs.db"), "{error}");
    let journal: String = place.sql().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!((journal.as_str(), place.number("SELECT count(*) FROM sqlite_schema")), ("delete", 1));
}

#[test]
fn a_store_of_the_future_is_refused_by_its_version() {
    let place = Place::new();
    drop(place.open());
    place.sql().pragma_update(None, "user_version", 99).unwrap();
    let error = Sqlite::open(place.file()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 1, .. }), "{error}");
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[test]
fn a_single_byte_is_no_store_and_stays_as_it_is() {
    let place = Place::new();
    fs::write(place.file(), "x").unwrap();
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(Sqlite::open(place.file()), Err(OpenError::NotAStore { .. })));
    assert_eq!(fs::read(place.file()).unwrap(), b"x");
}

#[test]
fn a_store_without_a_version_is_damaged() {
    let place = Place::new();
    drop(place.open());
    for version in [0, -7] {
        place.sql().pragma_update(None, "user_version", version).unwrap();
        let error = Sqlite::open(place.file()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("version is {version}")), "{error}");
    }
}

#[test]
fn a_store_that_was_cut_off_is_damaged() {
    let place = Place::new();
    drop(place.open());
    let whole = fs::read(place.file()).unwrap();
    assert!(whole.len() > 65_536);
    for length in [99, 512, 4096, 4097, 65_536, whole.len() - 4096] {
        fs::write(place.file(), &whole[..length]).unwrap();
        let error = Sqlite::open(place.file()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{length}: {error:?}");
        assert_eq!(fs::read(place.file()).unwrap(), &whole[..length], "it may yet be repaired");
    }
}

#[test]
fn a_store_that_others_can_write_is_refused() {
    let place = Place::new();
    drop(place.open());
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(Sqlite::open(place.file()), Err(OpenError::Open { mode: 0o666, .. })));
}

#[test]
fn a_folder_that_is_not_there_is_an_error_with_its_source() {
    let place = Place::new();
    let error = Sqlite::open(place.file().join("deeper")).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }) && std::error::Error::source(&error).is_some(), "{error}");
    let error = job_orch::Error::from(error);
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn every_version_of_the_schema_is_the_one_that_is_documented() {
    let place = Place::new();
    drop(place.open());
    let sql: Connection = place.sql();
    let tables = place.rows(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY type, name",
    );
    assert_eq!(
        tables.concat(),
        [
            "answer",
            "answers_of",
            "aside",
            "flight",
            "held",
            "holder",
            "job",
            "request",
            "response",
            "schedule",
            "step",
            "taken",
            "answers",
            "jobs",
            "processes",
            "results",
            "schedules"
        ]
    );
    let check: String = sql.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}
