//! A PATCH body of any bytes, applied to a user: refused as a whole or applied as a whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimspec_reference_server::scim::{PatchRequest, PatchRules, Registry, json};

fuzz_target!(|body: &[u8]| {
    let Ok(patch) = PatchRequest::parse(body) else { return };
    let registry = Registry::core();
    let users = registry.resource_type("User").expect("the core registry has users");
    let ada = json::parse_object(
        br#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada","active":true,
            "name":{"givenName":"Ada"},"emails":[{"type":"work","value":"ada@example.com","primary":true}]}"#,
    )
    .expect("this is an object");
    let _ = patch.apply(users, &ada, PatchRules::default());
});
