"""Settings of the summarize service: one class for its two processes, the engine's replicas and the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from brevity.common.settings import (
    AuthSettings,
    Block,
    HttpSettings,
    S3Settings,
    Settings,
    StageSettings,
)


class EngineSettings(Block):
    engine: str = Field(
        default="extractive",
        description="Engine to serve: `extractive`, or with a model of one's own `extractive:/path/to/model` or `extractive:s3://bucket/key#sha256=HEX`; in the same form `seq2seq:`, `llm:` and `ctranslate2:`, also with a hub's name; `openai:MODEL`; `router:/path/to/policy`. Promotions go before it.",
    )
    follow_promotions: bool = Field(
        default=True,
        description="Whether the replicas serve the versions that `models.promoted` names, as they are promoted.",
    )
    model_cache: Path | None = Field(
        default=None,
        description="Folder for models from the object store; absent: one of this user's in the temporary folder.",
    )
    model_cache_bytes: int = Field(
        default=2_000_000_000,
        ge=0,
        description="Bytes of models kept in that folder: above it those used longest ago leave, never one in use.",
    )
    max_model_bytes: int = Field(
        default=8 << 30,
        ge=1_024,
        description="Largest model fetched from the object store. The default, 8 GiB, holds every seq2seq model of docs/neural.md in float32 (the largest takes 2.4 GB), and keeps a wrong address from filling a disk. Memory does not depend on it: archives go straight to the disk. The extractive engine's models are held to 64 MiB besides.",
    )
    client: Literal["serve", "local"] = Field(
        default="serve",
        description="How the stage reaches the engine: Ray Serve replicas, or the engine inside the stage's process.",
    )
    serve_host: str = Field(
        default="127.0.0.1", description="Address Ray Serve listens on, and is called at."
    )
    serve_port: int = Field(default=8012, ge=1, le=65_535, description="Port of Ray Serve.")
    serve_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Secret (16 characters or more) that `serve` asks `stage` for; must be set when Ray Serve listens on more than loopback.",
    )
    ray_address: str | None = Field(
        default=None, description="Ray cluster to join; empty to start one in the serving process."
    )
    ray_metrics_port: int = Field(
        default=8013, ge=0, le=65_535, description="Port of Ray's own Prometheus metrics; 0 takes a free one."
    )
    min_replicas: int = Field(default=1, ge=1, description="Fewest engine replicas.")
    max_replicas: int = Field(default=4, ge=1, description="Most engine replicas the autoscaler may start.")
    drain_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Time in which what waits, on the topic and at the engine, should be worked off: the autoscaler starts replicas for it where that comes sooner than without them, the model's load time counted.",
    )
    max_queued_requests: int = Field(
        default=32,
        ge=1,
        description="Micro-batches that may queue; more are refused, which pauses the partitions.",
    )
    replica_cpus: float = Field(default=1.0, gt=0, description="CPUs one replica reserves.")
    replica_gpus: float = Field(default=0.0, ge=0, description="GPUs one replica reserves.")
    batch_documents: int = Field(default=32, ge=1, le=1_000, description="Most documents of a micro-batch.")
    batch_words: int = Field(
        default=60_000,
        ge=100,
        description="Most source words of a micro-batch; a longer document goes alone.",
    )
    long_bytes: int = Field(
        default=1_000_000,
        ge=0,
        description="Documents of more bytes of text are set aside: they are summarized one at a time, and the others do not wait "
        "for them. 0 for none.",
    )
    call_timeout_seconds: float = Field(
        default=300.0,
        gt=0,
        description="Longest time the engine may take for one micro-batch before its documents are tried singly and the replica is replaced.",
    )
    max_call_bytes: int = Field(
        default=268_435_456, ge=1_024, description="Largest micro-batch, as JSON, that a replica takes."
    )
    max_text_bytes: int = Field(
        default=64_000_000, ge=1_024, description="Largest text fetched from the object store."
    )


class ModelSettings(Block):
    """How neural models run; the extractive engine has no use for any of it."""

    device: str = Field(
        default="auto",
        description="Where a model runs: `auto` (a GPU if there is one), `cpu`, `cuda` or `cuda:N`.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", description="Of its weights; `auto`: float32 on a CPU, bfloat16 on a GPU that has it."
    )
    device_map: str | None = Field(
        default=None,
        description="`auto` spreads a model over several GPUs; absent: it goes to one device whole.",
    )
    compile: bool = Field(
        default=False, description="Compile the model: the first batches take a minute longer."
    )
    batch_tokens: int = Field(
        default=16_384, ge=64, description="Most tokens of a batch, source, answer and padding together."
    )
    context_tokens: int | None = Field(
        default=None,
        ge=64,
        description="Most tokens a model is given at once; absent: all it takes (8192 behind a server). What is longer is read in parts.",
    )
    answer_tokens: int = Field(
        default=1_024,
        ge=16,
        description="Longest answer of a chat model, in tokens; at most a quarter of its context.",
    )
    beams: int | None = Field(
        default=None,
        ge=1,
        le=16,
        description="Beams of a seq2seq model; absent: the model's own configuration.",
    )
    length_penalty: float | None = Field(
        default=None, description="Of its beams: above 0 longer answers; absent: the model's own."
    )
    no_repeat_ngram: int | None = Field(
        default=None, ge=0, description="No run of so many tokens comes twice; absent: the model's own."
    )
    languages: tuple[str, ...] | None = Field(
        default=None,
        description='Languages the model has, as JSON: `["en", "de"]`; absent: what its tokenizer says. Others are refused.',
    )
    server_url: str | None = Field(
        default=None, description="OpenAI-compatible server of `openai:MODEL`, up to and including `/v1`."
    )
    server_key: SecretStr | None = Field(default=None, description="Its API key.")
    server_key_file: Path | None = Field(default=None, description="File that holds the key; goes before it.")
    server_concurrency: int = Field(default=8, ge=1, le=256, description="Requests to the server at once.")
    server_timeout_seconds: float = Field(default=60.0, gt=0, description="Longest wait for one answer.")
    server_tries: int = Field(
        default=4, ge=1, le=20, description="Attempts for one request while the server is busy or away."
    )


class GuardSettings(Block):
    """What happens to a neural summary that states what its source does not hold."""

    action: Literal["keep", "regenerate", "fall_back"] = Field(
        default="keep",
        description="`keep` it with its warnings; `regenerate` without what was flagged; `fall_back` to an extract when that does not help.",
    )
    most_warnings: int = Field(
        default=0, ge=0, description="Warnings of the faithfulness check that are let pass."
    )
    tries: int = Field(default=2, ge=1, le=5, description="Most times that a summary is written again.")


class RouterSettings(Block):
    policy: str | None = Field(
        default=None,
        description="Policy of the engine `router` as JSON; or name a file: `router:/path/to/policy`.",
    )


class SummarizeSettings(Settings):
    """`python -m brevity.summarize serve` and `stage`."""

    stage: StageSettings = Field(default_factory=StageSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    summarize: EngineSettings = Field(default_factory=EngineSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    guard: GuardSettings = Field(default_factory=GuardSettings)
    router: RouterSettings = Field(default_factory=RouterSettings)
