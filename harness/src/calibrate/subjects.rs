//! The runs of a calibration: the correct servers once each, and a deviating one for each row.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use scimspec_mock_idp::persona::PersonaName;
use scimspec_reference_server::{Deviation, Limits};

use super::table::{Limit, Row, Table};
use crate::judge::known_failures::KnownFailures;
use crate::report::RunReport;
use crate::run::{Library, Order, RunError};
use crate::runner::plan::Selection;
use crate::scenario::model::Allow;
use crate::secrets::Secrets;
use crate::target::embedded::EmbeddedError;
use crate::target::subject::Subject;

/// The correct servers' runs, and what it takes to run a deviating one.
pub(super) struct Subjects<'a> {
    library: &'a Library,
    jobs: usize,
    correct: BTreeMap<Server, RunReport>,
}

/// Which correct server a row is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Server {
    profile: String,
    /// The persona that it meets; none: the default ones.
    persona: Option<String>,
    rate: Option<Limit>,
}

/// Which part of the library is run, as whom, judged how.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) profile: String,
    pub(super) persona: Option<String>,
    /// Check ids, as globs; none: all.
    pub(super) checks: Vec<String>,
    /// How many requests the server takes.
    rate: Option<Limit>,
}

/// Why a calibration cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The server could not be started.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// A run could not begin.
    #[error("{what}: {source}")]
    Run {
        /// Which run.
        what: String,
        /// Why.
        source: RunError,
    },
    /// A row whose `checks` or `through` are no patterns.
    #[error("scenarios/calibration.toml: {0}")]
    Glob(#[from] globset::Error),
}

impl<'a> Subjects<'a> {
    /// Runs the correct servers that the table compares with.
    pub(super) async fn new(library: &'a Library, table: &Table, jobs: usize) -> Result<Self, SubjectError> {
        let mut subjects = Self { library, jobs, correct: BTreeMap::new() };
        let base = Server { profile: "base".to_owned(), persona: None, rate: None };
        let rows = table.rows().iter().map(|row| (Server::of(row), Asked::all(row)));
        let mut asked = BTreeMap::from([(base.clone(), Asked::everything(&base))]);
        for (server, mine) in rows {
            match asked.entry(server) {
                Entry::Vacant(new) => _ = new.insert(mine),
                Entry::Occupied(mut known) => known.get_mut().checks.extend(mine.checks),
            }
        }
        for (server, asked) in asked {
            let report = subjects.run(&asked, Vec::new()).await?;
            subjects.correct.insert(server, report);
        }
        Ok(subjects)
    }

    /// The correct servers' runs.
    pub(super) fn correct(&self) -> impl Iterator<Item = &RunReport> {
        self.correct.values()
    }

    /// The correct server's run that a row is compared with.
    pub(super) fn correct_for(&self, row: &Row) -> &RunReport {
        // `new` ran one for every row.
        &self.correct[&Server::of(row)]
    }

    /// Runs what is asked against a server that deviates so.
    pub(super) async fn run(
        &self,
        asked: &Asked,
        deviations: Vec<&'static Deviation>,
    ) -> Result<RunReport, SubjectError> {
        let what = deviations
            .first()
            .map_or_else(|| format!("the correct server as {}", asked.profile), |d| d.slug.to_owned());
        let secrets = Secrets::default();
        let subject = Subject::keeping(&asked.profile).last().copied().unwrap_or(Subject::Rfc);
        let limits = Limits { rate: asked.rate.map(Limit::rate), ..Limits::default() };
        let embedded = subject.start_within(limits, deviations, &secrets).await?;
        let target = embedded.target(&secrets)?;
        let prepared = crate::run::prepare(&target, self.library, asked.order(self.jobs)?, &secrets)
            .await
            .map_err(|source| SubjectError::Run { what, source })?;
        let (report, _, _) = prepared.carry_out(std::future::pending()).await;
        // The server has served its purpose; how it ends tells nothing.
        drop(embedded.stop().await);
        Ok(report)
    }
}

impl Server {
    fn of(row: &Row) -> Self {
        Self { profile: row.profile.clone(), persona: row.persona.clone(), rate: row.rate }
    }
}

impl Asked {
    /// The checks that a row names.
    pub(super) fn about(row: &Row) -> Self {
        let checks = row.checks.iter().filter(|check| !check.starts_with("rule/")).chain(&row.through);
        Self { checks: checks.cloned().collect(), ..Self::everything(&Server::of(row)) }
    }

    /// All that can be asked of the row's server: everything, but of one that takes few requests only what is about that,
    /// since of the rest it could only be waited for.
    pub(super) fn all(row: &Row) -> Self {
        if row.rate.is_some() { Self::about(row) } else { Self::everything(&Server::of(row)) }
    }

    fn everything(server: &Server) -> Self {
        let Server { profile, persona, rate } = server.clone();
        Self { profile, persona, rate, checks: Vec::new() }
    }

    fn order(&self, jobs: usize) -> Result<Order, globset::Error> {
        let personas: Vec<&str> =
            self.persona.as_deref().map_or_else(|| crate::cli::DEFAULT_PERSONAS.to_vec(), |one| vec![one]);
        Ok(Order {
            profile: self.profile.clone(),
            selection: Selection {
                only: Selection::globs(&self.checks)?,
                narrowed: !self.checks.is_empty(),
                all_rules: true,
                safe: false,
                personas: personas.iter().filter_map(|name| name.parse::<PersonaName>().ok()).collect(),
                allow: Allow::ALL.into(),
            },
            jobs,
            timeout: Duration::from_secs(30),
            domain: "example.com".to_owned(),
            journal: None,
            known: KnownFailures::default(),
            require_access: false,
            listener: Box::new(|_| {}),
        })
    }
}
