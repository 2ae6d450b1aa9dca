"""Which of several engines is to write a summary: a pure decision, with its reasons. No IO, no clock.

The order of preference comes from the first rule that fits the document, or from the policy. The first engine in it that
has the languages, costs no more than allowed and can be done before the document's deadline is taken. When none can in
time, the one that would be least late; when all cost too much, the cheapest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from brevity.summarize.engines.port import Job

RouteName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")]


_ELSEWHERE = "openai"
"""The engine whose models are a server's own."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RouteSpec(_Part):
    """An engine that may be chosen."""

    name: RouteName
    engine: str = Field(description="As in BREVITY_SUMMARIZE_ENGINE, but no router.")
    words_per_second: float = Field(
        gt=0, description="Source words that one replica summarizes a second, until it was measured."
    )
    price_per_million_words: float = Field(default=0.0, ge=0, description="Of the source, in your currency.")
    follow_promotions: bool | None = Field(
        default=None,
        description="Whether versions promoted for its engine take the place of the model that it names; absent: they do where no other route has the same engine.",
    )


class Rule(_Part):
    """Applies to documents that fit all of its conditions."""

    name: RouteName
    tenants: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    output_languages: tuple[str, ...] | None = Field(
        default=None, description="Languages wanted that are not the document's own."
    )
    styles: tuple[str, ...] | None = None
    min_words: int | None = Field(default=None, ge=0)
    max_words: int | None = Field(default=None, ge=0)
    prefer: tuple[RouteName, ...] = Field(min_length=1)
    deadline_seconds: float | None = Field(default=None, gt=0)
    most_cost: float | None = Field(default=None, ge=0)


class Policy(_Part):
    """Engines, the order of preference among them, and rules that change it for some documents."""

    routes: tuple[RouteSpec, ...] = Field(min_length=1)
    prefer: tuple[RouteName, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = ()
    deadline_seconds: float | None = Field(
        default=None, gt=0, description="From submission to summary; None: documents may wait."
    )
    most_cost: float | None = Field(default=None, ge=0, description="For one document.")
    replicas: int = Field(default=1, ge=1, description="Replicas that share what waits at one stage.")

    @model_validator(mode="after")
    def _names_are_known(self) -> Policy:
        names = [route.name for route in self.routes]
        if len(set(names)) < len(names):
            raise ValueError("two routes have the same name")
        for used in (self.prefer, *(rule.prefer for rule in self.rules)):
            unknown = set(used) - set(names)
            if unknown:
                raise ValueError(f"there is no route {', '.join(sorted(unknown))}")
        for route in self.routes:
            if _engine(route) == "router":
                raise ValueError("a route cannot be a router")
            if route.follow_promotions and _engine(route) == _ELSEWHERE:
                raise ValueError(f"{route.name}: the models of a server are not promoted here")
        return self

    def follows(self, route: RouteSpec) -> bool:
        """Whether promotions of its engine's versions are for this route."""
        if route.follow_promotions is not None:
            return route.follow_promotions
        alike = [other for other in self.routes if _engine(other) == _engine(route)]
        return len(alike) == 1 and _engine(route) != _ELSEWHERE


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a route when a document comes: whether it has its languages, and its words a second."""

    speaks: bool
    words_per_second: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Routes to try, best first, and why the first is first.

    `reasons` are codes: `wanted`, `rule:NAME` or `default` for where the order comes from; `ROUTE:language`, `ROUTE:cost`,
    `ROUTE:deadline` for what was passed over; `least_late` or `cheapest` when nothing fits.
    """

    routes: tuple[str, ...]
    reasons: tuple[str, ...]


def decide(policy: Policy, job: Job, source_words: int, standings: Mapping[str, Standing]) -> Decision:
    """The routes for one document; none when no engine has its languages, or none is the one that was asked for."""
    order, deadline, most_cost, reasons = _order(policy, job, source_words)
    specs = {route.name: route for route in policy.routes}
    able = [name for name in order if standings[name].speaks]
    reasons += [f"{name}:language" for name in order if name not in able]
    if not able:
        return Decision((), tuple(reasons))
    costs = {name: cost(specs[name], source_words) for name in able}
    paid = [name for name in able if most_cost is None or costs[name] <= most_cost]
    if not paid:
        cheapest = min(able, key=lambda name: costs[name])
        return Decision((cheapest,), (*reasons, *(f"{n}:cost" for n in able if n != cheapest), "cheapest"))
    reasons += [f"{name}:cost" for name in able if name not in paid]
    late = {name: _late(policy, job, source_words, standings[name], deadline) for name in paid}
    timely = [name for name in paid if late[name] <= 0]
    if not timely:
        fastest = min(paid, key=lambda name: late[name])
        reasons += [f"{name}:deadline" for name in paid if name != fastest]
        return Decision((fastest, *(name for name in paid if name != fastest)), (*reasons, "least_late"))
    first = timely[0]
    reasons += [f"{name}:deadline" for name in paid[: paid.index(first)]]
    return Decision((first, *(name for name in timely if name != first)), tuple(reasons))


def cost(route: RouteSpec, source_words: int) -> float:
    """What a document costs on a route."""
    return route.price_per_million_words * source_words / 1_000_000


def _order(
    policy: Policy, job: Job, source_words: int
) -> tuple[Sequence[str], float | None, float | None, list[str]]:
    if job.wanted is not None:
        named = [route.name for route in policy.routes if job.wanted in _names(route)]
        return named, policy.deadline_seconds, policy.most_cost, ["wanted"]
    for rule in policy.rules:
        if _fits(rule, job, source_words):
            return (
                rule.prefer,
                policy.deadline_seconds if rule.deadline_seconds is None else rule.deadline_seconds,
                policy.most_cost if rule.most_cost is None else rule.most_cost,
                [f"rule:{rule.name}"],
            )
    return policy.prefer, policy.deadline_seconds, policy.most_cost, ["default"]


def _names(route: RouteSpec) -> tuple[str, str, str]:
    return route.name, route.engine, _engine(route)


def _engine(route: RouteSpec) -> str:
    return route.engine.partition(":")[0]


def _fits(rule: Rule, job: Job, source_words: int) -> bool:
    translated = job.output_language if job.output_language != job.language else None
    return (
        _among(job.tenant, rule.tenants)
        and _among(job.language, rule.languages)
        and _among(translated, rule.output_languages)
        and _among(job.style, rule.styles)
        and (rule.min_words is None or source_words >= rule.min_words)
        and (rule.max_words is None or source_words <= rule.max_words)
    )


def _among(value: str | None, wanted: Sequence[str] | None) -> bool:
    return wanted is None or value in wanted


def _late(policy: Policy, job: Job, source_words: int, standing: Standing, deadline: float | None) -> float:
    """Seconds by which the summary would come after the deadline, were all that waits before it done by this route."""
    if deadline is None:
        return float("-inf")
    waiting = max(job.waiting_words - source_words, 0) / policy.replicas + source_words
    return job.waited_seconds + waiting / standing.words_per_second - deadline
