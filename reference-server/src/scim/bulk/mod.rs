//! Bulk requests (RFC 7644 section 3.7): the message, the references between its operations, and its answer. In
//! which order operations are done is decided in `plan`; doing them is no business of the protocol core.

mod plan;
mod reference;

use serde_json::{Value, json};

use super::{
    Map,
    error::{Error, quoted},
    json::{self, Members},
};

pub use plan::{Plan, Step};
pub use reference::{Promise, References, Resolved};

/// The schema URN of a bulk request.
pub const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The schema URN of a bulk response.
pub const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// A bulk request that is well formed; whether an operation can be done is seen when it is tried.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkRequest {
    /// After how many errors the rest is left undone; none: it never is.
    pub fail_on_errors: Option<usize>,
    /// The operations, in the client's order.
    pub operations: Vec<Operation>,
}

/// One operation. What is wrong with it alone is told in its own result.
#[derive(Clone, PartialEq)]
pub struct Operation {
    /// The method, as the client wrote it.
    pub method: String,
    /// What the client calls the new resource.
    pub bulk_id: Option<String>,
    /// The path below the base URL.
    pub path: Option<String>,
    /// The version that the resource must have, as in `If-Match`.
    pub version: Option<String>,
    /// The body.
    pub data: Option<Value>,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The method, as the client wrote it.
    pub method: String,
    /// What the client calls the resource.
    pub bulk_id: Option<String>,
    /// The URI of the resource; of every operation but a failed POST (RFC 7644 section 3.7).
    pub location: Option<String>,
    /// The version of the resource.
    pub version: Option<String>,
    /// The HTTP status that the operation would have had alone.
    pub status: u16,
    /// What went wrong.
    pub error: Option<Error>,
}

impl BulkRequest {
    /// Reads a body. Fails with `invalidSyntax`, and with 413 if there are more than `max` operations (section
    /// 3.7.4).
    pub fn from_body(body: Map, max: usize) -> Result<Self, Error> {
        let mut members = Members(body);
        members.expect_schema(REQUEST)?;
        let fail_on_errors = match members.take("failOnErrors")? {
            None | Some(Value::Null) => None,
            Some(value) => match value.as_u64().filter(|errors| *errors > 0) {
                Some(errors) => Some(usize::try_from(errors).unwrap_or(usize::MAX)),
                None => return Err(Error::invalid_value("failOnErrors has to be an integer above 0")),
            },
        };
        let operations = match members.take("Operations")? {
            Some(Value::Array(operations)) => operations,
            Some(other) => {
                let name = json::name(&other);
                return Err(Error::invalid_syntax(format!("Operations has to be an array and is {name}")));
            }
            None => return Err(Error::invalid_syntax("The body has no Operations")),
        };
        if operations.len() > max {
            return Err(Error::payload_too_large(format!(
                "The request has {} operations; maxOperations is {max}. Send several requests.",
                operations.len()
            )));
        }
        let read = |(at, operation)| {
            Operation::read(operation).map_err(|error| error.at(format_args!("Operations[{at}]")))
        };
        let operations: Vec<Operation> =
            operations.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        for (at, operation) in operations.iter().enumerate() {
            let Some(bulk_id) = &operation.bulk_id else { continue };
            let same = |other: &Operation| other.bulk_id.as_ref() == Some(bulk_id) && other.is_post();
            if operation.is_post() && operations[..at].iter().any(same) {
                return Err(Error::invalid_syntax(format!(
                    "Operations[{at}]: the bulkId {} is taken by another operation; a reference to it would \
                     mean either",
                    quoted(bulk_id)
                )));
            }
        }
        Ok(Self { fail_on_errors, operations })
    }
}

impl Operation {
    fn read(operation: Value) -> Result<Self, Error> {
        let Value::Object(operation) = operation else {
            let name = json::name(&operation);
            return Err(Error::invalid_syntax(format!("an operation has to be an object and is {name}")));
        };
        let mut members = Members(operation);
        let mut text = |name: &str| match members.take(name)? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => {
                let is = json::name(&other);
                Err(Error::invalid_syntax(format!("{name} has to be a string and is {is}")))
            }
        };
        let method = text("method")?.ok_or_else(|| {
            Error::invalid_syntax("method is missing; send \"POST\", \"PUT\", \"PATCH\" or \"DELETE\"")
        })?;
        let (bulk_id, path, version) = (text("bulkId")?, text("path")?, text("version")?);
        let data = members.take("data")?.filter(|data| !data.is_null());
        Ok(Self { method, bulk_id, path, version, data })
    }

    /// Whether it makes a resource. Methods are compared without regard to letter case, as `op` is (C5).
    pub fn is_post(&self) -> bool {
        self.method.eq_ignore_ascii_case("POST")
    }
}

/// Without the data, in which a password may be.
impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operation")
            .field("method", &self.method)
            .field("bulk_id", &self.bulk_id)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Outcome {
    fn to_json(&self) -> Value {
        let mut json = json!({"method": self.method});
        if let Some(bulk_id) = &self.bulk_id {
            json["bulkId"] = json!(bulk_id);
        }
        if let Some(location) = &self.location {
            json["location"] = json!(location);
        }
        if let Some(version) = &self.version {
            json["version"] = json!(version);
        }
        // C27: a string, as the examples of section 3.7.3 have it and everybody does.
        json["status"] = json!(self.status.to_string());
        if let Some(error) = &self.error {
            json["response"] = error.to_json();
        }
        json
    }
}

/// The body of the answer. The resources themselves are not in it, which section 3.7.3 leaves to the server.
pub fn response(outcomes: &[Outcome]) -> Value {
    json!({"schemas": [RESPONSE], "Operations": outcomes.iter().map(Outcome::to_json).collect::<Vec<_>>()})
}
