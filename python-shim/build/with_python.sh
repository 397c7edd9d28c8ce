#!/bin/sh
# Runs a Python script of the build, or says what to install where there is no Python 3.
if ! command -v python3 >/dev/null 2>&1; then
  echo "This build needs Python 3.9 or newer as python3: install it, for example with: apt-get install python3" >&2
  exit 1
fi
exec python3 "$@"
