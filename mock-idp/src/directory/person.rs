//! People and groups as the provider knows them.

use std::collections::BTreeSet;
use std::fmt;

/// A person's name within the directory, e.g. `ada`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey(pub String);

/// A group's name within the directory, e.g. `engineers`; its display name may change, this does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey(pub String);

/// A person as the provider knows them: the mapped attributes. Empty ones are not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Stays when everything else changes.
    pub key: PersonKey,
    /// The provider's own id of the person, which becomes externalId (`00u...` at Okta, an object id at Entra).
    pub external_id: String,
    /// The application user name.
    pub user_name: String,
    /// name.givenName.
    pub given_name: String,
    /// name.familyName.
    pub family_name: String,
    /// displayName.
    pub display_name: String,
    /// The work e-mail address, primary.
    pub email: String,
    /// A language tag, `en-US`.
    pub locale: Option<String>,
    /// title.
    pub title: Option<String>,
    /// The enterprise extension's department.
    pub department: Option<String>,
    /// The enterprise extension's employeeNumber.
    pub employee_number: Option<String>,
    /// What a provider that sends a placeholder password sends.
    pub password: String,
}

/// A group as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Stays when the name changes.
    pub key: GroupKey,
    /// The provider's own id, which becomes externalId where the provider sends one.
    pub external_id: String,
    /// displayName.
    pub display_name: String,
    /// Who is in it.
    pub members: BTreeSet<PersonKey>,
}

/// Why an attribute could not be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSet {
    Unknown,
    Required,
}

impl Person {
    /// Sets a mapped attribute by its SCIM path; an empty value clears it.
    pub(super) fn set(&mut self, path: &str, value: &str) -> Result<(), NotSet> {
        const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:";
        let path = path.strip_prefix(ENTERPRISE).unwrap_or(path);
        let optional = || (!value.is_empty()).then(|| value.to_owned());
        match path {
            // Nobody can be looked up or signed in without a user name.
            "userName" if value.is_empty() => return Err(NotSet::Required),
            "userName" => value.clone_into(&mut self.user_name),
            "name.givenName" => value.clone_into(&mut self.given_name),
            "name.familyName" => value.clone_into(&mut self.family_name),
            "displayName" => value.clone_into(&mut self.display_name),
            "emails.value" => value.clone_into(&mut self.email),
            "locale" => self.locale = optional(),
            "title" => self.title = optional(),
            "department" => self.department = optional(),
            "employeeNumber" => self.employee_number = optional(),
            _ => return Err(NotSet::Unknown),
        }
        Ok(())
    }
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
