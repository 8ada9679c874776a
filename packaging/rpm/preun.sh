# shellcheck shell=sh
# Stops and disables the user service, unless a newer version takes over.
if [ "$1" = 0 ] && [ -x /usr/lib/systemd/systemd-update-helper ]; then
    /usr/lib/systemd/systemd-update-helper remove-user-units trackwayd.service || :
fi
