"""The breaker is for what we cannot do, and one sender cannot trip it."""

from __future__ import annotations

from collections.abc import Sequence

from brevity.common.kafka.breaker import Breaker, tenant_of
from brevity.common.kafka.record import OutRecord
from brevity.common.settings import StageSettings

SETTINGS = StageSettings(dead_letter_window=100, dead_letter_ratio=0.5)


def trips(failures: Sequence[str | None], settings: StageSettings = SETTINGS, passed: int = 0) -> bool:
    breaker = Breaker(settings)
    for _ in range(passed):
        breaker.passed()
    return any(breaker.failed(tenant) for tenant in failures)


def test_one_tenants_failures_never_halt_however_many() -> None:
    assert not trips(["a"] * 1_000)
    assert not trips(["a"] * 95 + ["b"] * 3, passed=2), "nor with the few that any tenant has"


def test_failures_of_several_tenants_halt() -> None:
    assert trips(["a"] * 90 + ["b"] * 15)
    assert trips(["a", "b", "c"] * 50)
    assert not trips(["a", "b", "c"] * 10, passed=70), "not while most passes"


def test_failures_of_nobody_known_halt() -> None:
    assert trips([None] * 100)


def test_a_platform_with_one_tenant_may_have_its_failures_halt() -> None:
    alone = SETTINGS.model_copy(update={"dead_letter_tenant_share": 1.0})
    assert trips(["default"] * 100, alone)


def test_old_failures_are_forgotten() -> None:
    breaker = Breaker(SETTINGS)
    for _ in range(49):
        breaker.failed("a")
        breaker.failed(None)
    for _ in range(100):
        breaker.passed()
    assert not breaker.failed(None)


def test_whose_a_letter_is_is_read_from_it() -> None:
    assert tenant_of(OutRecord("t", b"", b'{"tenant":"acme"}')) == "acme"
    for value in (b"", b"[]", b"\xff", b'{"tenant":3}', b"[" * 100_000):
        assert tenant_of(OutRecord("t", b"", value)) is None
