#!/bin/sh
# apprunner.sh SERVICE IMAGE: the App Runner service takes the image; returns when it runs. App Runner takes no new
# customers since 2026-04-30, so the service itself must be there already.
set -eu
service=$1
image=$2
arn=$(aws apprunner list-services --query "ServiceSummaryList[?ServiceName=='$service'].ServiceArn | [0]" --output text)
if [ -z "$arn" ] || [ "$arn" = None ]; then
  echo "App Runner has no service $service; new accounts use LIGHT_TARGET=express (docs/aws.md)" >&2
  exit 1
fi
source=$(aws apprunner describe-service --service-arn "$arn" --query Service.SourceConfiguration --output json \
  | python3 -c 'import json, sys; s = json.load(sys.stdin); s["ImageRepository"]["ImageIdentifier"] = sys.argv[1]; print(json.dumps(s))' "$image")
operation=$(aws apprunner update-service --service-arn "$arn" --source-configuration "$source" --query OperationId --output text)
tries=0
while [ "$tries" -lt 120 ]; do
  status=$(aws apprunner list-operations --service-arn "$arn" \
    --query "OperationSummaryList[?Id=='$operation'].Status | [0]" --output text)
  case $status in
    SUCCEEDED) exit 0 ;;
    FAILED | ROLLBACK_*) echo "App Runner says $status" >&2; exit 1 ;;
  esac
  tries=$((tries + 1))
  sleep 10
done
echo "App Runner did not finish within 20 minutes" >&2
exit 1
