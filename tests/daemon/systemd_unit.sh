#!/bin/sh
# The unit's exposure, as systemd judges it without running anything: 2.0 at most.
# usage: systemd_unit.sh UNIT SYSTEMD_ANALYZE
if [ ! -x "$2" ]; then
  echo "skipped: systemd-analyze is not installed"
  exit 77
fi
said=$("$2" security --offline=true --no-pager "$1" 2>&1)
level=$(printf '%s\n' "$said" | sed -nE 's/.*Overall exposure level for [^:]*: ([0-9]+)\.([0-9]).*/\1\2/p')
printf '%s\n' "$said" | tail -n 1
[ -n "$level" ] && [ "$level" -le 20 ]
