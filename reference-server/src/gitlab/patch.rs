//! A PATCH of a User as GitLab reads it: the operations become one map, and one branch is taken.

use serde_json::{Map, Value};

use super::{Generation, answer::Refusal, instance::Instance, params::as_text};

/// What the operations say together; of two that say something about the same, the last.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    active: Option<Active>,
    extern_uid: Option<String>,
}

/// What was said of `active`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Active {
    Yes,
    No,
    /// Something that is neither, such as 0, "0" or null.
    Other,
}

impl Changes {
    /// `replace` and `add` count, in any letter case; every other operation and every path that is not known are
    /// passed over, and so is everything but the first key of a value without path.
    fn read(params: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut changes = Self::default();
        let operations = match params.get("Operations") {
            None | Some(Value::Null) => return Ok(changes),
            Some(Value::Array(operations)) => operations,
            // (M)
            Some(_) => return Err(Refusal::broken()),
        };
        for operation in operations {
            // An operation without `op`, or that is no object, breaks the server (M).
            let op = operation.get("op").and_then(Value::as_str).ok_or_else(Refusal::broken)?;
            if !["replace", "add"].iter().any(|known| op.eq_ignore_ascii_case(known)) {
                continue;
            }
            let value = operation.get("value").unwrap_or(&Value::Null);
            match operation.get("path") {
                None | Some(Value::Null) => {
                    if let Some((name, value)) = value.as_object().and_then(|value| value.iter().next()) {
                        changes.set(name, value);
                    }
                }
                Some(path) => changes.set(path.as_str().unwrap_or_default(), value),
            }
        }
        Ok(changes)
    }

    fn set(&mut self, path: &str, value: &Value) {
        match path {
            "active" => self.active = Some(Active::read(value)),
            "id" | "externalId" => self.extern_uid = Some(as_text(value).unwrap_or_default()),
            // name.formatted, displayName, userName and the address for work are known and have no effect since
            // 15.0 (issue 363058); anything else is not known.
            _ => {}
        }
    }
}

impl Active {
    fn read(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Self::Yes,
            Value::Bool(false) => Self::No,
            Value::String(text) => match text.replace('"', "").to_ascii_lowercase().as_str() {
                "true" => Self::Yes,
                "false" => Self::No,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

impl Instance {
    /// Carries a PATCH out. In the classic generation every PATCH of an inactive identity that does not say
    /// `active: false`, an empty one too, reactivates it.
    pub(super) fn patch(&mut self, place: usize, params: &Map<String, Value>) -> Result<(), Refusal> {
        let changes = Changes::read(params)?;
        let is_active = self.identities.get(place).is_some_and(|identity| identity.active);
        let reprovisions = match self.generation {
            Generation::Classic => !is_active,
            Generation::Current => changes.active == Some(Active::Yes),
        };
        if changes.active == Some(Active::No) {
            self.deprovision(place).map_err(|refusal| {
                let reason = refusal.detail().to_owned();
                self.not_updated(place, params, &reason)
            })
        } else if reprovisions {
            if !is_active {
                self.reprovision(place);
            }
            Ok(())
        } else if let Some(extern_uid) = changes.extern_uid {
            self.relink(place, &extern_uid, params)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(operations: &Value) -> Result<Changes, Refusal> {
        Changes::read(json!({"Operations": operations}).as_object().unwrap())
    }

    fn active(value: &Value) -> Option<Active> {
        read(&json!([{"op": "replace", "path": "active", "value": value}])).unwrap().active
    }

    #[test]
    fn false_is_a_boolean_or_its_word_in_any_case_and_nothing_else() {
        for no in [json!(false), json!("false"), json!("False"), json!("\"False\"")] {
            assert_eq!(active(&no), Some(Active::No), "{no}");
        }
        for yes in [json!(true), json!("True"), json!("TRUE")] {
            assert_eq!(active(&yes), Some(Active::Yes), "{yes}");
        }
        for other in [json!(0), json!("0"), json!(null), json!("no"), json!([false])] {
            assert_eq!(active(&other), Some(Active::Other), "{other}");
        }
    }

    #[test]
    fn of_a_value_without_path_only_the_first_key_is_read() {
        let pathless = |value: Value| read(&json!([{"op": "Replace", "value": value}])).unwrap();
        assert_eq!(pathless(json!({"active": false})).active, Some(Active::No));
        assert_eq!(pathless(json!({"userName": "x", "active": false})), Changes::default());
        assert_eq!(pathless(json!(false)), Changes::default());
        assert_eq!(pathless(json!({})), Changes::default());
    }

    #[test]
    fn the_last_word_counts_and_what_is_not_known_is_passed_over() {
        let changes = read(&json!([
            {"op": "ADD", "path": "id", "value": "a"},
            {"op": "replace", "path": "externalId", "value": "b"},
            {"op": "Update", "path": "active", "value": false},
            {"op": "remove", "path": "active"},
            {"op": "replace", "path": "Active", "value": false},
            {"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": false},
            {"op": "replace", "path": "userName", "value": "x"},
        ]));
        assert_eq!(changes.unwrap(), Changes { active: None, extern_uid: Some("b".to_owned()) });
    }

    #[test]
    fn no_operations_are_no_mistake_and_malformed_ones_break_the_server() {
        assert_eq!(Changes::read(&Map::new()).unwrap(), Changes::default());
        assert_eq!(read(&json!([])).unwrap(), Changes::default());
        for malformed in
            [json!("x"), json!({}), json!(["x"]), json!([{"path": "active"}]), json!([{"op": 1}])]
        {
            assert_eq!(read(&malformed), Err(Refusal::broken()), "{malformed}");
        }
    }
}
