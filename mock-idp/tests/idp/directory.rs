//! What an administrator's act means for the application, as the list of events that a persona has to perform.

use std::collections::BTreeSet;

use rstest::rstest;
use scimspec_mock_idp::directory::{Act, Directory, DirectoryError, Group, GroupKey, Person, PersonKey};

fn person(key: &str) -> Person {
    Person {
        key: PersonKey(key.to_owned()),
        external_id: format!("00u{key}"),
        user_name: format!("{key}@example.com"),
        given_name: key.to_owned(),
        family_name: "Example".to_owned(),
        display_name: format!("{key} Example"),
        email: format!("{key}@example.com"),
        locale: None,
        title: None,
        department: None,
        employee_number: None,
        password: "placeholder".to_owned(),
    }
}

fn key(name: &str) -> PersonKey {
    PersonKey(name.to_owned())
}

fn group(name: &str) -> GroupKey {
    GroupKey(name.to_owned())
}

/// ada and grace, and the groups engineers (empty) and staff (both).
fn directory() -> Directory {
    let mut directory = Directory::default();
    for name in ["ada", "grace"] {
        directory.add_person(person(name));
    }
    for (name, members) in [("engineers", &[][..]), ("staff", &["ada", "grace"])] {
        directory.add_group(Group {
            key: group(name),
            external_id: format!("00g{name}"),
            display_name: name.to_owned(),
            members: members.iter().map(|name| key(name)).collect::<BTreeSet<_>>(),
        });
    }
    directory
}

/// The events of each act, as the task list shows them.
fn story(acts: &[Act]) -> Vec<String> {
    let mut directory = directory();
    acts.iter()
        .flat_map(|act| {
            let events = directory.act(act).expect("the act makes sense");
            if events.is_empty() {
                vec!["-".to_owned()]
            } else {
                events.iter().map(ToString::to_string).collect()
            }
        })
        .collect()
}

fn ada() -> PersonKey {
    key("ada")
}

#[rstest]
#[case::direct(&[Act::Assign(ada()), Act::Unassign(ada())], &["assign ada", "unassign ada"])]
#[case::again_is_a_retry(&[Act::Assign(ada()), Act::Assign(ada())], &["assign ada", "assign ada"])]
#[case::never_assigned(&[Act::Unassign(ada())], &["-"])]
#[case::through_a_group(
    &[Act::AssignGroup(group("staff")), Act::UnassignGroup(group("staff"))],
    &["assign ada", "assign grace", "unassign ada", "unassign grace"],
)]
#[case::still_assigned_through_a_group(
    &[Act::Assign(ada()), Act::AssignGroup(group("staff")), Act::Unassign(ada()), Act::Leave(group("staff"), vec![ada()])],
    &["assign ada", "assign ada", "assign grace", "-", "unassign ada"],
)]
#[case::still_assigned_directly(
    &[Act::Assign(ada()), Act::AssignGroup(group("engineers")), Act::Join(group("engineers"), vec![ada()]), Act::Leave(group("engineers"), vec![ada()])],
    &["assign ada", "-", "-", "-"],
)]
#[case::deactivated_whatever_assigns(
    &[Act::Assign(ada()), Act::AssignGroup(group("staff")), Act::Deactivate(ada()), Act::Assign(ada())],
    &["assign ada", "assign ada", "assign grace", "deactivate ada", "assign ada"],
)]
#[case::deleted(&[Act::Assign(ada()), Act::Delete(ada())], &["assign ada", "deactivate ada", "delete ada"])]
fn assignments_add_up(#[case] acts: &[Act], #[case] events: &[&str]) {
    assert_eq!(story(acts), events);
}

#[test]
fn who_joins_a_pushed_group_is_assigned_before_becoming_a_member() {
    let engineers = group("engineers");
    let acts = [
        Act::AssignGroup(engineers.clone()),
        Act::PushGroup(engineers.clone()),
        Act::Join(engineers.clone(), vec![ada(), key("grace")]),
        Act::Join(engineers, vec![ada()]),
    ];
    assert_eq!(
        story(&acts),
        [
            "-",
            "push the group engineers",
            "assign ada",
            "assign grace",
            "change the members of engineers +ada +grace",
            "-"
        ],
    );
}

