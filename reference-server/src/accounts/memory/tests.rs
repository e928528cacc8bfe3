//! Accounts: what each way in is, and what each change does, beyond the words of the table.

use futures::executor::block_on;

use super::*;
use crate::accounts::{BlockedBy, Origin, Person, State};

struct World {
    accounts: Arc<dyn Accounts>,
    tenant: TenantId,
    ada: ResourceId,
    staff: ResourceId,
}

impl World {
    /// Ada is provisioned, active, has a password and is in the group Staff.
    fn new() -> Self {
        let world = Self::empty();
        world.provision("ada", true);
        world.staff("Staff", vec![world.ada], vec![]);
        world
    }

    fn empty() -> Self {
        Self {
            accounts: fresh(),
            tenant: TenantId::new("one"),
            ada: ResourceId::random(),
            staff: ResourceId::random(),
        }
    }

    fn provision(&self, user_name: &str, active: bool) {
        self.apply(Event::Provisioned(Person {
            resource: self.ada,
            origin: Origin::Scim,
            user_name: user_name.to_owned(),
            external_id: Some("00u1".to_owned()),
            active,
            password: Some(password("analytical")),
        }));
    }

    fn staff(&self, name: &str, joined: Vec<ResourceId>, left: Vec<ResourceId>) {
        self.apply(Event::GroupChanged { group: self.staff, name: name.to_owned(), joined, left });
    }

    fn apply(&self, event: Event) {
        block_on(self.accounts.apply(&self.tenant, event)).unwrap();
    }

    fn deactivate(&self) {
        self.apply(Event::Deactivated { resource: self.ada });
    }

    fn reactivate(&self) {
        self.apply(Event::Reactivated { resource: self.ada });
    }

    fn account(&self) -> Account {
        block_on(self.accounts.account(&self.tenant, Who::Resource(self.ada))).unwrap().unwrap()
    }

    fn sign_in(&self, user_name: &str, clear: &str) -> Result<String, AccountsError> {
        block_on(self.accounts.sign_in(&self.tenant, user_name, password(clear))).map(|open| open.session)
    }

    fn open(&self) -> SignedIn {
        block_on(self.accounts.sign_in(&self.tenant, "ada", password("analytical"))).unwrap()
    }

    fn token(&self) -> Result<String, AccountsError> {
        block_on(self.accounts.issue_token(&self.tenant, self.account().id))
    }

    fn identify(&self, credential: &str) -> Result<Identity, AccountsError> {
        block_on(self.accounts.identify(&self.tenant, credential))
    }
}

fn password(clear: &str) -> Password {
    Password::new(clear.to_owned())
}

#[test]
fn a_provisioned_person_signs_in_and_walks_through_the_door_of_the_group() {
    let world = World::new();
    let session = world.sign_in("ADA", "analytical").unwrap();
    let identity = world.identify(&session).unwrap();
    assert_eq!((identity.via, identity.user_name.as_str()), (Via::Session, "ada"));
    assert!(identity.opens("staff"));
    assert!(!identity.opens("Board"));
    let token = world.token().unwrap();
    assert_eq!(world.identify(&token).unwrap().via, Via::Token);
}

#[test]
fn an_unknown_name_and_a_wrong_password_are_one_error() {
    let world = World::new();
    assert_eq!(world.sign_in("grace", "analytical"), Err(AccountsError::NotKnown));
    assert_eq!(world.sign_in("ada", "difference"), Err(AccountsError::NotKnown));
}

#[test]
fn a_person_provisioned_inactive_is_blocked_from_the_start() {
    let world = World::empty();
    world.provision("ada", false);
    assert_eq!(world.sign_in("ada", "analytical"), Err(AccountsError::Blocked));
    assert_eq!(world.token(), Err(AccountsError::Blocked));
}

#[test]
fn deactivation_ends_every_way_in_and_keeps_the_identity() {
    let world = World::new();
    let (session, token) = (world.sign_in("ada", "analytical").unwrap(), world.token().unwrap());
    let before = world.account();
    world.deactivate();
    assert_eq!(world.identify(&session), Err(AccountsError::NotKnown));
    assert_eq!(world.identify(&token), Err(AccountsError::NotKnown));
    assert_eq!(world.sign_in("ada", "analytical"), Err(AccountsError::Blocked));
    assert_eq!(world.token(), Err(AccountsError::Blocked));
    let blocked = State::Blocked(BlockedBy::Scim);
    assert_eq!(world.account(), Account { state: blocked, sessions: 0, refreshes: 0, tokens: 0, ..before });
}

