//! What a person watching sees while a run goes on: one line on standard error, only on a terminal.

use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

use crate::runner::Event;
use crate::runner::plan::Plan;

/// A listener that draws progress; silent where nobody watches.
pub(super) fn listener(watched: bool) -> (ProgressBar, Box<dyn Fn(Event) + Send + Sync>) {
    if !watched {
        return (ProgressBar::hidden(), Box::new(|_| {}));
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    let under_way: Mutex<Vec<(usize, String)>> = Mutex::default();
    let drawn = bar.clone();
    let listen = move |event| {
        let mut under_way = under_way.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            Event::Began { story, name } => under_way.push((story, name)),
            Event::Ended { story } => {
                under_way.retain(|(number, _)| *number != story);
                drawn.inc(1);
            }
            Event::Step { .. } => {}
            Event::CleaningUp { left } => {
                drawn.set_message(format!("removing what the run made: {left} left"));
            }
        }
        if let Some((_, name)) = under_way.first() {
            drawn.set_message(name.clone());
        }
    };
    (bar, Box::new(listen))
}

/// Tells the bar how much there is to do.
pub(super) fn expect(bar: &ProgressBar, plan: &Plan) {
    bar.set_length(plan.stories.len() as u64);
}
