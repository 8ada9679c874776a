# shellcheck shell=sh
# After an upgrade running daemons become the new one. Ledgers are the users' own and stay.
if [ "$1" -ge 1 ] && [ -x /usr/lib/systemd/systemd-update-helper ]; then
    /usr/lib/systemd/systemd-update-helper mark-restart-user-units trackwayd.service || :
fi
