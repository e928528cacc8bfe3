//! What a story lets the application's administrator do, and what is taken back when the story is over, told to its end or
//! not: an administrator of the application's could be the last, whom nobody may remove.

use std::sync::{Mutex, MutexGuard, PoisonError};

use scimspec_mock_idp::exchange::Wire;

use super::Setting;
use super::observed::Showed;
use super::story::{Done, Teller};
use crate::access::ways::{Ways, Who};
use crate::scenario::model::{AdministratorAct, Scenario, Step};

/// Whom the stories of a run have made administrators. "The last administrator" means something only where no other story
/// makes one meanwhile, so such stories are told one at a time.
#[derive(Default)]
pub struct Administration {
    promoted: Mutex<Vec<(usize, Who)>>,
    turn: tokio::sync::Mutex<()>,
}

impl Administration {
    /// Waits until no other story makes administrators, if this one does; its turn lasts while what it gets is held.
    pub(super) async fn turn(&self, scenario: &Scenario) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let mut acts = scenario.steps.iter().filter_map(Step::administrator_act);
        if acts.any(|act| act == AdministratorAct::Promote) { Some(self.turn.lock().await) } else { None }
    }

    /// Takes back what one story has left, or all of them.
    pub(super) async fn take_back(&self, story: Option<usize>, setting: &Setting) {
        let left: Vec<(usize, Who)> =
            self.promoted().extract_if(.., |(of, _)| story.is_none_or(|story| story == *of)).collect();
        let ways = Ways::new(&setting.probes, &setting.secrets);
        for (_, who) in left {
            // If it fails, the removal of the person that follows says whether anything is left.
            _ = ways.administer(AdministratorAct::Demote, &who, &*setting.wire).await;
        }
    }

    fn add(&self, story: usize, who: &Who) {
        self.promoted().push((story, who.clone()));
    }

    fn take_off(&self, story: usize, who: &Who) {
        self.promoted().retain(|(of, promoted)| (*of, &promoted.name) != (story, &who.name));
    }

    fn promoted(&self) -> MutexGuard<'_, Vec<(usize, Who)>> {
        self.promoted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teller<'_> {
    pub(super) async fn administrator(
        &mut self,
        act: AdministratorAct,
        people: &[String],
        wire: &dyn Wire,
    ) -> Done {
        self.last_act = act.word();
        for name in people {
            let Some(who) = self.scope().who(name, None, self.recorder) else { continue };
            // Noted before it is done, taken off after: an answer that is lost must not leave an administrator behind.
            if act == AdministratorAct::Promote {
                self.setting.administration.add(self.story.number, &who);
            }
            if let Err(why) = self.ways.administer(act, &who, wire).await {
                return Done::of(Showed::Unclear(why));
            }
            if act == AdministratorAct::Demote {
                self.setting.administration.take_off(self.story.number, &who);
            }
        }
        Done::of(Showed::Held)
    }
}
