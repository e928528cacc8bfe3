//! What a difference means to the people and the provider: a table, by the kind of difference, what was being done, and
//! what the recording does next. One sentence each, as the provider's administrator would put it.

use serde_json::Value;

use super::compare::Reader;
use super::deed::{Deed, truth};
use super::difference::{Kind, Unlike};

/// What is around a difference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// Who reads the answer.
    pub(super) reader: Reader,
    /// What was being done.
    pub(super) deed: Deed,
    /// Whether it is about people; else it is about groups.
    pub(super) people: bool,
    /// Whom or what it is about, by name: `ada@example.com`.
    pub(super) who: Option<&'a str>,
    /// Whether the person was inactive by the recording.
    pub(super) inactive: bool,
    /// How many later requests of the recording go to the same resource.
    pub(super) later: usize,
}

/// What follows from a difference.
pub(super) fn of(unlike: &Unlike, scene: &Scene<'_>) -> String {
    let sentence = sentence(unlike, scene);
    // A sentence may begin with a provider that has no name.
    let sentence = match sentence.strip_prefix(Reader::Unknown.within()) {
        Some(rest) => format!("{}{rest}", Reader::Unknown.name()),
        None => sentence,
    };
    let later = match (unlike.kind, scene.later) {
        (_, 0) => String::new(),
        (
            Kind::FoundNothing
            | Kind::FoundAnother
            | Kind::OtherId
            | Kind::Vanished
            | Kind::NameTaken
            | Kind::Refused
            | Kind::NoBody,
            later,
        ) => format!("; {}", rely(later)),
        _ => String::new(),
    };
    format!("{sentence}{later}")
}

fn sentence(unlike: &Unlike, scene: &Scene<'_>) -> String {
    let (idp, who) = (scene.reader.within(), whom(scene));
    let attribute = unlike.attribute.as_deref().unwrap_or_default();
    match (unlike.kind, scene.deed) {
        (Kind::NoAnswer, _) => {
            format!("{idp} gets no answer about {who}: the task fails and is tried again later")
        }
        (Kind::Refused, deed) => refused(deed, scene),
        (Kind::Accepted, Deed::Create) if unlike.recorded.starts_with("status 409") => {
            format!(
                "a second account of the same name comes to be: what {idp} does to {who} may happen to either"
            )
        }
        (Kind::Accepted, Deed::Create) => {
            format!("{who} comes to be, which was refused when this was recorded")
        }
        (Kind::Accepted, Deed::Read | Deed::LookUp) => {
            format!("{idp} finds {who} where there was nobody, and links instead of creating")
        }
        (Kind::Accepted, _) => {
            format!("what was refused is done: {idp} believes that {who} is as it asked for")
        }
        (Kind::OtherRefusal, Deed::Create) => {
            format!("{idp} does not learn why {who} cannot be created, and goes on as after any other error")
        }
        (Kind::OtherRefusal, _) => {
            format!("{idp} reads this refusal otherwise and takes another next step for {who}")
        }
        (Kind::OtherStatus, _) => format!("{idp} goes on as before: both mean success"),
        (Kind::NameTaken, _) => {
            format!(
                "{who} is on this server already and was left alone: replay with --unique to have people of its own"
            )
        }
        (Kind::NotSent, _) => format!("from here on {who} is not the same on both servers"),
        (Kind::SharedId, _) => {
            format!("two people share one account: what {idp} does to the one happens to {who} too")
        }
        (Kind::OtherId, Deed::Read) => format!(
            "{idp} asked for {who} by id and was shown another id: it does not know whose account this is"
        ),
        (Kind::OtherId, _) if scene.people => {
            format!(
                "{who} comes back as another account: what {idp} was linked to, and what belonged to it, is lost"
            )
        }
        (Kind::OtherId, _) => format!("{who} is another group now: what was given to the old one is lost"),
        (Kind::Vanished, _) if scene.people => {
            format!(
                "the account of {who} is gone: {idp} could only create a new one, under another id and without what belonged to the old"
            )
        }
        (Kind::Vanished, _) => format!("the group {who} is gone: everybody in it loses what it gives"),
        (Kind::FoundNothing | Kind::FoundSomething | Kind::FoundSeveral | Kind::FoundAnother, _) => {
            found_otherwise(unlike.kind, scene)
        }
        (Kind::NotListed, Deed::LookUp) => format!("{idp} would take {who} for missing and create it again"),
        (Kind::NotListed, _) => format!("an import by {idp} would miss {who} and could take it for deleted"),
        (Kind::Total, _) => {
            format!(
                "{idp} counts by totalResults: it would look for pages that are not there, or stop too soon"
            )
        }
        (Kind::NoBody, Deed::Create) if scene.reader == Reader::Okta => {
            format!(
                "Okta learns no id (\"Create new user returned empty user\"): it cannot update or deactivate {who}"
            )
        }
        (Kind::NoBody, Deed::Create) => format!("{idp} learns no id: it cannot update or deactivate {who}"),
        (Kind::NoBody, _) => format!("{idp} cannot read the answer about {who}: the task fails"),
        (Kind::GroupEmptied | Kind::MembersLost | Kind::MembersGained, _) => membership(unlike, &who),
        (Kind::Changed | Kind::Lost, deed) => attribute_differs(unlike, attribute, deed, scene),
        (Kind::Gained, _) => format!("{idp} ignores what it does not know; other clients may not"),
        (Kind::ScimType, _) => format!("{idp} shows its administrator another reason for the refusal"),
        (Kind::Header, _) => format!("{idp} does not look at it; stricter clients may"),
        (Kind::Assertion, _) => "the suite that demands this would fail".to_owned(),
    }
}

