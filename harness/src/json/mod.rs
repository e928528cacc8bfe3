//! JSON as scenario files use it: templates (`${...}` filled in after parsing) and patterns (what must be there).
//! Nothing here knows of HTTP or SCIM.

pub mod pattern;
mod pattern_syntax;
pub mod strict;
pub mod template;
