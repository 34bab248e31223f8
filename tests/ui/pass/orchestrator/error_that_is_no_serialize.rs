//! An error need not travel: where it cannot, its text does.
#![deny(warnings)]

use std::io;
use std::path::PathBuf;

use job_orch::prelude::*;

#[job]
pub async fn count_lines(path: &PathBuf) -> io::Result<usize> {
    Ok(std::fs::read_to_string(path)?.lines().count())
}

#[derive(Resources)]
#[hosts(CountLines)]
pub struct App {}

pub async fn serve(store: Sqlite) -> Result<Orchestrator<Sqlite, App>, job_orch::Error> {
    let orch = Orchestrator::on(store).serve(App {}).start().await?;
    orch.send(CountLines, PathBuf::new()).after("5m").priority(3).unique("a").await.map_err(job_orch::Error::from)?;
    Ok(orch)
}

fn main() {}
