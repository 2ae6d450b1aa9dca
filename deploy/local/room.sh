#!/bin/sh
# Stops an installation that the disk has no room for, before it has filled the disk.
# Arguments: what is installed, the megabytes it takes at its peak (the downloads lie beside what they unpack to).
set -eu
free=$(df -Pm . | awk 'NR == 2 {print $4}')
if [ "$free" -lt "$2" ]; then
  printf '%s need %s MB of disk while they are installed; %s MB are free here. Free some, then run the command again.\n' \
    "$1" "$2" "$free" >&2
  exit 1
fi
