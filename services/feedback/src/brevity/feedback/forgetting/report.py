"""What forgetting a document did, what was checked afterwards, and what it does not reach."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from brevity.feedback.forgetting.training import Learned
from brevity.feedback.model import Stored

_NO_TRAINER = (
    "Training sets and models: no trainer was asked (BREVITY_FEEDBACK_TRAINER_URL). Versions that summarized the"
    " document are named; that is not the same as having learned from it."
)
_LEARNED = (
    "What a model has learned from it: models that were trained on it are named; train anew and promote to replace them."
    " Files that somebody gave the trainer in a folder are theirs to mend. Where another tenant has the same text, its row is gone too,"
    " until the next training gathers that tenant's corrections again."
)
_NOT_COVERED = (
    "Records on topics that are kept for a time go when that time is over; until then they can be read by whoever may"
    " read the topic. The report lists them.",
    "Copies that readers of the topics, of the HTTP door or of exports made for themselves.",
    "Backups of MongoDB, of the object store and of the broker.",
    "Uploads whose submission is no longer on documents.submitted: give the bucket's prefix uploads/ a lifecycle rule.",
    "A document that is still in work may write its text and its state again: wait for its outcome, then forget it again.",
    "The id itself, which the erasure note (to keep the document out when topics are read again), the audit log and this"
    " report keep.",
)


def not_covered(*, training: bool) -> list[str]:
    """What forgetting does not reach, with (`training`) or without a trainer that was asked."""
    return [*_NOT_COVERED, _LEARNED if training else _NO_TRAINER]


class Remaining(Stored):
    """Records about the document that a topic still holds."""

    topic: str
    records: int
    unclear: int = Field(description="Records with its id that name no tenant; they may be another tenant's.")
    kept_until: AwareDatetime | None = Field(
        default=None, description="About when the last one goes by itself; null when it does not."
    )


class Export(Stored):
    """A download in bulk that may hold the document."""

    at: AwareDatetime
    subject: str
    what: str


class Checks(Stored):
    """What was looked at again after erasing."""

    store_empty: bool = Field(description="The store finds nothing of it.")
    objects_gone: bool = Field(description="None of the deleted objects can be read.")
    feedback_erased: bool = Field(
        description="The last record of each piece of feedback on its topic is a tombstone."
    )

    owners_confirmed: bool = Field(
        description="Every other service that keeps something of documents says that it erased it."
    )

    @property
    def passed(self) -> bool:
        return self.store_empty and self.objects_gone and self.feedback_erased and self.owners_confirmed


class Proof(Stored):
    """The report, as JSON in a file or on standard output."""

    tenant: str
    document_id: str
    erased_at: AwareDatetime
    erased_by: str
    removed: dict[str, int] = Field(description="Records removed from the store, by collection.")
    owners_missing: list[str] = Field(
        description="Services that have not confirmed in time; they obey when they run."
    )
    objects_deleted: list[str]
    objects_shared: list[str] = Field(description="Kept: another document has the same text or file.")
    objects_elsewhere: list[str] = Field(description="Not written by Brevity: their owner's to delete.")
    feedback_erased: int = Field(description="Tombstones written to feedback.recorded.")
    remaining: list[Remaining]
    model_versions: list[str] = Field(description="`engine version` of each model that summarized it.")
    exports: list[Export]
    checks: Checks
    training: Learned | None = Field(
        description="What was erased from training data; null when no trainer was asked."
    )
    not_covered: list[str]


def readable(proof: Proof) -> str:
    """The report for a person."""
    passed = {True: "yes", False: "NO"}
    lines = [
        f"Document {proof.document_id} of tenant {proof.tenant}, forgotten {proof.erased_at:%Y-%m-%d %H:%M:%S} UTC by {proof.erased_by}",
        "",
        "Removed",
        *(f"  {count:>6}  {name}" for name, count in sorted(proof.removed.items()) if count),
        f"  {len(proof.objects_deleted):>6}  objects",
        f"  {proof.feedback_erased:>6}  feedback events (tombstones)",
        *_section("Deleted objects", proof.objects_deleted),
        *_section("Kept objects, because another document has the same text or file", proof.objects_shared),
        *_section("Objects that Brevity did not write, for their owner to delete", proof.objects_elsewhere),
        "",
        "Checked afterwards",
        f"  {passed[proof.checks.store_empty]:>6}  the store finds nothing of it",
        f"  {passed[proof.checks.objects_gone]:>6}  its objects cannot be read",
        f"  {passed[proof.checks.feedback_erased]:>6}  its feedback ends in tombstones",
        f"  {passed[proof.checks.owners_confirmed]:>6}  the other services erased what they kept",
        *_section("Not confirmed yet, start them and forget it again", proof.owners_missing),
        *_section("Still on topics, until about", [_line(item) for item in proof.remaining]),
        *_section("Models that summarized it", proof.model_versions),
        *_training(proof.training),
        *_section(
            "Downloads in bulk that may hold it",
            [f"{item.at:%Y-%m-%d %H:%M} {item.what} by {item.subject}" for item in proof.exports],
        ),
        *_section("Not covered", proof.not_covered),
    ]
    return "\n".join(lines)


def _training(learned: Learned | None) -> list[str]:
    if learned is None:
        return []
    versions = [f"{gone}, replaced by {rest or 'nothing'}" for gone, rest in learned.versions.items()]
    return [
        *_section("Erased from sources of training data", learned.sources),
        *_section("Erased data versions", versions),
        *_section("Models trained on it", learned.models),
    ]


def _line(item: Remaining) -> str:
    until = f"{item.kept_until:%Y-%m-%d %H:%M}" if item.kept_until else "compacted"
    unclear = f", {item.unclear} that name no tenant" if item.unclear else ""
    return f"{item.topic}: {item.records} records{unclear}, {until}"


def _section(title: str, items: list[str]) -> list[str]:
    return ["", title, *(f"  {item}" for item in items)] if items else []
