"""`brevity forget`: erase a document and all that came from it, and prove it."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field

from brevity.common.cli.terminal import Terminal, shown
from brevity.common.errors import Rejected
from brevity.common.events import FeedbackRecorded
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.settings import MongoSettings, S3Settings, Settings, load_settings
from brevity.common.storage.mongo import async_mongo_client
from brevity.common.storage.s3 import S3ObjectStore
from brevity.feedback.forgetting import Proof
from brevity.feedback.forgetting import forget as forget_document
from brevity.feedback.forgetting.forget import Places
from brevity.feedback.forgetting.report import readable
from brevity.feedback.forgetting.training import Trainer
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.settings import FeedbackBlock


class ForgetSettings(Settings):
    """Where documents are: the command speaks to the stores and the broker itself, with the operator's rights."""

    mongo: MongoSettings = Field(default_factory=MongoSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    feedback: FeedbackBlock = Field(default_factory=FeedbackBlock)


def forget(
    document_id: Annotated[str, typer.Argument(help="The document's id.")],
    tenant: Annotated[str, typer.Option(help="Whose document it is.")] = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    report: Annotated[Path | None, typer.Option(help="Also write the proof to this file, as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof as JSON.")] = False,
) -> None:
    """Erase a document and all that came from it: store, objects, feedback events; and prove it.

    Prints what was erased, what was checked afterwards, what remains on topics until when, and what is not covered.
    Exit status 1: nothing is known of the document, or a check did not pass.
    """
    if not yes and not typer.confirm(f"Erase document {document_id} of tenant {tenant} for good?"):
        raise Rejected("nothing was erased", code="not_confirmed", remedy="Confirm, or give --yes.")
    settings = load_settings(ForgetSettings)
    with Terminal(stderr=True).status("looking through the topics") as status:
        proof = asyncio.run(_forget(settings, tenant, document_id, status.update))
    if report is not None:
        report.write_text(proof.model_dump_json(indent=2) + "\n", "utf-8")
    typer.echo(proof.model_dump_json(indent=2) if as_json else shown(readable(proof)))
    if not proof.checks.passed:
        raise Rejected(
            "something of it was found again", code="not_erased", remedy="Run it again; see `checks`."
        )


async def _forget(
    settings: ForgetSettings, tenant: str, document_id: str, progress: Callable[[str], None]
) -> Proof:
    client = async_mongo_client(settings.mongo, "feedback")
    try:
        repository = MongoRepository(client, settings.mongo.database, settings.feedback)
        store, producer = (
            S3ObjectStore(settings.s3),
            AcknowledgedProducer(settings.kafka, FeedbackRecorded.topic),
        )
        places = Places(settings.kafka, repository, store, producer, _trainer(settings.feedback))
        return await forget_document(places, tenant, document_id, by=getpass.getuser(), progress=progress)
    finally:
        await client.close()


def _trainer(settings: FeedbackBlock) -> Trainer | None:
    if settings.trainer_url is None:
        return None
    key = settings.trainer_api_key
    return Trainer(settings.trainer_url, key.get_secret_value() if key else None)
