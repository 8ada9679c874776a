//! Command lines without their content.
