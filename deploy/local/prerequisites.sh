#!/bin/sh
# Names everything that is missing at once, each with the command that installs it.
missing=0

need() { # what, install on Debian, install on macOS
  missing=1
  printf '%s is missing. Install it: sudo apt install %s (Debian, Ubuntu), brew install %s (macOS)\n' "$1" "$2" "$3" >&2
}

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null ||
  need "Python 3.11 to 3.13 (as $python; choose another with make PYTHON=...)" python3.11 python@3.13
"$python" -c 'import ensurepip, venv' 2>/dev/null || need "Python's venv module" python3-venv python@3.13

version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${version:-0}" -ge 17 ] || need "Java 17 or newer" openjdk-17-jdk-headless openjdk

command -v mvn >/dev/null || need Maven maven maven

exit $missing
