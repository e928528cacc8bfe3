//! In which order the operations of a bulk request are done. The client's order, but for one thing: an operation
//! that speaks of a resource which a later one makes waits for that one, and whatever is about the same resource
//! waits with it (RFC 7644 section 3.7: an optimised order keeps the client's intent).

use std::collections::{BTreeSet, HashMap};

use super::{Operation, References};

/// The order in which the operations of a request are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Each operation once.
    pub steps: Vec<Step>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which one, in the client's order.
    pub operation: usize,
    /// The names of resources that are made later only, because they speak of this one in turn: the operation
    /// is done without them, and they are added when they are there (section 3.7.1).
    pub postponed: BTreeSet<String>,
}

impl Plan {
    /// Orders operations. Takes time in proportion to their number and that of their references.
    pub fn new(operations: &[Operation]) -> Self {
        let references: Vec<References> = operations.iter().map(References::of).collect();
        let mut makers: HashMap<&str, usize> = HashMap::new();
        for (at, operation) in operations.iter().enumerate() {
            if let (true, Some(bulk_id)) = (operation.is_post(), &operation.bulk_id) {
                makers.entry(bulk_id).or_insert(at);
            }
        }
        let mut waiting: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); operations.len()];
        let mut awaited: Vec<Vec<usize>> = vec![Vec::new(); operations.len()];
        let mut wait = |operation: usize, on: usize| {
            if operation != on && waiting[operation].insert(on) {
                awaited[on].push(operation);
            }
        };
        let mut last: HashMap<&str, usize> = HashMap::new();
        for (at, operation) in operations.iter().enumerate() {
            let named = references[at].data.iter().chain(&references[at].path);
            for maker in named.filter_map(|name| makers.get(name.as_str())) {
                wait(at, *maker);
            }
            if let (false, Some(path)) = (operation.is_post(), &operation.path)
                && let Some(before) = last.insert(path, at)
            {
                wait(at, before);
            }
        }
        let mut ready: BTreeSet<usize> = (0..operations.len()).filter(|at| waiting[*at].is_empty()).collect();
        let mut undone: BTreeSet<usize> = (0..operations.len()).collect();
        let mut steps = Vec::with_capacity(operations.len());
        while let Some(first) = undone.first().copied() {
            // Nothing is ready: everything left waits for a circle, and circles are made of POSTs, since nothing
            // else is ever waited for but what comes before it.
            let next = ready.first().copied().unwrap_or_else(|| {
                undone.iter().copied().find(|at| operations[*at].is_post()).unwrap_or(first)
            });
            ready.remove(&next);
            undone.remove(&next);
            let maker = |name: &&String| {
                makers.get(name.as_str()).is_some_and(|at| *at == next || undone.contains(at))
            };
            let postponed = references[next].data.iter().filter(maker).cloned().collect();
            steps.push(Step { operation: next, postponed });
            for waiter in &awaited[next] {
                waiting[*waiter].remove(&next);
                if waiting[*waiter].is_empty() && undone.contains(waiter) {
                    ready.insert(*waiter);
                }
            }
        }
        Self { steps }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn post(bulk_id: &str, names: &[&str]) -> Operation {
        let members: Vec<Value> =
            names.iter().map(|name| json!({"value": format!("bulkId:{name}")})).collect();
        operation("POST", "/Groups", Some(bulk_id), json!({"members": members}))
    }

    fn operation(method: &str, path: &str, bulk_id: Option<&str>, data: Value) -> Operation {
        Operation {
            method: method.to_owned(),
            bulk_id: bulk_id.map(str::to_owned),
            path: Some(path.to_owned()),
            version: None,
            data: Some(data),
        }
    }

    fn order(operations: &[Operation]) -> Vec<usize> {
        Plan::new(operations).steps.iter().map(|step| step.operation).collect()
    }

    fn postponed(operations: &[Operation]) -> Vec<Vec<String>> {
        Plan::new(operations).steps.into_iter().map(|step| step.postponed.into_iter().collect()).collect()
    }

    #[test]
    fn rfc7644_3_7_l13_operations_keep_their_order() {
        let operations = [
            operation("PATCH", "/Users/1", None, json!({})),
            operation("DELETE", "/Users/2", None, json!({})),
            post("a", &["unknown"]),
            operation("PATCH", "/Users/1", None, json!({})),
        ];
        assert_eq!(order(&operations), [0, 1, 2, 3]);
        assert!(postponed(&operations).iter().all(Vec::is_empty));
    }

    #[test]
    fn rfc7644_3_7_l13_what_speaks_of_a_later_one_waits_and_so_does_what_is_about_the_same_resource() {
        let members =
            json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:q"}]}]});
        let operations = [
            operation("PATCH", "/Groups/1", None, members),
            operation("PATCH", "/Groups/1", None, json!({})),
            operation("DELETE", "/Users/2", None, json!({})),
            post("q", &[]),
        ];
        assert_eq!(order(&operations), [2, 3, 0, 1]);
    }

    #[rstest]
    #[case(&[("a", &["b"][..]), ("b", &["a"][..])], &[0, 1], &[&["b"][..], &[][..]])]
    #[case(&[("a", &["a"][..])], &[0], &[&["a"][..]])]
    #[case(&[("a", &["b"][..]), ("b", &["c"][..]), ("c", &["b"][..])], &[0, 1, 2], &[&["b"][..], &["c"][..], &[][..]])]
    fn rfc7644_3_7_1_l1_a_circle_is_opened_where_the_client_began(
        #[case] posts: &[(&str, &[&str])],
        #[case] expected: &[usize],
        #[case] without: &[&[&str]],
    ) {
        let operations: Vec<Operation> = posts.iter().map(|(name, names)| post(name, names)).collect();
        assert_eq!(order(&operations), expected);
        assert_eq!(postponed(&operations), without);
    }

    #[test]
    fn a_thousand_in_one_chain_are_ordered_without_recursion() {
        let names: Vec<String> = (0..=1000).map(|n| n.to_string()).collect();
        let operations: Vec<Operation> = (0..1000).map(|n| post(&names[n], &[&names[n + 1]])).collect();
        let backwards: Vec<usize> = (0..1000).rev().collect();
        assert_eq!(order(&operations), backwards);
    }
}
