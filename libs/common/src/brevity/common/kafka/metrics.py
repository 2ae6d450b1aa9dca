"""Metrics of what reads from Kafka, under the name of the service that runs it."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from brevity.common.observability.metrics import BATCH_RECORDS, END_TO_END_SECONDS, WORK_SECONDS


class StageMetrics:
    """Instruments of one stage; make it once in a process for each service and registry."""

    def __init__(self, service: str, registry: CollectorRegistry = REGISTRY) -> None:
        def name(what: str) -> str:
            return f"brevity_{service}_{what}"

        self.consumed = Counter(
            name("records_consumed_total"),
            "Records fetched, redone ones included.",
            ["topic"],
            registry=registry,
        )
        self.produced = Counter(
            name("records_produced_total"), "Records made visible by a commit.", ["topic"], registry=registry
        )
        self.finished = Counter(
            name("records_finished_total"),
            "Records whose offset was committed, by what became of them.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("done", "retried", "set_aside", "dead_letter"):
            self.finished.labels(
                outcome
            )  # there from the start: a series that begins at 1 hides its first increase
        self.dead_letters = Counter(
            name("dead_letters_total"), "Records given up on, by reason code.", ["code"], registry=registry
        )
        self.discarded = Counter(
            name("records_discarded_total"),
            "Records whose work was thrown away (lost partition, aborted transaction) and is done again.",
            registry=registry,
        )
        self.transactions = Counter(
            name("transactions_total"), "Transactions by outcome.", ["outcome"], registry=registry
        )
        self.holds = Counter(
            name("holds_total"),
            "Times a batch was held because a dependency was away or full.",
            ["code"],
            registry=registry,
        )
        self.rebalances = Counter(
            name("rebalances_total"), "Changes of the assignment.", ["kind"], registry=registry
        )
        self.batch_records = Histogram(
            name("batch_records"), "Records in a transformed batch.", buckets=BATCH_RECORDS, registry=registry
        )
        self.transform_seconds = Histogram(
            name("transform_seconds"),
            "The handler's time for one batch.",
            buckets=WORK_SECONDS,
            registry=registry,
        )
        self.commit_seconds = Histogram(
            name("commit_seconds"),
            "One transaction, from begin to committed.",
            buckets=WORK_SECONDS,
            registry=registry,
        )
        self.end_to_end_seconds = Histogram(
            name("end_to_end_seconds"),
            "From a record's timestamp to the commit that finished it.",
            buckets=END_TO_END_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(name("in_flight_records"), "Records being worked on.", registry=registry)
        self.lag = Gauge(
            name("lag_records"), "Records on the topic that are not finished.", ["topic"], registry=registry
        )
        self.halted = Gauge(
            name("halted_records"),
            "Records on halted partitions that are not finished; part of the lag.",
            ["topic"],
            registry=registry,
        )
        self.expired = Counter(
            name("records_expired_total"),
            "Records that the topic no longer held when their turn came (retention, deleted records or topic).",
            ["topic"],
            registry=registry,
        )
        self.passed_over = Counter(
            name("batches_passed_over_total"),
            "Batches that are damaged or unpack to too much; each of their records is a dead letter `unreadable_record`.",
            ["topic"],
            registry=registry,
        )
        self.log_resets = Counter(
            name("log_resets_total"),
            "Times a partition's log was no longer the one that had been read, so that its position was found anew.",
            ["topic"],
            registry=registry,
        )
        self.held = Gauge(name("held_batches"), "Batches waiting for a dependency.", registry=registry)
        self.oldest = Gauge(
            name("oldest_record_age_seconds"),
            "Age of the oldest record fetched and not finished, by its own timestamp; 0 when there is none.",
            registry=registry,
        )
        self.partitions = Gauge(
            name("partitions"),
            "Assigned partitions, by whether they are `open` or `halted` by too many dead letters.",
            ["topic", "state"],
            registry=registry,
        )


class ConsumerMetrics:
    """Instruments of one at-least-once consumer; make it once in a process for each name and registry.

    Args:
        name: The service, e.g. `feedback`, or the service and the part of it that consumes.
    """

    def __init__(self, name: str, registry: CollectorRegistry = REGISTRY) -> None:
        prefix = f"brevity_{name}"
        self.lag = Gauge(
            f"{prefix}_lag_records", "Records on the topic that are not kept.", ["topic"], registry=registry
        )
        self.expired = Counter(
            f"{prefix}_records_expired_total",
            "Records that the topic no longer held when their turn came (retention, deleted records or topic).",
            ["topic"],
            registry=registry,
        )
        self.log_resets = Counter(
            f"{prefix}_log_resets_total",
            "Times a partition's log was no longer the one that had been read, so that it was read from its beginning.",
            ["topic"],
            registry=registry,
        )
        self.passed_over = Counter(
            f"{prefix}_batches_passed_over_total",
            "Batches that are damaged or unpack to too much; each of their records counts as unreadable.",
            ["topic"],
            registry=registry,
        )
        self.unreadable = Counter(
            f"{prefix}_records_unreadable_total",
            "Records of which something could not be read: a header's name that is not UTF-8 (the rest is kept), or a"
            " whole batch that is damaged (left out).",
            ["topic"],
            registry=registry,
        )
        self.left_out = Counter(
            f"{prefix}_records_left_out_total",
            "Records that could not be kept although the store took others, by topic and reason code.",
            ["topic", "code"],
            registry=registry,
        )
        self.in_flight = Gauge(f"{prefix}_in_flight_records", "Records being kept.", registry=registry)
        self.retries = Counter(
            f"{prefix}_retries_total",
            "Times a batch was tried again because the store had not taken it.",
            ["code"],
            registry=registry,
        )
        self.end_to_end_seconds = Histogram(
            f"{prefix}_end_to_end_seconds",
            "From a record's timestamp to its being kept.",
            buckets=END_TO_END_SECONDS,
            registry=registry,
        )
