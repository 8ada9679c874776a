#!/bin/sh
# Looks at a report's page as a browser does: check.sh REPORT.html [DIRECTORY]
#
# Fails where the page asks for anything, makes the browser complain, has not all of its charts, or is
# wider than the screen. Leaves pictures of it in DIRECTORY, for people to look at: at 400 and at 1400
# pixels, by day and by night, and on paper.
#
# CHROMIUM names the browser, FONTCONFIG_FILE the fonts.
set -eu

page=${1:?usage: check.sh REPORT.html [DIRECTORY]}
page=$(cd "$(dirname "$page")" && pwd)/$(basename "$page")
pictures=${2:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM # runs the EXIT trap, which sh does not do by itself

browser=${CHROMIUM:-}
for name in chromium chromium-browser google-chrome; do
    [ -n "$browser" ] || browser=$(command -v "$name") || browser=
done
[ -n "$browser" ] || { echo "check.sh: no Chromium is installed" >&2; exit 1; }

# Runs the browser with a profile of its own. Nothing that it asks for by itself has an address.
browse() {
    rm -rf "$work/profile"
    sandbox=
    # Root has no sandbox to be in.
    [ "$(id -u)" -ne 0 ] || sandbox=--no-sandbox
    timeout 60 "$browser" --headless --disable-gpu ${sandbox:+"$sandbox"} \
        --user-data-dir="$work/profile" --no-first-run --disable-background-networking \
        --hide-scrollbars --enable-logging=stderr --v=0 \
        --host-resolver-rules='MAP * ~NOTFOUND' "$@" 2>"$work/log"
}

# Prints what a page asks for, and what the browser has to say about it.
complaints() {
    browse --log-net-log="$work/net.json" --dump-dom "file://$1" >"$work/dom.html"
    # What the browser asks for by itself has no origin.
    grep '"initiator":' "$work/net.json" | grep -v '"initiator":"not an origin"' |
        grep -o '"url":"[^"]*"' || :
    grep 'CONSOLE' "$work/log" || :
}

fail() {
    echo "check.sh: $*" >&2
    exit 1
}

# What never fails says nothing: both kinds of complaints are found where there are some.
cat >"$work/bad.html" <<'HTML'
<!DOCTYPE html><title>bad</title>
<img src="http://example.invalid/picture"><script>console.error("bad")</script>
HTML
found=$(complaints "$work/bad.html")
case $found in *example.invalid*) ;; *) fail "a request is not noticed" ;; esac
case $found in *CONSOLE*bad*) ;; *) fail "a complaint is not noticed" ;; esac

found=$(complaints "$page")
[ -z "$found" ] || fail "the page asks for something, or is in error: $found"

for chart in hours days repos models; do
    grep -q "<figure id=\"chart-$chart\"" "$work/dom.html" || fail "there is no chart of $chart"
done
charts=$(grep -c '<svg [^>]*role="img"' "$work/dom.html") || :
[ "$charts" -eq 4 ] || fail "$charts charts, not 4"

# How wide the page is in a frame of that width. Its own policy forbids it scripts; this is around it.
for width in 400 760 1000 1400; do
    cat >"$work/frame.html" <<HTML
<!DOCTYPE html><iframe src="file://$page" width="$width" height="900" style="border: 0"></iframe>
<p></p><script>
const frame = document.querySelector("iframe");
frame.onload = () => {
    document.querySelector("p").textContent =
        "wide: " + frame.contentDocument.documentElement.scrollWidth;
};
</script>
HTML
    browse --allow-file-access-from-files --window-size=1500,1000 --virtual-time-budget=5000 \
        --dump-dom "file://$work/frame.html" >"$work/frame.out"
    wide=$(sed -n 's/.*wide: \([0-9]*\).*/\1/p' "$work/frame.out")
    [ "${wide:-0}" -eq "$width" ] || fail "at $width pixels the page is ${wide:-of unknown width}"
done

[ -n "$pictures" ] || exit 0
mkdir -p "$pictures"
pictures=$(cd "$pictures" && pwd)
for size in 400,12000 1400,5600; do
    for scheme in dark light; do
        [ "$scheme" = dark ] && preferred=0 || preferred=1
        browse --blink-settings="preferredColorScheme=$preferred" --window-size="$size" \
            --screenshot="$pictures/$scheme-${size%,*}.png" "file://$page"
    done
done
browse --no-pdf-header-footer --print-to-pdf="$pictures/a4.pdf" "file://$page"
