//! Any method and target: an answer, and none of status 500.
#![no_main]

mod served;

use axum::http::Method;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: (String, String)| {
    let (method, target) = line;
    let Ok(method) = Method::from_bytes(method.as_bytes()) else { return };
    served::answered(method, &format!("/scim/v2{target}"), Vec::new());
});
