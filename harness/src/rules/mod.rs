//! Rules: passive checks over SCIM exchanges, of a run or of a recording. Each is a file here: a static description
//! beside one function. What they look at is in `seen`, `history` and `run_view`; what is known of the target in `known`.

mod accepts_plain_json;
mod accepts_scim_json;
mod active_is_boolean;
mod announced_capabilities_work;
mod announced_entity_tags_are_sent;
mod announced_versions_are_shown;
mod attribute_names_as_published;
mod attribute_types;
mod attributes_are_published;
mod attributes_in_their_place;
mod attributes_leave_meta_out;
mod attributes_narrow_the_answer;
mod binaries_are_base64;
mod body_is_json;
mod body_is_utf_8;
mod bulk_answers_each_operation;
mod bulk_status_is_text;
mod conflict_says_uniqueness;
mod create_answers_201;
mod create_keeps_what_was_sent;
mod create_returns_the_resource;
mod create_tells_location;
mod created_stays;
mod cursors_need_no_encoding;
mod date_times_are_strict;
mod date_times_have_a_zone;
mod delete_answers_204;
mod deleted_is_not_listed;
mod deleted_stays_deleted;
mod discovery_answers;
mod discovery_answers_with_lists;
mod display_name_is_no_blank;
mod entity_tags_are_well_formed;
mod error_detail_is_for_people;
mod error_has_scim_body;
mod error_tells_status;
mod errors_hide_internals;
mod excluded_attributes_stay_out;
mod extension_is_listed;
mod external_id_is_the_clients;
mod filter_finds_what_is_there;
mod filter_is_applied;
mod first_page_has_no_previous;
mod gateway_error_has_scim_body;
mod groups_agree_with_members;
mod history;
mod html_where_json_belongs;
mod id_always_returned;
mod id_is_no_bulk_id;
mod id_is_the_one_asked_for;
mod ids_are_never_given_again;
mod ids_are_unique_across_types;
mod items_per_page_counts_the_page;
mod known;
mod last_modified_moves_with_a_change;
mod last_modified_never_goes_back;
mod last_modified_stays_without_a_write;
mod list_counts;
mod list_shows_each_once;
mod list_shows_what_get_shows;
mod listed_extension_has_data;
mod locations_agree;
mod manager_is_a_reference;
mod matches_are_shown;
mod media_type;
mod meta_is_there;
mod meta_location_is_absolute;
mod meta_location_is_the_address;
mod meta_names_the_type;
mod missing_capabilities_are_missing;
mod more_pages_have_a_cursor;
mod multi_valued_is_array;
mod never_means_never;
mod new_resource_was_modified_when_created;
mod no_body_where_none_belongs;
mod no_duplicate_keys;
mod no_match_is_an_empty_list;
mod no_op_add_keeps_last_modified;
mod no_server_error;
mod no_value_twice;
mod on_request_only;
mod one_primary;
mod page_begins_where_asked;
mod page_is_no_longer_than_asked;
mod pages_do_not_overlap;
mod partial_list_tells_its_place;
mod password_never_returned;
mod patch_answers_one_way;
mod patch_with_attributes_answers_200;
mod profile_change_leaves_active;
mod published_limits_are_kept;
mod put_answers_with_resource;
mod put_is_supported;
mod put_never_creates;
mod query_answers_with_a_list;
mod rate_limit_tells_when;
mod references_are_uris;
mod references_name_their_value;
mod refusal_names_its_schemes;
mod refused_change_changes_nothing;
mod required_names_are_shown;
mod resource_walk;
mod run_view;
mod schemas_are_declared;
mod schemas_are_named;
mod schemas_hold_the_base;
mod schemas_stand_once;
mod scim_type_fits_status;
mod scim_type_registered;
mod scope;
mod second_delete_finds_nothing;
mod seen;
mod simple_filter;
mod status_follows_table_8;
#[cfg(test)]
pub(crate) mod tests;
mod token_never_echoed;
mod total_is_the_same_on_every_page;
mod unassigned_is_left_out;
mod unsupported_bulk_is_501;
mod user_names_are_unique;
mod version_is_the_entity_tag;
mod version_moves_with_a_change;
mod version_stays_without_a_change;
mod words;
mod write_answers_with_the_state;
mod written_active_is_shown;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin};

pub use self::history::{Act, Event, History, Sights};
pub use self::known::{Attribute, Known, ResourceType, Schemas};
pub use self::run_view::{Pages, RunView};
pub use self::scope::{Look, Need, Noted, Scope, Wrong};
pub use self::seen::{Asked, Discovery, Place, Seen, Whose};
use crate::runner::observed::StoryReport;
use crate::secrets::Secrets;

