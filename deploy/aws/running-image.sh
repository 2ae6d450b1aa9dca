#!/bin/sh
# running-image.sh express|apprunner SERVICE [CLUSTER]: the image that the service runs now; nothing when there is none yet.
set -eu
target=$1
service=$2
cluster=${3:-default}
case $target in
  express)
    arn=$(aws ecs list-services --cluster "$cluster" --query "serviceArns[?ends_with(@, '/$service')] | [0]" --output text 2> /dev/null || true)
    [ -n "$arn" ] && [ "$arn" != None ] || exit 0
    aws ecs describe-express-gateway-service --service-arn "$arn" \
      --query 'service.activeConfigurations[0].primaryContainer.image' --output text
    ;;
  apprunner)
    arn=$(aws apprunner list-services --query "ServiceSummaryList[?ServiceName=='$service'].ServiceArn | [0]" --output text)
    [ -n "$arn" ] && [ "$arn" != None ] || exit 0
    aws apprunner describe-service --service-arn "$arn" \
      --query 'Service.SourceConfiguration.ImageRepository.ImageIdentifier' --output text
    ;;
  *)
    echo "there is no target $target: use express or apprunner" >&2
    exit 2
    ;;
esac
