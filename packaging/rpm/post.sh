# shellcheck shell=sh
# Enables the user service as presets say. $1 counts the versions that will then be installed.
if [ "$1" = 1 ] && [ -x /usr/lib/systemd/systemd-update-helper ]; then
    /usr/lib/systemd/systemd-update-helper install-user-units trackwayd.service || :
fi
