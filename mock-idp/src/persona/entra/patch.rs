//! Entra's PATCH: which attributes it maps, how they differ from the server's, and how a difference is spelled with
//! and without the flag aadOptscim062020.

use serde_json::{Map, Value, json};

use crate::directory::Person;
use crate::persona::reading::{self, member};
use crate::persona::writing::ENTERPRISE;
use crate::persona::{Form, forms};

/// A mapped attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::persona) enum Attribute {
    Email,
    UserName,
    DisplayName,
    Title,
    GivenName,
    FamilyName,
    Formatted,
    ExternalId,
    Department,
    EmployeeNumber,
    Manager,
    Active,
}

/// Those of a person that hold text, in the order in which they are compared and sent.
const TEXTS: [Attribute; 10] = [
    Attribute::Email,
    Attribute::UserName,
    Attribute::DisplayName,
    Attribute::Title,
    Attribute::GivenName,
    Attribute::FamilyName,
    Attribute::Formatted,
    Attribute::ExternalId,
    Attribute::Department,
    Attribute::EmployeeNumber,
];

/// What happens to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::persona) enum Verb {
    Add,
    Replace,
}

/// One attribute that is to be different.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::persona) struct Difference {
    pub(super) verb: Verb,
    pub(super) attribute: Attribute,
    /// For `active` a Boolean, else text.
    pub(super) value: Value,
}

/// How `active` is spelled in a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boolean {
    /// `"False"`.
    Capital,
    /// `"false"`.
    Lower,
    /// `false`.
    Literal,
}

/// How a PATCH is spelled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// With aadOptscim062020.
    pub(super) compliant: bool,
    pub(super) boolean: Boolean,
    pub(super) manager_array: bool,
    /// The resource was not read before, so that a value path may match nothing.
    pub(super) blind: bool,
}

/// The operations, and what they ask of a server.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    pub(super) operations: Vec<Value>,
    pub(super) demands: Vec<&'static str>,
    pub(super) forms: Vec<Form>,
}

impl Attribute {
    pub(super) fn path(self) -> String {
        match self {
            Self::Email => r#"emails[type eq "work"].value"#.to_owned(),
            Self::UserName => "userName".to_owned(),
            Self::DisplayName => "displayName".to_owned(),
            Self::Title => "title".to_owned(),
            Self::GivenName => "name.givenName".to_owned(),
            Self::FamilyName => "name.familyName".to_owned(),
            Self::Formatted => "name.formatted".to_owned(),
            Self::ExternalId => "externalId".to_owned(),
            Self::Department => format!("{ENTERPRISE}:department"),
            Self::EmployeeNumber => format!("{ENTERPRISE}:employeeNumber"),
            Self::Manager => format!("{ENTERPRISE}:manager"),
            Self::Active => "active".to_owned(),
        }
    }

    /// What a resource has, if it is text.
    fn of_resource(self, resource: &Value) -> Option<String> {
        let in_object = |object: &str, name: &str| member(member(resource, object)?, name)?.as_str();
        let text = match self {
            Self::Email => member(resource, "emails")?
                .as_array()?
                .iter()
                .find(|email| member(email, "type").is_some_and(|kind| kind == "work"))
                .and_then(|email| member(email, "value")?.as_str()),
            Self::GivenName => in_object("name", "givenName"),
            Self::FamilyName => in_object("name", "familyName"),
            Self::Formatted => in_object("name", "formatted"),
            Self::Department => in_object(ENTERPRISE, "department"),
            Self::EmployeeNumber => in_object(ENTERPRISE, "employeeNumber"),
            Self::UserName | Self::DisplayName | Self::Title | Self::ExternalId => {
                member(resource, &self.path())?.as_str()
            }
            Self::Manager | Self::Active => None,
        };
        text.map(str::to_owned)
    }

    /// What a person has, if it is text and not empty.
    pub(super) fn of_person(self, person: &Person, external_id: &str) -> Option<String> {
        let text = match self {
            Self::Email => person.email.clone(),
            Self::UserName => person.user_name.clone(),
            Self::DisplayName => person.display_name.clone(),
            Self::Title => person.title.clone()?,
            Self::GivenName => person.given_name.clone(),
            Self::FamilyName => person.family_name.clone(),
            Self::Formatted => format!("{} {}", person.given_name, person.family_name).trim().to_owned(),
            Self::ExternalId => external_id.to_owned(),
            Self::Department => person.department.clone()?,
            Self::EmployeeNumber => person.employee_number.clone()?,
            Self::Manager | Self::Active => return None,
        };
        (!text.is_empty()).then_some(text)
    }
}

/// What has to change so that a resource is as a person. A person's empty attribute is skipped, so that nothing is
/// ever cleared (Microsoft, Known issues of provisioning: null attributes).
pub(super) fn from_resource(resource: &Value, person: &Person, external_id: &str) -> Vec<Difference> {
    let mut differences = texts(|attribute| attribute.of_resource(resource), person, external_id);
    match reading::active(resource) {
        Some(true) => {}
        Some(false) => differences.push(active(Verb::Replace, true)),
        None => differences.push(active(Verb::Add, true)),
    }
    differences
}

/// What changed about a person.
pub(super) fn from_person(before: &Person, old_id: &str, after: &Person, new_id: &str) -> Vec<Difference> {
    texts(|attribute| attribute.of_person(before, old_id), after, new_id)
}

pub(super) fn active(verb: Verb, active: bool) -> Difference {
    Difference { verb, attribute: Attribute::Active, value: json!(active) }
}

