#!/bin/bash
# What a person does with install.sh, from the first run to --purge, as the user and in the
# environment that it is started with.
#
#   install-scenario.sh service|detached INSTALL_SH BINARIES
#
# HOME must be a throwaway. install.sh runs these steps in the environments that matter.
set -euo pipefail

expected=$1 install_sh=$2 binaries=$3
state=$HOME/.local/state/trackway
ctl=$HOME/.local/bin/trackwayctl
output=$HOME/output

fail() {
    echo "FAILED ($expected): $*" >&2
    [[ ! -s $output ]] || sed 's/^/    /' "$output" >&2
    exit 1
}
trap '"$install_sh" --uninstall --purge >/dev/null 2>&1 || true' EXIT

# Runs install.sh, whose output must then hold what is asked for with `said`.
installer() { "$install_sh" "$@" >"$output" 2>&1; }
said() { grep -Fq -- "$1" "$output" || fail "nothing was said of: $1"; }

pid_of_daemon() { "$ctl" status --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'; }
tiers() { "$ctl" status --json | grep -o '"tier": *"[^"]*"'; }

# Waits up to 10 s for a command to succeed.
eventually() {
    for _ in {1..100}; do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}
# Whether a process has ended, be it that nobody has asked yet how.
gone() { ! grep -q '^State:[[:space:]]*[A-WY]' "/proc/$1/status" 2>/dev/null; }
has_another_pid_than() { local now; now=$(pid_of_daemon 2>/dev/null) && [[ -n $now && $now != "$1" ]]; }

# Every file of the home but what this script writes.
files() { find "$HOME" ! -type d ! -path "$output" | sort; }

is_in_its_place() {
    [[ $(stat -c %a "$state") == 700 ]] || fail "others can look into $state"
    [[ $(stat -c %a "$state/installed") == 600 ]] || fail "others can read what was installed"
    if [[ $expected == service ]]; then
        said "runs as a user service"
        systemctl --user --quiet is-enabled trackwayd.service || fail "the service is not enabled"
        systemctl --user --quiet is-active trackwayd.service || fail "the service is not active"
    else
        said "was started detached"
        [[ $(stat -c %a "$state/trackwayd.log") == 600 ]] || fail "others can read the log"
    fi
    said "is not on your PATH"
}

untouched=$(files)

code=0
installer --purge || code=$?
[[ $code == 2 ]] || fail "--purge without --uninstall exits with $code"

installer --from "$binaries" || fail "the first installation"
is_in_its_place
first=$(pid_of_daemon)
seen=$(tiers) || true
echo "ok ($expected): installed, recording by $(tr '\n' ' ' <<<"$seen")"

installer --from "$binaries" || fail "the upgrade"
is_in_its_place
second=$(pid_of_daemon)
[[ $second != "$first" ]] || fail "the upgrade left the old daemon running"
gone "$first" || fail "the upgrade left the old daemon beside the new one"
echo "ok ($expected): upgraded"

# The service by its own words.
service() { "$ctl" service "$@" >"$output" 2>&1; }
service status --json || fail "status of a service that runs"
said "\"pid\":$second,"
said '"same_version":true'
said "\"program\":\"$HOME/.local/bin/trackwayd\""
[[ $expected == detached ]] || said '"manager":"systemd"'
[[ $expected == detached ]] || said '"enabled":true'
[[ $expected == service ]] || said '"manager":"detached"'
service status || fail "status for a person"
said "pid $second, up"
service start || fail "start of what runs"
said "runs already, as pid $second"
service stop || fail "stop"
gone "$second" || fail "stop does not wait for the end"
code=0
service status || code=$?
[[ $code == 3 ]] || fail "status of what does not run exits with $code"
service start || fail "start"
second=$(pid_of_daemon)
service restart || fail "restart"
gone "$second" || fail "restart left the old daemon running"
second=$(pid_of_daemon)
service logs -n 5 || fail "logs"
[[ $expected == service ]] || said "trackway"
echo "ok ($expected): stopped, started, restarted, with a log"

kill -KILL "$second"
eventually gone "$second" || fail "a daemon survives SIGKILL"
if [[ $expected == service ]]; then
    eventually has_another_pid_than "$second" || fail "a killed daemon is not started again"
    echo "ok ($expected): killed, and started again"
else
    service start || fail "start after a crash"
fi
second=$(pid_of_daemon)
"$ctl" gaps --json >"$output" || fail "gaps"
grep '"source": *"daemon"' "$output" | tail -n 1 | grep -Fq "the daemon was killed" || fail "the crash is no gap"
echo "ok ($expected): the crash is a gap"

if [[ $expected == service ]]; then

    installer --from "$binaries" --detached || fail "from service to detached"
    ! systemctl --user --quiet is-enabled trackwayd.service 2>/dev/null || fail "the service stays enabled"
    [[ $(tiers) == "$seen" ]] || fail "the unit's sandbox changes what is seen: $seen as a service, $(tiers) without"
    installer --from "$binaries" || fail "from detached to service"
    is_in_its_place
    second=$(pid_of_daemon)
    echo "ok ($expected): sees as much as outside of the sandbox"
fi

# Where there are desktops, one starts it again; the entry names the program by its place.
entry=$HOME/.config/autostart/trackwayd.desktop
if [[ $expected == detached ]]; then
    XDG_CURRENT_DESKTOP=any installer --from "$binaries" || fail "an upgrade on a desktop"
    said "a desktop session starts it again"
    grep -Fqx "Exec=\"$HOME/.local/bin/trackwayctl\" service start" "$entry" || fail "the entry starts something else"
    PREFIX="$HOME/try it" TRACKWAY_STATE_DIR="$HOME/try state" XDG_CURRENT_DESKTOP=any \
        installer --from "$binaries" || fail "a second installation on a desktop"
    said "$entry is another installation's"
    TRACKWAY_STATE_DIR="$HOME/try state" installer --uninstall --purge || fail "--uninstall of the second"
    [[ -f $entry ]] || fail "the second installation removed the entry of the first"
    second=$(pid_of_daemon)
    echo "ok ($expected): started again by a desktop"
fi

# A second one in other places leaves the first one alone, whatever is done with it.
the_first_is_untouched() {
    [[ $(pid_of_daemon) == "$second" ]] || fail "the daemon of the first places does not run any more ($1)"
    [[ -x $HOME/.local/bin/trackwayd ]] || fail "the program of the first places is gone ($1)"
    [[ $expected == service ]] || return 0
    systemctl --user --quiet is-enabled trackwayd.service || fail "the service is not enabled any more ($1)"
    systemctl --user --quiet is-active trackwayd.service || fail "the service is not active any more ($1)"
    grep -Fq "$HOME/.local/bin/trackwayd" "$HOME/.config/systemd/user/trackwayd.service" || fail "the unit is another ($1)"
}
elsewhere() { PREFIX="$HOME/try it" TRACKWAY_STATE_DIR="$HOME/try state" installer "$@"; }
for how in "" --detached; do
    elsewhere --from "$binaries" ${how:+"$how"} || fail "a second installation $how"
    said "was started detached"
    [[ $expected == detached ]] || said "it is left alone"
    the_first_is_untouched "installation $how"
done
# Without its PREFIX, which the list of what was installed knows.
TRACKWAY_STATE_DIR="$HOME/try state" installer --uninstall --purge || fail "--uninstall of the second"
[[ ! -e "$HOME/try state" && ! -e "$HOME/try it/bin/trackwayd" ]] || fail "the second one is not removed"
the_first_is_untouched "--uninstall"
if [[ $expected == service ]]; then
    code=0
    PREFIX="$HOME/try it" installer --from "$binaries" || code=$?
    [[ $code == 1 ]] || fail "a second program takes the ledger of the first ($code)"
    said "with this ledger"
    the_first_is_untouched "the same ledger"
fi
echo "ok ($expected): a second one leaves the first alone"

installer --uninstall || fail "--uninstall"
said "Stopped trackwayd, pid $second"
said "The ledger stays in $state"
gone "$second" || fail "the daemon outlives its removal"
[[ -f $state/ledger.db ]] || fail "--uninstall removed the ledger"
[[ -f $state/signing.key ]] || fail "--uninstall removed the key of the ledger"
left=$(files | grep -vE "^$state/(ledger\.db(-wal|-shm)?|signing\.key|trackwayd\.lock)\$") || true
[[ $left == "$untouched" ]] || fail "--uninstall left $left"
installer --uninstall || fail "--uninstall, again"
echo "ok ($expected): removed, the ledger is left"

[[ ! -e $entry ]] || fail "--uninstall left the entry for desktops"

# A unit that a package installed is used as it is.
if [[ $expected == service ]]; then
    mkdir -p "$HOME/package/bin" "$HOME/.local/share/systemd/user"
    cp "$binaries"/trackwayd "$binaries"/trackwayctl "$HOME/package/bin/"
    packaged=$HOME/.local/share/systemd/user/trackwayd.service
    sed "s,^ExecStart=.*,ExecStart=\"$HOME/package/bin/trackwayd\" run," \
        "$(dirname "$install_sh")/systemd/trackwayd.service" >"$packaged"
    ctl=$HOME/package/bin/trackwayctl
    service install || fail "the service of a package"
    said "$packaged, which a package installed"
    [[ ! -e $HOME/.config/systemd/user/trackwayd.service ]] || fail "a unit hides that of the package"
    systemctl --user --quiet is-enabled trackwayd.service || fail "the package's service is not enabled"
    service restart || fail "restart of a package's service"
    service uninstall || fail "uninstall of a package's service"
    [[ -f $packaged && -x $HOME/package/bin/trackwayd ]] || fail "uninstall removed what a package installed"
    ! systemctl --user --quiet is-enabled trackwayd.service || fail "the package's service stays enabled"
    code=0
    service status || code=$?
    [[ $code == 3 ]] || fail "status of a package's service that was stopped exits with $code"
    rm -r "${HOME:?}/package" "$packaged"
    systemctl --user daemon-reload
    ctl=$HOME/.local/bin/trackwayctl
    echo "ok ($expected): a package's unit, enabled and left as it is"
fi

# A daemon that cannot start: the person sees why, soon.
mkdir -p "$HOME/.config/trackway"
echo "no-such-key = 1" >"$HOME/.config/trackway/config.toml"
code=0
installer --from "$binaries" || code=$?
[[ $code == 1 ]] || fail "a daemon that cannot start counts as installed ($code)"
said "last words"
rm "$HOME/.config/trackway/config.toml"
echo "ok ($expected): a failed start is shown"

[[ $expected == detached ]] || installer --uninstall || fail "--uninstall after a failed start"

# Everything elsewhere, under names that shells and systemd like to read something into.
export XDG_STATE_HOME="$HOME/state \$HOME 100%" XDG_CONFIG_HOME="$HOME/odd config"
PREFIX="$HOME/odd %h \$HOME" installer --from "$binaries" || fail "odd directories"
ctl="$HOME/odd %h \$HOME/bin/trackwayctl"
[[ -f $XDG_STATE_HOME/trackway/ledger.db ]] || fail "the daemon keeps its ledger elsewhere"
pid=$(pid_of_daemon)
if [[ $expected == detached ]]; then
    kill "$pid"
    eventually gone "$pid" || fail "the daemon does not stop"
    hint=$(sed -n 's/^trackwayd was started detached.*: //p' "$output")
    A_SECRET=x env -u XDG_STATE_HOME -u XDG_CONFIG_HOME sh -c "$hint" >"$output"
    eventually has_another_pid_than "$pid" || fail "not started again by: $hint"
    pid=$(pid_of_daemon)
    ! grep -zq '^A_SECRET=' "/proc/$pid/environ" || fail "the daemon has the shell's environment by: $hint"
fi
mkdir "$XDG_STATE_HOME/trackway/reports"
echo x >"$XDG_STATE_HOME/trackway/reports/somebody's"
installer --uninstall --purge || fail "--uninstall --purge"
rm "$XDG_STATE_HOME/trackway/reports/somebody's" || fail "--purge removes what nobody installed"
rmdir "$XDG_STATE_HOME/trackway/reports" "$XDG_STATE_HOME/trackway"
said "$XDG_STATE_HOME/trackway/ledger.db"
gone "$pid" || fail "the daemon outlives --purge"
unset XDG_STATE_HOME XDG_CONFIG_HOME
# Where the programs are gone already, something has to do it.
installer --uninstall --purge --from "$binaries" || fail "--uninstall --purge of the first places"
[[ $(files) == "$untouched" ]] || fail "--purge left $(files)"
echo "ok ($expected): odd directories, and nothing is left"
