#!/bin/bash
# Runs a command as USER under a real `systemd --user`, also where PID 1 is not systemd.
#
#   with-user-manager.sh USER COMMAND [ARGUMENT...]
#
# HOME_OF_USER names another home than the user's own: root's is nothing to try things in.
# Needs root, and the packages systemd, dbus-user-session and util-linux. Manager and command share
# a mount namespace of their own, in which /run/systemd says that systemd was booted; every other
# namespace is the host's, so that process events work. Exits with the command's code, and with 77
# where this machine cannot do it.
set -euo pipefail

cannot() {
    echo "with-user-manager.sh: $*" >&2
    exit 77
}

if [[ -z ${IN_OWN_MOUNT_NAMESPACE-} ]]; then
    unshare --mount true 2>/dev/null || cannot "no mount namespace: not root, or not allowed"
    export IN_OWN_MOUNT_NAMESPACE=1
    exec unshare --mount --propagation private -- "$0" "$@"
fi

user=$1
shift
IFS=: read -r _ _ uid gid _ home _ < <(getent passwd "$user")
home=${HOME_OF_USER:-$home}
[[ -x /lib/systemd/systemd ]] || cannot "no systemd"

runtime=$(mktemp -d /tmp/user-runtime.XXXXXX)
chown "$uid:$gid" "$runtime"
groups=()
manager=

login=(setpriv "--reuid=$uid" "--regid=$gid" --init-groups env -i
    "HOME=$home" "USER=$user" "LOGNAME=$user" SHELL=/bin/bash LANG=C.UTF-8
    PATH=/usr/local/bin:/usr/bin:/bin "XDG_RUNTIME_DIR=$runtime"
    "DBUS_SESSION_BUS_ADDRESS=unix:path=$runtime/bus")

clean_up() {
    if [[ -n $manager ]]; then
        "${login[@]}" systemctl --user exit 2>/dev/null || true
        for _ in {1..50}; do kill -0 "$manager" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$manager" 2>/dev/null || true
        wait "$manager" 2>/dev/null || true
    fi
    for group in "${groups[@]}"; do
        find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    done
    rm -rf "$runtime"
}
trap clean_up EXIT

# The manager needs a control group that the user owns, in each hierarchy that there is.
for hierarchy in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
    group=$hierarchy/trackway-test-$$
    [[ -w $hierarchy/cgroup.procs ]] || continue
    mkdir "$group" 2>/dev/null || continue
    chown -R "$uid:$gid" "$group"
    groups+=("$group")
done
[[ ${#groups[@]} -gt 0 ]] || cannot "no control group can be made"

mount -t tmpfs -o mode=755 tmpfs /run/systemd || cannot "/run/systemd cannot be mounted over"
mkdir /run/systemd/system # what says that systemd was booted

(
    for group in "${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
    exec "${login[@]}" SYSTEMD_LOG_TARGET=console /lib/systemd/systemd --user
) >"$runtime/manager.log" 2>&1 &
manager=$!

state=
for _ in {1..100}; do
    state=$("${login[@]}" systemctl --user is-system-running 2>/dev/null) || true
    [[ $state == running || $state == degraded ]] && break
    sleep 0.1
done
if [[ $state != running && $state != degraded ]]; then
    cat "$runtime/manager.log" >&2
    cannot "systemd --user did not start"
fi

"${login[@]}" "$@"
