"""A consume-produce process as it is often written, wrong on purpose: it commits offsets before the effect, or after it
without a transaction. The chaos test lets it die in the same way and must find what it loses or doubles.

Arguments: broker, group, source, sink, `commit-first` or `commit-after`.
"""

from __future__ import annotations

import sys
import time

from confluent_kafka import Consumer, Producer


def main(broker: str, group: str, source: str, sink: str, order: str) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": group,
            "group.instance.id": "faulty",
            "session.timeout.ms": 6_000,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": broker})
    consumer.subscribe([source])
    while True:
        batch = [message for message in consumer.consume(32, 0.1) if message.error() is None]
        if not batch:
            continue
        if order == "commit-first":
            consumer.commit(asynchronous=False)
        time.sleep(0.05)  # the work
        for message in batch:
            producer.produce(sink, key=message.key(), value=message.value())
        producer.flush()
        time.sleep(0.05)
        if order == "commit-after":
            consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
