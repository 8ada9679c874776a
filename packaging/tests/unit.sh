#!/bin/bash
# Checks the user unit without starting it: systemd knows every directive, and none is there that
# would blind the daemon or keep it from starting (the unit's head says which, and why).
set -euo pipefail

unit=$(dirname "$0")/../systemd/trackwayd.service
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
failed=0

fail() {
    echo "FAILED: $*" >&2
    failed=1
}

# systemd 252 ignores in silence what blinds the daemon on 253, so that trying it proves nothing:
# a directive that is not on this list has to be shown to work in a user unit on both.
proven='Description StartLimitIntervalSec Type ExecStart Restart RestartSec WatchdogSec TimeoutStopSec
UMask LimitNOFILE LimitCORE NoNewPrivileges RestrictAddressFamilies RestrictNamespaces RestrictRealtime
RestrictSUIDSGID LockPersonality SystemCallArchitectures MemoryDenyWriteExecute SystemCallFilter
SystemCallErrorNumber WantedBy'
while read -r key; do
    grep -qw -- "$key" <<<"$proven" || fail "$key= is not proven to work in a user unit"
done < <(sed -n 's/^\([A-Za-z]*\)=.*/\1/p' "$unit")

# Without it nobody notices a daemon that hangs.
grep -q '^WatchdogSec=[1-9]' "$unit" || fail "a daemon that hangs goes on hanging"

# A program that collects cores gets them with 0 as well: core(5).
grep -qx 'LimitCORE=1' "$unit" || fail "the daemon's core may be collected"

if ! command -v systemd-analyze >/dev/null; then
    echo "SKIPPED: systemd-analyze verify: no systemd here"
    exit "$failed"
fi

# The unit's program must exist below its home.
mkdir -p "$temp/home/.local/bin" "$temp/run"
cp /bin/true "$temp/home/.local/bin/trackwayd"

# A misspelt directive is only a warning, with exit code 0.
said=$(HOME=$temp/home XDG_RUNTIME_DIR=$temp/run systemd-analyze verify --user --man=no "$unit" 2>&1) ||
    fail "systemd-analyze verify"
[[ -z $said ]] || fail "systemd-analyze verify says: $said"

# Not better than this, as what would score is what blinds; not worse either.
HOME=$temp/home XDG_RUNTIME_DIR=$temp/run \
    systemd-analyze security --user --offline=true --no-pager --threshold=65 "$unit" >"$temp/score" 2>&1 ||
    fail "systemd-analyze security: $(tail -n 1 "$temp/score")"

[[ $failed == 0 ]] && echo "ok: the user unit"
exit "$failed"
