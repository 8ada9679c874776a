#!/bin/bash
# Makes what Trackway is given away as. See usage() below.
#
# What is generated (manual pages, completions, the unit for all users, licences of others, a bill of
# materials) is made in target/package/stage, in which cargo-deb and cargo-generate-rpm then see
# cargo's target directory: [package.metadata] in daemon/Cargo.toml says what goes where.
set -euo pipefail

usage() {
    cat <<'END'
Usage: packaging/package.sh [OPTION...] deb|rpm|tarball|static|all...

  deb       trackway_VERSION_ARCH.deb, by cargo-deb
  rpm       trackway-VERSION.ARCH.rpm, by cargo-generate-rpm
  tarball   trackway-VERSION-TARGET.tar.gz, with install.sh
  static    a tarball of programs that need no C library (musl), where they can be built
  all       all of these, and SHA256SUMS

  --from DIR       take trackwayd and trackwayctl from DIR, and build nothing
  --version V      say that it is this version, for tests of upgrades
  --output DIR     put the packages there (default: target/package)

Environment:
  SOURCE_DATE_EPOCH      the time that packages tell (default: that of the last commit)
  DEBFULLNAME, DEBEMAIL  the maintainer (default: what daemon/Cargo.toml names)
  CARGO_TARGET_DIR       where to build
END
}

say() { printf '%s\n' "$*"; }
die() {
    printf 'package.sh: %s\n' "$*" >&2
    exit 1
}
misused() {
    printf 'package.sh: %s\n\n' "$*" >&2
    usage >&2
    exit 2
}

## Arguments and places

root=$(cd "$(dirname "$0")/.." && pwd -P)
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
export PATH=$target/tools/bin:$PATH
umask 022