/// What a rule is.
#[derive(Debug)]
pub struct Rule {
    /// Its id is `rule/SLUG` and stays for ever.
    pub slug: &'static str,
    /// One line that is true of a server that keeps it.
    pub title: &'static str,
    /// What exactly is looked at.
    pub what: &'static str,
    /// Who suffers when it is broken.
    pub why: &'static str,
    /// What a right answer looks like, and what to do about a wrong one.
    pub fix: &'static str,
    /// The requirements that it shows, all of one level.
    pub requirements: &'static [&'static str],
    /// Why a server that breaks it is only warned, where the requirements alone would say more.
    pub softer: Option<&'static str>,
    /// What must be so before it may speak.
    pub needs: &'static [Need],
    /// How much it looks at together, and with what.
    pub scope: Scope,
}

/// Everything that was watched.
#[derive(Debug)]
pub struct Watched<'a> {
    /// The discovery documents, read before anything else.
    pub discovery: &'a [Exchange],
    /// What went over the wire, story by story.
    pub transcripts: Vec<Transcript<'a>>,
    /// Whether all resources belong to who was watched: a recording, or a server of its own.
    pub alone: bool,
    /// What must not come back in an answer.
    pub secrets: Secrets,
}

/// A sequence of exchanges: a story's, or a recording's.
#[derive(Debug)]
pub struct Transcript<'a> {
    /// The story's number.
    pub number: usize,
    /// In order.
    pub exchanges: &'a [Exchange],
    /// Those whose order is chance.
    pub unordered: &'a [Range<usize>],
    /// Whether it has every exchange, each once: no bad network of our own.
    pub complete: bool,
}

/// What a rule found in a run.
#[derive(Debug)]
pub struct Findings {
    /// The rule.
    pub rule: &'static Rule,
    /// How many exchanges it looked at.
    pub looked: usize,
    /// Each cause once, the most frequent first.
    pub causes: Vec<Cause>,
    /// What it needs and did not have.
    pub lacks: Option<Need>,
}

/// One way in which a rule was broken.
#[derive(Debug)]
pub struct Cause {
    /// What was expected.
    pub expected: String,
    /// What is there instead.
    pub actual: String,
    /// In how many exchanges.
    pub count: usize,
    /// The first of them: the story's number and the place in its transcript; none: the preflight.
    pub first: Option<(usize, usize)>,
}

