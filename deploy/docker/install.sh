#!/bin/sh
# install-into REQUIREMENT...  installs into /opt/brevity what constraints.txt allows
# install-into --finish        removes what only an installation needs
set -eu
ca=/run/secrets/ca
if [ -f "$ca" ]; then
  export PIP_CERT="$ca" SSL_CERT_FILE="$ca"
fi
# An argument that was not given must not hide what the base image or its pip.conf says.
[ -n "${PIP_INDEX_URL:-}" ] || unset PIP_INDEX_URL
[ -n "${PIP_EXTRA_INDEX_URL:-}" ] || unset PIP_EXTRA_INDEX_URL
if [ "$1" = --finish ]; then
  /opt/brevity/bin/python -m pip uninstall --quiet --yes pip setuptools
else
  /opt/brevity/bin/python -m pip install --quiet --constraint constraints.txt "$@"
fi
