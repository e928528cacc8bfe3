//! An attribute path or PATCH path of any text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scimspec_reference_server::scim::{AttrPath, PatchPath};

fuzz_target!(|text: &str| {
    let _ = (AttrPath::parse(text), PatchPath::parse(text));
});
