//! [`Kept`]: what is known of the jobs that have been offered, and what of it is in the file.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::SystemTime;

use bytes::Bytes;

use super::delivery::DeliveryId;
use super::journal::{Anew, Journal};
use super::names::Names;
use super::picture::{Picture, ended_line, offered_line, registered_line};
use super::record::{self, Dated, Ended, Named, Record};
use super::takes::{Take, TakeKey, Takes};
use super::{End, NotTaken, Past, To, Unclear};
use crate::dispatch::item::Item;
use crate::dispatch::token::Token;
use crate::id::JobId;

/// So many jobs that have left the line are remembered, and so many bytes of results, beside those on their way.
pub(super) const MOST: usize = if cfg!(test) { 100 } else { 10_000 };
pub(super) const MOST_BYTES: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

#[derive(Debug, Default)]
pub(super) struct Kept {
    jobs: HashMap<JobId, Past>,
    // Oldest first.
    order: VecDeque<JobId>,
    pub(super) bytes: usize,
    // Jobs on their way, with their lines, if there is a file. A job is on one way at a time, and remembered as long.
    open: HashMap<JobId, (DeliveryId, String)>,
    pub(super) journal: Option<Journal>,
    pub(super) takes: Takes,
    pub(super) names: Names,
}

impl Kept {
    /// What a file says, and who was on the way when its process ended.
    pub(super) fn read(mut journal: Journal, lines: &[u8]) -> Result<(Self, Vec<Unclear>), serde_json::Error> {
        let (mut kept, mut unclear, mut at) = (Self::default(), HashMap::new(), 0);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let read = record::read_line(line).and_then(|(record, line)| kept.apply(&record, line, &mut unclear));
            if let Err(error) = read {
                // A loss of power may have torn the end. What is before a whole line is damage.
                let rest = lines.get(at + line.len()..).unwrap_or_default();
                if rest.split(|byte| *byte == b'\n').any(|line| record::read_line(line).is_ok()) {
                    return Err(record::in_line(&lines[..at], &error));
                }
                journal.cut(at as u64).map_err(serde_json::Error::io)?;
                break;
            }
            at += line.len();
        }
        kept.journal = Some(journal);
        let mut unclear: Vec<Unclear> = unclear.into_values().collect();
        for unclear in &mut unclear {
            unclear.take.take_if(|key| !kept.takes.holds(key, unclear.delivery));
        }
        unclear.sort_unstable_by_key(|unclear| unclear.job.id);
        Ok((kept, unclear))
    }

    fn apply(
        &mut self,
        record: &Record<'_>,
        line: &str,
        unclear: &mut HashMap<JobId, Unclear>,
    ) -> Result<(), serde_json::Error> {
        match record {
            Record::Offered(offered) => {
                let (mut found, at) = offered.read()?;
                if let Some(worker) = found.worker {
                    self.names.remove(worker);
                }
                self.open.insert(found.job.id, (found.delivery, line.to_owned()));
                self.offered(found.job.id, found.token, at);
                // In a file that was written anew, its result may come before it.
                found.has_ended = self.has_ended(found.job.id, &found.token);
                let take = found.take.as_ref().filter(|_| !found.has_ended);
                self.taken(found.delivery, found.token, at, &found.job, take);
                unclear.insert(found.job.id, found);
            }
            Record::Registered(Named { take, worker }) => self.names.add(record::read_take(take)?, *worker),
            Record::Given(job) => {
                self.open.remove(job);
                unclear.remove(job);
            }
            Record::NotGiven(job) => {
                self.open.remove(job);
                unclear.remove(job);
                self.takes.remove(*job);
                self.note_lost(*job);
            }
            Record::Past(Dated { job, token, at }) => {
                self.offered(*job, record::read_token(token)?, record::read_time(at)?);
            }
            Record::Result(Ended { job, at, data, data_text }) => {
                let (at, data) = (record::read_time(at)?, record::read_sent(*data, data_text.as_deref())?);
                let result = Bytes::copy_from_slice(data.get().as_bytes());
                self.end(*job, End { at, result });
                if let Some(unclear) = unclear.get_mut(job) {
                    unclear.has_ended = true;
                }
            }
        }
        Ok(())
    }

    pub(super) fn find(&self, id: JobId) -> Option<&Past> {
        self.jobs.get(&id)
    }

    /// A job is about to be sent to a worker: noted before it is. Returns how much of the file has to be on the disk before
    /// this outlives a loss of power.
    pub(super) fn offer(
        &mut self,
        delivery: DeliveryId,
        token: Token,
        job: &Item,
        to: To<'_>,
        leaves: bool,
    ) -> io::Result<u64> {
        let (now, mut through, mut line) = (SystemTime::now(), 0, String::new());
        let take = match to {
            To::Called(worker, _) => self.names.key(worker),
            To::Asking(_, take) => take,
        }
        .cloned();
        if let Some(journal) = &mut self.journal {
            line = offered_line(delivery, &token, now, job, to, take.as_ref(), leaves)?;
            journal.append(&line)?;
            through = journal.added();
        }
        self.open.insert(job.id, (delivery, line));
        self.offered(job.id, token, now);
        if let To::Called(worker, _) = to {
            self.names.remove(worker);
        }
        self.taken(delivery, token, now, job, take.as_ref());
        Ok(through)
    }

    /// A worker is about to stand in line by this name: noted before it does. Returns how much of the file has to be on the
    /// disk before this outlives a loss of power. Of more names than so many, those go whose workers do not stand there.
    pub(super) fn register(
        &mut self,
        worker: JobId,
        key: &TakeKey,
        most: usize,
        stands: impl Fn(JobId) -> bool,
    ) -> io::Result<u64> {
        let mut through = 0;
        if let Some(journal) = &mut self.journal {
            journal.append(&registered_line(worker, key)?)?;
            through = journal.added();
        }
        self.names.add(key.clone(), worker);
        self.names.trim(most, |other| other == worker || stands(other));
        Ok(through)
    }

    /// Who is sent a job last has it, and nobody else.
    fn taken(&mut self, delivery: DeliveryId, token: Token, at: SystemTime, job: &Item, take: Option<&TakeKey>) {
        self.takes.remove(job.id);
        if let Some(key) = take {
            let is_on_its_way = |job: &JobId| self.open.contains_key(job);
            self.takes.add(key.clone(), Take::new(job, delivery, token, at), is_on_its_way);
        }
    }

    fn offered(&mut self, id: JobId, token: Token, assigned: SystemTime) {
        if self.jobs.get(&id).is_some_and(|past| past.token.is(&token)) {
            return;
        }
        match self.jobs.insert(id, Past { token, assigned, end: None, ending: None, is_lost: false }) {
            Some(before) => self.bytes -= before.end.map_or(0, |end| end.result.len()),
            None => self.order.push_back(id),
        }
        self.trim();
    }

    /// Whether who has this token has sent a result.
    fn has_ended(&self, id: JobId, token: &Token) -> bool {
        let past = self.jobs.get(&id).filter(|past| past.token.is(token));
        past.is_some_and(|past| past.end.is_some() || past.ending.is_some())
    }

    /// It is lost, unless its worker shows that it has it: by a result, or by asking for the same again. Returns whether it is.
    /// From there on, nobody gets it by its name, and no result of it is taken.
    pub(super) fn lose(&mut self, job: JobId, delivery: DeliveryId, token: &Token) -> bool {
        let is_lost = !self.has_ended(job, token) && !self.takes.is_wanted(job, delivery);
        if is_lost {
            self.takes.lose(job, delivery);
            if self.jobs.get(&job).is_some_and(|past| past.token.is(token)) {
                self.note_lost(job);
            }
        }
        is_lost
    }

    fn note_lost(&mut self, job: JobId) {
        if let Some(past) = self.jobs.get_mut(&job) {
            past.is_lost = true;
        }
    }

    /// It has arrived, or is lost.
    pub(super) fn close(&mut self, job: JobId, delivery: DeliveryId, is_given: bool) -> io::Result<()> {
        // Sent again meanwhile, it is that delivery's.
        if self.open.get(&job).is_none_or(|(open, _)| *open != delivery) {
            return Ok(());
        }
        self.open.remove(&job);
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.append(&if is_given { Record::Given(job) } else { Record::NotGiven(job) }.to_line()?)
    }

    /// Whether a result may come from who has this token.
    pub(super) fn check(&self, id: JobId, token: &Token) -> Result<(), NotTaken> {
        let past = self.jobs.get(&id).ok_or(NotTaken::Unknown)?;
        if !past.token.is(token) {
            return Err(NotTaken::Token);
        }
        if past.end.is_some() || past.ending.is_some() {
            return Err(NotTaken::Ended);
        }
        if past.is_lost { Err(NotTaken::Back) } else { Ok(()) }
    }

    /// Puts a result into the file. Returns how much of that has to be on the disk before it counts.
    pub(super) fn begin_end(&mut self, id: JobId, end: &End) -> io::Result<u64> {
        let mut through = 0;
        if let Some(journal) = &mut self.journal {
            journal.append(&ended_line(id, end)?)?;
            through = journal.added();
        }
        if let Some(past) = self.jobs.get_mut(&id) {
            past.ending = Some(end.clone());
        }
        Ok(through)
    }

    /// The result counts, or could not be stored.
    pub(super) fn end_end(&mut self, id: JobId, token: &Token, end: Option<End>) {
        // Offered to another worker meanwhile, it is that one's.
        let Some(past) = self.jobs.get_mut(&id).filter(|past| past.token.is(token)) else { return };
        past.ending = None;
        if let Some(end) = end {
            self.end(id, end);
        }
    }

    fn end(&mut self, id: JobId, end: End) {
        // Who has a result for it has it.
        self.takes.remove(id);
        let Some(past) = self.jobs.get_mut(&id) else { return };
        self.bytes += end.result.len();
        self.bytes -= past.end.replace(end).map_or(0, |end| end.result.len());
        self.trim();
    }

    fn trim(&mut self) {
        for _ in 0..self.order.len() {
            if self.jobs.len() <= MOST && self.bytes <= MOST_BYTES {
                return;
            }
            let Some(oldest) = self.order.pop_front() else { return };
            if self.open.contains_key(&oldest) {
                self.order.push_back(oldest);
                continue;
            }
            self.takes.remove(oldest);
            let end = self.jobs.remove(&oldest).and_then(|past| past.end);
            self.bytes -= end.map_or(0, |end| end.result.len());
        }
    }

    /// What a new file is to hold, if there should be one.
    pub(super) fn begin_anew(&mut self) -> Option<(Anew, Picture)> {
        let anew = self.journal.as_mut()?.begin_anew()?;
        let known = |id: &JobId| {
            let mut past = self.jobs.get(id)?.clone();
            // One that is on its way still is lost when its line has it again: the file says so then.
            past.is_lost &= !self.open.contains_key(id);
            Some((*id, past))
        };
        let is_closed = |(_, take): &(&TakeKey, &Take)| !self.open.contains_key(&take.job.id);
        let picture = Picture {
            jobs: self.order.iter().filter_map(known).collect(),
            names: self.names.all().map(|(key, worker)| (key.clone(), worker)).collect(),
            open: self.open.values().map(|(_, line)| line.clone()).collect(),
            takes: self.takes.all().filter(is_closed).map(|(key, take)| (key.clone(), take.clone())).collect(),
        };
        Some((anew, picture))
    }
}