#[test]
fn a_blocked_account_is_told_apart_only_by_who_knows_its_password() {
    let world = World::new();
    world.deactivate();
    assert_eq!(world.sign_in("ada", "difference"), Err(AccountsError::NotKnown));
}

#[test]
fn reactivation_opens_fresh_ways_into_the_same_account_and_no_old_one() {
    let world = World::new();
    let (session, token) = (world.sign_in("ada", "analytical").unwrap(), world.token().unwrap());
    let account = world.account().id;
    world.deactivate();
    world.reactivate();
    assert_eq!(world.identify(&session), Err(AccountsError::NotKnown));
    assert_eq!(world.identify(&token), Err(AccountsError::NotKnown));
    let fresh = world.identify(&world.sign_in("ada", "analytical").unwrap()).unwrap();
    assert_eq!(fresh.account, account);
    assert!(fresh.opens("Staff"));
    world.identify(&world.token().unwrap()).unwrap();
}

#[test]
fn groups_that_change_while_a_person_is_blocked_count_when_the_person_is_back() {
    let world = World::new();
    let board = ResourceId::random();
    world.deactivate();
    world.staff("Staff", vec![], vec![world.ada]);
    world.apply(Event::GroupChanged {
        group: board,
        name: "Board".to_owned(),
        joined: vec![world.ada],
        left: vec![],
    });
    world.reactivate();
    let session = world.sign_in("ada", "analytical").unwrap();
    assert_eq!(world.identify(&session).unwrap().doors, ["Board"]);
}

#[test]
fn a_renamed_person_signs_in_by_the_new_name_only_and_stays_signed_in() {
    let world = World::new();
    let session = world.sign_in("ada", "analytical").unwrap();
    world.apply(Event::Renamed { resource: world.ada, user_name: "lovelace".to_owned() });
    assert_eq!(world.sign_in("ada", "analytical"), Err(AccountsError::NotKnown));
    world.sign_in("lovelace", "analytical").unwrap();
    assert_eq!(world.identify(&session).unwrap().user_name, "lovelace");
}

#[test]
fn a_name_that_has_a_new_owner_already_is_not_taken_from_it() {
    let world = World::new();
    let other = ResourceId::random();
    world.apply(Event::Provisioned(Person {
        resource: other,
        origin: Origin::Scim,
        user_name: "ada".to_owned(),
        external_id: None,
        active: true,
        password: Some(password("other")),
    }));
    world.apply(Event::Renamed { resource: world.ada, user_name: "lovelace".to_owned() });
    world.sign_in("ada", "other").unwrap();
}

#[test]
fn a_password_set_while_blocked_is_kept_and_does_not_unblock() {
    let world = World::new();
    world.deactivate();
    world.apply(Event::PasswordSet { resource: world.ada, password: Some(password("difference")) });
    assert_eq!(world.sign_in("ada", "difference"), Err(AccountsError::Blocked));
    world.reactivate();
    assert_eq!(world.sign_in("ada", "analytical"), Err(AccountsError::NotKnown));
    world.sign_in("ada", "difference").unwrap();
}

#[test]
fn a_password_that_is_taken_away_opens_nothing() {
    let world = World::new();
    world.apply(Event::PasswordSet { resource: world.ada, password: None });
    assert_eq!(world.sign_in("ada", "analytical"), Err(AccountsError::NotKnown));
}

#[test]
fn the_first_external_id_becomes_the_saml_identity_and_later_ones_do_not() {
    let world = World::new();
    world.apply(Event::Linked { resource: world.ada, external_id: Some("00u2".to_owned()) });
    let account = world.account();
    assert_eq!(account.external_id.as_deref(), Some("00u2"));
    assert_eq!(account.saml_name_id.as_deref(), Some("00u1"));
}

#[test]
fn a_door_shuts_for_who_leaves_and_follows_the_name_of_the_group() {
    let world = World::new();
    let session = world.sign_in("ada", "analytical").unwrap();
    world.staff("Team", vec![], vec![]);
    assert_eq!(world.identify(&session).unwrap().doors, ["Team"]);
    world.staff("Team", vec![], vec![world.ada]);
    assert_eq!(world.identify(&session).unwrap().doors, [""; 0]);
}

