//! Where people stand in SCIM: which attribute says what of them, and which says nothing.

use super::book::Kind;
use super::prose::is_mail;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A word of the protocol, or something that says nothing of a person.
    Keep,
    /// A resource's id.
    Id,
    /// A URL, or the path of one.
    Url,
    /// A filter or the path of an attribute, of these resources.
    Filter(About),
    /// A person's.
    Person(Kind),
    /// An id of the provider's, which may be a name.
    External,
    /// Text that may mention somebody.
    Prose,
}

/// What a resource is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Person,
    Group,
    /// Schemas, resource types, the configuration: nobody.
    Nobody,
    Unknown,
}

/// What the resources at a URL are about.
pub(super) fn of_url(url: &str) -> About {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').map(of_segment).find(|about| *about != About::Unknown).unwrap_or(About::Unknown)
}

/// What a schema's URN or the name of a resource type says.
pub(super) fn of_type(name: &str) -> About {
    match name.rsplit(':').next().unwrap_or(name).to_lowercase().as_str() {
        "user" | "enterpriseuser" => About::Person,
        "group" => About::Group,
        "schema" | "resourcetype" | "serviceproviderconfig" => About::Nobody,
        _ => About::Unknown,
    }
}

/// What stands at an attribute, given all names down to it in lower case.
pub(super) fn place(names: &[String], about: About) -> Place {
    let last = names.last().map_or("", String::as_str);
    let before = names.len().checked_sub(2).and_then(|index| names.get(index)).map_or("", String::as_str);
    if let Some(place) = within(before, last) {
        return place;
    }
    match last {
        "id" | "manager" | "managerid" => Place::Id,
        "externalid" if about == About::Group => Place::Prose,
        "externalid" => Place::External,
        "location" | "$ref" => Place::Url,
        "path" | "filter" => Place::Filter(about),
        "username" | "email" | "emails" | "mail" | "login" | "upn" | "userprincipalname" | "mailnickname"
        | "samaccountname" | "secondemail" | "alias" => Place::Person(Kind::Account),
        "givenname" | "firstname" => Place::Person(Kind::Given),
        "familyname" | "lastname" | "surname" | "sn" => Place::Person(Kind::Family),
        "middlename" => Place::Person(Kind::Middle),
        "nickname" => Place::Person(Kind::Nick),
        "fullname" | "legalname" | "preferredname" | "commonname" | "cn" => Place::Person(Kind::Full),
        "displayname" | "formatted" | "name" if about == About::Person => Place::Person(Kind::Full),
        "phone" | "phonenumbers" | "mobile" | "mobilephone" | "telephonenumber" | "primaryphone" => {
            Place::Person(Kind::Phone)
        }
        "streetaddress" => Place::Person(Kind::Street),
        "locality" | "city" => Place::Person(Kind::Town),
        "region" => Place::Person(Kind::Region),
        "postalcode" | "zipcode" => Place::Person(Kind::PostalCode),
        "employeenumber" | "employeeid" => Place::Person(Kind::Employee),
        "photo" | "photos" | "picture" | "avatar" => Place::Person(Kind::Photo),
        "profileurl" => Place::Person(Kind::Profile),
        "schemas" | "type" | "op" | "method" | "bulkid" | "version" | "created" | "lastmodified"
        | "scimtype" | "status" | "resourcetype" | "active" | "primary" | "locale" | "timezone"
        | "preferredlanguage" | "title" | "usertype" | "country" | "honorificprefix" | "honorificsuffix"
        | "attributes" | "excludedattributes" | "sortby" | "sortorder" | "startindex" | "count"
        | "totalresults" | "itemsperpage" => Place::Keep,
        _ => Place::Prose,
    }
}

/// Whether an external id was made of a name or a mail address and not by a machine: words without digits.
pub(super) fn looks_like_a_person(text: &str) -> bool {
    let in_name = |c: char| c.is_alphabetic() || " .,_-'".contains(c);
    is_mail(text)
        || (text.len() <= 64
            && text.chars().filter(|c| c.is_alphabetic()).count() >= 3
            && text.chars().all(in_name))
}

fn within(outer: &str, name: &str) -> Option<Place> {
    Some(match (outer, name) {
        ("members" | "groups" | "manager", "value") => Place::Id,
        ("members" | "manager", "display" | "displayname") | ("name", "formatted") => {
            Place::Person(Kind::Full)
        }
        ("groups", "display") | ("roles" | "entitlements", "value" | "display") => Place::Prose,
        ("emails" | "ims", "value" | "display") => Place::Person(Kind::Account),
        ("phonenumbers", "value" | "display") => Place::Person(Kind::Phone),
        ("photos", "value" | "display") => Place::Person(Kind::Photo),
        ("x509certificates", "value") => Place::Person(Kind::Certificate),
        ("addresses" | "address", "formatted") => Place::Person(Kind::Address),
        _ => return None,
    })
}

fn of_segment(segment: &str) -> About {
    match segment.to_lowercase().as_str() {
        "users" | "me" => About::Person,
        "groups" => About::Group,
        "schemas" | "resourcetypes" | "serviceproviderconfig" => About::Nobody,
        _ => About::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_says_different_things_in_different_places() {
        let at = |path: &str, about| place(&path.split('.').map(str::to_owned).collect::<Vec<_>>(), about);
        assert_eq!(at("displayname", About::Person), Place::Person(Kind::Full));
        assert_eq!(at("displayname", About::Group), Place::Prose);
        assert_eq!(at("resources.emails.value", About::Unknown), Place::Person(Kind::Account));
        assert_eq!(at("members.value", About::Group), Place::Id);
        assert_eq!(at("groups.display", About::Person), Place::Prose);
        assert_eq!(at("title", About::Person), Place::Keep);
        assert_eq!(at("department", About::Person), Place::Prose);
    }

    #[test]
    fn a_url_says_what_is_there() {
        assert_eq!(of_url("https://users.example.com/groups/x?y=/Users"), About::Group);
        assert_eq!(of_url("/scim/v2/Users/groups1"), About::Person);
        assert_eq!(of_url("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"), About::Nobody);
        assert_eq!(of_url("/Bulk"), About::Unknown);
    }

    #[test]
    fn ids_made_by_machines_say_nobodys_name() {
        for id in ["ada", "ada.lovelace", "Lovelace, Ada", "ada1@corp.test"] {
            assert!(looks_like_a_person(id), "{id}");
        }
        for id in ["00u1abcdEFGH", "701984", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "ab", ""] {
            assert!(!looks_like_a_person(id), "{id}");
        }
    }
}