from='' version='' output=$target/package kinds=()
while [[ $# -gt 0 ]]; do
    case $1 in
        --from | --version | --output)
            [[ $# -ge 2 ]] || misused "$1 needs a value"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        deb | rpm | tarball | static) kinds+=("$1") ;;
        all) kinds+=(deb rpm tarball static) ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) misused "unknown argument: $1" ;;
    esac
    shift
done
[[ ${#kinds[@]} -gt 0 ]] || misused "nothing is asked for"

[[ -n $version ]] || version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
[[ -z $from ]] || from=$(cd "$from" && pwd -P)
mkdir -p "$output"
output=$(cd "$output" && pwd -P)
host=$(rustc -vV | sed -n 's/^host: //p')
stage=$target/package/stage

if [[ -z ${SOURCE_DATE_EPOCH-} ]]; then
    # A source without its history has a changelog all the same.
    SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null || stat -c %Y "$root/CHANGELOG.md")
fi
export SOURCE_DATE_EPOCH

maintainer=$(sed -n 's/^maintainer = "\(.*\)"$/\1/p' "$root/daemon/Cargo.toml")
[[ -z ${DEBEMAIL-} ]] || maintainer="${DEBFULLNAME:-${maintainer% <*}} <$DEBEMAIL>"

needs() {
    command -v "$1" >/dev/null || die "$1 is not there: cargo install --locked $1 (.ci/run names the version)"
}

## What goes into the packages

# Puts the programs for the target $1 into the stage, without symbols.
stage_programs() {
    local programs=$from program cross=()
    if [[ -z $programs ]]; then
        programs=$target/release
        if [[ $1 != "$host" ]]; then
            programs=$target/$1/release
            cross=(--target "$1")
        fi
        # A panic names the file that it comes from: not in whose home it was.
        local flags="${RUSTFLAGS-} --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$root=/trackway"
        (cd "$root" && RUSTFLAGS=${flags# } cargo build --release --locked --target-dir "$target" "${cross[@]}" \
            --package trackway-daemon --package trackway-ctl)
    fi
    for program in trackwayd trackwayctl; do
        [[ -x $programs/$program ]] || die "there is no program $programs/$program"
        strip -o "$stage/release/$program" "$programs/$program"
        chmod 755 "$stage/release/$program"
    done
}

# What the programs tell of themselves.
stage_pages() {
    mkdir "$stage/release/man" "$stage/release/completions"
    "$stage/release/trackwayd" man "$stage/release/man"
    "$stage/release/trackwayctl" man "$stage/release/man"
    gzip -9n "$stage"/release/man/*
    local completions=$stage/release/completions
    "$stage/release/trackwayctl" completions bash >"$completions/trackwayctl"
    "$stage/release/trackwayctl" completions zsh >"$completions/_trackwayctl"
    "$stage/release/trackwayctl" completions fish >"$completions/trackwayctl.fish"
    "$stage/release/trackwayctl" completions powershell >"$completions/_trackwayctl.ps1"
}

# The unit as it is for every user of a machine. Greeters and other system users have a service
# manager as well, and no agents; root may have some.
stage_unit() {
    mkdir "$stage/release/systemd"
    sed -e '/^# install\.sh writes /d' \
        -e 's|^ExecStart=.*|ExecStart=/usr/bin/trackwayd run|' \
        -e 's/^StartLimitIntervalSec=.*/&\n# People, and root: not those who are there for a service.\nConditionUser=|!@system\nConditionUser=|root/' \
        "$root/packaging/systemd/trackwayd.service" >"$stage/release/systemd/trackwayd.service"
    grep -q '^ExecStart=/usr/bin/' "$stage/release/systemd/trackwayd.service" || die "the unit has another form"
}

# The licences of what is linked for the target $1, each text once, with those whom it is about.
third_party() {
    local sources=${CARGO_HOME:-$HOME/.cargo}/registry/src crate licence file sum silent=''
    local -A texts=() users=()
    while IFS='|' read -r crate licence; do
        local found=no
        for file in "$sources"/*/"${crate/ v/-}"/{LICEN[CS]E,COPYING,COPYRIGHT,NOTICE,UNLICENSE}*; do
            [[ -f $file ]] || continue
            sum=$(sha256sum <"$file")
            texts[$sum]=$file users[$sum]+="$crate ($licence)"$'\n' found=yes
        done
        [[ $found == yes ]] || silent+="$crate ($licence)"$'\n'
    done < <(cd "$root" && cargo tree --locked --edges normal --prefix none --target "$1" \
        --package trackway-daemon --package trackway-ctl --format '{p}|{l}' |
        sed -e 's/ (\*)$//' -e 's/ (proc-macro)//' -e '/^$/d' | grep -v ' (/' | LC_ALL=C sort -u)
    say "What others wrote and is linked into the programs of Trackway, and under which licences."
    [[ -z $silent ]] || printf '\nWithout a text of their own:\n\n%s' "$silent"
    for sum in "${!texts[@]}"; do printf '%s|%s\n' "${users[$sum]%%$'\n'*}" "$sum"; done |
        LC_ALL=C sort | while IFS='|' read -r _ sum; do
            printf '\n%s\n%s\n' "$(printf '=%.0s' {1..78})" "${users[$sum]}"
            cat "${texts[$sum]}"
        done
}

stage_documents() {
    mkdir "$stage/release/doc"
    third_party "$1" | gzip -9n >"$stage/release/doc/third-party.txt.gz"
    {
        say "trackway ($deb_version) unstable; urgency=medium"
        say ""
        say "  * Version $version: changelog.gz says what is new."
        say ""
        say " -- $maintainer  $(LC_ALL=C date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")"
    } | gzip -9n >"$stage/release/doc/changelog.Debian.gz"
}

# Makes everything for the target $1, unless it is there already.
staged=
make_stage() {
    [[ $staged != "$1" ]] || return 0
    rm -rf "$stage"
    mkdir -p "$stage/release"
    stage_programs "$1"
    stage_pages
    stage_unit
    stage_documents "$1"
    staged=$1
}

## Packages

deb_version=$version-1
made=()

# Tells of a file in the place for packages.
told() {
    made+=("$1")
    say "$output/$1"
}

# Prints what packages of the kind $1 call this machine.
machine() {
    case $1:${host%%-*} in
        deb:x86_64) say amd64 ;;
        deb:aarch64) say arm64 ;;
        *) say "${host%%-*}" ;;
    esac
}

make_deb() {
    local file
    file=trackway_${deb_version}_$(machine deb).deb
    needs cargo-deb
    make_stage "$host"
    (cd "$root" && CARGO_TARGET_DIR=$stage cargo deb --quiet --locked --no-build --no-strip --package trackway-daemon \
        --deb-version "$deb_version" --maintainer "$maintainer" --output "$output/$file" >/dev/null)
    told "$file"
}

make_rpm() {
    local file
    file=trackway-$version-1.$(machine rpm).rpm
    needs cargo-generate-rpm
    make_stage "$host"
    # Not rpm's own finder where it happens to be installed: the package is to be the same.
    (cd "$root" && cargo generate-rpm --package daemon --target-dir "$stage" --auto-req builtin \
        --set-metadata "version = \"$version\"" --output "$output/$file")
    told "$file"
}

# Writes the bill of materials of each program for the target $1 as $2-PROGRAM.cdx.json.
bills() {
    needs cargo-cyclonedx
    local copy=$stage/source program
    # It writes beside each manifest, and that is not our place to write.
    mkdir "$copy"
    tar --create --directory "$root" --exclude=./target --exclude=./.git --exclude=./tests/fixtures . |
        tar --extract --directory "$copy"
    (cd "$copy" && cargo cyclonedx --quiet --format json --spec-version 1.5 --describe binaries \
        --all --no-build-deps --target "$1")
    for program in trackwayd trackwayctl; do
        # Where it was built is nobody's business.
        sed "s|path+file://$copy|path+file:///trackway|g" "$copy"/*/"${program}_bin.cdx.json" >"$output/$2-$program.cdx.json"
        told "$2-$program.cdx.json"
    done
    rm -rf "$copy"
}

# Makes a tarball for the target $1, the same whoever makes it from the same programs.
make_tarball() {
    local name=trackway-$version-$1
    make_stage "$1"
    local tree=$stage/$name
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,packaging/systemd,share/man/man1,share/completions}
    cp "$stage"/release/trackwayd "$stage"/release/trackwayctl "$tree/bin/"
    cp "$stage"/release/man/* "$tree/share/man/man1/"
    cp "$stage"/release/completions/* "$tree/share/completions/"
    cp "$root"/packaging/{install.sh,config.toml,zones.toml} "$tree/packaging/"
    cp "$root/packaging/systemd/trackwayd.service" "$tree/packaging/systemd/"
    cp "$root"/{README.md,CHANGELOG.md,SECURITY.md,LICENSE-MIT,LICENSE-APACHE} "$tree/"
    gzip --decompress --stdout "$stage/release/doc/third-party.txt.gz" >"$tree/third-party.txt"
    bills "$1" "$name"
    cp "$output/$name-trackwayd.cdx.json" "$tree/trackwayd.cdx.json"
    cp "$output/$name-trackwayctl.cdx.json" "$tree/trackwayctl.cdx.json"
    tar --create --directory "$stage" --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" \
        --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX "$name" | gzip -9n >"$output/$name.tar.gz"
    told "$name.tar.gz"
}

make_static() {
    local triple=${host%-gnu}-musl
    if [[ -n $from ]]; then
        say "SKIPPED: static programs: --from DIR names others"
    elif [[ ! -d $(rustc --print target-libdir --target "$triple") ]]; then
        say "SKIPPED: static programs: Rust's library for $triple is not there (rustup target add $triple)"
    elif ! command -v musl-gcc >/dev/null; then
        say "SKIPPED: static programs: SQLite is compiled in and needs musl-gcc (Debian: apt install musl-tools)"
    else
        make_tarball "$triple"
    fi
}

for kind in "${kinds[@]}"; do "make_$kind" "$host"; done
[[ ${#made[@]} -eq 0 ]] || (cd "$output" && sha256sum -- "${made[@]}" >SHA256SUMS)
