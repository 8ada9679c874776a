#!/bin/bash
# Makes the packages and tries them: the .deb in a Debian of its own, from the first installation to
# the purge; the .rpm by what it lists; the tarball by making it twice.
#
#   packaging/tests/deb.sh [BINARIES]     default: target/debug
#
# Needs cargo-deb, cargo-generate-rpm and cargo-cyclonedx, and the packages lintian, rpm, man-db and
# systemd. The installation needs root and debootstrap besides, and a mirror that answers; DEBIAN_ROOT names
# a tree that is copied instead.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
binaries=${1:-$target/debug}

temp=$(mktemp -d /tmp/trackway-deb.XXXXXX)
chmod 755 "$temp"
debian=$temp/debian
daemon=
clean_up() {
    [[ -z $daemon ]] || kill -KILL "$daemon" 2>/dev/null || true
    ! mountpoint --quiet "$debian/proc" || umount "$debian/proc" || umount --lazy "$debian/proc"
    rm -rf --one-file-system "$temp"
}
trap clean_up EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
missing() { ! command -v "$1" >/dev/null && echo "SKIPPED: $2: $1 is not there"; }

## Making

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
arch=$(dpkg --print-architecture)
package() { "$root/packaging/package.sh" --from "$binaries" --output "$temp/$1" "${@:2}" >"$temp/said" || fail "package.sh ${*:2}"; }

package old --version 0.0.9 deb
package new deb rpm tarball
old=$temp/old/trackway_0.0.9-1_$arch.deb
new=$temp/new/trackway_$version-1_$arch.deb
(cd "$temp/new" && sha256sum --quiet --check SHA256SUMS) || fail "the sums do not fit"
echo "ok: $(wc -l <"$temp/new/SHA256SUMS") files made of version $version"

## The package

missing lintian "what Debian thinks of the package" ||
    lintian --fail-on error,warning --tag-display-limit 0 "$new" || fail "lintian"

dpkg-deb --fsys-tarfile "$new" | tar --extract --directory "$temp" --one-top-level=tree
for path in usr/bin/trackwayd usr/bin/trackwayctl usr/lib/systemd/user/trackwayd.service \
    usr/share/man/man1/{trackwayd,trackwayd-run,trackwayctl,trackwayctl-zones-ack}.1.gz \
    usr/share/bash-completion/completions/trackwayctl usr/share/zsh/vendor-completions/_trackwayctl \
    usr/share/fish/vendor_completions.d/trackwayctl.fish \
    usr/share/doc/trackway/{copyright,changelog.gz,changelog.Debian.gz,third-party.txt.gz,README.md} \
    usr/share/doc/trackway/examples/{config.toml,zones.toml}; do
    [[ -s $temp/tree/$path ]] || fail "the package has no $path"
done
[[ ! -e $temp/tree/etc ]] || fail "the package has files in /etc, which are the administrator's"
if zgrep --quiet --fixed-strings "$root" "$temp"/tree/usr/share/{man/man1,doc/trackway}/*.gz; then
    fail "the package tells where it was made"
fi

missing man "how the manual pages look" || for page in "$temp"/tree/usr/share/man/man1/*; do
    said=$(MANROFFSEQ='' MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
    [[ -z $said ]] || fail "${page##*/}: $said"
done

if ! missing systemd-analyze "systemd-analyze verify"; then
    # The unit's program must exist where it is run.
    mkdir "$temp/run"
    sed "s|^ExecStart=|&$temp/tree|" "$temp/tree/usr/lib/systemd/user/trackwayd.service" >"$temp/trackwayd.service"
    said=$(HOME=$temp XDG_RUNTIME_DIR=$temp/run systemd-analyze verify --user --man=no "$temp/trackwayd.service" 2>&1) ||
        fail "systemd-analyze verify"
    [[ -z $said ]] || fail "systemd-analyze verify says: $said"
fi
echo "ok: the .deb has what it should"

## The others

if ! missing rpm "what the .rpm lists"; then
    rpm=$temp/new/trackway-$version-1.$(uname -m).rpm
    listed=$(rpm --query --package --list "$rpm")
    for path in /usr/bin/trackwayd /usr/lib/systemd/user/trackwayd.service \
        /usr/lib/systemd/user-preset/90-trackway.preset /usr/share/man/man1/trackwayctl.1.gz \
        /usr/share/zsh/site-functions/_trackwayctl /usr/share/licenses/trackway/LICENSE-MIT; do
        grep -qx -- "$path" <<<"$listed" || fail "the .rpm has no $path"
    done
    # Libraries, and nothing that only Debian calls so.
    rpm --query --package --requires "$rpm" | grep -q '^libc\.so\.6' || fail "the .rpm does not require the C library"
    [[ $(rpm --query --package --scripts "$rpm") == *install-user-units* ]] || fail "the .rpm does not enable the service"
    echo "ok: the .rpm has what it should"
fi

