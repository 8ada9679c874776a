#!/bin/bash
# Installs, upgrades and removes the real programs, with a user service manager and without.
#
#   packaging/tests/install.sh [BINARIES]     default: target/debug
#
# Whoever runs this gets the part without a service manager, in a throwaway home. Root gets all of
# it in the name of a throwaway user as well.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
binaries=${1:-${CARGO_TARGET_DIR:-$root/target}/debug}
for program in trackwayd trackwayctl; do
    [[ -x $binaries/$program ]] || { echo "FAILED: no $binaries/$program: run cargo build first" >&2; exit 1; }
done

temp=$(mktemp -d /tmp/trackway-install.XXXXXX)
chmod 755 "$temp"
user=
clean_up() {
    [[ -z $user ]] || userdel "$user" || true
    rm -rf "$temp"
}
trap clean_up EXIT

# The checkout may lie where the throwaway user cannot look.
mkdir "$temp/checkout" "$temp/binaries"
cp -r "$root/packaging" "$temp/checkout/"
cp "$binaries"/trackwayd "$binaries"/trackwayctl "$temp/binaries/"
scenario=("$temp/checkout/packaging/tests/install-scenario.sh")
arguments=("$temp/checkout/packaging/install.sh" "$temp/binaries")

# With a runtime directory of its own: the real service manager and daemon are not asked.
mkdir -m 700 "$temp/own home" "$temp/run"
env -i HOME="$temp/own home" PATH=/usr/local/bin:/usr/bin:/bin XDG_RUNTIME_DIR="$temp/run" \
    "${scenario[@]}" detached "${arguments[@]}"

if [[ $(id -u) != 0 ]]; then
    echo "SKIPPED: installation as a user service: needs root, to make a throwaway user"
    exit 0
fi

home="$temp/a home"
user=trackway-test-$$
useradd --create-home --home-dir "$home" "$user"

# As after `su`: no runtime directory.
setpriv --reuid="$user" --regid="$user" --init-groups \
    env -i HOME="$home" USER="$user" PATH=/usr/local/bin:/usr/bin:/bin \
    "${scenario[@]}" detached "${arguments[@]}"

# As a user service, of an ordinary user and of root.
mkdir -m 700 "$temp/root home"
for name in "$user" root; do
    if [[ $name == root ]]; then export HOME_OF_USER="$temp/root home"; fi
    code=0
    "$here/with-user-manager.sh" "$name" "${scenario[@]}" service "${arguments[@]}" || code=$?
    if [[ $code == 77 ]]; then
        echo "SKIPPED: installation as a user service of $name: no service manager can be had here"
    elif [[ $code != 0 ]]; then
        exit "$code"
    fi
done
