//! End-to-end tests and benchmarks of Trackway.
