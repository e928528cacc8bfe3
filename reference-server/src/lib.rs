//! A SCIM service provider that is right.
