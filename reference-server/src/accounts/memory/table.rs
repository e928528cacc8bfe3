//! The table of the module's documentation, which says what each change does to each way in, gone through cell
//! by cell: what it says must be what happens, and what happens must stand in it.

use futures::executor::block_on;

use super::*;
use crate::accounts::{Origin, Person};

const COLUMNS: [&str; 6] = ["sign-in", "session", "refresh token", "API token", "door", "identity"];

/// A change, as the table calls it, and how it is brought about.
type Row = (&'static str, fn(&mut World));

const ROWS: &[Row] = &[
    ("provisioned active", |world| world.start(true)),
    ("provisioned inactive", |world| world.start(false)),
    ("linked to another externalId", |world| {
        world.tell(|resource| Event::Linked { resource, external_id: Some("00u2".to_owned()) });
    }),
    ("renamed", |world| {
        world.tell(|resource| Event::Renamed { resource, user_name: "lovelace".to_owned() });
    }),
    ("password changed", |world| world.set_password(Some("difference"))),
    ("password taken away", |world| world.set_password(None)),
    ("session refreshed", |world| {
        let refresh = world.refresh.clone();
        block_on(world.accounts.refresh(&world.tenant, &refresh)).unwrap();
    }),
    ("signed out", |world| {
        let session = world.session.clone();
        block_on(world.accounts.sign_out(&world.tenant, &session)).unwrap();
    }),
    ("deactivated", |world| world.deactivate()),
    ("deactivated twice", |world| {
        world.deactivate();
        world.deactivate();
    }),
    ("password changed while inactive", |world| {
        world.deactivate();
        world.set_password(Some("difference"));
    }),
    ("reactivated", |world| {
        world.deactivate();
        world.reactivate();
    }),
    ("reactivated while active", |world| world.reactivate()),
    ("blocked by the administrator", |world| world.block()),
    ("blocked, then reactivated by SCIM", |world| {
        world.block();
        world.reactivate();
    }),
    ("blocked, then unblocked", |world| {
        world.block();
        world.unblock();
    }),
    ("deactivated, then blocked, then reactivated", |world| {
        world.deactivate();
        world.block();
        world.reactivate();
    }),
    ("deactivated, then blocked, then unblocked", |world| {
        world.deactivate();
        world.block();
        world.unblock();
    }),
    ("made an administrator", |world| {
        world.tell(|resource| Event::AdministratorSet { resource, administrator: true });
    }),
    ("joined another group", |world| {
        let joined = vec![world.ada];
        let group = ResourceId::random();
        world.apply(Event::GroupChanged { group, name: "Board".to_owned(), joined, left: vec![] });
    }),
    ("left the group", |world| world.staff("Staff", vec![], vec![world.ada])),
    ("group renamed", |world| world.staff("Team", vec![], vec![])),
    ("group deleted", |world| {
        world.apply(Event::GroupDeleted { group: world.staff, members: vec![world.ada] });
    }),
    ("left the group while inactive, then reactivated", |world| {
        world.deactivate();
        world.staff("Staff", vec![], vec![world.ada]);
        world.reactivate();
    }),
    ("deleted", |world| world.tell(|resource| Event::Deleted { resource })),
];

/// Ada, with a password, in the group Staff, with one of each way in; the account as it was then.
struct World {
    accounts: Arc<dyn Accounts>,
    tenant: TenantId,
    ada: ResourceId,
    staff: ResourceId,
    before: Option<Account>,
    session: String,
    refresh: String,
    token: String,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            accounts: fresh(),
            tenant: TenantId::new("one"),
            ada: ResourceId::random(),
            staff: ResourceId::random(),
            before: None,
            session: String::new(),
            refresh: String::new(),
            token: String::new(),
        };
        world.start(true);
        world.staff("Staff", vec![world.ada], vec![]);
        let open = world.sign_in("ada", "analytical").unwrap();
        (world.session, world.refresh) = (open.session, open.refresh);
        world.token = block_on(world.accounts.issue_token(&world.tenant, open.account)).unwrap();
        world.before = world.account();
        world
    }

    /// Everything anew, with nothing but the account provisioned.
    fn start(&mut self, active: bool) {
        self.accounts = fresh();
        self.before = None;
        self.apply(Event::Provisioned(Person {
            resource: self.ada,
            origin: Origin::Scim,
            user_name: "ada".to_owned(),
            external_id: Some("00u1".to_owned()),
            active,
            password: Some(Password::new("analytical".to_owned())),
        }));
    }

    fn apply(&self, event: Event) {
        block_on(self.accounts.apply(&self.tenant, event)).unwrap();
    }

    fn tell(&self, event: impl Fn(ResourceId) -> Event) {
        self.apply(event(self.ada));
    }

    fn staff(&self, name: &str, joined: Vec<ResourceId>, left: Vec<ResourceId>) {
        self.apply(Event::GroupChanged { group: self.staff, name: name.to_owned(), joined, left });
    }

    fn set_password(&self, clear: Option<&str>) {
        let password = clear.map(|clear| Password::new(clear.to_owned()));
        self.tell(|resource| Event::PasswordSet { resource, password: password.clone() });
    }

    fn deactivate(&self) {
        self.tell(|resource| Event::Deactivated { resource });
    }

    fn reactivate(&self) {
        self.tell(|resource| Event::Reactivated { resource });
    }

    fn block(&self) {
        self.tell(|resource| Event::Blocked { resource });
    }

    fn unblock(&self) {
        self.tell(|resource| Event::Unblocked { resource });
    }

    fn account(&self) -> Option<Account> {
        block_on(self.accounts.account(&self.tenant, Who::Resource(self.ada))).unwrap()
    }

    fn sign_in(&self, user: &str, clear: &str) -> Result<SignedIn, AccountsError> {
        block_on(self.accounts.sign_in(&self.tenant, user, Password::new(clear.to_owned())))
    }

    fn identify(&self, credential: &str) -> Option<Identity> {
        block_on(self.accounts.identify(&self.tenant, credential)).ok()
    }

    /// What there is to see of each way in, in the words of the table.
    fn seen(&self) -> [&'static str; 6] {
        // Refreshing last: it opens a session.
        let (session, token) = (self.held(&self.session), self.held(&self.token));
        let (sign_in, door, identity) = (self.sign_in_seen(), self.door_seen(), self.identity_seen());
        let refreshed = block_on(self.accounts.refresh(&self.tenant, &self.refresh)).is_ok();
        [sign_in, session, self.word(refreshed), token, door, identity]
    }

    fn sign_in_seen(&self) -> &'static str {
        let open = |user, clear| self.sign_in(user, clear).is_ok();
        match (open("ada", "analytical"), open("lovelace", "analytical"), open("ada", "difference")) {
            (true, false, false) => "open",
            (false, true, false) => "by the new name",
            (false, false, true) => "by the new password",
            (false, false, false) => "refused",
            _ => "more than one way",
        }
    }

    fn held(&self, credential: &str) -> &'static str {
        self.word(self.identify(credential).is_some())
    }

    fn word(&self, works: bool) -> &'static str {
        match (works, self.before.is_some()) {
            (true, _) => "goes on",
            (false, true) => "ended",
            (false, false) => "none",
        }
    }

    /// By whatever lets the person in now, old or fresh.
    fn door_seen(&self) -> &'static str {
        let fresh = self
            .account()
            .and_then(|account| block_on(self.accounts.issue_token(&self.tenant, account.id)).ok());
        let ways = [Some(self.session.clone()), Some(self.token.clone()), fresh];
        let opens = |door: &str| {
            ways.iter().flatten().filter_map(|way| self.identify(way)).any(|identity| identity.opens(door))
        };
        match (opens("Staff"), opens("Team")) {
            (true, false) => "open",
            (false, true) => "by its new name",
            (false, false) => "shut",
            (true, true) => "more than one name",
        }
    }

    fn identity_seen(&self) -> &'static str {
        match (&self.before, self.account()) {
            (None, Some(_)) => "made",
            (_, None) => "gone",
            (Some(before), Some(now)) => {
                let same = (before.id, before.resource) == (now.id, now.resource)
                    && before.saml_name_id == now.saml_name_id;
                match (same, before.external_id == now.external_id) {
                    (true, true) => "kept",
                    (true, false) => "linked anew",
                    (false, _) => "another",
                }
            }
        }
    }
}

