#!/bin/sh
# Builds Trackway, installs it for the user who runs this, starts it, and says what it sees.
# Running it again upgrades. See usage() below.
#
# Everything that is installed is listed in `installed` in the state directory; --uninstall removes
# what is listed there. Nothing else on the machine is written.
set -eu
trap 'exit 130' HUP INT TERM # runs the EXIT trap, which sh does not do by itself

usage() {
    cat <<'END'
Usage: packaging/install.sh [--detached] [--no-build | --from DIR]
       packaging/install.sh --uninstall [--purge]

  --no-build     install what target/release has
  --from DIR     install trackwayd and trackwayctl from DIR
                 (where this is no source but what was downloaded built: from bin/)
  --detached     start without the user service manager, even where one answers
  --uninstall    stop the daemon and remove what was installed; the ledger stays
  --purge        with --uninstall: remove the ledger, its keys and the configuration as well

Environment:
  PREFIX            where bin/ is (default: ~/.local)
  CARGO             the cargo to build with
  CARGO_TARGET_DIR  where to build (default: target/ here, or below ~/.cache/trackway)
  TRACKWAY_CONFIG, TRACKWAY_STATE_DIR, TRACKWAY_SOCKET, XDG_CONFIG_HOME, XDG_STATE_HOME
                    as for the programs themselves; the service gets those that are set now
END
}

say() { printf '%s\n' "$*"; }
die() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}
misused() {
    printf 'install.sh: %s\n\n' "$*" >&2
    usage >&2
    exit 2
}
have() { command -v "$1" >/dev/null 2>&1; }

## Arguments and places

action=install build=yes from='' detached=no purge=no
while [ $# -gt 0 ]; do
    case $1 in
        --no-build) build=no ;;
        --from)
            [ $# -ge 2 ] || misused "--from needs a directory"
            build=no from=$2
            shift
            ;;
        --detached) detached=yes ;;
        --uninstall) action=uninstall ;;
        --purge) purge=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) misused "unknown argument: $1" ;;
    esac
    shift
done
[ "$purge" = no ] || [ "$action" = uninstall ] || misused "--purge goes with --uninstall"

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

# What is downloaded built comes without a source.
if [ "$build" = yes ] && [ ! -e "$root/Cargo.toml" ]; then build=no from=$root/bin; fi

