//! Many at once, half of them through another handle on the same store, as another process would have it.

use std::sync::Arc;

use futures::future::join_all;
use scimspec_reference_server::store::{
    Draft, Indexed, Kind, MemberChange, Record, ResourceId, Store, StoreError, TenantId, Write,
};
use tokio::sync::Barrier;

use crate::world::{World, add, behaviours, conflict, create, delete, draft, ids, update, who};

/// How many are at it.
const MANY: usize = 24;

behaviours![
    of_many_who_want_one_name_one_gets_it,
    of_many_who_change_one_version_one_does,
    no_change_is_lost_among_those_who_try_again,
    all_who_join_at_once_are_in,
    a_member_that_goes_while_it_joins_leaves_no_row,
    two_who_want_each_others_names_do_not_wait_for_ever,
    totals_hold_while_many_come_and_go,
];

/// Lets `MANY` tasks begin at the same moment, each with its number and a handle on the store.
async fn rush<T, F>(world: &World, act: impl Fn(usize, Arc<dyn Store>, TenantId) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(MANY));
    let tasks = (0..MANY).map(|n| {
        let store = Arc::clone(if n % 2 == 0 { &world.store } else { &world.other });
        let (act, start) = (act(n, store, world.tenant.clone()), Arc::clone(&start));
        tokio::spawn(async move {
            start.wait().await;
            act.await
        })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

/// Reads, decides and commits until nobody was faster.
async fn persist(
    store: &dyn Store,
    tenant: &TenantId,
    (kind, id): (Kind, ResourceId),
    decide: impl Fn(&Record) -> (Option<Draft>, Vec<MemberChange>),
) -> Result<Arc<Record>, StoreError> {
    loop {
        let record = store.read(tenant, kind, id).await?.ok_or(StoreError::NotFound { kind, id })?;
        let (draft, members) = decide(&record);
        match store.commit(tenant, update(&record, draft, members)).await {
            Err(StoreError::Conflict { .. }) => {}
            done => return done.map(|done| done.record),
        }
    }
}

async fn of_many_who_want_one_name_one_gets_it(world: &World) {
    let [grace] = world.users(["grace"]).await;
    let outcomes = rush(world, |n, store, tenant| {
        let grace = Arc::clone(&grace);
        async move {
            // One of them wants it for somebody who is there already.
            let write = match n {
                7 => update(&grace, Some(draft(Kind::User, "ada")), vec![]),
                _ => create(Kind::User, "ada", &[]),
            };
            store.commit(&tenant, write).await
        }
    })
    .await;
    let winners: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1);
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(error, StoreError::Taken { key } if &*key.value == "ada"), "{error}");
    }
    assert_eq!(world.find(Kind::User, Indexed::UserName, "ada").await, [winners[0].record.id]);
}

