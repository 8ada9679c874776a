//! Runs an agent where it reaches nothing but the mock of its API: see `trackway_tests::cage`.

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    trackway_tests::cage::inside::main(std::env::args().nth(1).as_deref())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
