//! The contested spellings: what a provider sends although RFC 7644 lets a server refuse it. One constant per
//! spelling; the numbers are those of the catalogue of contested points.

use super::Form;

/// Entra's PATCH without reading the resource first: a value path that may match nothing.
pub const REPLACE_UNMATCHED: Form = Form {
    point: "C1",
    what: "a replace through a filter that matches no value",
    why: "RFC 7644 section 3.5.2.3: if the filter matches nothing, the server SHALL answer 400 noTarget",
};

/// Entra's way to give somebody a first work address.
pub const ADD_UNMATCHED: Form = Form {
    point: "C2",
    what: "an add through a filter that matches no value",
    why: "RFC 7644 section 3.5.2.1 does not describe it, so 400 noTarget is a right answer, as is creating the value",
};

/// Entra's removal of members.
pub const REMOVE_WITH_VALUE: Form = Form {
    point: "C4",
    what: "a remove of \"members\" with the members to remove in \"value\"",
    why: "RFC 7644 section 3.5.2.2 knows no value for remove; read literally, the request removes every member",
};

/// Entra's `Add`, `Replace`, `Remove`.
pub const CAPITAL_OP: Form = Form {
    point: "C5",
    what: "an \"op\" with a capital letter",
    why: "RFC 7644 section 3.5.2 gives \"add\", \"remove\" and \"replace\" and says nothing about case",
};

/// Entra's `"False"`.
pub const BOOLEAN_AS_STRING: Form = Form {
    point: "C6",
    what: "a string for the Boolean \"active\"",
    why: "RFC 7643 section 2.3.2: a Boolean is the literal true or false, without quotes",
};

/// Okta's rename of a group.
pub const READ_ONLY_ID: Form = Form {
    point: "C10",
    what: "the read-only \"id\" among the values to replace",
    why: "RFC 7644 section 3.5.2: an operation that is not compatible with an attribute's mutability is an error",
};

/// Entra's PATCH with the flag aadOptscim062020.
pub const PATHS_AS_KEYS: Form = Form {
    point: "C13",
    what: "attribute paths (\"name.givenName\") as keys of a value without path",
    why: "RFC 7644 section 3.5.2.1: without a path the value is a set of attributes; keys are names, not paths",
};

/// Entra's creation of a group.
pub const UNKNOWN_SCHEMA: Form = Form {
    point: "C15",
    what: "a schema URN of Microsoft's own in \"schemas\"",
    why: "RFC 7644 section 3.3 is silent about schemas that the server does not have",
};

/// Entra's match by e-mail address.
pub const VALUE_PATH_IN_FILTER: Form = Form {
    point: "C24",
    what: "the filter emails[type eq \"work\"].value eq",
    why: "RFC 7644 section 3.4.2.2 has a sub-attribute after the brackets only in PATCH paths",
};

/// Entra's manager.
pub const MANAGER_WITHOUT_OBJECT: Form = Form {
    point: "C26",
    what: "the manager as a bare id or in an array",
    why: "RFC 7643 section 4.3: manager is one complex value with the sub-attributes value, $ref and displayName",
};

/// Every lookup but the one by userName.
pub const OTHER_FILTER: Form = Form {
    point: "C47",
    what: "a filter on something else than userName",
    why: "RFC 7644 section 3.12, Table 9: 400 invalidFilter also means that the server does not support this \
          combination of attribute and operator",
};
