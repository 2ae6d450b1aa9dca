"""Settings of the ingest service."""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field, field_validator

from brevity.common.settings import (
    AuthSettings,
    Block,
    HttpSettings,
    MongoSettings,
    S3Settings,
    Settings,
    StageSettings,
)


class IngestBlock(Block):
    max_bytes: int = Field(
        default=20_000_000, ge=1_000, description="Largest document, as an event, an object or a file."
    )
    inline_bytes: int = Field(
        default=262_144,
        ge=0,
        le=500_000,
        description="Longest text (UTF-8) that travels inside its event; a longer one goes to the object store.",
    )
    min_words: int = Field(default=3, ge=1, description="Fewest words a document must have.")
    retention_days: int = Field(
        default=365,
        ge=0,
        description="Days for which it is known that a text was summarized before, and how a document stands; 0 for"
        " ever. As long as BREVITY_FEEDBACK_RETENTION_DAYS: a text whose summary is gone can then be sent again.",
    )
    extract_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Most processor time for reading one file; one that yields no text for 1.5 s ends sooner.",
    )
    extract_memory_bytes: int = Field(
        default=201_326_592,
        ge=67_108_864,
        description="Most memory that reading one file may add to its reader.",
    )
    extra_buckets: dict[str, list[str]] = Field(
        default_factory=dict,
        description='What documents may lie in beside `uploads/TENANT/` of BREVITY_S3_BUCKET: buckets, or prefixes of them, each with the tenants that may name what is there, as JSON: `{"archive/acme": ["acme"], "commons": ["*"]}`; `*` is every tenant. A plain list of buckets is for the tenant `default`.',
    )

    @field_validator("extra_buckets", mode="before")
    @classmethod
    def _of_default(cls, given: object) -> object:
        return (
            {str(bucket): ["default"] for bucket in cast("list[Any]", given)}
            if isinstance(given, list)
            else given
        )

    url_fetch: bool = Field(
        default=False, description="Whether the HTTP door may fetch a document from a public web address."
    )
    url_seconds: float = Field(default=20.0, gt=0, description="Longest time for fetching a web address.")


class IngestSettings(Settings):
    """`python -m brevity.ingest`."""

    stage: StageSettings = Field(default_factory=StageSettings)
    mongo: MongoSettings = Field(default_factory=MongoSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    ingest: IngestBlock = Field(default_factory=IngestBlock)
