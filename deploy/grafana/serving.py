"""Ray Serve, its replicas and nodes, and the GPUs; and the processes' own memory and CPU."""

from __future__ import annotations

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import ENGINE, ORANGE, RED, SUMMARIZE, quantiles

SERVING = Dashboard(
    "brevity-serving",
    "Brevity: Ray Serve and GPUs",
    "The engine's replicas: how busy, how long the queue, what the autoscaler wants, and the machines under them.",
    [
        Row(
            "Replicas",
            [
                Panel(
                    "Replicas",
                    "Healthy ones, and what the autoscaler wants. Wanted ones that do not come lack CPUs or GPUs.",
                    "short",
                    [
                        Query(f"sum(ray_serve_deployment_replica_healthy{{{ENGINE}}})", "healthy"),
                        Query(f"max(ray_serve_autoscaling_target_replicas{{{ENGINE}}})", "wanted"),
                    ],
                ),
                Panel(
                    "Replicas' time at work",
                    "Share of its time each replica works; near 100 % on all, more replicas would help.",
                    "percent",
                    [
                        Query(
                            f"max by (replica) (ray_serve_replica_utilization_percent{{{ENGINE}}})",
                            "{{replica}}",
                        )
                    ],
                    [(90, ORANGE)],
                    high=100,
                ),
                Panel(
                    "Micro-batches at the engine",
                    "At the replicas, and in the queue before them. A full queue pauses partitions.",
                    "short",
                    [
                        Query(f"sum(ray_serve_replica_processing_queries{{{ENGINE}}})", "in work"),
                        Query(f"sum(ray_serve_deployment_queued_queries{{{ENGINE}}})", "queued"),
                    ],
                ),
                Panel(
                    "Time to drain",
                    "What waits on the topic and at the engine, by the speed of the replicas that are ready. The autoscaler "
                    "holds it to BREVITY_SUMMARIZE_DRAIN_SECONDS and the load time.",
                    "s",
                    [Query(f"max(ray_brevity_summarize_engine_drain_seconds{{{ENGINE}}})", "to drain")],
                ),
                Panel(
                    "Backlog in tokens",
                    "Tokens that wait or are in work; words, of engines that count no tokens.",
                    "short",
                    [Query(f"max(ray_brevity_summarize_engine_backlog_tokens{{{ENGINE}}})", "backlog")],
                ),
                Panel(
                    "Load time of a replica",
                    "From a replica's start until it can work, without the time for a machine. Shorter backlogs start none.",
                    "s",
                    [Query(f"max(ray_brevity_summarize_engine_load_seconds{{{ENGINE}}})", "to load")],
                ),
            ],
        ),
        Row(
            "Requests",
            [
                Panel(
                    "Micro-batches a second",
                    "Requests to the replicas, as Serve's proxy answered them, by status.",
                    "reqps",
                    [
                        Query(
                            f"sum by (status_code) (rate(ray_serve_num_http_requests_total{{{ENGINE}}}[$__rate_interval]))",
                            "{{status_code}}",
                        )
                    ],
                ),
                Panel(
                    "A micro-batch in the replica",
                    "Time in the replica, without the queue.",
                    "ms",
                    quantiles("ray_serve_deployment_processing_latency_ms", matching=f"{{{ENGINE}}}"),
                ),
                Panel(
                    "A micro-batch as the stage sees it",
                    "Queue and network included: the distance to the panel beside it is waiting.",
                    "s",
                    quantiles(f"{SUMMARIZE}_engine_seconds"),
                ),
                Panel(
                    "Documents in a micro-batch",
                    "Few documents a call under load mean that the stage's batches are small.",
                    "short",
                    quantiles(f"{SUMMARIZE}_micro_batch_documents"),
                ),
                Panel(
                    "Words a second",
                    "Source words read and summary words written.",
                    "short",
                    [
                        Query(f"sum(rate({SUMMARIZE}_source_words_sum[$__rate_interval]))", "read"),
                        Query(f"sum(rate({SUMMARIZE}_summary_words_sum[$__rate_interval]))", "written"),
                    ],
                ),
                Panel(
                    "Tokens a second",
                    "Tokens read and written, of engines that count them; 0 for the extractive engine.",
                    "short",
                    [
                        Query(
                            f"sum by (side) (rate({SUMMARIZE}_tokens_total[$__rate_interval]))",
                            "{{side}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            "GPUs",
            [
                Panel(
                    "GPUs at work",
                    "Share of time each GPU computes. Empty on machines without a GPU.",
                    "percent",
                    [
                        Query(
                            "max by (instance, GpuIndex, GpuDeviceName) (ray_node_gpus_utilization)",
                            "{{instance}} {{GpuIndex}} {{GpuDeviceName}}",
                        )
                    ],
                    high=100,
                ),
                Panel(
                    "GPU memory",
                    "Memory used on each GPU. Empty on machines without a GPU.",
                    "mbytes",
                    [
                        Query(
                            "max by (instance, GpuIndex) (ray_node_gram_used)",
                            "{{instance}} {{GpuIndex}}",
                        )
                    ],
                ),
                Panel(
                    "Ray's resources",
                    "CPUs and GPUs that Ray hands out, by whether they are in use.",
                    "short",
                    [
                        Query(
                            'sum by (Name, State) (ray_resources{Name=~"CPU|GPU"})',
                            "{{Name}} {{State}}",
                        )
                    ],
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Machines and processes",
            [
                Panel(
                    "CPU of Ray's nodes",
                    "Share of the node's CPUs in use, by whatever runs there.",
                    "percent",
                    [Query("max by (instance) (ray_node_cpu_utilization)", "{{instance}}")],
                    [(90, ORANGE)],
                    high=100,
                ),
                Panel(
                    "Memory of Ray's nodes",
                    "Share of the node's memory in use.",
                    "percentunit",
                    [
                        Query(
                            "max by (instance) (ray_node_mem_used) / max by (instance) (ray_node_mem_total)",
                            "{{instance}}",
                        )
                    ],
                    [(0.85, ORANGE), (0.95, RED)],
                    high=1,
                ),
                Panel(
                    "Disk of Ray's nodes",
                    "Models and Ray's logs lie there.",
                    "percent",
                    [Query("max by (instance) (ray_node_disk_utilization_percentage)", "{{instance}}")],
                    [(80, ORANGE), (90, RED)],
                    high=100,
                ),
                Panel(
                    "Memory of the services",
                    "Resident memory of each process.",
                    "bytes",
                    [Query('process_resident_memory_bytes{job=~"(.+/)?brevity-.+"}', "{{job}}")],
                ),
                Panel(
                    "CPUs of the services",
                    "CPUs in use by each process; 1 is one core busy all the time.",
                    "short",
                    [
                        Query(
                            'rate(process_cpu_seconds_total{job=~"(.+/)?brevity-.+"}[$__rate_interval])',
                            "{{job}}",
                        )
                    ],
                ),
                Panel(
                    "Memory of Ray's parts",
                    "Resident memory of the replicas and of Ray's own processes.",
                    "bytes",
                    [Query("sum by (Component) (ray_component_rss_bytes)", "{{Component}}")],
                    stacked=True,
                ),
            ],
        ),
    ],
)
