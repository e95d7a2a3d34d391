//! What the spans around a line say, also where tracing cannot be asked: in the panic hook.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::span::{Attributes, Id, Record as Values};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer;
use tracing_subscriber::registry::LookupSpan;

use super::records::{Fields, Record, Seen};

thread_local! {
    /// The spans that this thread is in.
    static ENTERED: RefCell<Vec<(Id, Arc<Context>)>> = const { RefCell::new(Vec::new()) };
}

/// What a span says, and those around it.
pub struct Context {
    outer: Option<Arc<Context>>,
    /// No code of anybody else runs while it is locked.
    own: Mutex<Fields>,
}

impl Context {
    /// Lists the fields from the outermost span to the innermost, of each name the innermost.
    pub fn fields(&self) -> Fields {
        let mut fields = self.outer.as_deref().map_or_else(Vec::new, Self::fields);
        put(
            &mut fields,
            self.own
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        );
        fields
    }

    fn add(&self, more: Fields) {
        put(
            &mut self.own.lock().unwrap_or_else(PoisonError::into_inner),
            more,
        );
    }
}

fn put(fields: &mut Fields, more: Fields) {
    for (name, value) in more {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => fields.push((name, value)),
        }
    }
}

/// Returns the context of this thread.
pub fn current() -> Option<Arc<Context>> {
    let entered = ENTERED.try_with(|entered| entered.try_borrow().ok()?.last().cloned());
    entered.ok().flatten().map(|(_, context)| context)
}

/// A layer that makes a record of each event, and knows the context of each thread.
pub struct Records<F>(F);

impl<F: Fn(Record<'_>)> Records<F> {
    /// Gives each record to `write`.
    pub fn new(write: F) -> Self {
        Self(write)
    }
}

impl<S, F> Layer<S> for Records<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: Fn(Record<'_>) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, spans: layer::Context<'_, S>) {
        let mut seen = Seen::default();
        attributes.record(&mut seen);
        let Some(span) = spans.span(id) else { return };
        let outer = span
            .parent()
            .and_then(|outer| outer.extensions().get().cloned());
        let context = Context {
            outer,
            own: Mutex::new(seen.fields),
        };
        span.extensions_mut().insert(Arc::new(context));
    }

    fn on_record(&self, id: &Id, values: &Values<'_>, spans: layer::Context<'_, S>) {
        let mut seen = Seen::default();
        values.record(&mut seen);
        if let Some(context) = of(id, &spans) {
            context.add(seen.fields);
        }
    }

    fn on_enter(&self, id: &Id, spans: layer::Context<'_, S>) {
        if let Some(context) = of(id, &spans) {
            ENTERED.with(|entered| entered.borrow_mut().push((id.clone(), context)));
        }
    }

    fn on_exit(&self, id: &Id, _spans: layer::Context<'_, S>) {
        ENTERED.with(|entered| {
            let mut entered = entered.borrow_mut();
            if let Some(place) = entered.iter().rposition(|(known, _)| known == id) {
                entered.remove(place);
            }
        });
    }

    fn on_event(&self, event: &Event<'_>, spans: layer::Context<'_, S>) {
        let context = if event.is_contextual() {
            current()
        } else {
            event.parent().and_then(|id| of(id, &spans))
        };
        (self.0)(Record::of(event, context.as_deref()));
    }
}

fn of<S>(id: &Id, spans: &layer::Context<'_, S>) -> Option<Arc<Context>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    spans.span(id)?.extensions().get().cloned()
}
