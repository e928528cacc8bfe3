//! A filter of any text: refused or bound to users, and printed in a form that means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimspec_reference_server::scim::{Filter, Registry};

fuzz_target!(|text: &str| {
    let Ok(filter) = Filter::parse(text) else { return };
    let printed = filter.to_string();
    let again = Filter::parse(&printed).expect("what is printed is a filter");
    assert_eq!(again.to_string(), printed);
    let registry = Registry::core();
    let users = registry.resource_type("User").expect("the core registry has users");
    let _ = filter.bind(users);
});
