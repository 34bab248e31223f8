//! What is to be done.

use std::path::PathBuf;

/// What this process is.
pub(crate) enum Mode {
    /// The one that torments others.
    Soak(Args),
    /// One of the others.
    Child(Child),
}

/// How much of each.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    /// Processes killed at random.
    pub(crate) kills: u64,
    /// Processes killed at each named point.
    pub(crate) points: u64,
    /// Processes stopped for twice their lease.
    pub(crate) stops: u64,
    /// Power cuts.
    pub(crate) cuts: u64,
    /// What chance begins with.
    pub(crate) seed: u64,
    /// Where the stores lie that are not cut off.
    pub(crate) folder: PathBuf,
}

/// One process that works on a store.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) store: PathBuf,
    pub(crate) history: PathBuf,
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// What such a process does beside sending, calling and listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It works.
    Worker,
    /// It works, and does not wait for the disk.
    Careless,
    /// It does nothing: whatever it hears comes from other processes.
    Listener,
}

impl Role {
    const ALL: [Self; 3] = [Self::Worker, Self::Careless, Self::Listener];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Careless => "careless",
            Self::Listener => "listener",
        }
    }
}

const USAGE: &str = "usage: soak sqlite [--kills 1000] [--points 50] [--stops 20] [--cuts 0] [--seed 7] [--folder DIR]";

/// Reads the command line.
pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Mode, String> {
    match words.next().as_deref() {
        Some("child") => child(words).map(Mode::Child).ok_or_else(|| USAGE.to_owned()),
        Some("sqlite") => soak(words).map(Mode::Soak),
        _ => Err(USAGE.to_owned()),
    }
}

fn child(mut words: impl Iterator<Item = String>) -> Option<Child> {
    Some(Child {
        store: words.next()?.into(),
        history: words.next()?.into(),
        name: words.next()?,
        role: words.next().map_or(Some(Role::Worker), |word| Role::ALL.into_iter().find(|role| role.word() == word))?,
    })
}

fn soak(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
    let mut args = Args { kills: 0, points: 0, stops: 0, cuts: 0, seed: 7, folder: std::env::temp_dir() };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} wants a value\n{USAGE}"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{word} wants a number, not {value:?}\n{USAGE}"));
        match word.as_str() {
            "--kills" => args.kills = number()?,
            "--points" => args.points = number()?,
            "--stops" => args.stops = number()?,
            "--cuts" => args.cuts = number()?,
            "--seed" => args.seed = number()?,
            "--folder" => args.folder = value.into(),
            _ => return Err(format!("{word} is unknown\n{USAGE}")),
        }
    }
    Ok(args)
}
