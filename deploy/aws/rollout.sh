#!/bin/sh
# rollout.sh RELEASE OVERLAY: the images named in the folder RELEASE (one file a role, holding NAME@sha256:...) go out with
# the kustomize overlay. When the rollout or the smoke test fails, the images that ran before come back and this fails.
set -eu
release=$1
overlay=$2
here=$(dirname "$0")
namespace=${NAMESPACE:-brevity}
patience=${PATIENCE:-20m}
work=$(mktemp -d "$(dirname "$overlay")/.release-XXXXXX")
trap 'rm -rf "$work"' EXIT

roll_out() { # FOLDER of images
  {
    echo "apiVersion: kustomize.config.k8s.io/v1beta1"
    echo "kind: Kustomization"
    echo "resources: [../$(basename "$overlay")]"
    echo "images:"
    for file in "$1"/*; do
      image=$(cat "$file")
      echo "  - {name: brevity/$(basename "$file"), newName: ${image%@*}, digest: '${image#*@}'}"
    done
  } > "$work/kustomization.yaml"
  kubectl apply --server-side --force-conflicts -k "$work" || return 1
  for workload in $(kubectl --namespace "$namespace" get deployments,statefulsets --output name); do
    kubectl --namespace "$namespace" rollout status "$workload" --timeout "$patience" || return 1
  done
  for service in $(kubectl --namespace "$namespace" get rayservices --output name); do
    kubectl --namespace "$namespace" wait "$service" --for condition=UpgradeInProgress=false --timeout "$patience" || return 1
    kubectl --namespace "$namespace" wait "$service" --for condition=Ready --timeout "$patience" || return 1
  done
}

running() { # FOLDER to write to
  kubectl --namespace "$namespace" get configmap brevity-release --ignore-not-found --output json > "$work/running.json"
  python3 - "$work/running.json" "$1" <<'PYTHON'
import json, pathlib, sys

text = pathlib.Path(sys.argv[1]).read_text().strip()
for role, image in (json.loads(text).get("data", {}) if text else {}).items():
    pathlib.Path(sys.argv[2], role).write_text(image)
PYTHON
}

mkdir "$work/before"
running "$work/before"
if roll_out "$release" && python3 "$here/smoke.py"; then
  kubectl --namespace "$namespace" create configmap brevity-release --from-file "$release" --dry-run=client --output yaml \
    | kubectl apply --server-side --force-conflicts -f -
  echo "rolled out"
  exit 0
fi
if [ -z "$(ls "$work/before")" ]; then
  echo "the rollout failed, and nothing ran before that could come back" >&2
  exit 1
fi
echo "the rollout failed: what ran before comes back" >&2
roll_out "$work/before" || echo "and that failed as well: a person is needed (docs/operations.md)" >&2
exit 1