#[test]
fn a_deleted_group_opens_no_door() {
    let world = World::new();
    let session = world.sign_in("ada", "analytical").unwrap();
    world.apply(Event::GroupDeleted { group: world.staff, members: vec![world.ada] });
    assert_eq!(world.identify(&session).unwrap().doors, [""; 0]);
}

#[test]
fn deletion_ends_everything() {
    let world = World::new();
    let (session, token) = (world.sign_in("ada", "analytical").unwrap(), world.token().unwrap());
    world.apply(Event::Deleted { resource: world.ada });
    assert_eq!(world.identify(&session), Err(AccountsError::NotKnown));
    assert_eq!(world.identify(&token), Err(AccountsError::NotKnown));
    assert_eq!(world.sign_in("ada", "analytical"), Err(AccountsError::NotKnown));
    assert_eq!(block_on(world.accounts.account(&world.tenant, Who::Resource(world.ada))), Ok(None));
}

#[test]
fn signing_out_ends_this_session_and_no_other() {
    let world = World::new();
    let (one, two) =
        (world.sign_in("ada", "analytical").unwrap(), world.sign_in("ada", "analytical").unwrap());
    block_on(world.accounts.sign_out(&world.tenant, &one)).unwrap();
    assert_eq!(world.identify(&one), Err(AccountsError::NotKnown));
    world.identify(&two).unwrap();
    assert_eq!(world.account().sessions, 1);
    let token = world.token().unwrap();
    assert_eq!(block_on(world.accounts.sign_out(&world.tenant, &token)), Err(AccountsError::NotKnown));
}

#[test]
fn a_refresh_token_opens_sessions_and_nothing_else() {
    let world = World::new();
    let open = world.open();
    let refreshed = block_on(world.accounts.refresh(&world.tenant, &open.refresh)).unwrap();
    assert_ne!(refreshed.session, open.session);
    assert_eq!((refreshed.account, &refreshed.refresh), (open.account, &open.refresh));
    world.identify(&open.session).unwrap();
    world.identify(&refreshed.session).unwrap();
    assert_eq!(world.identify(&open.refresh), Err(AccountsError::NotKnown));
    for other in [open.session, world.token().unwrap(), "ref_1.x".to_owned()] {
        let refused = block_on(world.accounts.refresh(&world.tenant, &other));
        assert_eq!(refused, Err(AccountsError::NotKnown), "{other}");
    }
}

#[test]
fn signing_out_of_a_refreshed_session_ends_all_that_came_of_the_one_signing_in() {
    let world = World::new();
    let (open, other) = (world.open(), world.open());
    let refreshed = block_on(world.accounts.refresh(&world.tenant, &open.refresh)).unwrap();
    block_on(world.accounts.sign_out(&world.tenant, &refreshed.session)).unwrap();
    assert_eq!(world.identify(&open.session), Err(AccountsError::NotKnown));
    let refused = block_on(world.accounts.refresh(&world.tenant, &open.refresh));
    assert_eq!(refused, Err(AccountsError::NotKnown));
    world.identify(&other.session).unwrap();
    assert_eq!((world.account().sessions, world.account().refreshes), (1, 1));
}

#[test]
fn two_hands_shut_an_account_and_each_opens_only_what_it_has_shut() {
    let world = World::new();
    let (block, unblock) = (Event::Blocked { resource: world.ada }, Event::Unblocked { resource: world.ada });
    let state = || world.account().state;
    world.apply(block.clone());
    assert_eq!(state(), State::Blocked(BlockedBy::Administrator));
    assert!(state().is_active_in_scim());
    world.reactivate();
    assert_eq!(state(), State::Blocked(BlockedBy::Administrator));
    world.deactivate();
    assert_eq!(state(), State::Blocked(BlockedBy::Both));
    world.reactivate();
    assert_eq!(state(), State::Blocked(BlockedBy::Administrator));
    world.deactivate();
    world.apply(unblock.clone());
    assert_eq!(state(), State::Blocked(BlockedBy::Scim));
    world.reactivate();
    assert_eq!(state(), State::Active);
    world.apply(unblock);
    assert_eq!(state(), State::Active);
}