case ${HOME-} in
    /) ;;
    /*) HOME=${HOME%/} ;;
    *) die "HOME must be set to your home directory" ;;
esac

# The programs ignore relative XDG directories, and so must we.
for name in XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR; do
    eval "value=\${$name-}"
    case $value in
        /*) ;;
        *) unset "$name" ;;
    esac
done
# The daemon starts in /, where a relative path would mean something else.
for name in PREFIX TRACKWAY_CONFIG TRACKWAY_STATE_DIR TRACKWAY_SOCKET; do
    eval "value=\${$name-}"
    case $value in
        '' | /*) ;;
        *) die "$name must be an absolute path: $value" ;;
    esac
done

belongs_to_us() { [ -n "$(find "$1" -prune -type d -user "$(id -u)" 2>/dev/null)" ]; }

if [ -n "${SUDO_USER-}" ] && ! belongs_to_us "$HOME/"; then
    die "$HOME is not $(id -un)'s home: run this without sudo, each user has a daemon of their own"
fi

# After `su` the variable is missing or somebody else's, yet our own directory may well be there.
if ! belongs_to_us "${XDG_RUNTIME_DIR-}"; then
    unset XDG_RUNTIME_DIR
    if belongs_to_us "/run/user/$(id -u)"; then
        XDG_RUNTIME_DIR=/run/user/$(id -u)
        export XDG_RUNTIME_DIR
    fi
fi

bin_dir=${PREFIX:-$HOME/.local}/bin
state_dir=${TRACKWAY_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/trackway}
config=${TRACKWAY_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/trackway/config.toml}
build_cache=${XDG_CACHE_HOME:-$HOME/.cache}/trackway/target
installed=$state_dir/installed
log=$state_dir/trackwayd.log
unit=trackwayd.service

case $bin_dir$state_dir$config in
    *'
'*) die "a line break in the name of a directory is more than this script can bear" ;;
esac

# Prints the variables that say where things are, one NAME per line, as far as they are set.
named_places() {
    for name in TRACKWAY_CONFIG TRACKWAY_STATE_DIR TRACKWAY_SOCKET XDG_CONFIG_HOME XDG_STATE_HOME; do
        eval "[ -z \"\${$name-}\" ]" || say "$name"
    done
}

## Building

find_cargo() {
    cargo=${CARGO:-cargo}
    if [ -z "${CARGO-}" ] && ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then
        PATH=$HOME/.cargo/bin:$PATH
    fi
    have "$cargo" || die "$cargo is not there. Trackway is built with Rust 1.95 or newer (https://rustup.rs), or give binaries with --from DIR"
    compiler=${CC:-cc}
    have "${compiler%% *}" || die "$compiler is not there. SQLite is compiled in and needs a C compiler: install gcc or clang (Debian: apt install gcc libc6-dev)"
}

# Whether cargo can write there; what root once built in a user's checkout, the user cannot replace.
is_writable_target() {
    mkdir -p "$1/release" 2>/dev/null || return 1
    for path in "$1" "$1/release" "$1/release/.cargo-lock"; do
        [ ! -e "$path" ] || [ -w "$path" ] || return 1
    done
}

choose_target() {
    target=${CARGO_TARGET_DIR:-$root/target}
    case $target in
        /*) ;;
        *) target=$PWD/$target ;;
    esac
    [ "$build" = yes ] || return 0
    is_writable_target "$target" && return 0
    [ -z "${CARGO_TARGET_DIR-}" ] || die "CARGO_TARGET_DIR=$target cannot be written"
    say "$target cannot be written: building in $build_cache"
    target=$build_cache
    is_writable_target "$target" || die "$target cannot be written either: set CARGO_TARGET_DIR"
}

build() {
    find_cargo
    say "Building in $target"
    (cd "$root" && "$cargo" build --release --locked --target-dir "$target" \
        --package trackway-daemon --package trackway-ctl) ||
        die "the build failed, nothing was changed. Trackway needs Rust 1.95 or newer; this is $("$cargo" --version 2>&1 || say unknown)"
}

## Files

remember() {
    grep -Fqx -- "$1" "$installed" 2>/dev/null || printf '%s\n' "$1" >>"$installed"
}

# Puts standard input at $1 with mode $2. A running program keeps the file that it was started from.
put() {
    [ ! -d "$1" ] || die "$1 is a directory"
    mkdir -p "$(dirname -- "$1")"
    remember "$1"
    new=$1.new.$$
    trap 'rm -f -- "$new"' EXIT
    cat >"$new" || die "$1 could not be written"
    chmod "$2" "$new"
    mv -f -- "$new" "$1"
    trap - EXIT
}

find_binaries() {
    from=${from:-$target/release}
    for program in trackwayd trackwayctl; do
        if [ ! -f "$from/$program" ] || [ ! -x "$from/$program" ]; then
            die "there is no program $from/$program (a build.target in cargo's configuration puts it elsewhere: name that place with --from DIR)"
        fi
    done
}

install_binaries() {
    (umask 077 && mkdir -p "$state_dir")
    [ -w "$state_dir" ] || die "$state_dir cannot be written: whose is it?"
    (umask 077 && : >>"$installed")
    chmod 600 "$installed"
    for program in trackwayd trackwayctl; do
        put "$bin_dir/$program" 755 <"$from/$program"
    done
    say "Installed trackwayd and trackwayctl in $bin_dir"
}

## The user service

user_systemctl() { timeout 60 systemctl --user "$@"; }

# Finds the directory from which this user's service manager takes units, in $unit_dir. Fails where
# no manager answers, and where it serves another home than this one.
find_unit_dir() {
    [ -n "${XDG_RUNTIME_DIR-}" ] && have systemctl && have timeout || return 1
    unit_path=$(user_systemctl show --property=UnitPath --value 2>/dev/null) || return 1
    # XDG_CONFIG_HOME may be set in the shell and not for the manager.
    for unit_dir in "${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user" "$HOME/.config/systemd/user"; do
        case " $unit_path " in
            *" $unit_dir "* | *"\"$unit_dir\""*) return 0 ;;
        esac
    done
    return 1
}

# Quotes a value for a unit file.
unit_quote() {
    printf '"%s"' "$(printf '%s' "$1" | sed -e 's/["\\]/\\&/g' -e 's/%/%%/g')"
}

print_unit() {
    while IFS= read -r line; do
        case $line in
            ExecStart=*)
                say "ExecStart=$(unit_quote "$bin_dir/trackwayd") run"
                # The service must mean the same places as the shell that asks it.
                named_places | while read -r name; do
                    eval "value=\$$name"
                    say "Environment=$(unit_quote "$name=$value")"
                done
                ;;
            *) printf '%s\n' "$line" ;;
        esac
    done <"$root/packaging/systemd/$unit"
}

# Prints the value that $1, a basic regular expression, finds in the unit that is there.
unit_value() {
    sed -n "s/^$1\$/\\1/p" "$unit_file" | sed -n -e 's/%%/%/g' -e 's/\\\(["\\]\)/\1/g' -e '1p'
}

unit_program() {
    program=$(unit_value 'ExecStart="\(.*\)" run')
    say "${program:-$HOME/.local/bin/trackwayd}"
}

unit_ledger() {
    ledger=$(unit_value 'Environment="TRACKWAY_STATE_DIR=\(.*\)"')
    [ -n "$ledger" ] || ledger=$(unit_value 'Environment="XDG_STATE_HOME=\(.*\)"' | sed 's,$,/trackway,')
    say "${ledger:-$HOME/.local/state/trackway}"
}

# Looks whose the unit is: there is but one for each user, and it may belong to an installation in
# other places. Then its file, its programs and its daemon are none of our business.
look_at_unit() {
    unit_file=${unit_dir:-${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user}/$unit
    [ -f "$unit_file" ] || return 0
    program=$(unit_program) ledger=$(unit_ledger)
    if [ "$ledger" != "$state_dir" ] && ! is_same_dir "$ledger" "$state_dir"; then
        others_bin_dir=$(dirname -- "$program")
        manager=no
        say "The user service runs $program with the ledger in $ledger: it is left alone"
    elif [ "$program" != "$bin_dir/trackwayd" ] &&
        ! { [ "$action" = uninstall ] && grep -Fqx -- "$program" "$installed" 2>/dev/null; }; then
        die "the user service runs $program with this ledger: say PREFIX=$(quoted "${program%/bin/trackwayd}"), or --uninstall that first, or name another TRACKWAY_STATE_DIR"
    fi
}

# Whether $1 belongs to the installation whose the unit is.
is_others() {
    [ -n "$others_bin_dir" ] || return 1
    case $1 in
        "$unit_file" | "$others_bin_dir/trackwayd" | "$others_bin_dir/trackwayctl") return 0 ;;
    esac
    return 1
}

start_service() {
    print_unit | put "$unit_file" 644
    user_systemctl daemon-reload
    user_systemctl --quiet enable "$unit"
    user_systemctl reset-failed "$unit" 2>/dev/null || true
    # wait_for_answer knows how long to wait, and what to show if it was in vain.
    user_systemctl start --no-block "$unit"
}

remove_service() {
    user_systemctl --quiet disable --now "$unit" 2>/dev/null || true
    rm -f -- "$unit_file"
    user_systemctl daemon-reload
    user_systemctl reset-failed "$unit" 2>/dev/null || true
}

## The daemon

ask() {
    ctl=$bin_dir/trackwayctl
    [ -x "$ctl" ] || ctl=$from/trackwayctl
    if have timeout; then timeout 10 "$ctl" "$@"; else "$ctl" "$@"; fi
}

is_same_dir() { [ "$(cd -- "$1" && pwd -P)" = "$(cd -- "$2" && pwd -P)" ]; } 2>/dev/null

# Prints the daemon's status as JSON. Fails with 1 where none answers, and with 2 where the one that
# answers keeps its ledger elsewhere: a socket may be shared by more homes than one.
status_of_ours() {
    answer=$(ask status --json 2>/dev/null) || return 1
    their_dir=$(printf '%s\n' "$answer" | sed -n 's/.*"state_dir": *"\([^"]*\)".*/\1/p')
    is_same_dir "$their_dir" "$state_dir" || return 2
    say "$answer"
}