package again tarball
for file in "$temp"/new/*.tar.gz "$temp"/new/*.cdx.json; do
    cmp "$file" "$temp/again/${file##*/}" || fail "made twice, ${file##*/} differs"
done

unpacked=$temp/unpacked/$(basename "$temp"/new/*.tar.gz .tar.gz)
tar --extract --gzip --file "$temp"/new/*.tar.gz --one-top-level="$temp/unpacked"
mkdir -m 700 "$temp/home" "$temp/home/run"
install=(env -i HOME="$temp/home" PATH=/usr/local/bin:/usr/bin:/bin XDG_RUNTIME_DIR="$temp/home/run"
    "$unpacked/packaging/install.sh")
"${install[@]}" --detached >"$temp/said" 2>&1 || fail "install.sh of the tarball: $(cat "$temp/said")"
"${install[@]}" --uninstall --purge >"$temp/said" 2>&1 || fail "install.sh --uninstall of the tarball: $(cat "$temp/said")"
echo "ok: the tarball is the same when made twice, and installs"

## A Debian of its own

if [[ $(id -u) != 0 ]]; then
    echo "SKIPPED: installation of the .deb: needs root"
    exit 0
fi
if [[ -n ${DEBIAN_ROOT-} ]]; then
    cp --archive "$DEBIAN_ROOT" "$debian"
elif missing debootstrap "installation of the .deb"; then
    exit 0
else
    mirror=$(apt-get indextargets --format "\$(SITE)" 'Created-By: Packages' | grep '/debian$' | head -n 1)
    mirror=${mirror:-http://deb.debian.org/debian}
    if ! timeout 300 debootstrap --variant=minbase bookworm "$debian" "$mirror" >"$temp/said" 2>&1; then
        tail -n 5 "$temp/said"
        echo "SKIPPED: installation of the .deb: debootstrap gets nothing from $mirror"
        exit 0
    fi
fi
mount -t proc proc "$debian/proc"

within=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$debian")
# An ordinary user, who has no service manager here.
by_user=("${within[@]}" setpriv --reuid=ann --regid=ann --init-groups env HOME=/home/ann)
inside() { "${within[@]}" "$@"; }
as_user() { "${by_user[@]}" "$@"; }
installs() {
    cp "$1" "$debian/tmp/trackway.deb"
    inside apt-get install --quiet --yes --no-install-recommends --option Dpkg::Use-Pty=0 /tmp/trackway.deb >"$temp/said" 2>&1 ||
        fail "apt-get install: $(cat "$temp/said")"
    rm "$debian/tmp/trackway.deb"
}
installed() { inside dpkg-query --show trackway | cut -f 2; }
# Every file but what apt and dpkg note about what they do.
files() {
    (cd "$debian" && find . -xdev ! -path './var/cache/*' ! -path './var/log/*' ! -path './var/lib/apt/*' \
        ! -path './var/lib/dpkg/*-old' ! -path './tmp/*' ! -path './home/ann/*' ! -path './var/lib/dpkg/lock*' | sort)
}
wanted=etc/systemd/user/default.target.wants/trackwayd.service

# Its processes are nobody's outside.
inside useradd --create-home --uid 54321 ann
files >"$temp/before"

installs "$old"
[[ $(installed) == 0.0.9-1 ]] || fail "the old version is not installed"
[[ -L $debian/$wanted ]] || fail "the service is not enabled"
[[ $(inside trackwayctl --version) == "trackwayctl $version" ]] || fail "trackwayctl --version"
inside trackwayctl help | grep -q 'Exit codes:' || fail "trackwayctl help"
inside bash -c '. /usr/share/bash-completion/completions/trackwayctl && complete -p trackwayctl' >/dev/null ||
    fail "bash does not take the completions"
echo "ok: installed in Debian $(cat "$debian/etc/debian_version"), and enabled"

# Not by a function, whose shell would be what $! names.
"${by_user[@]}" /usr/bin/trackwayd run >"$temp/log" 2>&1 &
daemon=$!
answers() { as_user trackwayctl status --json >"$temp/status" 2>/dev/null; }
for _ in {1..100}; do
    answers && break
    kill -0 "$daemon" 2>/dev/null || fail "trackwayd ended: $(cat "$temp/log")"
    sleep 0.1
done
answers || fail "trackwayd does not answer: $(cat "$temp/log")"
grep -q "\"state_dir\": *\"/home/ann/.local/state/trackway\"" "$temp/status" || fail "the ledger is not the user's: $(cat "$temp/status")"
kill -TERM "$daemon"
wait "$daemon" || fail "trackwayd does not end in order: $(cat "$temp/log")"
daemon=
as_user trackwayd verify >"$temp/said" || fail "the ledger does not verify: $(cat "$temp/said")"
echo "ok: recorded for an ordinary user, and ended in order"

installs "$new"
[[ $(installed) == "$version-1" ]] || fail "the upgrade"
[[ -L $debian/$wanted ]] || fail "the upgrade disabled the service"
echo "ok: upgraded"

# What an administrator decided is not for a package to undo. So does `systemctl --global disable`.
rm "$debian/$wanted"
cp "$new" "$debian/tmp/trackway.deb"
inside dpkg --install /tmp/trackway.deb >"$temp/said" 2>&1 || fail "dpkg --install: $(cat "$temp/said")"
rm "$debian/tmp/trackway.deb"
[[ ! -L $debian/$wanted ]] || fail "a service that was disabled is enabled again"

inside dpkg --remove trackway >"$temp/said" 2>&1 || fail "dpkg --remove: $(cat "$temp/said")"
[[ ! -e $debian/usr/bin/trackwayd ]] || fail "the program is there after its removal"
[[ -s $debian/home/ann/.local/state/trackway/ledger.db ]] || fail "the ledger went with the package"
inside dpkg --purge trackway >"$temp/said" 2>&1 || fail "dpkg --purge: $(cat "$temp/said")"
left=$(files | comm -13 "$temp/before" -)
[[ -z $left ]] || fail "left behind: $left"
[[ -s $debian/home/ann/.local/state/trackway/ledger.db ]] || fail "the ledger went with the package"
echo "ok: removed and purged, nothing is left but the ledger"
