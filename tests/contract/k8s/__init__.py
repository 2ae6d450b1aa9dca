"""The manifests of deploy/k8s against their schemas and against the code they deploy. No cluster, no server."""