async fn of_many_who_change_one_version_one_does(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let outcomes = rush(world, |n, store, tenant| {
        let write = update(&ada, Some(draft(Kind::User, &format!("ada{n}"))), vec![]);
        async move { store.commit(&tenant, write).await }
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.into_iter().all(|outcome| outcome == Err(conflict(2))));
}

async fn no_change_is_lost_among_those_who_try_again(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let id = ada.id;
    rush(world, |n, store, tenant| async move {
        let grow = |record: &Record| {
            let mut names: Vec<String> = serde_json::from_str(&record.text).unwrap_or_default();
            names.push(format!("n{n}"));
            let mut draft = draft(Kind::User, "ada");
            draft.text = serde_json::to_string(&names).unwrap();
            (Some(draft), vec![])
        };
        persist(&*store, &tenant, (Kind::User, id), grow).await.unwrap();
    })
    .await;
    let now = world.read(&ada).await.unwrap();
    let mut names: Vec<String> = serde_json::from_str(&now.text).unwrap();
    names.sort_unstable();
    let mut expected: Vec<String> = (0..MANY).map(|n| format!("n{n}")).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(now.version.0, 1 + MANY as u64);
}

async fn all_who_join_at_once_are_in(world: &World) {
    let staff = world.group("staff", &[]).await;
    let group = staff.id;
    let joined = rush(world, |n, store, tenant| async move {
        let user = store.commit(&tenant, create(Kind::User, &format!("u{n}"), &[])).await.unwrap().record;
        persist(&*store, &tenant, (Kind::Group, group), |_| (None, add(&user))).await.unwrap();
        user
    })
    .await;
    let mut members = world.members(&staff).await;
    members.sort_unstable();
    let mut expected = ids(&joined);
    expected.sort_unstable();
    assert_eq!(members, expected);
    assert_eq!(world.version(&staff).await, 1 + MANY as u64);
    for user in joined {
        assert_eq!(world.version(&user).await, 2);
    }
}

/// Every other one puts the person into a group, or renames a group that the person is in; one deletes the person.
async fn a_member_that_goes_while_it_joins_leaves_no_row(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let mut groups = Vec::new();
    for n in 0..MANY {
        let members: &[&Record] = if n % 4 == 0 { &[&ada] } else { &[] };
        groups.push(world.group(&format!("g{n}"), members).await);
    }
    rush(world, |n, store, tenant| {
        let (ada, group) = (Arc::clone(&ada), Arc::clone(&groups[n]));
        async move {
            let gone =
                |error: &StoreError| matches!(error, StoreError::UnknownMember { id } if *id == ada.id);
            let decide = |record: &Record| match n % 4 {
                0 => (Some(draft(Kind::Group, &format!("{}!", record.display))), vec![]),
                _ => (None, add(&ada)),
            };
            if n == 1 {
                let write: Write = delete(&ada);
                store.commit(&tenant, write).await.unwrap();
            } else if let Err(error) = persist(&*store, &tenant, (Kind::Group, group.id), decide).await {
                assert!(gone(&error), "{error}");
            }
        }
    })
    .await;
    assert_eq!(world.read(&ada).await, None);
    assert_eq!(who(&world.store.groups_of(&world.tenant, ada.id).await.unwrap()), []);
    for group in groups {
        assert_eq!(world.members(&group).await, []);
    }
}

async fn two_who_want_each_others_names_do_not_wait_for_ever(world: &World) {
    let pairs = MANY / 2;
    let mut users = Vec::new();
    for n in 0..MANY {
        users.push(world.create(Kind::User, &format!("p{}.{}", n % pairs, n / pairs), &[]).await);
    }
    let outcomes = rush(world, |n, store, tenant| {
        let wanted = format!("p{}.{}", n % pairs, 1 - n / pairs);
        let write = update(&users[n], Some(draft(Kind::User, &wanted)), vec![]);
        async move { store.commit(&tenant, write).await }
    })
    .await;
    for outcome in outcomes {
        assert!(matches!(outcome, Err(StoreError::Taken { .. })), "{outcome:?}");
    }
    for (n, user) in users.iter().enumerate() {
        let name = format!("p{}.{}", n % pairs, n / pairs);
        assert_eq!(world.find(Kind::User, Indexed::UserName, &name).await, [user.id]);
    }
}

async fn totals_hold_while_many_come_and_go(world: &World) {
    let kept = rush(world, |n, store, tenant| async move {
        let mut kept = 0;
        for round in 0..4 {
            let made =
                store.commit(&tenant, create(Kind::User, &format!("u{n}.{round}"), &[])).await.unwrap();
            if (n + round) % 3 == 0 {
                store.commit(&tenant, delete(&made.record)).await.unwrap();
            } else {
                kept += 1;
            }
            // A page that is read in between is one moment of the store.
            let page = store.page(&tenant, Kind::User, 0, u64::MAX).await.unwrap();
            assert_eq!(page.total, page.records.len() as u64);
        }
        kept
    })
    .await;
    let total = kept.into_iter().sum::<u64>();
    let (counted, listed) = world.page(0, u64::MAX).await;
    assert_eq!((counted, listed.len() as u64), (total, total));
}
