"""Promotions carried out in one process, with the real broker and object store."""

from __future__ import annotations

import dataclasses
import os
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from brevity.common.errors import Fatal, Unavailable
from brevity.common.events import ModelPromoted, ModelServed, ObjectRef, Rollout
from brevity.common.kafka.topics import TOPICS
from brevity.common.settings import S3Settings
from brevity.common.storage.s3 import S3ObjectStore
from brevity.summarize import oneshot
from brevity.summarize.engines.port import Job, Summary, SummaryEngine
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.serving.client import LocalClient
from brevity.summarize.settings import EngineSettings, SummarizeSettings
from brevity.summarize.versions.cache import ModelCache
from brevity.summarize.versions.live import LiveEngine
from brevity.summarize.versions.wiring import live_engine
from tests.support.models import Version, model_bytes, promote, promotion, put_version
from tests.support.samples import sample_texts
from tests.support.stack import Stack, fresh_stack
from tests.support.topics import eventually, read

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

MAX_BYTES = 4_000_000
TEXT = sample_texts()[8]
Start = Callable[[], LiveEngine]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """A stack of its own: what is promoted here must not be served by the processes of other tests."""
    with fresh_stack(tmp_path_factory.mktemp("versions")) as running:
        yield running


@pytest.fixture
def store(own: Stack) -> S3ObjectStore:
    return S3ObjectStore(own.s3)


@pytest.fixture
def settings(own: Stack, tmp_path: Path) -> SummarizeSettings:
    block = EngineSettings(model_cache=tmp_path / "models", max_model_bytes=MAX_BYTES)
    return SummarizeSettings(kafka=own.kafka, s3=own.s3, summarize=block)


@pytest.fixture
def start(settings: SummarizeSettings) -> Generator[Start]:
    """Starts a process's worth of serving; everything started is stopped at the end."""
    with ExitStack() as stopping:

        def begin() -> LiveEngine:
            serving = live_engine(settings, load_engine)
            stopping.callback(serving.stop)
            return serving.live

        yield begin


def fresh(store: S3ObjectStore, *, taste: float = 1.0) -> Version:
    name = uuid.uuid4().hex[:8]
    return put_version(store, name, model_bytes(name, taste=taste))


def serves(live: LiveEngine, version: Version) -> None:
    eventually(
        f"{version.model_version} serves",
        lambda: live.ready and live.model_version == version.model_version,
        60,
    )


def reports(own: Stack, event: ModelPromoted) -> list[ModelServed]:
    found = [
        ModelServed.model_validate_json(message.value() or b"")
        for message in read(own.kafka, "models.served")
    ]
    return [report for report in found if report.promotion_id == event.promotion_id]


def reported(own: Stack, event: ModelPromoted, state: str) -> ModelServed:
    eventually(
        f"{state} is reported", lambda: any(report.state == state for report in reports(own, event)), 60
    )
    return next(report for report in reports(own, event) if report.state == state)


def version_of(live: LiveEngine, text: str = TEXT) -> str:
    [answer] = live.summarize([Job(text, "en", 40)])
    assert isinstance(answer, Summary), answer
    return answer.model_version


def test_a_model_is_fetched_checked_and_kept_by_its_hash(store: S3ObjectStore, tmp_path: Path) -> None:
    version = fresh(store)
    cache = ModelCache(store, tmp_path / "kept", max_bytes=MAX_BYTES)
    path = cache.fetch("extractive", version.artifact)
    assert load_engine(f"extractive:{path}").model_version == version.model_version
    store.delete(version.artifact.object_key)
    assert cache.fetch("extractive", version.artifact) == path
    path.write_bytes(b"somebody wrote over it")
    with pytest.raises(Fatal) as caught:
        cache.fetch("extractive", version.artifact)
    assert caught.value.code == "model_missing"