/// A lookup that finds something else than before.
fn found_otherwise(kind: Kind, scene: &Scene<'_>) -> String {
    let (idp, who) = (scene.reader.within(), whom(scene));
    match kind {
        Kind::FoundNothing if scene.people && scene.inactive => {
            format!(
                "{idp} cannot find {who} while inactive: to bring them back it would create a second account"
            )
        }
        Kind::FoundNothing if scene.people => {
            format!("{idp} would link nobody and create a second account for {who}")
        }
        Kind::FoundNothing => format!("{idp} would not find the group {who} and create a second one"),
        Kind::FoundSomething => {
            format!("{idp} would link {who} to what is there already instead of creating it")
        }
        Kind::FoundSeveral if scene.reader == Reader::Entra => {
            format!("Entra would report duplicate target entries and leave {who} as they are")
        }
        Kind::FoundSeveral => {
            format!("{idp} cannot tell which of them is {who}: it may take the first, whoever that is")
        }
        _ => {
            format!("{idp} would link {who} to somebody else's account and change that")
        }
    }
}

/// Members who came or went without being asked for.
fn membership(unlike: &Unlike, who: &str) -> String {
    let one = unlike.people == 1;
    let people = if one { "1 person".to_owned() } else { format!("{} people", unlike.people) };
    let (lose, have) = if one { ("loses", "has") } else { ("lose", "have") };
    match unlike.kind {
        Kind::GroupEmptied => format!("the group {who} is empty: {people} {lose} access"),
        Kind::MembersLost => format!("{people} {lose} what the group {who} gives"),
        _ => format!("{people} {have} what the group {who} gives, and nobody put them in"),
    }
}

fn refused(deed: Deed, scene: &Scene<'_>) -> String {
    let (idp, who) = (scene.reader.within(), whom(scene));
    let entra = scene.reader == Reader::Entra;
    match deed {
        Deed::LookUp if entra => {
            format!(
                "Entra would quarantine the job: it cannot tell whether {who} is there, and takes the refusal for a breach of the protocol"
            )
        }
        Deed::LookUp => format!("{idp} cannot tell whether {who} is there: it provisions nothing"),
        Deed::List => format!("{idp} takes the connection for broken: it provisions nobody"),
        Deed::Read => format!("{idp} takes {who} for gone, or stops: it does not update what it cannot read"),
        Deed::Create if scene.people && entra => {
            format!(
                "{who} gets no account; Entra tries again at every cycle, and enough such failures quarantine the job"
            )
        }
        Deed::Create if scene.people => format!("{who} gets no account; the task waits for an administrator"),
        Deed::Create => format!("{who} does not come to be: nobody gets what it gives"),
        Deed::Deactivate => format!("{who} keeps access: the deactivation does not arrive"),
        Deed::Reactivate => format!("{who} does not get back in"),
        Deed::ChangeMembers => {
            format!("{who} stays as it was: who should be out stays in, who should be in stays out")
        }
        Deed::Delete => format!("{who} stays on the server"),
        Deed::Update => {
            format!("the change of {who} does not arrive; the provider and the server disagree from now on")
        }
        Deed::Bulk => {
            format!("what was asked for at once is not done, or not all of it; {idp} has to find out what")
        }
        Deed::Discover => "clients that read what the server says of itself cannot be configured".to_owned(),
        Deed::Other => format!("{idp} cannot go on"),
    }
}

