"""A large model through pack, upload, cache and unpack in a process of its own; says by how much its memory grew.

Arguments: a folder, and the megabytes of the large model. A small one goes first, so that what libraries load once is
not counted. Settings of the object store come from the environment.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from brevity.common.events import ObjectRef
from brevity.common.settings import load_settings
from brevity.common.storage.s3 import S3ObjectStore
from brevity.neural.archive import model_version, pack, unpack
from brevity.summarize.settings import SummarizeSettings
from brevity.summarize.versions.cache import ModelCache
from tests.support.memory import peak_bytes


def travel(place: Path, store: S3ObjectStore, megabytes: int) -> None:
    """Make a model of that size, send it the whole way, and take it away again."""
    model = place / f"made-{megabytes}"
    model.mkdir(parents=True)
    (model / "config.json").write_text('{"is_encoder_decoder": true}')
    with (model / "model.safetensors").open("wb") as weights:
        weights.write(b"beginning")
        weights.seek(megabytes * 1_000_000)
        weights.write(b"end")
    archive = place / f"{megabytes}.tar"
    digest = pack(model, archive)
    key = f"models/streaming/{megabytes}/model.tar"
    store.put_file(key, archive)
    archive.unlink()
    cache = ModelCache(store, place / "kept", max_bytes=1 << 30)
    reference = ObjectRef(uri=f"s3://{store.bucket}/{key}", sha256=digest)
    kept = cache.fetch("seq2seq", reference)
    assert cache.fetch("seq2seq", reference) == kept
    unpack(kept, place / f"unpacked-{megabytes}")
    assert model_version(place / f"unpacked-{megabytes}") == model_version(model)
    store.delete(key)


def main() -> None:
    place, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    store = S3ObjectStore(load_settings(SummarizeSettings).s3)
    travel(place, store, 20)
    before = peak_bytes()
    travel(place, store, megabytes)
    print(json.dumps({"grew": peak_bytes() - before}))


if __name__ == "__main__":
    main()