def test_models_used_longest_ago_leave_and_those_in_use_stay(store: S3ObjectStore, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    versions = [fresh(store) for _ in range(4)]
    one = len(store.get(versions[0].artifact.object_key, max_bytes=MAX_BYTES))
    cache = ModelCache(store, folder, max_bytes=MAX_BYTES, kept_bytes=2 * one + one // 2)
    for age, version in zip((4_000, 3_000, 2_000, 1_000), versions, strict=True):
        place = cache.fetch("extractive", version.artifact).parent
        os.utime(place, (time.time() - age, time.time() - age))

    def kept() -> list[int]:
        return [
            n for n, version in enumerate(versions) if (folder / (version.artifact.sha256 or "")).exists()
        ]

    ModelCache(store, folder, max_bytes=MAX_BYTES).prune()
    assert kept() == [0, 1, 2, 3]  # without a bound nothing leaves
    for owner in ("one route", "another"):
        cache.hold(owner, [versions[1].artifact])
    cache.hold("one route", [versions[0].artifact])  # and no longer the other
    cache.hold("another", [])
    cache.prune()
    assert kept() == [0, 3]
    assert not [place for place in folder.iterdir() if place.name.startswith(".gone")]
    tight = ModelCache(store, folder, max_bytes=MAX_BYTES, kept_bytes=0)
    tight.fetch("extractive", versions[3].artifact)  # used just now, perhaps being loaded
    tight.prune()
    assert kept() == [3]
    assert load_engine(f"extractive:{cache.fetch('extractive', versions[0].artifact)}")


def test_a_model_with_other_bytes_or_too_many_is_refused(store: S3ObjectStore, tmp_path: Path) -> None:
    version = fresh(store)
    cache = ModelCache(store, tmp_path / "kept", max_bytes=MAX_BYTES)
    with pytest.raises(Fatal) as changed:
        cache.fetch("extractive", version.artifact.model_copy(update={"sha256": "0" * 64}))
    assert changed.value.code == "model_changed"
    with pytest.raises(Fatal) as large:
        ModelCache(store, tmp_path / "kept", max_bytes=2_000).fetch("extractive", version.artifact)
    assert large.value.code == "model_too_large"
    assert not list((tmp_path / "kept").glob("**/*"))


def test_an_object_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    away = S3ObjectStore(S3Settings(endpoint_url=f"http://127.0.0.1:{Stack.free_port()}", timeout_seconds=1))
    with pytest.raises(Unavailable):
        ModelCache(away, tmp_path, max_bytes=MAX_BYTES).fetch(
            "extractive", ObjectRef(uri="s3://b/k", sha256="0" * 64)
        )


def test_one_shot_use_takes_a_model_by_its_address(
    own: Stack, store: S3ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in own.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BREVITY_SUMMARIZE_MODEL_CACHE", str(tmp_path))
    version = fresh(store)
    uri = f"extractive:{version.artifact.uri}#sha256={version.artifact.sha256}"
    assert oneshot.summarize(TEXT, words=40, engine=uri).model_version == version.model_version


def test_promotions_are_served_and_reported_and_a_later_process_begins_with_the_last(
    own: Stack, store: S3ObjectStore, start: Start
) -> None:
    first, second = fresh(store), fresh(store)
    one = promote(own.kafka, promotion(first))
    live = start()
    serves(live, first)
    assert reported(own, one, "in_service").model_version == first.model_version
    two = promote(own.kafka, promotion(second, first, evidence="http://mlflow.example/runs/2"))
    serves(live, second)
    assert version_of(live) == second.model_version
    report = reported(own, two, "in_service")
    assert (report.version, report.evidence) == (second.version, "http://mlflow.example/runs/2")
    assert report.metrics["load_seconds"] > 0
    assert report.metrics["trial_seconds"] > 0
    assert reported(own, one, "retired").model_version == first.model_version
    serves(start(), second)


def test_a_version_that_cannot_be_used_is_refused_with_the_reason_and_the_old_one_goes_on(
    own: Stack, store: S3ObjectStore, start: Start
) -> None:
    good = fresh(store)
    promote(own.kafka, promotion(good))
    live = start()
    serves(live, good)
    broken = put_version(store, uuid.uuid4().hex[:8], b'{"format": "no model"}')
    swapped = dataclasses.replace(broken, artifact=broken.artifact.model_copy(update={"sha256": "1" * 64}))
    for bad, code in ((broken, "model_unusable"), (swapped, "model_changed")):
        event = promote(own.kafka, promotion(bad, good))
        assert reported(own, event, "refused").code == code
        assert version_of(live) == good.model_version
    nowhere = ObjectRef(uri=f"s3://{store.bucket}/models/gone/model.json", sha256="2" * 64)
    gone = dataclasses.replace(broken, artifact=nowhere)
    event = promote(own.kafka, promotion(gone, good))
    assert reported(own, event, "refused").code == "model_missing"
    assert version_of(live) == good.model_version
    # A process that starts now has nothing in service: it takes the version before the one it cannot use.
    later = start()
    serves(later, good)
    assert version_of(later) == good.model_version


def test_going_back_to_the_engines_own_model_needs_no_artifact(
    own: Stack, store: S3ObjectStore, start: Start
) -> None:
    version = fresh(store)
    promote(own.kafka, promotion(version))
    live = start()
    serves(live, version)
    promote(own.kafka, promotion(version, version, artifact=None, version="own", uri="extractive"))
    bundled = load_engine().model_version
    eventually("the bundled model serves", lambda: live.model_version == bundled, 60)


def test_a_canary_writes_its_share_and_becomes_champion_without_being_loaded_again(
    own: Stack, store: S3ObjectStore, start: Start
) -> None:
    old, new = fresh(store), fresh(store)
    promote(own.kafka, promotion(new, old, rollout=Rollout(mode="canary", share=0.5)))
    live = start()
    eventually("the canary serves", lambda: live.ready and live.lineup is not None)
    serves(live, old)  # the champion is the previous version
    texts = [f"Number {number}. {TEXT}" for number in range(24)]
    written = [version_of(live, text) for text in texts]
    assert set(written) == {old.model_version, new.model_version}
    assert [version_of(live, text) for text in texts] == written
    assert [version_of(start_ready(start, old), text) for text in texts] == written
    full = promote(own.kafka, promotion(new, old))
    serves(live, new)
    assert reported(own, full, "in_service").metrics["load_seconds"] == 0
    assert {version_of(live, text) for text in texts} == {new.model_version}


def start_ready(start: Start, champion: Version) -> LiveEngine:
    live = start()
    serves(live, champion)
    return live


def test_a_shadow_is_compared_and_never_published(own: Stack, store: S3ObjectStore, start: Start) -> None:
    old, contrary = fresh(store), fresh(store, taste=-1)
    event = promote(own.kafka, promotion(contrary, old, rollout=Rollout(mode="shadow", share=1)))
    serving = start()
    serves(serving, old)
    texts = [text for text in sample_texts() if len(text) < 6_000]
    for text in texts * 20:  # in all more than are reported at a time
        assert version_of(serving, text) == old.model_version
    report = reported(own, event, "compared")
    assert report.model_version == contrary.model_version
    assert report.metrics["documents"] >= 1
    assert report.metrics["identical_share"] < 1
    assert report.metrics["overlap_mean"] < 1


def test_with_the_topic_or_the_broker_away_the_engine_waits_and_says_so(
    settings: SummarizeSettings, own: Stack
) -> None:
    nowhere = own.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{Stack.free_port()}"})
    serving = live_engine(settings.model_copy(update={"kafka": nowhere}), load_engine)
    try:
        client = LocalClient(serving.live, lambda: serving.live.ready)
        with pytest.raises(Unavailable) as caught:
            client.summarize([Job(TEXT, "en", 40)])
        assert caught.value.code == "engine_starting"
    finally:
        serving.stop()


def test_without_promotions_the_configured_model_is_served_by_its_address(
    settings: SummarizeSettings, store: S3ObjectStore
) -> None:
    version = fresh(store)
    block = settings.summarize.model_copy(
        update={"follow_promotions": False, "engine": f"extractive:{version.artifact.uri}"}
    )
    asked: list[str] = []

    def load(uri: str) -> SummaryEngine:
        asked.append(uri)
        return load_engine(uri)

    live = live_engine(settings.model_copy(update={"summarize": block}), load).live
    assert version_of(live) == version.model_version
    assert len(asked) == 1


def test_the_topics_are_declared_as_they_are_used() -> None:
    by_name = {topic.name: topic for topic in TOPICS}
    assert by_name["models.promoted"].compacted
    assert not by_name["models.served"].compacted
