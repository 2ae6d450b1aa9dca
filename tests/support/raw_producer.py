"""A producer of any legal record: Python's own takes no header names but UTF-8. librdkafka itself, by its C interface."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import confluent_kafka

_TOPIC, _PARTITION, _VALUE, _KEY, _FLAGS, _TIMESTAMP, _HEADERS, _END = 1, 3, 4, 5, 7, 8, 10, 0
_COPY = 2
_PRODUCER = 0


@dataclass(frozen=True, slots=True)
class Legal:
    """A record that Kafka takes; absent values are null, timestamp 0 is the moment of writing."""

    value: bytes | None = b""
    key: bytes | None = None
    headers: tuple[tuple[bytes, bytes | None], ...] = ()
    timestamp_ms: int = 0


def _library() -> Any:
    folder = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs")
    found = next(iter(folder.glob("librdkafka-*.so*")), None)
    if found is None:
        raise FileNotFoundError(f"no librdkafka in {folder}")
    library = ctypes.CDLL(str(found))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new"):
        getattr(library, name).restype = ctypes.c_void_p
    return library


class RawProducer:
    """Used as a context, which waits at its end until everything is written.

    Args:
        settings: librdkafka's, e.g. `compression.type`.
    """

    def __init__(self, bootstrap_servers: str, settings: Mapping[str, str] | None = None) -> None:
        self._rd: Any = _library()
        conf = ctypes.c_void_p(self._rd.rd_kafka_conf_new())
        error = ctypes.create_string_buffer(500)
        own = {
            "bootstrap.servers": bootstrap_servers,
            "message.max.bytes": "300000000",  # the broker is to judge
            "queue.buffering.max.kbytes": "1000000",
            "log_level": "0",
        }
        for name, value in {**own, **(settings or {})}.items():
            if self._rd.rd_kafka_conf_set(conf, name.encode(), str(value).encode(), error, 500):
                raise ValueError(error.value.decode())
        self._handle = ctypes.c_void_p(self._rd.rd_kafka_new(_PRODUCER, conf, error, 500))
        if not self._handle:
            raise RuntimeError(error.value.decode())

    def send(self, topic: str, records: Iterable[Legal], partition: int = -1) -> None:
        for record in records:
            self._send(topic, record, partition)

    def _send(self, topic: str, record: Legal, partition: int) -> None:
        size = ctypes.c_size_t
        headers = ctypes.c_void_p(self._rd.rd_kafka_headers_new(size(len(record.headers))))
        for name, value in record.headers:
            length = ctypes.c_ssize_t(0 if value is None else len(value))
            if self._rd.rd_kafka_header_add(headers, name, ctypes.c_ssize_t(len(name)), value, length):
                raise ValueError(f"librdkafka refuses the header {name!r}")
        error = self._rd.rd_kafka_producev(
            self._handle,
            ctypes.c_int(_TOPIC), topic.encode(),
            ctypes.c_int(_PARTITION), ctypes.c_int32(partition),
            ctypes.c_int(_VALUE), record.value, size(len(record.value or b"")),
            ctypes.c_int(_KEY), record.key, size(len(record.key or b"")),
            ctypes.c_int(_FLAGS), ctypes.c_int(_COPY),
            ctypes.c_int(_TIMESTAMP), ctypes.c_int64(record.timestamp_ms),
            ctypes.c_int(_HEADERS), headers,
            ctypes.c_int(_END),
        )  # fmt: skip
        if error:
            raise ValueError(f"librdkafka refuses the record: error {error}")

    def flush(self) -> None:
        left = self._rd.rd_kafka_flush(self._handle, 30_000)
        assert not left, "not written within 30 s"

    def __enter__(self) -> RawProducer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.flush()
        finally:
            self._rd.rd_kafka_destroy(self._handle)
