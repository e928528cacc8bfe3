//! Making races certain: the first of several requests about one thing waits until another has come, or until a
//! time that is long for a race and short for a client.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

/// How long a request waits for another one.
const AT_MOST: Duration = Duration::from_millis(200);

/// All races that are being run, by what they are about. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Races(Arc<Mutex<HashMap<String, watch::Sender<Race>>>>);

#[derive(Clone, Copy, Default)]
struct Race {
    running: usize,
    /// How many of those are to win.
    favourites: usize,
    /// Whether there ever were two at once.
    met: bool,
}

/// One request in a race; it is over when this is dropped.
pub(super) struct Runner {
    races: Races,
    about: String,
    is_favourite: bool,
    race: watch::Receiver<Race>,
}

impl Races {
    /// Enters the race about something, waits for another, and lets a favourite go first.
    pub(super) async fn enter(&self, about: String) -> Runner {
        let mut runner = self.begin(about, false);
        // Nobody else came: that is no race, and no error.
        _ = timeout(AT_MOST, runner.race.wait_for(|race| race.met)).await;
        _ = timeout(AT_MOST, runner.race.wait_for(|race| race.favourites == 0)).await;
        runner
    }

    /// Enters the race about something as the one that wins it, and waits for another.
    pub(super) async fn enter_as_favourite(&self, about: String) -> Runner {
        let mut runner = self.begin(about, true);
        _ = timeout(AT_MOST, runner.race.wait_for(|race| race.met)).await;
        runner
    }

    fn begin(&self, about: String, is_favourite: bool) -> Runner {
        let mut all = self.all();
        let sender = all.entry(about.clone()).or_insert_with(|| watch::Sender::new(Race::default()));
        sender.send_modify(|race| {
            race.running += 1;
            race.favourites += usize::from(is_favourite);
            race.met |= race.running > 1;
        });
        let race = sender.subscribe();
        drop(all);
        Runner { races: self.clone(), about, is_favourite, race }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Race>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runner {
    /// Whether another request about the same thing was on its way at the same time.
    pub(super) fn met_another(&self) -> bool {
        self.race.borrow().met
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let mut all = self.races.all();
        let Some(sender) = all.get(&self.about) else { return };
        sender.send_modify(|race| {
            race.running -= 1;
            race.favourites -= usize::from(self.is_favourite);
        });
        let is_over = sender.borrow().running == 0;
        if is_over {
            all.remove(&self.about);
        }
    }
}
