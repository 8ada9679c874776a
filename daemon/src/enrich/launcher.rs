//! The nearest telling ancestor of a launch.
