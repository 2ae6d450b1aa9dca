"""Where everything listens on a developer's machine, all on loopback."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of one local run; `Ports.shifted` keeps two runs apart."""

    kafka: int = 19092
    mongo: int = 19017
    s3: int = 19000
    ingest: int = 8001
    summarize: int = 8002
    feedback: int = 8003
    trainer: int = 8004
    mlflow: int = 8005
    serve: int = 8012
    ray_metrics: int = 8013
    prometheus: int = 8014

    @classmethod
    def shifted(cls, by: int) -> Ports:
        """All ports moved up by `by`."""
        usual = cls()
        return cls(*(getattr(usual, name) + by for name in cls.__slots__))
