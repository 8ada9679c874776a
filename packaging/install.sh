#!/bin/sh
# Builds Trackway, installs its two programs for the user who runs this, and has them install the
# service: `trackwayctl service install`. Running it again upgrades. See usage() below.
#
# Everything that is installed is listed in `installed` in the state directory; --uninstall removes
# what is listed there. Nothing else on the machine is written.
set -eu
trap 'exit 130' HUP INT TERM # runs the EXIT trap, which sh does not do by itself

usage() {
    cat <<'END'
Usage: packaging/install.sh [--detached | --linger] [--no-build | --from DIR]
       packaging/install.sh --uninstall [--purge] [--from DIR]

  --no-build     install what target/release has
  --from DIR     install trackwayd and trackwayctl from DIR
                 (where this is no source but what was downloaded built: from bin/)
  --detached     start without the user service manager, even where one answers
  --linger       have the service run without a login as well
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

action=install build=yes from='' how='' purge=''
while [ $# -gt 0 ]; do
    case $1 in
        --no-build) build=no ;;
        --from)
            [ $# -ge 2 ] || misused "--from needs a directory"
            build=no from=$2
            shift
            ;;
        --detached | --linger)
            [ -z "$how" ] || [ "$how" = "$1" ] || misused "$how and $1 exclude each other"
            how=$1
            ;;
        --uninstall) action=uninstall ;;
        --purge) purge=--purge ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) misused "unknown argument: $1" ;;
    esac
    shift
done
[ -z "$purge" ] || [ "$action" = uninstall ] || misused "--purge goes with --uninstall"

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

# What is downloaded built comes without a source.
if [ "$build" = yes ] && [ ! -e "$root/Cargo.toml" ]; then build=no from=$root/bin; fi

case ${HOME-} in
    /) ;;
    /*) HOME=${HOME%/} ;;
    *) die "HOME must be set to your home directory" ;;
esac

# The programs ignore relative XDG directories, and so must we.
value=
for name in XDG_STATE_HOME XDG_CACHE_HOME; do
    eval "value=\${$name-}"
    case $value in
        /*) ;;
        *) unset "$name" ;;
    esac
done
# The daemon starts in /, where a relative path would mean something else.
for name in PREFIX TRACKWAY_STATE_DIR; do
    eval "value=\${$name-}"
    case $value in
        '' | /*) ;;
        *) die "$name must be an absolute path: $value" ;;
    esac
done

# trackwayctl refuses this as well; by then root would own what was built.
if [ -n "${SUDO_USER-}" ] && [ -z "$(find "$HOME/" -prune -type d -user "$(id -u)" 2>/dev/null)" ]; then
    die "$HOME is not $(id -un)'s home: run this without sudo, each user has a daemon of their own"
fi

bin_dir=${PREFIX:-$HOME/.local}/bin
state_dir=${TRACKWAY_STATE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/trackway}
build_cache=${XDG_CACHE_HOME:-$HOME/.cache}/trackway/target
installed=$state_dir/installed

case $bin_dir$state_dir in
    *'
'*) die "a line break in the name of a directory is more than this script can bear" ;;
esac

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

# Puts $1 at $2. A running program keeps the file that it was started from.
put() {
    [ ! -d "$2" ] || die "$2 is a directory"
    mkdir -p "$(dirname -- "$2")"
    remember "$2"
    new=$2.new.$$
    trap 'rm -f -- "$new"' EXIT
    cat <"$1" >"$new" || die "$2 could not be written"
    chmod 755 "$new"
    mv -f -- "$new" "$2"
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
        put "$from/$program" "$bin_dir/$program"
    done
    say "Installed trackwayd and trackwayctl in $bin_dir"
}

# Prints a trackwayctl: the installed one, else the one that is on the list, else one that was built.
find_ctl() {
    {
        say "$bin_dir/trackwayctl"
        grep -- '/trackwayctl$' "$installed" 2>/dev/null || true
        for dir in "$from" "$target/release" "$build_cache/release"; do say "$dir/trackwayctl"; done
    } | while IFS= read -r path; do
        if [ -f "$path" ] && [ -x "$path" ]; then
            say "$path"
            break
        fi
    done
}

## Actions

install() {
    choose_target
    [ "$build" = no ] || build
    find_binaries
    # Refused before anything is changed, if at all. The new trackwayctl says so: it knows old daemons.
    "$from/trackwayctl" service install --dry-run --program "$bin_dir/trackwayd" ${how:+"$how"} >/dev/null
    install_binaries
    "$bin_dir/trackwayctl" service install --program "$bin_dir/trackwayd" ${how:+"$how"}
    case :$PATH: in
        *":$bin_dir:"*) ;;
        *) say "$bin_dir is not on your PATH. Add it, or call $bin_dir/trackwayctl" ;;
    esac
    [ -z "${SUDO_USER-}" ] || say "This was installed for $(id -un), not for $SUDO_USER: each user has a daemon of their own."
}

uninstall() {
    build=no
    choose_target
    ctl=$(find_ctl)
    # Where the list is lost, what would be on it.
    if [ -d "$state_dir" ] && [ ! -e "$installed" ]; then
        umask 077
        for program in trackwayd trackwayctl; do
            [ ! -e "$bin_dir/$program" ] || remember "$bin_dir/$program"
        done
    fi
    if [ -n "$ctl" ]; then
        "$ctl" service uninstall --programs ${purge:+"$purge"}
    elif [ -s "$installed" ] || { [ -n "$purge" ] && [ -d "$state_dir" ]; }; then
        die "there is no trackwayctl left that could do this: name one with --from DIR"
    fi
    if [ -d "$build_cache" ]; then
        say "Removing $build_cache"
        rm -rf -- "$build_cache"
        rmdir -- "$(dirname -- "$build_cache")" 2>/dev/null || true
    fi
}

"$action"
