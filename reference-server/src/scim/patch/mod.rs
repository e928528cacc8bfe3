//! PATCH (RFC 7644 section 3.5.2): the message and what applying it yields. How operations change a document is
//! in `apply` and `values`, how they change a group's members in `membership`.

mod apply;
mod membership;
mod values;

use std::fmt;

use serde_json::Value;

use super::{
    Map,
    error::{Error, quoted},
    json,
    path::PatchPath,
    resource::WriteOnly,
    schema::ResourceType,
};

pub use membership::{Member, Membership, MembershipChange, MembershipPlan};

/// The schema URN of a PATCH request.
pub const URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The most operations that one request may have.
pub const MAX_OPERATIONS: usize = 1000;

/// A PATCH request that is well formed; whether it fits a resource is decided when it is applied.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchRequest {
    operations: Vec<Operation>,
}

/// What the server does where it has a choice or departs from the RFC on purpose. The default is the RFC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchRules {
    /// A replace through a filter that matches nothing makes the value, if the filter says what it is
    /// (`emails[type eq "work"].value`), instead of failing with `noTarget` (C1).
    pub create_missing_typed_value: bool,
    /// What becomes of an operation without a path (C46).
    pub without_path: WithoutPath,
    /// What a replace does to a complex attribute (C11).
    pub complex_replace: ComplexReplace,
    /// How values that a filter selects may be changed.
    pub filtered_value: FilteredValue,
}

/// What becomes of an operation without a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutPath {
    /// It is applied to the resource (RFC 7644 section 3.5.2).
    Applied,
    /// It is refused with `invalidSyntax` (interoperability profile).
    Refused,
}

/// What a replace does to a complex attribute that has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplexReplace {
    /// The sub-attributes that it does not name stay (RFC 7644 section 3.5.2.3).
    Merges,
    /// All of the value is replaced (interoperability profile).
    Replaces,
}

/// How the values that a filter in a path selects may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilteredValue {
    /// As a whole, or by a sub-attribute (RFC 7644 section 3.5.2).
    Whole,
    /// By a sub-attribute only; without one, values can be removed and nothing else (interoperability profile).
    BySubAttribute,
}

impl PatchRules {
    /// RFC 7644 section 3.5.2.
    pub const RFC: Self = Self {
        create_missing_typed_value: false,
        without_path: WithoutPath::Applied,
        complex_replace: ComplexReplace::Merges,
        filtered_value: FilteredValue::Whole,
    };
}

impl Default for PatchRules {
    fn default() -> Self {
        Self::RFC
    }
}

/// What a PATCH makes of a resource. Nothing is changed in place: if one operation fails there is no result
/// at all, so that a PATCH is atomic (RFC 7644 section 3.5.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Patched {
    /// The document after the change, in canonical form.
    pub document: Map,
    /// Whether the document differs from the one before. If not, and nothing else is to be changed,
    /// `meta.lastModified` must not move (RFC 7644 section 3.5.2.1, C42).
    pub changed: bool,
    /// What is written and never read.
    pub write_only: WriteOnly,
    /// What becomes of the values that are kept as rows.
    pub membership: Membership,
}

#[derive(Clone, PartialEq)]
struct Operation {
    kind: Op,
    path: Option<PatchPath>,
    value: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Remove,
    Replace,
}

impl PatchRequest {
    /// Reads a body. Fails with `invalidSyntax`, or `invalidPath` / `invalidFilter` where a path is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        Self::from_value(json::parse(body)?)
    }

    /// Reads a body that is already JSON.
    pub fn from_value(body: Value) -> Result<Self, Error> {
        let mut members = json::Members(json::object(body)?);
        members.expect_schema(URN)?;
        let operations = match members.take("Operations")? {
            Some(Value::Array(operations)) if !operations.is_empty() => operations,
            Some(Value::Array(_)) => {
                return Err(Error::invalid_syntax("Operations is empty; send at least one operation"));
            }
            Some(other) => {
                let name = json::name(&other);
                return Err(Error::invalid_syntax(format!("Operations has to be an array and is {name}")));
            }
            None => return Err(Error::invalid_syntax("The body has no Operations; send at least one")),
        };
        if operations.len() > MAX_OPERATIONS {
            let count = operations.len();
            return Err(Error::payload_too_large(format!(
                "The request has {count} operations and may have {MAX_OPERATIONS}; send several requests, or \
                 give one operation several values"
            )));
        }
        let operations = operations
            .into_iter()
            .enumerate()
            .map(|(at, operation)| Operation::read(operation).map_err(|error| error.at(place(at))))
            .collect::<Result<_, _>>()?;
        Ok(Self { operations })
    }

    /// What the request makes of a document of that resource type. Operations are applied in their order, each
    /// on the result of the one before.
    pub fn apply(
        &self,
        resource_type: &ResourceType,
        current: &Map,
        rules: PatchRules,
    ) -> Result<Patched, Error> {
        let mut patch = apply::Patch::new(resource_type, current, rules);
        for (at, operation) in self.operations.iter().enumerate() {
            patch.operation(operation).map_err(|error| error.at(place(at)))?;
        }
        patch.finish()
    }
}

impl Operation {
    fn read(operation: Value) -> Result<Self, Error> {
        let Value::Object(operation) = operation else {
            let name = json::name(&operation);
            return Err(Error::invalid_syntax(format!("an operation has to be an object and is {name}")));
        };
        // Members that nobody knows are no error: Entra used to send "name" (RFC7644-3.5.2-L42).
        let mut members = json::Members(operation);
        let kind = match members.take("op")? {
            Some(Value::String(op)) => Op::read(&op)?,
            Some(_) => return Err(Error::invalid_syntax("op has to be \"add\", \"remove\" or \"replace\"")),
            None => {
                return Err(Error::invalid_syntax("op is missing; send \"add\", \"remove\" or \"replace\""));
            }
        };
        let path = match members.take("path")? {
            None | Some(Value::Null) => None,
            Some(Value::String(path)) => Some(PatchPath::parse(&path)?),
            Some(_) => return Err(Error::invalid_path("path has to be a string")),
        };
        Ok(Self { kind, path, value: members.take("value")? })
    }
}

/// Without the value, which may be a password.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("kind", &self.kind)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Op {
    /// In any letter case: Entra capitalises (C5).
    fn read(text: &str) -> Result<Self, Error> {
        match text.to_ascii_lowercase().as_str() {
            "add" => Ok(Self::Add),
            "remove" => Ok(Self::Remove),
            "replace" => Ok(Self::Replace),
            _ => {
                let op = quoted(text);
                Err(Error::invalid_syntax(format!(
                    "op is {op} and has to be \"add\", \"remove\" or \"replace\""
                )))
            }
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }
}

fn place(at: usize) -> String {
    format!("Operations[{at}]")
}
