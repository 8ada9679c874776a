# What there is to do: just --list

# What a change must pass before anybody looks at it
check: lint test

# Format, lints, documentation, licences, spelling, shell scripts
lint:
    .ci/run packages tools fmt clippy doc deny typos shellcheck

# All tests
test:
    cargo test --workspace --locked

# The end-to-end tests with the real agents, or those whose name contains FILTER
e2e *FILTER:
    cargo test --workspace --locked --test e2e -- {{ FILTER }}

# Fuzz each reader of foreign bytes for SECONDS, or those of TARGETS; what is found on the way is kept in target/fuzz
fuzz SECONDS="60" *TARGETS:
    FUZZ_SECONDS={{ SECONDS }} FUZZ_TARGETS="{{ TARGETS }}" .ci/run packages tools fuzz

# Our numbers and the peers', in one run
bench *ARGUMENTS:
    cargo build --release --workspace --locked
    cargo bench --package trackway-tests --locked -- {{ ARGUMENTS }}

# Unit file and installation, as far as this user can test them
packaging:
    .ci/run packaging

# The packages: made in target/package
package *KINDS="all":
    packaging/package.sh {{ KINDS }}

# Everything that must hold before a change is taken; as root, in a machine that may be changed
ci:
    .ci/run

# Build, install and start for this user
install *ARGUMENTS:
    packaging/install.sh {{ ARGUMENTS }}
