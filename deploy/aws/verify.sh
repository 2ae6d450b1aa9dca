#!/bin/sh
# verify.sh RELEASE IDENTITY: every image named in the folder RELEASE was signed by the workflow IDENTITY.
set -eu
release=$1
identity=$2
found=0
for file in "$release"/*; do
  image=$(cat "$file")
  case $image in
    *@sha256:*) ;;
    *) echo "$image does not name a digest" >&2; exit 1 ;;
  esac
  cosign verify --certificate-identity "$identity" \
    --certificate-oidc-issuer https://token.actions.githubusercontent.com "$image" > /dev/null
  echo "signed: $image"
  found=$((found + 1))
done
if [ "$found" -eq 0 ]; then
  echo "no image is named in $release" >&2
  exit 1
fi
