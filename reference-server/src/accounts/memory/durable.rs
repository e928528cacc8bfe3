//! The tests of accounts, asked once more of accounts in a database.

use std::{cell::RefCell, sync::Arc};

use futures::executor::block_on;
use tempfile::TempDir;

use super::{MemoryAccounts, table, tests};
use crate::{accounts::Accounts, store::SqliteStore};

thread_local! {
    /// The folders of the databases of this thread, if it asks databases.
    static FOLDERS: RefCell<Option<Vec<TempDir>>> = const { RefCell::new(None) };
}

/// Accounts that are nobody's yet: in memory, unless the thread asks databases.
pub(super) fn fresh() -> Arc<dyn Accounts> {
    FOLDERS.with_borrow_mut(|folders| {
        let Some(folders) = folders else { return Arc::new(MemoryAccounts::default()) as Arc<dyn Accounts> };
        let folder = tempfile::tempdir().unwrap();
        let store = block_on(SqliteStore::open(&folder.path().join("accounts.sqlite"))).unwrap();
        folders.push(folder);
        store.accounts()
    })
}

fn in_databases(tests: &[fn()]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _entered = runtime.enter();
    FOLDERS.set(Some(Vec::new()));
    for test in tests {
        test();
    }
    FOLDERS.set(None);
}

#[test]
fn accounts_in_a_database_do_what_the_table_says() {
    in_databases(&[table::every_cell_of_the_table_says_what_happens]);
}

#[test]
fn accounts_in_a_database_do_what_accounts_in_memory_do() {
    in_databases(tests::ALL);
}

#[test]
fn no_test_of_accounts_is_left_out() {
    let source = include_str!("tests.rs");
    assert_eq!(source.lines().filter(|line| *line == "#[test]").count(), tests::ALL.len());
}