fn attribute_differs(unlike: &Unlike, attribute: &str, deed: Deed, scene: &Scene<'_>) -> String {
    let (idp, who) = (scene.reader.within(), whom(scene));
    match attribute.to_ascii_lowercase().as_str() {
        _ if unlike.unnoticed => format!("{idp} does not look at it; stricter clients may"),
        "active" => active_differs(unlike, deed, scene),
        "username" => {
            format!("{idp} looks people up by userName: it would not find {who}, and create a second account")
        }
        "externalid" if unlike.kind == Kind::Lost => {
            format!(
                "{idp} cannot recognise {who} by its own id: after a rename the account may be taken for somebody else's"
            )
        }
        "externalid" => format!("{idp} would take the account for another person's than {who}"),
        "emails" => format!(
            "mail for {who} goes elsewhere, or nowhere; where {idp} matches by address it finds nobody"
        ),
        "displayname" if !scene.people => {
            format!("{idp} looks groups up by displayName: it would not find {who}")
        }
        _ if scene.reader == Reader::Entra && deed != Deed::Create => {
            format!("Entra compares {attribute} and sends it again at every cycle")
        }
        _ => format!("the server does not keep {attribute} of {who} as {idp} sent it"),
    }
}

/// A person is shown as active or not, and not as recorded. What an answer to a write shows may be older than the write.
fn active_differs(unlike: &Unlike, deed: Deed, scene: &Scene<'_>) -> String {
    let (idp, who) = (scene.reader.within(), whom(scene));
    let is = serde_json::from_str::<Value>(&unlike.new).ok().as_ref().and_then(truth);
    let is_read = matches!(deed, Deed::Read | Deed::LookUp | Deed::List);
    match is {
        None => format!("{idp} cannot see whether {who} is active"),
        Some(true) if is_read => {
            format!("{who} stays active: the account that {idp} takes for closed is open")
        }
        Some(true) => format!(
            "the server says that {who} is still active: if so, the account that {idp} takes for closed is open"
        ),
        Some(false) => {
            let says = if is_read {
                format!("{who} is locked out")
            } else {
                format!("the server says that {who} is inactive: if so, they are locked out")
            };
            match scene.reader {
                Reader::Okta => format!("{says}, and Okta goes on rescheduling the reactivation"),
                _ => format!("{says} although {idp} wants them in"),
            }
        }
    }
}

fn whom(scene: &Scene<'_>) -> String {
    match (scene.who, scene.people) {
        (Some(who), _) => who.to_owned(),
        (None, true) => "the person".to_owned(),
        (None, false) => "it".to_owned(),
    }
}

