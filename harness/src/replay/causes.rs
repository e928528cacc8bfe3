//! Which differences only follow from an earlier one: of a resource that was lost everything, of any other the same
//! respect again. They are told under their cause, so that one bug is one difference.

use std::collections::HashMap;

use scimspec_mock_idp::recording::rebind::ResourceId;

use super::difference::{Difference, Following, Kind, Unlike};

/// More differences than anybody reads are counted and not kept.
const MOST: usize = 500;
/// More that follows from one than anybody reads, too.
const MOST_FOLLOWING: usize = 50;

/// The differences so far, and what was caused by which.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// The first causes, in order.
    pub(super) differences: Vec<Difference>,
    /// How many more there were than are kept.
    pub(super) more: usize,
    /// Differences that only follow from requests that were not sent for another reason.
    pub(super) of_skips: usize,
    lost: HashMap<ResourceId, usize>,
    /// Resources that were not written because another one is lost, and the difference that lost it, if one did.
    unwritten: HashMap<ResourceId, Because>,
    known: HashMap<(Option<ResourceId>, String), usize>,
}

/// Why something is no news.
#[derive(Debug, Clone, Copy)]
enum Because {
    /// It follows from a difference.
    Difference(usize),
    /// It follows from a request that was not sent for another reason.
    Skip,
}

impl Causes {
    /// Sorts what was found in one answer: what only follows from an earlier difference is noted under that; the rest
    /// is returned.
    pub(super) fn first_causes(&mut self, found: Vec<Unlike>, following: &Following) -> Vec<Unlike> {
        let mut left = Vec::new();
        for unlike in found {
            match self.because(&unlike) {
                Some(Because::Difference(cause)) => {
                    self.follows(cause, &Following { what: unlike.line(), ..following.clone() });
                }
                Some(Because::Skip) => self.of_skips += 1,
                None => left.push(unlike),
            }
        }
        left
    }

    /// Notes a difference, and what it makes of the resources that it is about.
    pub(super) fn note(&mut self, difference: Difference) {
        let index = self.differences.len();
        if index >= MOST {
            self.more += 1;
            return;
        }
        for unlike in &difference.unlike {
            self.known.insert(key(unlike), index);
            let lost = unlike.kind.loses_the_resource() || refuses_to_make(unlike.kind, &difference);
            if let Some(resource) = unlike.resource.clone().filter(|_| lost) {
                self.lost.entry(resource).or_insert(index);
            }
        }
        self.differences.push(difference);
    }

    /// Notes a request that was not sent because a resource is lost, and what it would have written. Whether a
    /// difference is why.
    pub(super) fn skipped(
        &mut self,
        resource: &ResourceId,
        unwritten: Option<&ResourceId>,
        following: &Following,
    ) -> bool {
        let cause = self.lost.get(resource).copied();
        if let Some(unwritten) = unwritten {
            let because = cause.map_or(Because::Skip, Because::Difference);
            self.unwritten.entry(unwritten.clone()).or_insert(because);
        }
        if let Some(cause) = cause {
            self.follows(cause, following);
        }
        cause.is_some()
    }

    /// Notes a resource that was left as it is although the recording writes it.
    pub(super) fn left_alone(&mut self, resource: &ResourceId) {
        self.unwritten.entry(resource.clone()).or_insert(Because::Skip);
    }

    /// Whether a resource is lost: what it belonged to lacks it, and that is no news.
    pub(super) fn has_lost(&self, resource: &ResourceId) -> bool {
        self.lost.contains_key(resource)
    }

    fn because(&self, unlike: &Unlike) -> Option<Because> {
        let lost = unlike.resource.as_ref().and_then(|resource| self.lost.get(resource));
        let cause = lost.or_else(|| self.known.get(&key(unlike))).copied();
        cause.map(Because::Difference).or_else(|| self.unwritten_because(unlike))
    }

    /// A resource that was not written does not have what was to be written.
    fn unwritten_because(&self, unlike: &Unlike) -> Option<Because> {
        let written = matches!(
            unlike.kind,
            Kind::Changed | Kind::Lost | Kind::GroupEmptied | Kind::MembersLost | Kind::MembersGained
        );
        let resource = unlike.resource.as_ref().filter(|_| written)?;
        self.unwritten.get(resource).copied()
    }

    fn follows(&mut self, cause: usize, following: &Following) {
        let Some(difference) = self.differences.get_mut(cause) else { return };
        // One exchange is one line.
        if let Some(last) = difference.follows.last_mut().filter(|last| last.place == following.place) {
            if !last.what.contains(&following.what) {
                last.what = format!("{}; {}", last.what, following.what);
            }
        } else if difference.follows.len() < MOST_FOLLOWING {
            difference.follows.push(following.clone());
        } else {
            difference.more_follow += 1;
        }
    }
}

