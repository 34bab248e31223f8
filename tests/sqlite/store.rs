//! A store in a folder of its own.

use std::path::{Path, PathBuf};

use job_orch::prelude::*;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tempfile::TempDir;

/// A folder with one store, which can be opened again and again.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        file_in(self.folder())
    }

    pub(crate) fn open(&self) -> Sqlite {
        Sqlite::open(self.file()).unwrap()
    }

    /// The file as anybody with `sqlite3` sees it.
    pub(crate) fn sql(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    /// The rows that a query for texts finds.
    pub(crate) fn rows(&self, query: &str) -> Vec<Vec<String>> {
        let sql = self.sql();
        let mut statement = sql.prepare(query).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns).map(|column| Ok(text(row.get_ref(column)?))).collect::<rusqlite::Result<Vec<_>>>()
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The one number that a query finds.
    pub(crate) fn number(&self, query: &str) -> i64 {
        self.sql().query_row(query, [], |row| row.get(0)).unwrap()
    }
}

/// Where the store in a folder is.
pub(crate) fn file_in(folder: &Path) -> PathBuf {
    folder.join("jobs.db")
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
