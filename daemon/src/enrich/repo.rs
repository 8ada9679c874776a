//! The repository of a directory, read by hand.
