"""The ids of topics: what tells a topic that was deleted and made again from the one before.

Asked in aiokafka's protocol with a request of our own: of the client libraries only librdkafka's AdminClient knows topic
ids, and it ends the process (a failed assertion in C) when a broker goes away while it waits for an answer.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Collection
from io import BytesIO
from typing import Any

from aiokafka.client import AIOKafkaClient  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.errors import KafkaError  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.protocol.api import Request, RequestStruct, Response  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.protocol.types import (  # pyright: ignore[reportMissingTypeStubs]
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)
from faststream.kafka.security import parse_security

from brevity.common.errors import Fatal, Unavailable
from brevity.common.kafka.security import security_of
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings

log = get_logger(__name__)

_UNKNOWN_TOPIC = {3, 100}
_NOT_NOW = Unavailable("Kafka does not tell topics' ids now", code="kafka")


class _Uuid:
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)

    @classmethod
    def repr(cls, value: bytes) -> str:
        return value.hex()


_UUID: Any = _Uuid
_NAME = CompactString("utf-8")


class _MetadataResponse(Response):
    API_KEY = 3  # pyright: ignore
    API_VERSION = 12  # pyright: ignore
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32), ("host", _NAME), ("port", Int32), ("rack", _NAME), ("tags", TaggedFields)
            ),
        ),
        ("cluster_id", _NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _NAME),
                ("topic_id", _UUID),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("topic_authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):
    API_KEY = 3  # pyright: ignore
    API_VERSION = 12  # pyright: ignore
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _UUID), ("name", _NAME), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Metadata(Request[_MetadataStruct]):
    API_KEY = 3  # pyright: ignore

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class([(bytes(16), name, {}) for name in self._topics], False, False, {})


class TopicIds:
    """Asks a broker from any thread; connects at the first question, and again after a failure."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._client: Any = None
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        try:
            self._security = parse_security(security_of(kafka.client_config))
            self.known = True
        except Fatal as error:
            self.known = False
            log.warning("topics made again will not be recognised by their ids", reason=error.message)

    def of(self, topics: Collection[str], seconds: float) -> dict[str, str]:
        """The ids of those topics that exist; all are "" where the connection's settings are not known here.

        Raises:
            Unavailable: No broker has answered within `seconds`.
        """
        if not self.known:
            return dict.fromkeys(topics, "")
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop.run_forever, name="topic-ids", daemon=True)
                self._thread.start()
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(self._ask(topics), seconds), self._loop)
        try:
            return future.result(seconds + 1)
        except (KafkaError, TimeoutError, OSError) as error:
            future.cancel()
            raise _NOT_NOW from error

    def close(self) -> None:
        """Let go of the connection."""
        if self._thread is not None:
            asyncio.run_coroutine_threadsafe(self._disconnect(), self._loop)
            self._loop.call_soon_threadsafe(lambda: self._loop.call_later(1.0, self._loop.stop))

    async def _ask(self, topics: Collection[str]) -> dict[str, str]:
        try:
            if self._client is None:
                client = AIOKafkaClient(
                    bootstrap_servers=self._kafka.bootstrap_servers,
                    client_id="brevity-topic-ids",
                    request_timeout_ms=5_000,
                    **self._security,
                )
                try:
                    await client.bootstrap()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            answer = await self._client.send(self._client.get_random_node(), _Metadata(topics))
        except BaseException:
            await self._disconnect()
            raise
        found: dict[str, str] = {}
        for topic in answer.topics:
            error, name, topic_id = topic[0], topic[1], topic[2]
            if error == 0:
                found[name] = str(uuid.UUID(bytes=topic_id))
            elif error not in _UNKNOWN_TOPIC:
                raise KafkaError(f"topic {name}: error {error}")
        return found

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
