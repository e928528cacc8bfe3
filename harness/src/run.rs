//! One run from a target to a report: connect, look, plan, tell the stories, judge, clean up. What `run`, `calibrate`,
//! the tests and the benchmark all use.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use scimspec_mock_idp::exchange::{Client, ClientConfig, ClientError, Wire};
use scimspec_mock_idp::provisioner::Patience;
use secrecy::{ExposeSecret, SecretString};

use crate::catalogue::{Catalogue, CatalogueError};
use crate::judge::Judge;
use crate::judge::known_failures::KnownFailures;
use crate::profile::{ProfileError, Profiles};
use crate::report::RunReport;
use crate::rules;
use crate::runner::ledger::{JournalError, Ledger};
use crate::runner::names::{NoChance, RunId};
use crate::runner::plan::{Plan, Selection};
use crate::runner::{self, Administration, Event, Setting};
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::loader::{self, LoadError};
use crate::scenario::lower::World;
use crate::scenario::model::Scenario;
use crate::secrets::Secrets;
use crate::target::Target;
use crate::target::preflight::{self, Capabilities, PreflightError};

/// The checks and what they mean.
#[derive(Debug, Clone)]
pub struct Library {
    /// The requirements.
    pub catalogue: Catalogue,
    /// The profiles.
    pub profiles: Profiles,
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
}

/// How a run is to be done.
pub struct Order {
    /// Judge by this profile.
    pub profile: String,
    /// Of the library, these checks, as these personas.
    pub selection: Selection,
    /// Stories at a time.
    pub jobs: usize,
    /// One request may take so long.
    pub timeout: Duration,
    /// The domain of made-up mail addresses.
    pub domain: String,
    /// Where the journal is kept; none for a target that ends with the run.
    pub journal: Option<PathBuf>,
    /// The target's known failures.
    pub known: KnownFailures,
    /// Whether a run without access probes counts as not conformant.
    pub require_access: bool,
    /// Who listens.
    pub listener: Box<dyn Fn(Event) + Send + Sync>,
}

/// A run that could begin: the target answered, the plan stands, nothing was written yet.
pub struct Prepared {
    /// What will be told.
    pub plan: Plan,
    setting: Setting,
    judge: Judge,
    target: String,
    /// Whether the target serves this run alone.
    embedded: bool,
    known: KnownFailures,
    require_access: bool,
    selection: Selection,
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The target does not let us.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// No client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No profile of that name.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// No random bytes.
    #[error(transparent)]
    Chance(#[from] NoChance),
    /// Nothing to run.
    #[error(
        "no check is left to run: --only, --persona, --profile and the target's capabilities leave nothing. `scimspec list` shows what there is"
    )]
    NothingToRun,
}

/// Why the library cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The catalogue.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The scenarios.
    #[error(transparent)]
    Scenarios(#[from] LoadError),
}

/// The largest body that is read: far beyond any page of users, far below harm.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// A provider's waits in a run: long enough for a Retry-After that means seconds.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Okta waits five minutes where a 429 does not say how long (RFC 6585 lets it); nobody wants to in a test.
const LONGEST_SINGLE_WAIT: Duration = Duration::from_secs(10);
/// How long a list or filter of a foreign server may lag behind a write.
const LIST_PATIENCE: Duration = Duration::from_secs(3);

impl Library {
    /// The embedded one.
    pub fn embedded() -> Result<Self, LibraryError> {
        Self::with(loader::library)
    }

    /// The embedded requirements and profiles with the scenarios of a folder, and the mistakes of the files that cannot be
    /// read.
    pub fn of_folder(folder: &std::path::Path) -> Result<(Self, Diagnostics), LibraryError> {
        let mut mistakes = Diagnostics::default();
        let library = Self::with(|world| {
            let (scenarios, found) = loader::folder(folder, world)?;
            mistakes = found;
            Ok(scenarios)
        })?;
        Ok((library, mistakes))
    }