# Prints the pid of the process that has the state directory locked: a daemon that does not answer,
# or answers on a socket that we do not know, still has the lock. Linux only.
lock_holder() {
    inode=$(stat -c %i "$state_dir/trackwayd.lock" 2>/dev/null) || return 0
    awk -v inode="$inode" '
        $2 == "FLOCK" && $6 ~ ":" inode "$" { print $5; exit }' /proc/locks 2>/dev/null || true
}

# Prints the pid of this home's daemon, if it runs. Fails where somebody else's has the socket.
daemon_pid() {
    code=0
    answer=$(status_of_ours) || code=$?
    case $code in
        0) pid=$(printf '%s\n' "$answer" | sed -n 's/.*"pid": *\([0-9][0-9]*\).*/\1/p') ;;
        1) pid=$(lock_holder) ;;
        *) return 1 ;;
    esac
    # A pid of yesterday may be anybody's today.
    case $(cat "/proc/$pid/comm" 2>/dev/null || ps -o comm= -p "$pid" 2>/dev/null) in
        *trackwayd*) say "$pid" ;;
    esac
}

# Waits up to $1 seconds for the process $2 to end.
ended_within() {
    deadline=$(($(date +%s) + $1))
    while kill -0 "$2" 2>/dev/null; do
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# Stops the service and the process $1.
stop_daemon() {
    [ "$manager" = no ] || user_systemctl stop "$unit" 2>/dev/null || true
    [ -n "$1" ] && kill "$1" 2>/dev/null || return 0
    ended_within 15 "$1" && return 0
    say "trackwayd (pid $1) does not stop: killing it"
    kill -KILL "$1" 2>/dev/null || true
    ended_within 5 "$1" || die "trackwayd (pid $1) cannot be ended"
}

start_detached() {
    (umask 077 && : >>"$log")
    chmod 600 "$log"
    remember "$log"
    with_detached_command launch
}

# Calls $1 with the words of the command that starts the daemon detached.
with_detached_command() {
    callback=$1
    # Only what it needs: the shell's environment may hold secrets.
    set -- "HOME=$HOME" "PATH=$PATH"
    for name in $(named_places) XDG_RUNTIME_DIR TZ LANG; do
        eval "value=\${$name-}"
        [ -z "$value" ] || set -- "$@" "$name=$value"
    done
    detach="setsid"
    have setsid || detach="nohup"
    "$callback" "$detach" env -i "$@" "$bin_dir/trackwayd" run
}

launch() {
    (cd / && exec "$@" </dev/null >>"$log" 2>&1) &
    started=$!
}

tell_launch() {
    words=
    for word in "$@"; do words="$words $(quoted "$word")"; done
    say "  (cd / && exec$words </dev/null >>$(quoted "$log") 2>&1 &)"
}

show_log() {
    say "--- the daemon's last words"
    if [ "$as_service" = yes ]; then
        user_systemctl status --no-pager --full --lines 20 "$unit" || true
    else
        tail -n 20 -- "$log"
    fi
    say "---"
}

wait_for_answer() {
    deadline=$(($(date +%s) + 10))
    until status_of_ours >/dev/null; do
        if [ "$(date +%s)" -ge "$deadline" ]; then
            show_log >&2
            die "trackwayd was started and does not answer"
        fi
        if [ -n "$started" ] && ! kill -0 "$started" 2>/dev/null; then
            show_log >&2
            die "trackwayd ended right after its start"
        fi
        sleep 0.2
    done
}

## What to know

# Quotes a word for a shell, where it needs that.
quoted() {
    case $1 in
        '' | *[!A-Za-z0-9_./:=@%+-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf '%s' "$1" ;;
    esac
}

tell() {
    say ""
    ask status || true
    say ""
    findings=$(ask doctor 2>&1 | grep -v "^ok ") || true
    [ -z "$findings" ] || printf '%s\n\n' "$findings"
    if [ "$as_service" = yes ]; then
        say "trackwayd runs as a user service: systemctl --user status $unit"
        if have loginctl && [ "$(loginctl show-user "$(id -u)" --property=Linger --value 2>/dev/null)" = no ]; then
            say "It stops when you log out. To record without a login as well: loginctl enable-linger"
        fi
    else
        [ "$detached" = yes ] || [ -n "$others_bin_dir" ] || say "No user service manager answers for $HOME."
        say "trackwayd was started detached: it will NOT be there after a reboot. To start it again:"
        with_detached_command tell_launch
    fi
    case :$PATH: in
        *":$bin_dir:"*) ;;
        *) say "$bin_dir is not on your PATH. Add it, or call $bin_dir/trackwayctl" ;;
    esac
    [ -z "${SUDO_USER-}" ] || say "This was installed for $(id -un), not for $SUDO_USER: each user has a daemon of their own."
}

