//! The SCIM protocol without I/O: what RFC 7643 and RFC 7644 say about schemas, resources, paths, filters,
//! PATCH, projections, lists, versions and errors. Storing, serving and signing people in live elsewhere.

pub mod bulk;
pub mod compare;
pub mod cursor;
pub mod error;
pub mod filter;
pub mod json;
pub mod list;
pub mod patch;
pub mod path;
pub mod projection;
pub mod resource;
pub mod rules;
pub mod schema;
pub mod search;
pub mod sort;
mod token;
pub mod version;

pub use error::{Error, ScimType};
pub use filter::{Filter, Lookup, ResourceFilter};
pub use list::{ListResponse, PageSize, Paging};
pub use patch::{Member, Membership, MembershipChange, MembershipPlan, PatchRequest, PatchRules, Patched};
pub use path::{AttrPath, PatchPath};
pub use projection::Projection;
pub use resource::{Draft, Key, WriteOnly};
pub use rules::Rules;
pub use schema::{Attribute, Registry, ResourceType, Schema};
pub use search::{SearchRequest, Window};
pub use sort::SortBy;
pub use version::{IfMatch, IfNoneMatch, Tag, Version};

/// A JSON object: a resource, or a part of one.
pub type Map = serde_json::Map<String, serde_json::Value>;