    fn with(load: impl FnOnce(World<'_>) -> Result<Vec<Scenario>, LoadError>) -> Result<Self, LibraryError> {
        let catalogue = Catalogue::embedded()?;
        let profiles = Profiles::embedded(&catalogue)?;
        let scenarios = load(World { catalogue: &catalogue, profiles: profiles.names() })?;
        Ok(Self { catalogue, profiles, scenarios })
    }
}

/// The way to a target, with its credentials.
pub fn connect(target: &Target, timeout: Duration) -> Result<Arc<dyn Wire>, ClientError> {
    let authorization =
        target.token.as_ref().map(|token| SecretString::from(format!("Bearer {}", token.expose_secret())));
    let config = ClientConfig {
        authorization,
        timeout,
        body_limit: BODY_LIMIT,
        extra_root_certificates: target.certificates.clone(),
        ..ClientConfig::new(target.url.clone())
    };
    Ok(Arc::new(Client::new(config)?))
}

/// The way to its second tenant, if one is configured.
pub fn connect_other(target: &Target, timeout: Duration) -> Result<Option<Arc<dyn Wire>>, ClientError> {
    let Some(other) = &target.other_tenant else { return Ok(None) };
    let (url, token) = (other.url.clone().unwrap_or_else(|| target.url.clone()), Some(other.token.clone()));
    connect(&Target { url, token, ..target.clone() }, timeout).map(Some)
}

/// Everything before the first write.
pub async fn prepare(
    target: &Target,
    library: &Library,
    order: Order,
    secrets: &Secrets,
) -> Result<Prepared, RunError> {
    let wire = connect(target, order.timeout)?;
    let judge = Judge::new(
        library.catalogue.clone(),
        library.profiles.clone(),
        &order.profile,
        target.claims.clone(),
        secrets.clone(),
    )?;
    let capabilities = preflight::look(target, &*wire).await?;
    let plan = Plan::new(&library.scenarios, &order.selection, &judge, &capabilities);
    if plan.stories.is_empty() && plan.skipped.is_empty() {
        return Err(RunError::NothingToRun);
    }
    let run = RunId::random()?;
    let ledger = match &order.journal {
        Some(folder) => Ledger::with_journal(folder, &run.0, target.url.as_str())?,
        None => Ledger::in_memory(),
    };
    let setting = Setting {
        wire,
        other: connect_other(target, order.timeout)?,
        base: target.url.clone(),
        endpoints: endpoints(&capabilities),
        ledger,
        probes: target.probes.clone(),
        administration: Administration::default(),
        capabilities,
        secrets: secrets.clone(),
        run,
        domain: order.domain,
        patience: Patience {
            longest_wait: LONGEST_WAIT,
            longest_single_wait: LONGEST_SINGLE_WAIT,
            pause: false,
        },
        list_patience: if target.embedded { Duration::ZERO } else { LIST_PATIENCE },
        jobs: order.jobs,
        listener: order.listener,
    };
    let embedded = target.embedded;
    let target =
        if embedded { format!("{} {}", target.url, crate::report::EMBEDDED) } else { target.url.to_string() };
    Ok(Prepared {
        plan,
        setting,
        judge,
        target,
        embedded,
        known: order.known,
        require_access: order.require_access,
        selection: order.selection,
    })
}

/// The usual endpoints, and those of the resource types that the target publishes.
fn endpoints(capabilities: &Capabilities) -> Vec<String> {
    let mut all = vec!["/Users".to_owned(), "/Groups".to_owned()];
    for published in capabilities.published.endpoints() {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(published)) {
            all.push(published.to_owned());
        }
    }
    all
}

impl Prepared {
    /// The run's mark and secrets, for whoever shows its exchanges.
    pub fn lens(&self) -> crate::report::view::Lens {
        crate::report::view::Lens { secrets: self.setting.secrets.clone(), run: self.setting.run.clone() }
    }

    /// Ends without having written anything.
    pub fn abandon(self) {
        self.setting.ledger.finish();
    }

    /// Tells the stories, judges, cleans up. Also the journal's path if something is left, and what went wrong with it.
    pub async fn carry_out(
        self,
        stop: impl Future<Output = ()>,
    ) -> (RunReport, Option<PathBuf>, Option<String>) {
        let started = SystemTime::now();
        let Plan { stories, skipped } = self.plan;
        let seen = runner::run(stories, &self.setting, stop).await;
        let mut checks = self.judge.judge(&seen.stories, &skipped);
        let watched = rules::Watched {
            discovery: &self.setting.capabilities.discovery,
            transcripts: seen.stories.iter().map(rules::Transcript::of_story).collect(),
            alone: self.embedded,
            secrets: self.setting.secrets.clone(),
        };
        checks.extend(self.judge.rules(&rules::look(&watched)));
        checks.retain(|check| self.selection.wants(&check.id));
        let stale = self.known.apply(&mut checks);
        let (journal, failed) = self.setting.ledger.finish();
        let report = RunReport {
            target: self.target,
            profile: self.judge.profile().name.clone(),
            started,
            took: seen.took,
            checks,
            stories: seen.stories,
            stale: if seen.interrupted { Vec::new() } else { stale },
            leftovers: seen.leftovers,
            domain: self.setting.domain,
            interrupted: seen.interrupted,
            require_access: self.require_access,
        };
        (report, journal, failed)
    }
}