/// The rows of the table as they stand in the documentation.
fn written() -> Vec<(String, Vec<String>)> {
    let lines = include_str!("../mod.rs").lines().filter_map(|line| line.strip_prefix("//! |"));
    let cells = lines.map(|line| line.trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()));
    let mut rows = cells.map(Iterator::collect::<Vec<_>>).filter(|row| row.len() == COLUMNS.len() + 1);
    assert_eq!(rows.next().unwrap()[1..], COLUMNS);
    rows.skip(1).map(|row| (row[0].clone(), row[1..].to_vec())).collect()
}

#[test]
fn every_row_of_the_table_is_tried_and_every_change_tried_stands_in_it() {
    let written: Vec<String> = written().into_iter().map(|(change, _)| change).collect();
    let tried: Vec<&str> = ROWS.iter().map(|(change, _)| *change).collect();
    assert_eq!(written, tried);
}

#[test]
pub(super) fn every_cell_of_the_table_says_what_happens() {
    let mut wrong = Vec::new();
    for ((change, cells), (_, bring_about)) in written().into_iter().zip(ROWS) {
        let mut world = World::new();
        bring_about(&mut world);
        for ((column, says), happens) in COLUMNS.iter().zip(cells).zip(world.seen()) {
            if says != happens {
                wrong.push(format!(
                    "{change}: {column}: the table says {says:?}, what happens is {happens:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