/// What has to change so that a group has this name and externalId.
pub(super) fn group(resource: &Value, display_name: &str, external_id: &str) -> Vec<Difference> {
    [(Attribute::DisplayName, display_name), (Attribute::ExternalId, external_id)]
        .into_iter()
        .filter_map(|(attribute, wanted)| {
            difference(attribute, attribute.of_resource(resource), Some(wanted.to_owned()))
        })
        .collect()
}

/// Spells differences as PATCH operations.
pub(super) fn spelled(differences: &[Difference], dialect: Dialect) -> Spelled {
    let mut spelled =
        if dialect.compliant { compliant(differences, dialect) } else { plain(differences, dialect) };
    spelled.demands.insert(0, "ENTRA-Requirements-L2");
    for difference in differences {
        match (difference.attribute, difference.verb) {
            (Attribute::Email, Verb::Add) => {
                spelled.demand("ENTRA-Patch-L5");
                spelled.form(forms::ADD_UNMATCHED);
            }
            (Attribute::Email, Verb::Replace) => {
                spelled.demand("ENTRA-Patch-L4");
                if dialect.blind {
                    spelled.form(forms::REPLACE_UNMATCHED);
                }
            }
            (Attribute::Manager, _) => {
                spelled.demand("ENTRA-Patch-L6");
                spelled.form(forms::MANAGER_WITHOUT_OBJECT);
            }
            (Attribute::Active, _) => {
                spelled.demand("ENTRA-Requirements-L7");
                if dialect.boolean != Boolean::Literal {
                    spelled.demand("ENTRA-Patch-L1");
                    spelled.form(forms::BOOLEAN_AS_STRING);
                }
            }
            _ => {}
        }
    }
    spelled
}

impl Spelled {
    fn demand(&mut self, demand: &'static str) {
        if !self.demands.contains(&demand) {
            self.demands.push(demand);
        }
    }

    fn form(&mut self, form: Form) {
        if !self.forms.contains(&form) {
            self.forms.push(form);
        }
    }
}

/// One operation per attribute, with a capital letter and a path.
fn plain(differences: &[Difference], dialect: Dialect) -> Spelled {
    let operations: Vec<_> = differences
        .iter()
        .map(|difference| {
            let op = match difference.verb {
                Verb::Add => "Add",
                Verb::Replace => "Replace",
            };
            json!({"op": op, "path": difference.attribute.path(), "value": value(difference, dialect)})
        })
        .collect();
    let mut demands = vec!["ENTRA-General-L4"];
    if operations.len() > 1 {
        demands.push("ENTRA-Patch-L2");
    }
    Spelled { operations, demands, forms: vec![forms::CAPITAL_OP] }
}

/// Value paths, `active` and references keep an operation of their own; everything else is folded into one add and
/// one replace without path, whose keys are paths.
fn compliant(differences: &[Difference], dialect: Dialect) -> Spelled {
    let own = |attribute| matches!(attribute, Attribute::Email | Attribute::Manager | Attribute::Active);
    let op = |verb| match verb {
        Verb::Add => "add",
        Verb::Replace => "replace",
    };
    let single = |difference: &Difference| {
        json!({
            "op": op(difference.verb),
            "path": difference.attribute.path(),
            "value": value(difference, dialect),
        })
    };
    let mut spelled = Spelled::default();
    let (last, first): (Vec<_>, Vec<_>) = differences
        .iter()
        .filter(|difference| own(difference.attribute))
        .partition(|difference| difference.attribute == Attribute::Active);
    spelled.operations.extend(first.into_iter().map(single));
    for verb in [Verb::Add, Verb::Replace] {
        let folded: Map<String, Value> = differences
            .iter()
            .filter(|difference| difference.verb == verb && !own(difference.attribute))
            .map(|difference| (difference.attribute.path(), difference.value.clone()))
            .collect();
        if folded.is_empty() {
            continue;
        }
        spelled.demand("ENTRA-Patch-L3");
        if folded.keys().any(|key| key.contains(['.', ':'])) {
            spelled.form(forms::PATHS_AS_KEYS);
        }
        spelled.operations.push(json!({"op": op(verb), "value": folded}));
    }
    spelled.operations.extend(last.into_iter().map(single));
    spelled
}

fn value(difference: &Difference, dialect: Dialect) -> Value {
    match (difference.attribute, &difference.value) {
        (Attribute::Active, Value::Bool(active)) => match (dialect.boolean, active) {
            (Boolean::Capital, true) => json!("True"),
            (Boolean::Capital, false) => json!("False"),
            (Boolean::Lower, active) => json!(active.to_string()),
            (Boolean::Literal, active) => json!(active),
        },
        (Attribute::Manager, Value::String(id)) if dialect.manager_array => {
            json!([{"$ref": format!("../Users/{id}"), "value": id}])
        }
        (_, value) => value.clone(),
    }
}

fn texts(
    current: impl Fn(Attribute) -> Option<String>,
    person: &Person,
    external_id: &str,
) -> Vec<Difference> {
    TEXTS
        .into_iter()
        .filter_map(|attribute| {
            difference(attribute, current(attribute), attribute.of_person(person, external_id))
        })
        .collect()
}

fn difference(attribute: Attribute, current: Option<String>, wanted: Option<String>) -> Option<Difference> {
    let wanted = wanted?;
    let verb = match current {
        None => Verb::Add,
        Some(current) if current != wanted => Verb::Replace,
        Some(_) => return None,
    };
    Some(Difference { verb, attribute, value: Value::String(wanted) })
}
