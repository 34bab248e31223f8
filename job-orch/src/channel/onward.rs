//! A request of a flow: where its answer goes on, and answers that go on together.

use super::scope::{Answer, At, Fault, Lasting, Place, Scope, StepNo};
use super::stop::{Ask, Stop};
use super::ticket::Wishes;
use crate::id::{Ids, JobId};
use crate::job::Run;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};

/// The flow's half of a request: where its answer goes on.
pub(crate) struct Onward {
    // `None` once the answer has taken it along.
    scope: Option<Arc<Scope>>,
    element: u32,
    step: StepNo,
    answered: AtomicBool,
    // Never read: the values that a `bool` cannot have tell the compiler the variants of `Asked` apart, which so needs no
    // word more than a caller's ticket.
    #[expect(dead_code, reason = "a niche")]
    niche: bool,
}

impl Onward {
    pub(crate) fn new(at: At<'_>, step: StepNo) -> Self {
        Self::of(at.place(), step)
    }

    pub(crate) fn of(place: Place, step: StepNo) -> Self {
        let Place { scope, element } = place;
        Self { scope: Some(scope), element, step, answered: AtomicBool::new(false), niche: false }
    }

    fn at(&self) -> Option<At<'_>> {
        self.scope.as_ref().map(|scope| At { scope, element: self.element })
    }

    #[inline]
    fn scope(&self) -> Option<&Scope> {
        self.scope.as_deref()
    }

    /// The id of the request. Of a run that the engine remembers, it is the same each time the run comes here.
    #[inline]
    pub(crate) fn request_id<J: Run>(&self) -> JobId {
        self.id_or_new::<J>(JobId::new)
    }

    /// The same, for many ids at once.
    #[inline]
    pub(crate) fn request_id_of<J: Run>(&self, ids: &Ids<'_>) -> JobId {
        self.id_or_new::<J>(|| ids.next_id())
    }

    #[inline]
    fn id_or_new<J: Run>(&self, new: impl FnOnce() -> JobId) -> JobId {
        match self.scope().and_then(Scope::lasting) {
            None => new(),
            Some(lasting) => self.lasting_id::<J>(lasting),
        }
    }

    /// Steps are numbered, and lie in scopes of their own; an element tells which of many this is.
    #[cold]
    fn lasting_id<J: Run>(&self, lasting: Lasting) -> JobId {
        let mut name = Vec::with_capacity(64);
        name.extend(self.step.to_le_bytes());
        name.extend(J::SETTINGS.version.to_le_bytes());
        let mut at = self.at();
        while let Some(At { scope, element }) = at {
            name.extend(element.to_le_bytes());
            at = scope.parent();
        }
        name.extend(J::NAME.as_bytes());
        JobId::within(lasting.flow, &name)
    }

    /// The run, if the engine remembers its steps.
    #[cfg(feature = "__json")]
    pub(super) fn run(&self) -> Option<JobId> {
        self.scope()?.lasting().map(|lasting| lasting.run)
    }

    pub(super) fn wishes(&self) -> Option<&Wishes> {
        self.scope()?.wishes()
    }

    #[inline]
    pub(super) fn is_void(&self) -> bool {
        self.scope().is_some_and(Scope::is_void)
    }

    /// Whether the flow handles a failure, so that nobody else need find it.
    pub(super) fn handles_failure<J: Run>(&self) -> bool {
        self.scope().and_then(|scope| scope.step::<J>(self.step)).is_some_and(|step| !step.buries())
    }

    /// Goes on in the flow. Only the first answer counts.
    pub(super) fn answer<J: Run>(&self, answer: Answer<J>) {
        // Whoever answers holds the envelope, so nobody else does at the same time.
        let Some(at) = self.at().filter(|_| !self.is_answered()) else { return };
        self.answered.store(true, Ordering::Relaxed);
        if at.scope.is_void() {
            return;
        }
        if let Some(progress) = at.scope.progress() {
            progress.left(self.step);
        }
        match at.scope.step::<J>(self.step) {
            Some(step) => step.answered(at, answer),
            None => at.fail(Fault::Broken(self.step)),
        }
    }

    /// Has a response wait for the others to the same step, if it may. Those to another step go on first.
    ///
    /// The place goes with it: to count one more holder of a scope costs as much as a short job, where many threads do.
    pub(super) fn defer<J: Run>(&mut self, response: J::Response, deferred: &mut Deferred<J>) {
        if !deferred.is_on {
            return self.answer::<J>(Ok(response));
        }
        if self.is_answered() {
            return;
        }
        let Some(scope) = self.scope.take() else { return };
        if !deferred.is_for(self.step, &scope) {
            deferred.go_on();
        }
        deferred.step = self.step;
        deferred.responses.push((Place { scope, element: self.element }, response));
    }

    #[inline]
    pub(super) fn is_answered(&self) -> bool {
        self.scope.is_none() || self.answered.load(Ordering::Relaxed)
    }

    /// Lets the end of the scope, or of any around it, stop this worker, while the guard lives.
    pub(super) fn listen(&self, stop: &Arc<Stop>) -> Option<Listening<'_>> {
        let scope = self.scope()?;
        scope.tell(stop);
        // It may have ended just before.
        if scope.is_void() {
            stop.ask(Ask::Cancel);
        }
        Some(Listening { scope, stop: Arc::clone(stop) })
    }
}

/// A worker that the end of a scope stops, while this lives.
pub(crate) struct Listening<'a> {
    scope: &'a Scope,
    stop: Arc<Stop>,
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.scope.forget(&self.stop);
    }
}

/// Responses of a worker that go on together: what it fetched as one, it passes on as one.
pub(crate) struct Deferred<J: Run> {
    // Those of one step of one flow.
    step: StepNo,
    responses: Vec<(Place, J::Response)>,
    is_on: bool,
}

impl<J: Run> Deferred<J> {
    pub(crate) const fn new() -> Self {
        Self { step: 0, responses: Vec::new(), is_on: false }
    }

    /// From now on responses wait for each other, or go on at once.
    pub(crate) const fn set(&mut self, is_on: bool) {
        self.is_on = is_on;
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.responses.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.responses.len()
    }

    fn is_for(&self, step: StepNo, scope: &Scope) -> bool {
        let first = self.responses.first();
        first.is_none_or(|(place, _)| self.step == step && place.scope.is_beside(scope))
    }

    /// All go on.
    pub(crate) fn go_on(&mut self) {
        self.responses.retain(|(place, _)| !place.scope.is_void());
        let Some((first, _)) = self.responses.first() else { return };
        for (place, _) in &self.responses {
            if let Some(progress) = place.scope.progress() {
                progress.left(self.step);
            }
        }
        match first.scope.step::<J>(self.step).map(Arc::clone) {
            Some(step) => step.answered_all(&mut self.responses),
            None => self.responses.drain(..).for_each(|(place, _)| place.at().fail(Fault::Broken(self.step))),
        }
        self.responses.clear();
    }
}

impl<J: Run> Drop for Deferred<J> {
    fn drop(&mut self) {
        // Of a worker that is stopped: its responses were accepted.
        if !self.is_empty() {
            self.go_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::ticket::Asked;
    use crate::job::Run;

    struct Least;

    impl Run for Least {
        const NAME: &'static str = "least";
        type Request = ();
        type Response = ();
        type Resources = ();
        type Error = Infallible;

        async fn run((): &(), (): &mut ()) -> Result<(), Infallible> {
            Ok(())
        }
    }

    #[test]
    fn where_an_answer_goes_costs_a_request_two_words() {
        assert_eq!(size_of::<Option<Asked<Least>>>(), 2 * size_of::<usize>());
    }
}
