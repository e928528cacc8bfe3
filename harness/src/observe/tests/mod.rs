//! A provider's life with people, observed: against a server that is right, and against servers that are not.

mod played;
mod provided;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use scimspec_mock_idp::exchange::{Client, ClientConfig, Exchange, Wire};

use super::{Observer, Setting, Verdicts};
use crate::access::Probes;
use crate::judge::known_failures::KnownFailures;
use crate::report::RunReport;
use crate::secrets::Secrets;
use crate::target::Claims;
use crate::target::embedded::Embedded;

/// An observer, and what it told.
struct Observed {
    observer: Arc<Observer>,
    told: Arc<Mutex<Vec<String>>>,
    secrets: Secrets,
}

/// What differs from test to test.
#[derive(Default)]
struct Knows<'a> {
    password: Option<&'a str>,
    /// Whether it may ask the server itself.
    asks: bool,
    /// Only these ways; empty: all.
    ways: &'a [&'a str],
}

impl Observed {
    fn of(embedded: &Embedded, knows: &Knows<'_>) -> Self {
        let secrets = Secrets::default();
        let target = embedded.target(&secrets).unwrap();
        let asks = knows.asks.then(|| crate::run::connect(&target, Duration::from_secs(30)).unwrap());
        let mut probes = target.probes.clone();
        probes.probes.retain(|probe| knows.ways.is_empty() || knows.ways.contains(&probe.name.as_str()));
        Self::with(probes, asks, knows.password, secrets, &target.url)
    }

    fn with(
        probes: Probes,
        target: Option<Arc<dyn Wire>>,
        password: Option<&str>,
        secrets: Secrets,
        url: &url::Url,
    ) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        let observer = Observer::new(Setting {
            probes,
            password: password.map(secrecy::SecretString::from),
            secrets: secrets.clone(),
            doors: Arc::new(Client::new(ClientConfig::new(url.clone())).unwrap()),
            target,
            hides_names: false,
            clean: Box::new(|exchange: &mut Exchange| exchange.request.headers.clear()),
            tell: Box::new(move |line| telling.lock().unwrap().push(line.to_owned())),
        });
        Self { observer: Arc::new(observer), told, secrets }
    }

    fn report(&self) -> RunReport {
        let by = Verdicts::new("base", Claims::All, KnownFailures::default(), self.secrets.clone()).unwrap();
        self.observer.report("the server".to_owned(), SystemTime::now(), Duration::ZERO, &by)
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

/// `ID verdict`, of every check that is not skipped.
fn verdicts(report: &RunReport) -> Vec<String> {
    let judged = report.checks.iter().filter(|check| check.verdict != crate::judge::Verdict::Skip);
    judged.map(|check| format!("{} {}", check.id.trim_start_matches("observe/"), check.verdict)).collect()
}