/// The respect in which something differs: the same again is no news. Members that are lost more and more are.
fn key(unlike: &Unlike) -> (Option<ResourceId>, String) {
    let name = match unlike.kind {
        Kind::GroupEmptied | Kind::MembersLost | Kind::MembersGained => "members".to_owned(),
        kind => format!("{kind:?} {}", unlike.attribute.as_deref().unwrap_or_default()),
    };
    // The new value belongs to what differs, except where it changes with every exchange.
    let value = match unlike.kind {
        Kind::Changed => format!("{} {}", unlike.recorded, unlike.new),
        Kind::Refused | Kind::Accepted | Kind::OtherRefusal => unlike.new.clone(),
        _ => String::new(),
    };
    (unlike.resource.clone(), format!("{name} {value}"))
}

/// A creation that is refused: the resource never came to be.
fn refuses_to_make(kind: Kind, difference: &Difference) -> bool {
    matches!(kind, Kind::Refused | Kind::NoBody | Kind::NoAnswer) && difference.request.starts_with("POST ")
}

#[cfg(test)]
mod tests {
    use scimspec_mock_idp::recording::Place;

    use super::*;

    fn difference(unlike: Unlike, request: &str) -> Difference {
        Difference {
            place: Place::Entry(1),
            request: request.to_owned(),
            about: None,
            unlike: vec![unlike],
            consequence: String::new(),
            follows: Vec::new(),
            more_follow: 0,
            recorded: None,
            exchange: None,
        }
    }

    fn at(place: usize) -> Following {
        Following { place: Place::Entry(place), request: String::new(), what: String::new(), skipped: false }
    }

    fn ada() -> ResourceId {
        ResourceId::at("/Users", "a")
    }

    fn changed(attribute: &str) -> Unlike {
        Unlike::new(Kind::Changed, "a", "b").of(attribute).about(Some(&ada()))
    }

    #[test]
    fn of_a_resource_that_is_lost_everything_follows() {
        let mut causes = Causes::default();
        causes.note(difference(Unlike::new(Kind::FoundNothing, "", "").about(Some(&ada())), "GET /Users"));
        assert_eq!(causes.first_causes(vec![changed("title")], &at(2)), []);
        assert!(causes.skipped(&ada(), None, &at(3)));
        assert!(!causes.skipped(&ResourceId::at("/Users", "b"), None, &at(3)));
        assert_eq!(causes.differences[0].follows.len(), 2);
    }

    #[test]
    fn what_was_not_written_because_of_another_is_no_news() {
        let mut causes = Causes::default();
        causes.note(difference(Unlike::new(Kind::FoundNothing, "", "").about(Some(&ada())), "GET /Users"));
        let group = ResourceId::at("/Groups", "g");
        causes.skipped(&ada(), Some(&group), &at(2));
        let lost = Unlike::new(Kind::MembersLost, "2", "1").of("members").about(Some(&group));
        assert_eq!(causes.first_causes(vec![lost], &at(3)), []);
        assert_eq!(causes.differences[0].follows.len(), 2);
        let (nobody, other) = (ResourceId::at("/Users", "x"), ResourceId::at("/Groups", "h"));
        causes.skipped(&nobody, Some(&other), &at(4));
        let lost = Unlike::new(Kind::GroupEmptied, "2", "none").of("members").about(Some(&other));
        assert_eq!((causes.first_causes(vec![lost], &at(5)), causes.of_skips), (Vec::new(), 1));
    }

    #[test]
    fn of_any_other_the_same_respect_follows_and_another_is_news() {
        let mut causes = Causes::default();
        causes.note(difference(changed("title"), "PATCH /Users/a"));
        assert_eq!(
            causes.first_causes(vec![changed("title"), changed("active")], &at(2)),
            [changed("active")]
        );
        let other = changed("title").about(Some(&ResourceId::at("/Users", "b")));
        assert_eq!(causes.first_causes(vec![other.clone()], &at(3)), [other]);
    }

    #[test]
    fn what_was_never_made_is_lost_and_what_was_not_changed_is_not() {
        let mut causes = Causes::default();
        let refused = Unlike::new(Kind::Refused, "201", "500").about(Some(&ada()));
        causes.note(difference(refused.clone(), "PATCH /Users/a"));
        assert_eq!(causes.first_causes(vec![changed("title")], &at(2)), [changed("title")]);
        causes.note(difference(refused, "POST /Users"));
        assert_eq!(causes.first_causes(vec![changed("title")], &at(2)), []);
    }
}