## Actions

install() {
    choose_target
    [ "$build" = no ] || build
    find_binaries
    # Asked before the new trackwayctl is there, which may not understand an old daemon.
    running=$(daemon_pid) ||
        die "a daemon with another state directory than $state_dir has the socket: stop it, or set TRACKWAY_SOCKET"
    install_binaries
    stop_daemon "$running"
    if [ "$manager" = yes ] && [ "$detached" = yes ]; then remove_service; fi
    if [ "$as_service" = yes ]; then start_service; else start_detached; fi
    wait_for_answer
    tell
}

uninstall() {
    running=$(daemon_pid) || running=''
    stop_daemon "$running"
    [ "$manager" = no ] || remove_service
    {
        # Where the list is lost, what would be on it.
        cat -- "$installed" 2>/dev/null ||
            printf '%s\n' "$bin_dir/trackwayd" "$bin_dir/trackwayctl" "$unit_file" "$log"
        say "$installed"
    } | while IFS= read -r path; do
        ! is_others "$path" || continue
        [ ! -e "$path" ] || say "Removing $path"
        rm -f -- "$path"
    done
    [ -z "${XDG_RUNTIME_DIR-}" ] || rmdir -- "$XDG_RUNTIME_DIR/trackway" 2>/dev/null || true
    rmdir -- "$state_dir/run" 2>/dev/null || true
    if [ -d "$build_cache" ]; then
        say "Removing $build_cache"
        rm -rf -- "$build_cache"
        rmdir -- "$(dirname -- "$build_cache")" 2>/dev/null || true
    fi
    if [ "$purge" = yes ]; then
        purge
    elif ! rmdir -- "$state_dir" 2>/dev/null && [ -d "$state_dir" ]; then
        say "The ledger stays in $state_dir (--uninstall --purge removes it)"
    fi
}