#[test]
fn who_leaves_a_pushed_group_is_no_member_before_being_unassigned() {
    let staff = group("staff");
    let acts = [
        Act::AssignGroup(staff.clone()),
        Act::PushGroup(staff.clone()),
        Act::Leave(staff.clone(), vec![ada()]),
        Act::Leave(staff, vec![ada()]),
    ];
    assert_eq!(
        story(&acts),
        [
            "assign ada",
            "assign grace",
            "push the group staff",
            "change the members of staff -ada",
            "unassign ada",
            "-"
        ],
    );
}

#[test]
fn a_pushed_group_is_renamed_pushed_again_and_deleted() {
    let staff = group("staff");
    let rename = Act::RenameGroup(staff.clone(), "Everybody".to_owned());
    let acts = [
        rename.clone(),
        Act::PushGroup(staff.clone()),
        rename,
        Act::RenameGroup(staff.clone(), "All".to_owned()),
        Act::PushNow(staff.clone()),
        Act::DeleteGroup(staff.clone()),
        Act::DeleteGroup(staff),
    ];
    assert_eq!(
        story(&acts),
        [
            "-",
            "push the group staff",
            "-",
            "rename the group staff",
            "push the members of staff again",
            "delete the group staff",
            "-"
        ],
    );
}

#[test]
fn a_profile_change_matters_only_for_who_is_assigned_and_only_if_something_changed() {
    let change = |value: &str| Act::ChangeProfile(ada(), vec![("title".to_owned(), value.to_owned())]);
    let acts = [change("Clerk"), Act::Assign(ada()), change("Clerk"), change("Lead"), change("")];
    assert_eq!(
        story(&acts),
        ["-", "assign ada", "-", "change the profile of ada", "change the profile of ada"],
    );
}

#[test]
fn while_suspended_nothing_is_sent_but_the_loss_of_access() {
    let change = Act::ChangeProfile(ada(), vec![("title".to_owned(), "Lead".to_owned())]);
    let acts = [
        Act::Assign(ada()),
        Act::Suspend(ada()),
        Act::Suspend(ada()),
        change,
        Act::SyncPassword(ada(), "secret".to_owned()),
        Act::Assign(ada()),
        Act::Unsuspend(ada()),
        Act::Suspend(ada()),
        Act::Unassign(ada()),
    ];
    assert_eq!(
        story(&acts),
        [
            "assign ada",
            "suspend ada",
            "-",
            "-",
            "-",
            "-",
            "unsuspend ada",
            "change the profile of ada",
            "suspend ada",
            "unassign ada"
        ],
    );
}

#[test]
fn a_manager_is_named_once_both_are_assigned() {
    let acts = [
        Act::SetManager(ada(), Some(key("grace"))),
        Act::Assign(ada()),
        Act::Assign(key("grace")),
        Act::Unassign(key("grace")),
        Act::Assign(key("grace")),
        Act::SetManager(ada(), None),
    ];
    assert_eq!(
        story(&acts),
        [
            "-",
            "assign ada",
            "assign grace",
            "make grace the manager of ada",
            "unassign grace",
            "assign grace",
            "take the manager from ada",
        ],
    );
}

#[rstest]
#[case(Act::Assign(key("nobody")), DirectoryError::NoPerson("nobody".to_owned()))]
#[case(Act::Join(group("staff"), vec![key("nobody")]), DirectoryError::NoPerson("nobody".to_owned()))]
#[case(Act::PushGroup(group("nothing")), DirectoryError::NoGroup("nothing".to_owned()))]
#[case(Act::PushNow(group("staff")), DirectoryError::NotPushed("staff".to_owned()))]
#[case(Act::ChangeProfile(ada(), vec![("shoeSize".to_owned(), "41".to_owned())]), DirectoryError::NoAttribute("shoeSize".to_owned()))]
#[case(Act::ChangeProfile(ada(), vec![("userName".to_owned(), String::new())]), DirectoryError::Required("userName".to_owned()))]
fn an_act_that_makes_no_sense_is_an_error(#[case] act: Act, #[case] error: DirectoryError) {
    assert_eq!(directory().act(&act), Err(error));
}
