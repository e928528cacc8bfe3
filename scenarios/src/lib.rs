//! The checks as data.
