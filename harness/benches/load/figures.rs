//! What was measured, as tables in Markdown: medians over the rounds, and the ratios that the project has set itself.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::measure::Measured;
use crate::scenario::Scenario;
use crate::target::Kind;

const MEBIBYTE: u64 = 1024 * 1024;

/// Where a figure belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// How many users there are.
    pub(crate) size: usize,
    pub(crate) kind: Kind,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    rounds: BTreeMap<(Place, Scenario), Vec<Round>>,
    filled: BTreeMap<Place, Duration>,
    memory: BTreeMap<Place, u64>,
    reopened: BTreeMap<Place, (Duration, Option<u64>)>,
    notes: Vec<String>,
}

/// One measurement of one target.
#[derive(Debug, Clone, Copy)]
struct Round {
    per_second: f64,
    /// Seconds, in the open loop.
    median: f64,
    tail: f64,
    /// Requests per second of the open loop.
    rate: f64,
    wrong: u64,
}

impl Figures {
    pub(crate) fn add(
        &mut self,
        place: Place,
        scenario: Scenario,
        closed: &Measured,
        open: &Measured,
        rate: f64,
    ) {
        let round = Round {
            per_second: closed.per_second(),
            median: open.seconds(0.5),
            tail: open.seconds(0.99),
            rate,
            wrong: closed.wrong + open.wrong,
        };
        self.rounds.entry((place, scenario)).or_default().push(round);
    }

    pub(crate) fn filled(&mut self, place: Place, time: Duration) {
        self.filled.insert(place, time);
    }

    pub(crate) fn memory(&mut self, place: Place, bytes: Option<u64>) {
        self.memory.extend(bytes.map(|bytes| (place, bytes)));
    }

    pub(crate) fn reopened(&mut self, place: Place, time: Duration, bytes: Option<u64>) {
        self.reopened.insert(place, (time, bytes));
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The median over the rounds of something.
    fn median(&self, size: usize, kind: Kind, scenario: Scenario, what: fn(&Round) -> f64) -> Option<f64> {
        let rounds = self.rounds.get(&(Place { size, kind }, scenario))?;
        let mut values: Vec<f64> = rounds.iter().map(what).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    fn per_second(&self, size: usize, kind: Kind, scenario: Scenario) -> Option<f64> {
        self.median(size, kind, scenario, |round| round.per_second)
    }

    fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.rounds.keys().map(|(place, _)| place.size).collect();
        sizes.dedup();
        sizes
    }

    fn kinds(&self, size: usize) -> Vec<Kind> {
        let measured =
            |kind: &Kind| self.rounds.keys().any(|(place, _)| *place == Place { size, kind: *kind });
        Kind::ALL.into_iter().filter(measured).collect()
    }

    fn table(
        &self,
        f: &mut fmt::Formatter<'_>,
        size: usize,
        cell: impl Fn(Kind, Scenario) -> Option<String>,
    ) -> fmt::Result {
        let kinds = self.kinds(size);
        writeln!(f, "| | {} |", kinds.iter().map(Kind::to_string).collect::<Vec<_>>().join(" | "))?;
        writeln!(f, "| --- |{}", " ---: |".repeat(kinds.len()))?;
        for scenario in Scenario::ALL {
            let cells: Vec<Option<String>> = kinds.iter().map(|kind| cell(*kind, scenario)).collect();
            if cells.iter().any(Option::is_some) {
                let cells: Vec<String> =
                    cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".to_owned())).collect();
                writeln!(f, "| {scenario} | {} |", cells.join(" | "))?;
            }
        }
        writeln!(f)
    }

    fn machine_side(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### Filling, memory, starting again\n")?;
        writeln!(
            f,
            "| users | | creates per second while filled | memory at the end | until it answers again | memory then |"
        )?;
        writeln!(f, "| ---: | --- | ---: | ---: | ---: | ---: |")?;
        for (place, time) in &self.filled {
            #[expect(clippy::cast_precision_loss, reason = "users are far fewer than 2^52")]
            let rate = place.size as f64 / time.as_secs_f64();
            let (again, then) = match self.reopened.get(place) {
                Some((time, bytes)) => (format!("{} ms", time.as_millis()), bytes.map(mebibytes)),
                None => ("–".to_owned(), None),
            };
            let memory = self.memory.get(place).copied().map(mebibytes);
            let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
            writeln!(
                f,
                "| {} | {} | {rate:.0} | {} | {again} | {} |",
                grouped(place.size),
                place.kind,
                or_none(memory),
                or_none(then),
            )?;
        }
        writeln!(f)
    }

    /// The ratios that the project has set itself.
    fn goals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = self.sizes();
        let (Some(&small), Some(&large)) = (sizes.first(), sizes.last()) else { return Ok(()) };
        writeln!(f, "### Ratios\n\n| what | asked | measured |\n| --- | --- | --- |")?;
        for scenario in [Scenario::ById, Scenario::UserName] {
            let ours = self.per_second(small, Kind::Memory, scenario);
            let bare = self.per_second(small, Kind::Bare, scenario);
            line(
                f,
                &format!("{scenario}, throughput against the bare handler"),
                "≥ 0.5",
                &[("", ours, bare)],
            )?;
            let peers = Kind::ALL.into_iter().filter(|kind| kind.is_peer());
            let fastest =
                peers.filter_map(|kind| self.per_second(small, kind, scenario)).max_by(f64::total_cmp);
            line(
                f,
                &format!("{scenario}, throughput against the fastest peer"),
                "≥ 20",
                &[("", ours, fastest)],
            )?;
        }
        for kind in [Kind::Memory, Kind::Sqlite, Kind::Postgres] {
            for scenario in [Scenario::UserName, Scenario::ExternalId, Scenario::Email, Scenario::Create] {
                if small != large {
                    let what = format!(
                        "{kind}: {scenario}, time at {} against {} users",
                        grouped(large),
                        grouped(small)
                    );
                    line(f, &what, "≤ 1.3", &self.times((large, scenario), (small, scenario), kind))?;
                }
            }
            for scenario in [Scenario::LastPageByIndex, Scenario::LastPageByCursor] {
                let what = format!("{kind}: {scenario} of {} users, time against the first", grouped(large));
                line(f, &what, "≤ 3", &self.times((large, scenario), (large, Scenario::FirstPage), kind))?;
            }
            let (one, other) = (Scenario::AddToLargeGroup, Scenario::AddToSmallGroup);
            let what = format!("{kind}: {one}, time against a group of 100");
            line(f, &what, "≤ 3", &self.times((large, one), (large, other), kind))?;
        }
        writeln!(f)
    }