# Removes by name: a directory that the user chose may hold more than Trackway's files.
purge() {
    for path in "$state_dir"/ledger.db* "$state_dir"/ledger.damaged "$state_dir"/signing.key* \
        "$state_dir"/set-aside-*/ledger.d* "$state_dir"/set-aside-*/signing.key \
        "$state_dir"/trackwayd.* "$state_dir/run/trackwayd.sock" "$state_dir"/zones-*.toml "$state_dir"/zones-*.part \
        "$config" "$(dirname -- "$config")/zones.toml"; do
        [ -e "$path" ] || [ -L "$path" ] || continue
        [ ! -d "$path" ] || continue
        say "Removing $path"
        rm -f -- "$path"
    done
    rmdir -- "$state_dir/run" "$state_dir/reports" "$state_dir"/set-aside-* 2>/dev/null || true
    for dir in "$state_dir" "${XDG_CONFIG_HOME:-$HOME/.config}/trackway"; do
        [ ! -d "$dir" ] || rmdir -- "$dir" 2>/dev/null || say "Kept $dir: it holds files that are not Trackway's"
    done
}

manager=no as_service=no started='' unit_dir='' others_bin_dir=''
if find_unit_dir; then manager=yes; else unit_dir=''; fi
look_at_unit
if [ "$detached" = no ]; then as_service=$manager; fi
"$action"
