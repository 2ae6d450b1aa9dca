"""An engine of engines: each document goes to the one that the policy chooses, and its summary says which and why."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from brevity.common.errors import BrevityError, Fatal, Rejected
from brevity.common.ids import content_hash
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Job, Route, Summary, SummaryEngine, has_languages
from brevity.summarize.engines.routing import Policy, Standing, cost, decide
from brevity.summarize.settings import SummarizeSettings

_WEIGHT = 0.2
"""Of a batch in the running mean of a route's words a second."""
_MEASURED_FROM_WORDS = 500
"""A smaller batch says little about a route's speed."""
_ABOUT_THE_DOCUMENT = frozenset({"no_text", "language_not_supported"})
"""What another engine would refuse too."""


def policy_of(text: str, where: str) -> Policy:
    """The policy in JSON. Raises Fatal, naming what is wrong in it."""
    try:
        return Policy.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the policy"
        raise Fatal(
            f"the router's policy in {where} is wrong at {place}: {first['msg']}",
            code="bad_policy",
            remedy="Correct it; docs/routing.md describes every field.",
        ) from None


def configured_policy(location: str, settings: SummarizeSettings) -> Policy:
    """The policy of `router` (in the settings) or of `router:LOCATION` (a file). Raises Fatal: `no_policy`, `bad_policy`."""
    if not location:
        if settings.router.policy is None:
            raise Fatal(
                "The router has no policy",
                code="no_policy",
                remedy="Set BREVITY_SUMMARIZE_ENGINE=router:/path/to/policy.json, or BREVITY_ROUTER_POLICY to its JSON.",
            )
        return policy_of(settings.router.policy, "BREVITY_ROUTER_POLICY")
    try:
        return policy_of(Path(location).read_text("utf-8"), location)
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(
            f"The router's policy {location} cannot be read: {error}",
            code="no_policy",
            remedy="Correct the path after `router:`.",
        ) from None


class RouterEngine:
    """A SummaryEngine. A summary's `engine` and `model_version` are those of the engine that wrote it.

    A route whose engine is away or fails on a document is passed over for the next that the policy allows.

    Args:
        engines: For each route of the policy its engine; it may change its version at any time.
        clock: Seconds; measures how fast each route is.
    """

    name = "router"

    def __init__(
        self,
        policy: Policy,
        engines: Mapping[str, SummaryEngine],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._policy = policy
        self._engines = engines
        self._clock = clock
        self._specs = {route.name: route for route in policy.routes}
        self._rates = {route.name: route.words_per_second for route in policy.routes}

    @property
    def model_version(self) -> str:
        """Changes when a route's version is swapped."""
        versions = [f"{name}={engine.model_version}" for name, engine in sorted(self._engines.items())]
        return f"router-{content_hash(' '.join(versions).encode())[:12]}"

    def speaks(self, language: str, output_language: str | None) -> bool:
        """Whether any route does."""
        return any(has_languages(engine, language, output_language) for engine in self._engines.values())

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        """One answer for each job, in order. The jobs of a route are given to it together."""
        words = [count_words(job.text, job.language) for job in jobs]
        left: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        answers: dict[int, Summary | BrevityError] = {}
        for number, job in enumerate(jobs):
            decision = decide(self._policy, job, words[number], self._standings(job))
            if decision.routes:
                left[number] = decision.routes, decision.reasons
            else:
                answers[number] = self._refusal(job)
        while left:
            together: dict[str, list[int]] = defaultdict(list)
            for number, (routes, _) in left.items():
                together[routes[0]].append(number)
            for name, numbers in together.items():
                found = self._ask(name, [jobs[n] for n in numbers], sum(words[n] for n in numbers))
                for number, answer in zip(numbers, found, strict=True):
                    routes, reasons = left.pop(number)
                    if isinstance(answer, Summary):
                        answers[number] = self._told(answer, name, reasons, words[number])
                    elif len(routes) > 1 and answer.code not in _ABOUT_THE_DOCUMENT:
                        left[number] = routes[1:], (*reasons, f"{name}:{answer.code}")
                    else:
                        answers[number] = answer
        return [answers[number] for number in range(len(jobs))]

    def _ask(self, name: str, jobs: Sequence[Job], words: int) -> list[Summary | BrevityError]:
        began = self._clock()
        answers = self._engines[name].summarize(jobs)
        seconds = self._clock() - began
        done = all(isinstance(answer, Summary) and not answer.passed_through for answer in answers)
        if done and words >= _MEASURED_FROM_WORDS and seconds > 0:
            self._rates[name] += _WEIGHT * (words / seconds - self._rates[name])
        return answers

    def _told(self, summary: Summary, name: str, reasons: tuple[str, ...], words: int) -> Summary:
        spec = self._specs[name]
        price = (
            cost(spec, words) if any(route.price_per_million_words for route in self._policy.routes) else None
        )
        return replace(summary, route=Route(name, reasons), cost=price)

    def _standings(self, job: Job) -> dict[str, Standing]:
        return {
            name: Standing(has_languages(engine, job.language, job.output_language), self._rates[name])
            for name, engine in self._engines.items()
        }

    def _refusal(self, job: Job) -> Rejected:
        served = ", ".join(f"{name} ({engine.model_version})" for name, engine in self._engines.items())
        if job.wanted is not None and not any(
            job.wanted in (spec.name, spec.engine, spec.engine.partition(":")[0])
            for spec in self._specs.values()
        ):
            return Rejected(
                f"the engine {job.wanted!r} is not served here; these are: {served}",
                code="engine_not_served",
                remedy="Submit without `summary.engine`, or have the operator add it to the router's policy.",
            )
        into = "" if job.output_language in (None, job.language) else f" into {job.output_language}"
        return Rejected(
            f"No engine that is configured for it can summarize {job.language}{into}; there are: {served}",
            code="language_not_supported",
            remedy="Ask for another language, or have the operator add an engine that has it to the router's policy.",
        )