fn rely(count: usize) -> String {
    if count == 1 {
        "1 later request of the recording relies on it".to_owned()
    } else {
        format!("{count} later requests of the recording rely on it")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn told(unlike: &Unlike, reader: Reader, deed: Deed, people: bool, later: usize) -> String {
        let who = Some(if people { "ada" } else { "Engineering" });
        of(unlike, &Scene { reader, deed, people, who, inactive: false, later })
    }

    #[rstest]
    #[case(
        Kind::FoundNothing,
        Reader::Okta,
        Deed::LookUp,
        "Okta would link nobody and create a second account for ada"
    )]
    #[case(
        Kind::Refused,
        Reader::Entra,
        Deed::LookUp,
        "Entra would quarantine the job: it cannot tell whether ada is there, and takes the refusal for a breach of the protocol"
    )]
    #[case(
        Kind::Refused,
        Reader::Okta,
        Deed::Deactivate,
        "ada keeps access: the deactivation does not arrive"
    )]
    #[case(
        Kind::FoundSeveral,
        Reader::Entra,
        Deed::LookUp,
        "Entra would report duplicate target entries and leave ada as they are"
    )]
    fn what_follows_for_a_person(
        #[case] kind: Kind,
        #[case] reader: Reader,
        #[case] deed: Deed,
        #[case] expected: &str,
    ) {
        assert_eq!(told(&Unlike::new(kind, "", ""), reader, deed, true, 0), expected);
    }

    #[test]
    fn what_is_created_after_all_is_a_second_one_only_where_there_was_a_first() {
        let told = |recorded: &str| {
            let unlike = Unlike::new(Kind::Accepted, recorded, "status 201");
            told(&unlike, Reader::Okta, Deed::Create, true, 0)
        };
        assert!(told("status 409 uniqueness").starts_with("a second account"));
        assert_eq!(told("status 500"), "ada comes to be, which was refused when this was recorded");
    }

    #[test]
    fn what_follows_for_a_group() {
        let mut emptied = Unlike::new(Kind::GroupEmptied, "3 members", "none");
        emptied.people = 3;
        let told = told(&emptied, Reader::Okta, Deed::ChangeMembers, false, 0);
        assert_eq!(told, "the group Engineering is empty: 3 people lose access");
    }

    #[test]
    fn what_the_recording_does_next_is_counted() {
        let told = told(&Unlike::new(Kind::OtherId, "1", "2").of("id"), Reader::Okta, Deed::LookUp, true, 2);
        assert!(told.starts_with("ada comes back as another account"), "{told}");
        assert!(told.ends_with("; 2 later requests of the recording rely on it"), "{told}");
    }

    #[test]
    fn an_attribute_that_is_not_kept() {
        let active = Unlike::new(Kind::Changed, "false", "true").of("active");
        assert_eq!(
            told(&active, Reader::Okta, Deed::Deactivate, true, 0),
            "the server says that ada is still active: if so, the account that Okta takes for closed is open"
        );
        assert_eq!(
            told(&active, Reader::Okta, Deed::LookUp, true, 0),
            "ada stays active: the account that Okta takes for closed is open"
        );
        let title = Unlike::new(Kind::Lost, "\"x\"", "missing").of("title");
        assert_eq!(
            told(&title, Reader::Entra, Deed::Read, true, 0),
            "Entra compares title and sends it again at every cycle"
        );
    }

    #[rstest]
    #[case(
        Deed::Update,
        "false",
        "the server says that ada is inactive: if so, they are locked out although Entra wants them in"
    )]
    #[case(Deed::Read, "\"False\"", "ada is locked out although Entra wants them in")]
    #[case(Deed::Read, "missing", "Entra cannot see whether ada is active")]
    #[case(Deed::Update, "missing", "Entra cannot see whether ada is active")]
    fn nobody_is_called_locked_out_by_more_than_was_shown(
        #[case] deed: Deed,
        #[case] new: &str,
        #[case] expected: &str,
    ) {
        let active = Unlike::new(Kind::Changed, "true", new).of("active");
        assert_eq!(told(&active, Reader::Entra, deed, true, 0), expected);
    }

    #[test]
    fn a_provider_without_a_name_is_spelled_as_its_place_in_the_sentence_wants() {
        let told = |kind| told(&Unlike::new(kind, "", "").of("title"), Reader::Unknown, Deed::Read, true, 1);
        assert_eq!(told(Kind::Lost), "the server does not keep title of ada as the provider sent it");
        assert_eq!(
            told(Kind::NoBody),
            "The provider cannot read the answer about ada: the task fails; 1 later request of the recording relies on it"
        );
    }

    #[test]
    fn what_only_a_strict_comparison_shows_is_nothing_that_the_provider_compares() {
        let mut total = Unlike::new(Kind::Changed, "1", "2").of("totalResults");
        total.unnoticed = true;
        let expected = "Entra does not look at it; stricter clients may";
        assert_eq!(told(&total, Reader::Entra, Deed::List, true, 0), expected);
    }
}
