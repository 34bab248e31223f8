//! What an [`Inspector`] checks.

use std::path::Path;

use rusqlite::OptionalExtension as _;

use super::Inspector;
use crate::engine::Durability;
use crate::engine::sqlite::cells::text;
use crate::engine::sqlite::checkup;
use crate::engine::sqlite::disk::log_of;
use crate::engine::sqlite::schema;
use crate::engine::sqlite::settling::DEAD;

/// What was found out about a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// What was looked at.
    pub subject: &'static str,
    /// Whether it is as it should be.
    pub is_good: bool,
    /// What was found.
    pub finding: String,
}

impl Inspector {
    /// Checks the file and its settings. `note` is told before each check: the first of them reads the whole file. A check that
    /// cannot be made is not good, and says why.
    pub fn check(&self, mut note: impl FnMut(&'static str)) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut check = |subject: &'static str, look: &dyn Fn() -> rusqlite::Result<(bool, String)>| {
            note(subject);
            let (is_good, finding) = look().unwrap_or_else(|error| (false, error.to_string()));
            checks.push(Check { subject, is_good, finding });
        };
        check("file", &|| self.check_file());
        check("schema", &|| self.check_schema());
        check("references", &|| self.check_references());
        check("rows", &|| self.check_rows());
        check("counters", &|| self.check_counters());
        check("durability", &|| self.check_durability());
        check("SQLite", &|| Ok((true, format!("version {}", rusqlite::version()))));
        check("permissions", &|| Ok(check_permissions(&self.path)));
        check("log", &|| Ok(check_log(&self.path)));
        check("processes", &|| self.check_processes());
        check("dead letters", &|| self.check_dead());
        checks
    }

    fn check_file(&self) -> rusqlite::Result<(bool, String)> {
        let mut statement = self.connection.prepare("PRAGMA integrity_check(5)")?;
        let found: Vec<String> = statement.query_map([], |row| text(row, 0))?.collect::<Result<_, _>>()?;
        let is_good = found == ["ok"];
        Ok((is_good, if is_good { "its structure is whole".to_owned() } else { found.join("; ") }))
    }

    /// Whether all that makes a file a store is there, as it was made.
    fn check_schema(&self) -> rusqlite::Result<(bool, String)> {
        let model = schema::model()?;
        let mut parts = model.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
        let mut own = self.connection.prepare("SELECT sql FROM sqlite_schema WHERE type = ?1 AND name = ?2")?;
        let mut wrong = Vec::new();
        let mut parts = parts.query([])?;
        while let Some(part) = parts.next()? {
            let (kind, name, made) = (text(part, 0)?, text(part, 1)?, text(part, 2)?);
            match own.query_row([&kind, &name], |row| text(row, 0)).optional()? {
                None => wrong.push(format!("the {kind} `{name}` is missing")),
                Some(found) if found != made => wrong.push(format!("the {kind} `{name}` is not as it was made")),
                Some(_) => {}
            }
        }
        let is_good = wrong.is_empty();
        Ok((is_good, if is_good { "it is as it was made".to_owned() } else { wrong.join("; ") }))
    }

    fn check_references(&self) -> rusqlite::Result<(bool, String)> {
        let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
        let count = statement.query_map([], |_| Ok(()))?.collect::<Result<Vec<()>, _>>()?.len();
        Ok((count == 0, format!("{count} rows of jobs that are not there")))
    }

    /// What an orchestrator looks at before or while it uses a file.
    fn check_rows(&self) -> rusqlite::Result<(bool, String)> {
        let found = checkup::disagreement(&self.connection)?;
        Ok((found.is_none(), found.unwrap_or_else(|| "they agree with each other".to_owned())))
    }

    /// The counters that senders are held by, against what is there.
    fn check_counters(&self) -> rusqlite::Result<(bool, String)> {
        let wrong = checkup::miscounts(&self.connection)?;
        let is_good = wrong.is_empty();
        Ok((is_good, if is_good { "they agree with what is there".to_owned() } else { wrong.join("; ") }))
    }

    /// What the settings of the file prove. Whether each commit waits for the disk is up to the processes that commit.
    fn check_durability(&self) -> rusqlite::Result<(bool, String)> {
        let durability = schema::durability(&self.connection, true)?;
        let is_good = durability >= Durability::PowerLoss;
        let finding = if is_good {
            "a write-ahead log: what was accepted survives the loss of power, unless its process asked for less"
        } else {
            "no write-ahead log: what was accepted may be lost with the power"
        };
        Ok((is_good, finding.to_owned()))
    }

    fn check_processes(&self) -> rusqlite::Result<(bool, String)> {
        let processes = self.listed()?;
        let list: Vec<_> =
            processes.iter().map(|process| format!("{} runs {}", process.name, process.running)).collect();
        Ok((true, if list.is_empty() { "none works on it".to_owned() } else { list.join(", ") }))
    }

    fn check_dead(&self) -> rusqlite::Result<(bool, String)> {
        // Not bound, so that there is an index for it.
        let sql = format!("SELECT count(*) FROM aside WHERE state = {DEAD}");
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0))?;
        // They are no fault of the store's.
        Ok((true, format!("{count} wait to be redriven or dropped")))
    }
}

#[cfg(unix)]
fn check_permissions(path: &Path) -> (bool, String) {
    use std::os::unix::fs::MetadataExt as _;
    match std::fs::metadata(path) {
        Ok(file) => (file.mode() & 0o077 == 0, format!("mode {:o}", file.mode() & 0o777)),
        Err(error) => (false, error.to_string()),
    }
}

#[cfg(not(unix))]
fn check_permissions(_: &Path) -> (bool, String) {
    (true, "not looked at on this system".to_owned())
}

/// A log that has outgrown its file says that somebody reads without end, or that nobody moves it into the file.
fn check_log(path: &Path) -> (bool, String) {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let (log, file) = (size(&log_of(path)), size(path));
    (log <= file.max(64 << 20), format!("{} KiB beside a file of {} KiB", log >> 10, file >> 10))
}
