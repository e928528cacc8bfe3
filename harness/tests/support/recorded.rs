//! A life-cycle as each persona does it against the reference server, as a recording: the same bytes every time, and nobody
//! in it who is not made up.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use regex::{Captures, Regex};
use scimspec::judge::known_failures::KnownFailures;
use scimspec::report::RunReport;
use scimspec::run::{self, Library, Order};
use scimspec::runner::plan::Selection;
use scimspec::scenario::diagnostic::Source as File;
use scimspec::scenario::loader;
use scimspec::scenario::lower::World;
use scimspec::scenario::model::Allow;
use scimspec::scenario::recordings::Beside;
use scimspec::secrets::Secrets;
use scimspec::target::subject::Subject;
use scimspec_mock_idp::directory::{Act, Directory, Group, GroupKey, Person, PersonKey};
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin};
use scimspec_mock_idp::persona::PersonaName;
use scimspec_mock_idp::provisioner::{Patience, Provisioner};
use scimspec_mock_idp::recording::redact::Redaction;
use scimspec_mock_idp::recording::{Entry, Format, Place, Recording, Source};
use scimspec_reference_server::deviations;
use url::Url;

/// Where the recorded server says it is.
const BASE: &str = "https://app.example/scim/v2";
/// When the recording began: a Monday morning.
const BEGINNING: u64 = 1_767_600_000;
/// The provider's pace: what live sessions show between dependent calls.
const PACE: Duration = Duration::from_millis(250);

/// The personas of whom the repository keeps a recording.
pub(crate) const PERSONAS: [&str; 3] = ["okta-wizard", "okta-catalog", "entra"];

/// People are assigned and change, a group is pushed, somebody goes and comes back, somebody leaves the group.
pub(crate) fn life_cycle() -> Vec<Act> {
    let (ada, grace) = (PersonKey("ada".to_owned()), PersonKey("grace".to_owned()));
    let staff = GroupKey("staff".to_owned());
    vec![
        Act::TestConnection,
        Act::Assign(ada.clone()),
        Act::Assign(grace.clone()),
        Act::ChangeProfile(ada.clone(), vec![("title".to_owned(), "Lead".to_owned())]),
        Act::Join(staff.clone(), vec![ada.clone(), grace.clone()]),
        Act::PushGroup(staff.clone()),
        Act::Unassign(ada.clone()),
        Act::Assign(ada.clone()),
        Act::RenameGroup(staff.clone(), "Staff and guests".to_owned()),
        Act::Leave(staff, vec![grace.clone()]),
        Act::Unassign(grace),
    ]
}

/// What a persona does when an administrator does this, against the reference server with these deviations.
pub(crate) async fn recording(persona: &str, acts: &[Act], deviating: &[&str]) -> Recording {
    let name: PersonaName = persona.parse().unwrap();
    let secrets = Secrets::default();
    let deviations = deviating.iter().map(|slug| deviations::find(slug).unwrap()).collect();
    let embedded = Subject::Rfc.start(deviations, &secrets).await.unwrap();
    let target = embedded.target(&secrets).unwrap();
    let wire = run::connect(&target, Duration::from_secs(30)).unwrap();
    let mut directory = directory();
    let mut provisioner = Provisioner::new(name.build(1));
    let mut exchanges = Vec::new();
    for act in acts {
        for event in directory.act(act).unwrap() {
            let task = provisioner.perform(&event, &*wire, &Patience::default()).await;
            exchanges.extend(task.exchanges.into_iter().map(|sent| sent.exchange));
        }
    }
    embedded.stop().await.unwrap();
    let mut settler = Settler::new(target.url.as_str());
    let mut redaction = Redaction::standard();
    let entries = exchanges.into_iter().enumerate().map(|(i, exchange)| {
        let mut exchange = settler.settled(i, exchange);
        redaction.clean(&mut exchange);
        let pause = if i == 0 { Duration::ZERO } else { PACE };
        let (assertions, captures) = (Vec::new(), Vec::new());
        Entry { place: Place::Entry(i + 1), exchange, pause, assertions, captures }
    });
    Recording {
        source: Source {
            format: Format::Har,
            creator: None,
            comment: Some(format!(
                "Made up: the mock identity provider of scimspec as {persona} against scimspec's own reference server. \
                 Ids, times and the host are replaced."
            )),
        },
        base: Some(Url::parse(BASE).unwrap()),
        entries: entries.collect(),
        left_out: Vec::new(),
    }
}

