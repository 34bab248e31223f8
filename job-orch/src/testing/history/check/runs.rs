//! Runs: what may begin, and who may record (A2 to A5, A7).

use super::Checker;
use super::requests::{Claim, Request, Run};
use crate::id::JobId;
use crate::testing::history::event::{End, Entry, Event, FaultKind, Grip};
use crate::testing::history::verdict::Invariant;

impl Checker<'_> {
    pub(super) fn started(&mut self, entry: &Entry, id: JobId, grip: Grip) {
        self.summary.runs += 1;
        let claim = Claim { cut: self.cuts, grip };
        self.check_start(entry, id, claim);
        self.check_claim(entry, id, claim);
        self.check_leases(entry, id, claim);
        self.check_lane(entry, id);
        let holder = self.processes.get(&entry.process).and_then(|process| process.holder);
        let process = entry.process.clone();
        let request = self.request(id);
        let run = Run { claim, process, holder, until: 0, end: None, is_returned: false, is_over: false };
        request.runs.push(run);
        let is_second = request.runs.len() == 2;
        self.summary.repeated += u64::from(is_second);
    }

    /// A3: it was sent, and has not ended. A process that was stopped between a claim and its run runs it all the same, however
    /// late: nobody can keep it from that, and it can record nothing.
    fn check_start(&mut self, entry: &Entry, id: JobId, claim: Claim) {
        let was_stopped = self.processes.get(&entry.process).is_some_and(|process| process.was_stopped);
        let request = self.request(id);
        let is_stale = claim.grip.fence > 0 && request.recorded.is_some_and(|(recorded, _)| claim < recorded);
        let what = match request {
            Request { is_sent: false, .. } => "a request ran that nobody sent",
            Request { is_cancelled: true, .. } if !was_stopped => "a request ran after it was cancelled",
            Request { recorded: Some(_), .. } if !is_stale => "a request ran after its end was recorded",
            Request { is_duplicate: true, .. } => {
                return self.breaks(
                    Invariant::A11,
                    Some(id),
                    entry.at,
                    "a request ran that was dropped as a duplicate",
                );
            }
            _ => return,
        };
        self.breaks(Invariant::A3, Some(id), entry.at, what);
    }

    /// A4 and A7: each claim is another one, and attempts are counted as promised.
    fn check_claim(&mut self, entry: &Entry, id: JobId, claim: Claim) {
        let most = self.promises.attempts;
        let attempt = claim.grip.attempt;
        let request = self.request(id);
        let has_fence = claim.grip.fence > 0;
        if has_fence
            && request.runs.iter().any(|run| (run.claim.cut, run.claim.grip.fence) == (claim.cut, claim.grip.fence))
        {
            return self.breaks(Invariant::A4, Some(id), entry.at, "one claim was given to two runs");
        }
        let mut before = request.runs().iter().filter(|run| run.claim.cut == claim.cut);
        let before = match has_fence {
            true => before.filter(|run| run.claim < claim).max_by_key(|run| run.claim),
            false => before.next_back(),
        };
        let fault = before.and_then(|before| miscounted(before, claim));
        if let Some(what) = fault {
            self.breaks(Invariant::A7, Some(id), entry.at, what);
        }
        if let Some(most) = most
            && attempt > most
        {
            self.breaks(Invariant::A7, Some(id), entry.at, format!("attempt {attempt}, and {most} are allowed"));
        }
    }

    /// A5: nobody else holds it.
    fn check_leases(&mut self, entry: &Entry, id: JobId, claim: Claim) {
        let Some(request) = self.requests.get(&id) else { return };
        let held = request.runs().iter().find_map(|run| {
            let is_open = !run.is_over && run.claim < claim && run.claim.cut == claim.cut;
            let process = self.processes.get(&run.process);
            let is_open = is_open && process.is_none_or(|process| !process.is_dead);
            let until = process.map_or(0, |process| process.lease(run.holder)).max(run.until);
            (is_open && until > entry.at).then(|| (run.process.clone(), until - entry.at))
        });
        if let Some((process, left)) = held {
            let what = format!("it ran while {process} had a lease for another {left} µs");
            self.suspicions.push(Suspicion { process, id, at: entry.at, what });
        }
    }

    /// Somebody took what a process had a lease for. If it had died by then, nobody heard of it again: whoever kills it
    /// writes that down a moment later.
    pub(super) fn confirm(&mut self, entry: &Entry) {
        if let Event::Fault { fault: FaultKind::Killed | FaultKind::PowerCut, target } = &entry.event {
            self.suspicions.retain(|suspicion| !target.is_empty() && suspicion.process != *target);
        }
        let (true_ones, open) = std::mem::take(&mut self.suspicions)
            .into_iter()
            .partition(|suspicion: &Suspicion| suspicion.process == entry.process && suspicion.at < entry.at);
        self.suspicions = open;
        self.convict(true_ones);
    }

    /// A5: these were no mistakes.
    pub(super) fn convict(&mut self, suspicions: Vec<Suspicion>) {
        for Suspicion { id, at, what, .. } in suspicions {
            self.breaks(Invariant::A5, Some(id), at, what);
        }
    }

    pub(super) fn extended(&mut self, entry: &Entry, id: JobId, grip: Grip, until: u64) {
        match self.request(id).run_of(&entry.process, grip) {
            Some(run) => run.until = run.until.max(until),
            None => self.breaks(Invariant::A4, Some(id), entry.at, "a lease was extended that nobody had"),
        }
    }

    pub(super) fn finished(&mut self, entry: &Entry, id: JobId, grip: Grip, end: End) {
        match self.request(id).run_of(&entry.process, grip) {
            Some(run) => (run.end, run.is_over) = (Some(end), true),
            None => self.breaks(Invariant::A4, Some(id), entry.at, "a run ended that never began"),
        }
    }

    pub(super) fn recorded(&mut self, entry: &Entry, id: JobId, grip: Grip, end: End) {
        let request = self.request(id);
        let Some(run) = request.run_of(&entry.process, grip) else {
            return self.breaks(Invariant::A4, Some(id), entry.at, "an end was recorded of a run that never began");
        };
        run.is_over = true;
        let (claim, finished) = (run.claim, run.end);
        if matches!(end, End::Ok { .. }) && finished != Some(end) {
            self.breaks(Invariant::A2, Some(id), entry.at, "a success was recorded that no run came to");
        }
        let request = self.request(id);
        // That it is to run again may be written down after it does.
        let is_last = !end.is_final() || request.runs().iter().all(|run| run.claim <= claim);
        let is_second = end.is_final() && request.recorded.is_some();
        if end.is_final() {
            request.recorded = Some((claim, end));
        }
        if is_second {
            self.breaks(Invariant::A4, Some(id), entry.at, "a second end was recorded");
        } else if !is_last {
            self.breaks(Invariant::A4, Some(id), entry.at, "an end was recorded of a run that had lost its lease");
        }
    }

    pub(super) fn lost(&mut self, entry: &Entry, id: JobId, grip: Grip) {
        self.summary.lost += 1;
        let request = self.request(id);
        let is_recorded = request.recorded.is_some_and(|(claim, _)| claim.grip == grip);
        if let Some(run) = request.run_of(&entry.process, grip) {
            run.is_over = true;
        }
        if is_recorded {
            self.breaks(Invariant::A4, Some(id), entry.at, "an end was recorded and refused");
        }
    }

    pub(super) fn returned(&mut self, entry: &Entry, id: JobId, grip: Grip) {
        if let Some(run) = self.request(id).run_of(&entry.process, grip) {
            (run.is_returned, run.is_over) = (true, true);
        }
    }
}

/// A run that began while another process had a lease for it, unless that one was dead.
#[derive(Debug)]
pub(super) struct Suspicion {
    process: String,
    id: JobId,
    at: u64,
    what: String,
}

/// What is wrong with the number of an attempt that was claimed after another, if anything is. Each claim raises it by one,
/// and each return of a claim takes that back; of claims that were lost before anybody saw them, only the fence tells.
fn miscounted(before: &Run, claim: Claim) -> Option<String> {
    let (then, now) = (before.claim.grip, claim.grip);
    let least = then.attempt + u32::from(!before.is_returned);
    let claims = if now.fence == 0 { 1 } else { now.fence.saturating_sub(then.fence) };
    let most = u64::from(then.attempt) + claims;
    let told = if before.is_returned { "was given back" } else { "was not given back" };
    let is_right = now.attempt >= least && u64::from(now.attempt) <= most;
    (!is_right).then(|| format!("attempt {} follows attempt {}, which {told}", now.attempt, then.attempt))
}