/// All rules. A new one gets a file, a line above, and a line here.
pub static RULES: &[&Rule] = &[
    &accepts_plain_json::RULE,
    &accepts_scim_json::RULE,
    &active_is_boolean::RULE,
    &announced_capabilities_work::RULE,
    &announced_entity_tags_are_sent::RULE,
    &announced_versions_are_shown::RULE,
    &attribute_names_as_published::RULE,
    &attribute_types::RULE,
    &attributes_are_published::RULE,
    &attributes_in_their_place::RULE,
    &attributes_leave_meta_out::RULE,
    &attributes_narrow_the_answer::RULE,
    &binaries_are_base64::RULE,
    &body_is_json::RULE,
    &body_is_utf_8::RULE,
    &bulk_answers_each_operation::RULE,
    &bulk_status_is_text::RULE,
    &conflict_says_uniqueness::RULE,
    &create_answers_201::RULE,
    &create_keeps_what_was_sent::RULE,
    &create_returns_the_resource::RULE,
    &create_tells_location::RULE,
    &created_stays::RULE,
    &cursors_need_no_encoding::RULE,
    &date_times_are_strict::RULE,
    &date_times_have_a_zone::RULE,
    &delete_answers_204::RULE,
    &deleted_is_not_listed::RULE,
    &deleted_stays_deleted::RULE,
    &discovery_answers::RULE,
    &discovery_answers_with_lists::RULE,
    &display_name_is_no_blank::RULE,
    &entity_tags_are_well_formed::RULE,
    &error_detail_is_for_people::RULE,
    &error_has_scim_body::RULE,
    &error_tells_status::RULE,
    &errors_hide_internals::RULE,
    &excluded_attributes_stay_out::RULE,
    &extension_is_listed::RULE,
    &external_id_is_the_clients::RULE,
    &filter_finds_what_is_there::RULE,
    &filter_is_applied::RULE,
    &first_page_has_no_previous::RULE,
    &gateway_error_has_scim_body::RULE,
    &groups_agree_with_members::RULE,
    &html_where_json_belongs::RULE,
    &id_always_returned::RULE,
    &id_is_no_bulk_id::RULE,
    &id_is_the_one_asked_for::RULE,
    &ids_are_never_given_again::RULE,
    &ids_are_unique_across_types::RULE,
    &items_per_page_counts_the_page::RULE,
    &last_modified_moves_with_a_change::RULE,
    &last_modified_never_goes_back::RULE,
    &last_modified_stays_without_a_write::RULE,
    &list_counts::RULE,
    &list_shows_each_once::RULE,
    &list_shows_what_get_shows::RULE,
    &listed_extension_has_data::RULE,
    &locations_agree::RULE,
    &manager_is_a_reference::RULE,
    &matches_are_shown::RULE,
    &media_type::RULE,
    &meta_is_there::RULE,
    &meta_location_is_absolute::RULE,
    &meta_location_is_the_address::RULE,
    &meta_names_the_type::RULE,
    &missing_capabilities_are_missing::RULE,
    &more_pages_have_a_cursor::RULE,
    &multi_valued_is_array::RULE,
    &never_means_never::RULE,
    &new_resource_was_modified_when_created::RULE,
    &no_body_where_none_belongs::RULE,
    &no_duplicate_keys::RULE,
    &no_match_is_an_empty_list::RULE,
    &no_op_add_keeps_last_modified::RULE,
    &no_server_error::RULE,
    &no_value_twice::RULE,
    &on_request_only::RULE,
    &one_primary::RULE,
    &page_begins_where_asked::RULE,
    &page_is_no_longer_than_asked::RULE,
    &pages_do_not_overlap::RULE,
    &partial_list_tells_its_place::RULE,
    &password_never_returned::RULE,
    &patch_answers_one_way::RULE,
    &patch_with_attributes_answers_200::RULE,
    &profile_change_leaves_active::RULE,
    &published_limits_are_kept::RULE,
    &put_answers_with_resource::RULE,
    &put_is_supported::RULE,
    &put_never_creates::RULE,
    &query_answers_with_a_list::RULE,
    &rate_limit_tells_when::RULE,
    &references_are_uris::RULE,
    &references_name_their_value::RULE,
    &refusal_names_its_schemes::RULE,
    &refused_change_changes_nothing::RULE,
    &required_names_are_shown::RULE,
    &schemas_are_declared::RULE,
    &schemas_are_named::RULE,
    &schemas_hold_the_base::RULE,
    &schemas_stand_once::RULE,
    &scim_type_fits_status::RULE,
    &scim_type_registered::RULE,
    &second_delete_finds_nothing::RULE,
    &status_follows_table_8::RULE,
    &token_never_echoed::RULE,
    &total_is_the_same_on_every_page::RULE,
    &unassigned_is_left_out::RULE,
    &unsupported_bulk_is_501::RULE,
    &user_names_are_unique::RULE,
    &version_is_the_entity_tag::RULE,
    &version_moves_with_a_change::RULE,
    &version_stays_without_a_change::RULE,
    &write_answers_with_the_state::RULE,
    &written_active_is_shown::RULE,
];

/// Looks at everything that was watched, with every rule.
pub fn look(watched: &Watched<'_>) -> Vec<Findings> {
    look_with(RULES, watched)
}

