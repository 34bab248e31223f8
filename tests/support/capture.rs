//! Spans and events, kept for a test to read.

use std::collections::BTreeMap;
use std::fmt;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::subscriber::DefaultGuard;
use tracing::{Subscriber, dispatcher};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::Log;

/// A span or an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// Its target.
    pub target: String,
    /// Its fields, as text.
    pub fields: BTreeMap<String, String>,
}

/// An event, with the span around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event.
    pub event: Seen,
    /// The innermost span in which it happened.
    pub span: Option<Seen>,
}

/// Keeps the spans and events of this thread while it lives.
#[expect(missing_debug_implementations, reason = "the guard inside has none")]
pub struct Capture {
    /// Spans, in the order in which they were made.
    pub spans: Log<Seen>,
    /// Events, in order.
    pub events: Log<Event>,
    _guard: DefaultGuard,
}

impl Capture {
    /// Begins to keep them.
    #[must_use]
    pub fn begin() -> Self {
        // Whether anybody listens to a span is remembered for all threads. With one who listens to everything everywhere, no
        // test on another thread can have it remembered that nobody does.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        let (spans, events) = (Log::new(), Log::new());
        let keeper = Keeper { spans: spans.clone(), events: events.clone() };
        let dispatch = dispatcher::Dispatch::new(tracing_subscriber::registry().with(keeper));
        Self { spans, events, _guard: dispatcher::set_default(&dispatch) }
    }

    /// The spans of this name.
    #[must_use]
    pub fn spans_named(&self, name: &str) -> Vec<Seen> {
        self.spans.entries().into_iter().filter(|span| span.name == name).collect()
    }
}

struct Keeper {
    spans: Log<Seen>,
    events: Log<Event>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Keeper {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        let mut seen = Seen { name: metadata.name().into(), target: metadata.target().into(), ..Seen::default() };
        attributes.record(&mut seen);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(seen.clone());
        }
        self.spans.push(seen);
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut seen = Seen { name: metadata.name().into(), target: metadata.target().into(), ..Seen::default() };
        event.record(&mut seen);
        let span = context.event_span(event).and_then(|span| span.extensions().get::<Seen>().cloned());
        self.events.push(Event { event: seen, span });
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name().to_owned(), value.to_owned());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}"));
    }
}
