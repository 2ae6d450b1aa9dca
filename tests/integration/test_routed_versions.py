"""Promotions carried out inside a router, one route at a time, with the real broker and object store."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch

from brevity.common.events import ModelPromoted, ObjectRef, Rollout
from brevity.common.storage.s3 import S3ObjectStore
from brevity.neural.archive import model_version, pack
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.engines.registry import loader
from brevity.summarize.serving.client import LocalClient
from brevity.summarize.settings import EngineSettings, ModelSettings, RouterSettings, SummarizeSettings
from brevity.summarize.versions.live import LiveEngine
from brevity.summarize.versions.wiring import live_engine
from tests.support.models import Version, model_bytes, promote, promotion, put_version
from tests.support.neural_task import tiny_bart
from tests.support.stack import Stack, fresh_stack
from tests.support.swapping import Served, Traffic
from tests.support.topics import eventually
from tests.unit.summarize.texts import BRIDGE

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

Start = Callable[..., LiveEngine]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """A stack of its own: what is promoted here must not be served by the processes of other tests."""
    with fresh_stack(tmp_path_factory.mktemp("routed")) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Generator[None]:
    """Several take turns on a small machine, and the model is tiny."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def store(own: Stack) -> S3ObjectStore:
    return S3ObjectStore(own.s3)


@pytest.fixture
def served(own: Stack) -> Generator[Served]:
    reports = Served(own.kafka)
    yield reports
    reports.close()


@pytest.fixture
def start(own: Stack, tmp_path: Path) -> Generator[Start]:
    """Starts a router as a replica does, its tenants named like its routes; everything is stopped at the end."""
    with ExitStack() as stopping:

        def begin(*routes: dict[str, Any]) -> LiveEngine:
            names = [route["name"] for route in routes]
            policy = {
                "routes": [{"words_per_second": 1_000, **route} for route in routes],
                "prefer": names,
                "rules": [{"name": name, "tenants": [name], "prefer": [name]} for name in names],
            }
            settings = SummarizeSettings(
                kafka=own.kafka,
                s3=own.s3,
                summarize=EngineSettings(
                    engine="router", model_cache=tmp_path / "models", model_cache_bytes=0
                ),
                model=ModelSettings(device="cpu", beams=1),
                router=RouterSettings(policy=json.dumps(policy)),
            )
            serving = live_engine(settings, loader(settings))
            stopping.callback(serving.stop)
            return serving.live

        yield begin


def fresh(store: S3ObjectStore) -> Version:
    name = uuid.uuid4().hex[:8]
    return put_version(store, name, model_bytes(name))


def written(live: LiveEngine, route: str) -> Summary:
    [answer] = live.summarize([Job(BRIDGE, "en", 30, tenant=route)])
    assert isinstance(answer, Summary), answer
    assert answer.route is not None
    assert answer.route.name == route
    return answer


def version_of(live: LiveEngine, route: str) -> str:
    return written(live, route).model_version


def test_a_routes_version_is_swapped_under_load_and_others_keep_theirs(
    own: Stack, store: S3ObjectStore, start: Start, served: Served
) -> None:
    first, second, pinned = fresh(store), fresh(store), fresh(store)
    one = promote(own.kafka, promotion(first))
    routes = (
        {"name": "follows", "engine": "extractive", "follow_promotions": True},
        {"name": "keeps", "engine": f"extractive:{pinned.artifact.uri}#sha256={pinned.artifact.sha256}"},
    )
    live = start(*routes)
    eventually("the router knows what to serve", lambda: live.ready, 60)
    assert version_of(live, "follows") == first.model_version
    assert version_of(live, "keeps") == pinned.model_version
    whole = live.model_version
    served.wait(one.promotion_id, "in_service")
    jobs = [Job(BRIDGE, "en", 30, tenant=name) for name in ("follows", "keeps")]
    with Traffic(lambda: LocalClient(live, lambda: live.ready), jobs, documents=2) as traffic:
        eventually("it works", lambda: len(traffic.calls) > 3)
        two = promote(own.kafka, promotion(second, first))
        assert served.wait(two.promotion_id, "in_service").model_version == second.model_version
        assert served.wait(one.promotion_id, "retired").model_version == first.model_version
        before = len(traffic.calls)
        eventually("it goes on", lambda: len(traffic.calls) > before + 4)
    assert traffic.problems() == []
    steps = [call.versions - {pinned.model_version} for call in traffic.calls]
    assert all(len(step) == 1 for step in steps), "a batch is one version's"
    assert set().union(*steps) == {first.model_version, second.model_version}
    assert steps[-1] == {second.model_version}
    assert version_of(live, "keeps") == pinned.model_version
    assert live.model_version != whole
    later = start(*routes)
    eventually("a later process knows what to serve", lambda: later.ready, 60)
    assert version_of(later, "follows") == second.model_version


def test_a_canary_and_a_version_that_cannot_be_used_are_one_routes_affair(
    own: Stack, store: S3ObjectStore, start: Start, served: Served
) -> None:
    old, new = fresh(store), fresh(store)
    promote(own.kafka, promotion(old))
    live = start({"name": "only", "engine": "extractive"})
    eventually("it serves", lambda: live.ready and version_of(live, "only") == old.model_version, 60)
    event = promote(own.kafka, promotion(new, old, rollout=Rollout(mode="canary", share=0.5)))
    served.wait(event.promotion_id, "in_service")
    jobs = [Job(f"Number {n}. {BRIDGE}", "en", 30) for n in range(24)]
    answers = live.summarize(jobs)
    found = {(a.model_version, a.route and a.route.name) for a in answers if isinstance(a, Summary)}
    assert found == {(old.model_version, "only"), (new.model_version, "only")}
    broken = put_version(store, uuid.uuid4().hex[:8], b'{"format": "no model"}')
    event = promote(own.kafka, promotion(broken, new))
    assert served.wait(event.promotion_id, "refused").code == "model_unusable"
    assert live.summarize(jobs) == answers


def test_each_engine_follows_its_own_promotions(
    own: Stack, store: S3ObjectStore, start: Start, served: Served, tmp_path: Path
) -> None:
    extract = fresh(store)
    promote(own.kafka, promotion(extract))
    folder = tiny_bart(tmp_path / "bart")
    configured = model_version(folder)
    live = start(
        {"name": "writes", "engine": f"seq2seq:{folder}"}, {"name": "extracts", "engine": "extractive"}
    )
    eventually("the router knows what to serve", lambda: live.ready, 120)
    assert version_of(live, "writes") == configured
    assert version_of(live, "extracts") == extract.model_version
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "note": "another version"}))
    event = promote(own.kafka, _seq2seq(store, folder, tmp_path))
    assert served.wait(event.promotion_id, "in_service").model_version == model_version(folder) != configured
    summary = written(live, "writes")
    assert (summary.engine, summary.model_version) == ("seq2seq", model_version(folder))
    assert version_of(live, "extracts") == extract.model_version


def _seq2seq(store: S3ObjectStore, folder: Path, place: Path) -> ModelPromoted:
    digest = pack(folder, place / "model.tar")
    key = "models/routed/2/model.tar"
    store.put_file(key, place / "model.tar")
    artifact = ObjectRef(uri=f"s3://{store.bucket}/{key}", sha256=digest)
    return promotion(Version("2", artifact, model_version(folder)), engine="seq2seq", model="routed")
