//! Membership rows: which groups have which members, found from both sides.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::store::{MemberChange, ResourceId};

/// All rows of a tenant.
#[derive(Debug, Default)]
pub(super) struct Rows {
    members: HashMap<ResourceId, Members>,
    groups: HashMap<ResourceId, BTreeSet<ResourceId>>,
}

/// The members of one group: in the order of joining, and by id.
#[derive(Debug, Default)]
struct Members {
    in_order: BTreeMap<u64, ResourceId>,
    place: HashMap<ResourceId, u64>,
    next: u64,
}

/// Who joined and who left, on balance.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Balance {
    pub(super) joined: Vec<ResourceId>,
    pub(super) left: Vec<ResourceId>,
}

impl Rows {
    pub(super) fn members(&self, group: ResourceId) -> impl Iterator<Item = ResourceId> {
        self.members.get(&group).into_iter().flat_map(|members| members.in_order.values().copied())
    }

    pub(super) fn groups_of(&self, member: ResourceId) -> impl Iterator<Item = ResourceId> {
        self.groups.get(&member).into_iter().flatten().copied()
    }

    /// These and all that are below them: their members, the members of those, and so on. A circle of groups is
    /// gone round once.
    pub(super) fn below(&self, tops: &[ResourceId]) -> HashSet<ResourceId> {
        let mut below: HashSet<_> = tops.iter().copied().collect();
        let mut open = tops.to_vec();
        while let Some(top) = open.pop() {
            open.extend(self.members(top).filter(|member| below.insert(*member)));
        }
        below
    }

    /// Does the changes in order and says what came of them.
    pub(super) fn apply(&mut self, group: ResourceId, changes: Vec<MemberChange>) -> Balance {
        let mut before = HashMap::new();
        for change in changes {
            let (removed, added) = match change {
                MemberChange::Add(ids) => (Vec::new(), ids),
                MemberChange::Remove(ids) => (ids, Vec::new()),
                MemberChange::Set(ids) => {
                    let wanted: BTreeSet<_> = ids.iter().copied().collect();
                    (self.members(group).filter(|id| !wanted.contains(id)).collect(), ids)
                }
            };
            for id in removed {
                let was = self.remove(group, id);
                before.entry(id).or_insert(was);
            }
            for id in added {
                let was = !self.add(group, id);
                before.entry(id).or_insert(was);
            }
        }
        self.balance(group, before)
    }

    /// Takes away the rows of a group that is no more; returns who was a member.
    pub(super) fn forget_group(&mut self, group: ResourceId) -> Vec<ResourceId> {
        let members: Vec<_> = self.members(group).collect();
        for member in &members {
            self.remove(group, *member);
        }
        members
    }

    /// Takes away the rows of a member that is no more; returns the groups that it was in.
    pub(super) fn forget_member(&mut self, member: ResourceId) -> Vec<ResourceId> {
        let groups: Vec<_> = self.groups_of(member).collect();
        for group in &groups {
            self.remove(*group, member);
        }
        groups
    }

    /// Whether the row is new.
    fn add(&mut self, group: ResourceId, member: ResourceId) -> bool {
        if !self.groups.entry(member).or_default().insert(group) {
            return false;
        }
        let members = self.members.entry(group).or_default();
        members.in_order.insert(members.next, member);
        members.place.insert(member, members.next);
        members.next += 1;
        true
    }

    /// Whether there was such a row.
    fn remove(&mut self, group: ResourceId, member: ResourceId) -> bool {
        let Some(groups) = self.groups.get_mut(&member) else { return false };
        let was = groups.remove(&group);
        if groups.is_empty() {
            self.groups.remove(&member);
        }
        if let Some(members) = self.members.get_mut(&group) {
            if let Some(place) = members.place.remove(&member) {
                members.in_order.remove(&place);
            }
            if members.place.is_empty() {
                self.members.remove(&group);
            }
        }
        was
    }

    fn balance(&self, group: ResourceId, before: HashMap<ResourceId, bool>) -> Balance {
        let mut balance = Balance::default();
        for (id, was) in before {
            let is = self.members.get(&group).is_some_and(|members| members.place.contains_key(&id));
            match (was, is) {
                (false, true) => balance.joined.push(id),
                (true, false) => balance.left.push(id),
                _ => {}
            }
        }
        balance
    }
}