/// What a run of one scenario says of the reference server with these deviations.
pub(crate) async fn told(id: &str, text: &str, deviating: &[&str]) -> RunReport {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::embedded().unwrap());
    let (catalogue, profiles) = (LIBRARY.catalogue.clone(), LIBRARY.profiles.clone());
    let mut library = Library { catalogue, profiles, scenarios: Vec::new() };
    let world = World { catalogue: &library.catalogue, profiles: library.profiles.names() };
    let path = format!("{id}.yaml");
    let scenario = loader::parse(id, &File::new(&path, text).among(Beside::in_library(&path)), world)
        .unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"));
    let secrets = Secrets::default();
    let deviations = deviating.iter().map(|slug| deviations::find(slug).unwrap()).collect();
    let embedded = Subject::Rfc.start(deviations, &secrets).await.unwrap();
    let target = embedded.target(&secrets).unwrap();
    let order = Order {
        profile: scenario.profiles.first().map_or("base", String::as_str).to_owned(),
        selection: Selection {
            only: Selection::globs(&[format!("{id}/**")]).unwrap(),
            narrowed: true,
            all_rules: false,
            safe: false,
            personas: scenario.personas.clone(),
            allow: [Allow::Load].into(),
        },
        jobs: 4,
        timeout: Duration::from_secs(30),
        domain: "example.com".to_owned(),
        journal: None,
        known: KnownFailures::default(),
        require_access: false,
        listener: Box::new(|_| {}),
    };
    library.scenarios = vec![scenario];
    let prepared = run::prepare(&target, &library, order, &secrets).await.unwrap();
    let (report, _, _) = prepared.carry_out(std::future::pending()).await;
    embedded.stop().await.unwrap();
    report
}

fn directory() -> Directory {
    let mut directory = Directory::default();
    for (name, family, number) in [("ada", "Lovelace", 1), ("grace", "Hopper", 2)] {
        let given: String = name[..1].to_uppercase() + &name[1..];
        directory.add_person(Person {
            key: PersonKey(name.to_owned()),
            external_id: format!("00u{number:017}"),
            user_name: format!("{name}@example.com"),
            display_name: format!("{given} {family}"),
            given_name: given,
            family_name: family.to_owned(),
            email: format!("{name}@example.com"),
            locale: Some("en-US".to_owned()),
            title: Some("Clerk".to_owned()),
            department: Some("Sales".to_owned()),
            employee_number: None,
            password: format!("made-up-{name}-aZ7!"),
        });
    }
    directory.add_group(Group {
        key: GroupKey("staff".to_owned()),
        external_id: format!("00g{:017}", 1),
        display_name: "Staff".to_owned(),
        members: std::collections::BTreeSet::new(),
    });
    directory
}

/// Replaces what differs from run to run by the same made-up values every time, so that equality still shows.
struct Settler {
    base: String,
    ids: BTreeMap<String, String>,
    times: BTreeMap<String, String>,
    id: Regex,
    time: Regex,
}

impl Settler {
    fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            ids: BTreeMap::new(),
            times: BTreeMap::new(),
            id: Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap(),
            time: Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap(),
        }
    }

    fn settled(&mut self, number: usize, exchange: Exchange) -> Exchange {
        let mut request = exchange.request;
        if let Destination::Scim(target) = &request.to {
            request.to = Destination::Scim(self.text(target));
        }
        request.body = request.body.map(|body| self.text(std::str::from_utf8(&body).unwrap()).into());
        let sent = request.body.as_ref().map_or(0, bytes::Bytes::len);
        request.headers = self.headers(request.headers, sent);
        let result = exchange.result.map(|answer| {
            let body: bytes::Bytes = self.text(std::str::from_utf8(&answer.body).unwrap()).into();
            let headers = self.headers(answer.headers, body.len());
            Answer { status: answer.status, headers, body }
        });
        let after = PACE * u32::try_from(number).unwrap();
        Exchange {
            origin: Origin::Recorded,
            request,
            url: self.text(&exchange.url),
            result,
            started: SystemTime::UNIX_EPOCH + Duration::from_secs(BEGINNING) + after,
            took: Duration::from_millis(5),
        }
    }

    fn headers(&mut self, headers: Vec<(String, String)>, length: usize) -> Vec<(String, String)> {
        let telling = headers.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date"));
        let settled = telling.map(|(name, value)| {
            let is_length = name.eq_ignore_ascii_case("content-length");
            let value = if is_length { length.to_string() } else { self.text(&value) };
            (name, value)
        });
        settled.collect()
    }

    fn text(&mut self, text: &str) -> String {
        let text = text.replace(&self.base, BASE);
        let ids = &mut self.ids;
        let text = self.id.replace_all(&text, |found: &Captures<'_>| {
            let next = format!("00000000-0000-4000-8000-{:012}", ids.len() + 1);
            ids.entry(found[0].to_owned()).or_insert(next).clone()
        });
        let times = &mut self.times;
        let text = self.time.replace_all(&text, |found: &Captures<'_>| {
            let next = format!("2026-01-05T08:00:00.{:03}Z", times.len() + 1);
            times.entry(found[0].to_owned()).or_insert(next).clone()
        });
        text.into_owned()
    }
}