#[test]
fn the_last_usable_administrator_gets_no_permit_to_end() {
    let world = World::new();
    let permit = |resource| block_on(world.accounts.permit_end(&world.tenant, resource));
    drop(permit(world.ada).unwrap());
    world.apply(Event::AdministratorSet { resource: world.ada, administrator: true });
    assert_eq!(permit(world.ada).err(), Some(AccountsError::LastAdministrator));
    let grace = ResourceId::random();
    world.apply(Event::Provisioned(Person {
        resource: grace,
        origin: Origin::Scim,
        user_name: "grace".to_owned(),
        external_id: None,
        active: false,
        password: None,
    }));
    world.apply(Event::AdministratorSet { resource: grace, administrator: true });
    assert_eq!(permit(world.ada).err(), Some(AccountsError::LastAdministrator), "grace cannot get in");
    drop(permit(grace).unwrap());
    world.apply(Event::Reactivated { resource: grace });
    drop(permit(world.ada).unwrap());
}

#[test]
fn of_two_administrators_who_are_to_end_at_once_one_stays() {
    let world = World::new();
    let grace = ResourceId::random();
    world.apply(Event::Provisioned(Person {
        resource: grace,
        origin: Origin::Scim,
        user_name: "grace".to_owned(),
        external_id: None,
        active: true,
        password: None,
    }));
    for resource in [world.ada, grace] {
        world.apply(Event::AdministratorSet { resource, administrator: true });
    }
    let first = block_on(world.accounts.permit_end(&world.tenant, world.ada)).unwrap();
    let mut second = world.accounts.permit_end(&world.tenant, grace);
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    assert!(second.as_mut().poll(&mut context).is_pending(), "it waits for the first");
    world.deactivate();
    drop(first);
    assert_eq!(block_on(second).err(), Some(AccountsError::LastAdministrator));
}

#[test]
fn a_credential_with_another_secret_or_of_another_tenant_is_unknown() {
    let world = World::new();
    let session = world.sign_in("ada", "analytical").unwrap();
    let (id, _) = session.split_once('.').unwrap();
    for forged in [format!("{id}."), format!("{id}.guess"), id.to_owned(), String::new()] {
        assert_eq!(world.identify(&forged), Err(AccountsError::NotKnown), "{forged}");
    }
    let other = TenantId::new("two");
    assert_eq!(block_on(world.accounts.identify(&other, &session)), Err(AccountsError::NotKnown));
}

#[test]
fn events_about_nobody_are_no_error() {
    let world = World::empty();
    world.deactivate();
    world.reactivate();
    world.apply(Event::Deleted { resource: world.ada });
    world.staff("Staff", vec![world.ada], vec![world.ada]);
}

/// What `durable` asks of accounts in a database.
pub(super) const ALL: &[fn()] = &[
    a_provisioned_person_signs_in_and_walks_through_the_door_of_the_group,
    an_unknown_name_and_a_wrong_password_are_one_error,
    a_person_provisioned_inactive_is_blocked_from_the_start,
    deactivation_ends_every_way_in_and_keeps_the_identity,
    a_blocked_account_is_told_apart_only_by_who_knows_its_password,
    reactivation_opens_fresh_ways_into_the_same_account_and_no_old_one,
    groups_that_change_while_a_person_is_blocked_count_when_the_person_is_back,
    a_renamed_person_signs_in_by_the_new_name_only_and_stays_signed_in,
    a_name_that_has_a_new_owner_already_is_not_taken_from_it,
    a_password_set_while_blocked_is_kept_and_does_not_unblock,
    a_password_that_is_taken_away_opens_nothing,
    the_first_external_id_becomes_the_saml_identity_and_later_ones_do_not,
    a_door_shuts_for_who_leaves_and_follows_the_name_of_the_group,
    a_deleted_group_opens_no_door,
    deletion_ends_everything,
    signing_out_ends_this_session_and_no_other,
    a_refresh_token_opens_sessions_and_nothing_else,
    signing_out_of_a_refreshed_session_ends_all_that_came_of_the_one_signing_in,
    two_hands_shut_an_account_and_each_opens_only_what_it_has_shut,
    the_last_usable_administrator_gets_no_permit_to_end,
    of_two_administrators_who_are_to_end_at_once_one_stays,
    a_credential_with_another_secret_or_of_another_tenant_is_unknown,
    events_about_nobody_are_no_error,
];
