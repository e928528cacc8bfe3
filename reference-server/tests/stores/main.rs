//! What every store promises, asked of each of them: in memory, in a SQLite file, in PostgreSQL; and a GitLab, which
//! has to be the same over each. A PostgreSQL
//! server is the one that `SCIMSPEC_TEST_POSTGRES` names, or one of our own where its programs are installed;
//! where neither is, its tests are reported as ignored, and standard error says why.

#![expect(clippy::unwrap_used, reason = "the lint knows tests, but not the functions that tests share")]

mod cluster;
mod contract;
#[path = "../gitlab/mod.rs"]
mod gitlab;
mod kill;
mod lists;
mod memberships;
mod postgres;
mod processes;
mod races;
mod servers;
mod sqlite;
mod world;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use libtest_mimic::{Arguments, Failed, Trial};

use self::{
    cluster::Cluster,
    world::{Behaviour, Run, StoreKind},
};

fn main() -> ExitCode {
    if let Some(code) = kill::child().or_else(processes::child) {
        return code;
    }
    let arguments = Arguments::from_args();
    let postgres = Cluster::available();
    let mut trials = Vec::new();
    for kind in [StoreKind::Memory, StoreKind::Sqlite, StoreKind::Postgres] {
        let shared = [contract::BEHAVIOURS, lists::BEHAVIOURS, memberships::BEHAVIOURS, races::BEHAVIOURS];
        trials.extend(shared.into_iter().flatten().map(|behaviour| trial(kind, *behaviour)));
        trials.extend(gitlab::behaviours().map(|behaviour| trial(kind, behaviour)));
    }
    let own = |kind, behaviours: &[Behaviour]| behaviours.iter().map(move |own| trial(kind, *own)).collect();
    let sqlite: Vec<Trial> =
        own(StoreKind::Sqlite, &[sqlite::BEHAVIOURS, kill::BEHAVIOURS, servers::OF_LASTING_STORES].concat());
    let of_postgres: Vec<Trial> = own(
        StoreKind::Postgres,
        &[postgres::BEHAVIOURS, servers::OF_LASTING_STORES, servers::BEHAVIOURS, processes::BEHAVIOURS]
            .concat(),
    );
    trials.extend(sqlite);
    trials.extend(of_postgres);
    if let Err(reason) = &postgres {
        if !arguments.list {
            // Not a print: what a harness captures nobody reads.
            _ = writeln!(io::stderr(), "the tests of the PostgreSQL store are SKIPPED: {reason}");
        }
        trials = trials
            .into_iter()
            .map(|trial| {
                let skip = trial.name().starts_with(StoreKind::Postgres.name());
                trial.with_ignored_flag(skip)
            })
            .collect();
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    Cluster::stop();
    conclusion.exit_code()
}

fn trial(kind: StoreKind, (name, run): Behaviour) -> Trial {
    Trial::test(format!("{}::{name}", kind.name()), move || perform(kind, run))
}

fn perform(kind: StoreKind, run: Run) -> Result<(), Failed> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build()?;
    runtime.block_on(async move {
        let world = world::World::new(kind).await;
        run(&world).await;
    });
    Ok(())
}
