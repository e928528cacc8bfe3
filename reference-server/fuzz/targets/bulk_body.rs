//! A bulk request of any bytes, over HTTP: an answer, and none of status 500.
#![no_main]

mod served;

use axum::http::Method;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    served::answered(Method::POST, "/scim/v2/Bulk", body.to_vec());
});
