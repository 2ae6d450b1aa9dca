"""Settings of the drift monitors."""

from __future__ import annotations

from pydantic import Field

from brevity.common.settings import Block
from brevity.feedback.drift import DriftSettings

_DEFAULTS = DriftSettings()


class DriftBlock(Block):
    enabled: bool = Field(default=True, description="Whether this instance may run the drift monitors.")
    mean_between_false_alarms: float = Field(
        default=_DEFAULTS.mean_between_false_alarms,
        ge=100,
        description="Least mean number of observations of one test between false alarms; 80,000 gives at most one in "
        "10,000 documents over all tests.",
    )
    baseline: int = Field(
        default=_DEFAULTS.baseline,
        ge=50,
        description="Observations that become the norm before a test begins, over all and for each tenant and language.",
    )
    quiet: int = Field(
        default=_DEFAULTS.quiet,
        ge=0,
        description="Observations of silence after an alarm; doubled each time that one follows at once.",
    )
    max_groups: int = Field(
        default=_DEFAULTS.max_groups, ge=1, description="Most tests by tenant and language that are kept."
    )
    save_seconds: float = Field(
        default=5.0, gt=0, le=60, description="How often the state is saved; an alarm is saved at once."
    )
    lease_seconds: float = Field(
        default=30.0, ge=5, description="After this silence another instance takes the monitors over."
    )

    def monitors(self) -> DriftSettings:
        """The same as the monitors take it."""
        return DriftSettings(
            mean_between_false_alarms=self.mean_between_false_alarms,
            lexicon_documents=self.baseline,
            baseline=self.baseline,
            group_baseline=self.baseline,
            quiet=self.quiet,
            max_groups=self.max_groups,
        )