fn look_with(rules: &[&'static Rule], watched: &Watched<'_>) -> Vec<Findings> {
    let all = watched.transcripts.iter().flat_map(|transcript| transcript.exchanges);
    let known = Known::read(watched.discovery.iter().chain(all), watched.secrets.clone());
    let whose = if watched.alone { Whose::All } else { Whose::Ours(own(watched)) };
    let seen = watched.seen(&known, &whose);
    let complete = watched.transcripts.iter().filter(|t| t.complete).map(|t| t.number).collect();
    let view = RunView::new(&known, &seen, &complete);
    side_by_side(rules, |rule| rule.findings(&view))
}

/// What each rule found, in the order of the rules. They are a fifth of a run, and none needs to know of another: each
/// core takes the next rule that nobody has taken yet.
fn side_by_side<T: Send>(rules: &[&'static Rule], look: impl Fn(&'static Rule) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(rule) = rules.get(at) else { return found };
            found.push((at, look(rule)));
        }
    };
    let helpers = thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
    let mut all = thread::scope(|scope| {
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for helper in helpers {
            match helper.join() {
                Ok(found) => all.extend(found),
                Err(panic) => resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, found)| found).collect()
}

impl<'a> Transcript<'a> {
    /// A story's. One with a bad network of its own shows what the client saw, not what the server did; in one with a second
    /// tenant, the same address does not always mean the same resource.
    pub fn of_story(report: &'a StoryReport) -> Self {
        let steps = &report.story.scenario.steps;
        Self {
            number: report.story.number,
            exchanges: &report.exchanges,
            unordered: &report.unordered,
            complete: !steps.iter().any(|step| {
                step.fault.is_some()
                    || step.senders_need().contains(&&crate::scenario::model::Need::OtherTenant)
            }),
        }
    }
}

impl Watched<'_> {
    fn seen<'s>(&'s self, known: &Known, whose: &'s Whose) -> Vec<Seen<'s>> {
        let mut all: Vec<Seen<'s>> =
            self.discovery.iter().filter_map(|exchange| Seen::new(exchange, known, whose)).collect();
        for transcript in &self.transcripts {
            let mut gap = false;
            for (i, exchange) in transcript.exchanges.iter().enumerate() {
                let unordered = transcript.unordered.iter().any(|range| range.contains(&i));
                match Seen::new(exchange, known, whose) {
                    Some(seen) => {
                        all.push(Seen {
                            place: Some((transcript.number, i)),
                            transcript: transcript.number,
                            gap: gap || unordered,
                            ..seen
                        });
                        gap = unordered;
                    }
                    // The look at the target before a run reads only.
                    None => gap |= exchange.origin != Origin::Preflight,
                }
            }
        }
        all
    }
}

impl Rule {
    /// `rule/SLUG`.
    pub fn id(&self) -> String {
        format!("rule/{}", self.slug)
    }

    fn findings(&'static self, view: &RunView<'_>) -> Findings {
        if self.needs.contains(&Need::Schemas) && view.known.schemas.is_none() {
            return Findings { rule: self, looked: 0, causes: Vec::new(), lacks: Some(Need::Schemas) };
        }
        let sole_writer = self.needs.contains(&Need::SoleWriter);
        let noted: Vec<Noted> = match self.scope {
            Scope::Exchange(look) => {
                let looked = view.seen.iter().enumerate();
                looked.map(|(at, seen)| Noted { at, look: look(seen, view.known) }).collect()
            }
            Scope::History(look) => view
                .histories
                .iter()
                .filter(|history| history.made_here || !sole_writer)
                .flat_map(|history| look(history, view.known))
                .collect(),
            Scope::Run(look) => look(view),
        };
        let mut causes: BTreeMap<Wrong, Cause> = BTreeMap::new();
        let mut counted = BTreeSet::new();
        let mut looked = Vec::new();
        for Noted { at, look } in noted {
            match look {
                Look::Elsewhere => {}
                Look::Kept => looked.push(at),
                Look::Broken(wrongs) => {
                    looked.push(at);
                    for wrong in wrongs.into_iter().filter(|wrong| counted.insert((at, wrong.clone()))) {
                        let first = view.seen.get(at).and_then(|seen| seen.place);
                        let (expected, actual) = (wrong.expected.clone(), wrong.actual.clone());
                        let cause =
                            causes.entry(wrong).or_insert(Cause { expected, actual, count: 0, first });
                        cause.count += 1;
                    }
                }
            }
        }
        let mut causes: Vec<Cause> = causes.into_values().collect();
        causes.sort_by(|a, b| b.count.cmp(&a.count).then(a.first.cmp(&b.first)));
        looked.sort_unstable();
        looked.dedup();
        let lacks = self.needs.first().copied().filter(|_| looked.is_empty());
        Findings { rule: self, looked: looked.len(), causes, lacks }
    }
}

/// What tells one's own resources in a list from other people's: every id that was made or addressed, every name sent.
fn own(watched: &Watched<'_>) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    for exchange in watched.transcripts.iter().flat_map(|transcript| transcript.exchanges) {
        let Destination::Scim(target) = &exchange.request.to else { continue };
        if let Place::Resource(_, id) =
            Place::of(target.split('?').next().unwrap_or_default(), &Known::default())
        {
            own.insert(id.to_ascii_lowercase());
        }
        let sent = exchange.request.body.as_ref().and_then(|body| serde_json::from_slice(body).ok());
        own.extend(sent.iter().flat_map(run_view::names_sent));
        let made = exchange.result.as_ref().ok().filter(|answer| answer.status == 201);
        own.extend(made.and_then(Answer::json).iter().flat_map(seen::marks));
    }
    own
}