    /// How much longer one thing takes than another: by what was reached, and by the latency of the open loop.
    fn times(&self, one: (usize, Scenario), other: (usize, Scenario), kind: Kind) -> [Compared<'static>; 2] {
        let time = |(size, scenario)| self.per_second(size, kind, scenario).map(f64::recip);
        let latency = |(size, scenario)| self.median(size, kind, scenario, |round| round.median);
        [("by throughput", time(one), time(other)), ("by latency", latency(one), latency(other))]
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for size in self.sizes() {
            writeln!(f, "### {} users: requests per second, closed loop\n", grouped(size))?;
            self.table(f, size, |kind, scenario| {
                Some(format!("{:.0}", self.per_second(size, kind, scenario)?))
            })?;
            writeln!(
                f,
                "### {} users: latency in µs, open loop: median, 99 % (requests per second)\n",
                grouped(size)
            )?;
            self.table(f, size, |kind, scenario| {
                let of = |what| self.median(size, kind, scenario, what);
                let micros = |seconds: f64| format!("{:.0}", seconds * 1e6);
                let (median, tail) = (micros(of(|round| round.median)?), micros(of(|round| round.tail)?));
                Some(format!("{median}, {tail} ({:.0})", of(|round| round.rate)?))
            })?;
        }
        self.machine_side(f)?;
        self.goals(f)?;
        for ((place, scenario), rounds) in &self.rounds {
            let wrong: u64 = rounds.iter().map(|round| round.wrong).sum();
            if wrong > 0 {
                writeln!(f, "WRONG: {wrong} answers of {} at {} users: {scenario}", place.kind, place.size)?;
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "NOTE: {note}"))
    }
}

/// What is said, and the two figures whose ratio says it.
type Compared<'a> = (&'a str, Option<f64>, Option<f64>);

fn line(f: &mut fmt::Formatter<'_>, what: &str, asked: &str, compared: &[Compared<'_>]) -> fmt::Result {
    let ratio = |(by, one, other): &Compared<'_>| {
        Some(format!("{:.2} {by}", (*one)? / (*other)?).trim_end().to_owned())
    };
    let measured: Vec<String> = compared.iter().filter_map(ratio).collect();
    if measured.is_empty() { Ok(()) } else { writeln!(f, "| {what} | {asked} | {} |", measured.join(", ")) }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes / MEBIBYTE)
}

/// A number with its thousands told apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
