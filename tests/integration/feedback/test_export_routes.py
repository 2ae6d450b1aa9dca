"""Exports over HTTP: one summary, some, all that a filter finds; never another tenant's."""

from __future__ import annotations

import json
import uuid
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from pypdf import PdfReader

from brevity.common.events import SummaryCompleted
from tests.support.feedback import TEXT, accepted, completed
from tests.support.feedback_service import FeedbackService
from tests.unit.feedback.export.reading import pdf_text, squeezed, word_lines

pytestmark = pytest.mark.stack


async def filled(service: FeedbackService, count: int = 1, **fields: Any) -> list[SummaryCompleted]:
    made = [completed(f"doc-{uuid.uuid4().hex[:10]}", **fields) for _ in range(count)]
    await service.fill([e for s in made for e in (accepted(s.document_id, tenant=s.tenant), s)])
    return made


async def test_one_summary_comes_as_each_kind_of_file(service: FeedbackService) -> None:
    [summary] = await filled(service)
    path = f"/v1/summaries/{summary.summary_id}/export"
    sentence = summary.sentences[0].text
    with service.as_("rita") as rita:
        pdf = rita.get(path)
        assert pdf.headers["content-type"] == "application/pdf"
        assert (
            pdf.headers["content-disposition"] == f'attachment; filename="summary-{summary.document_id}.pdf"'
        )
        assert squeezed(sentence) in pdf_text(pdf.content)
        word = rita.get(path, params={"format": "docx"})
        assert any(sentence in line for line in word_lines(Document(BytesIO(word.content))))
        markdown = rita.get(path, params={"format": "md"})
        assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
        assert "[^1]" in markdown.text
        record = json.loads(rita.get(path, params={"format": "jsonl"}).content)
    span = summary.sentences[0].spans[0]
    assert record["citations"][0]["spans"][0]["excerpt"] == TEXT[span.start : span.end]


async def test_the_last_correction_is_in_the_file(service: FeedbackService) -> None:
    [summary] = await filled(service)
    path = f"/v1/summaries/{summary.summary_id}"
    with service.as_("anna") as anna:
        for text in ("First try.", "Second try."):
            answer = anna.post(f"{path}/feedback", json={"edited_summary": text})
            assert answer.is_success, answer.text
        answer = anna.post(f"{path}/feedback", json={"rating": "down"})
        assert answer.is_success, answer.text
        text = anna.get(f"{path}/export", params={"format": "md"}).text
    assert "Second try." in text
    assert "First try." not in text


async def test_some_are_exported_in_the_order_asked_for(service: FeedbackService) -> None:
    made = await filled(service, 3)
    ids = [made[2].summary_id, made[0].summary_id]
    with service.as_("rita") as rita:
        lines = rita.get("/v1/export", params={"id": ids}).text.splitlines()
        pdf = rita.get("/v1/export", params={"id": ids, "format": "pdf"})
    assert [json.loads(line)["summary"]["summary_id"] for line in lines] == ids
    assert len(PdfReader(BytesIO(pdf.content)).pages) == 3  # contents, and a page each


async def test_all_that_a_filter_finds_are_streamed_across_pages(service: FeedbackService) -> None:
    version = f"v-{uuid.uuid4().hex[:8]}"
    made = await filled(service, 230, model_version=version)
    await filled(service, 1)
    with service.as_("rita") as rita:
        answer = rita.get("/v1/export", params={"model_version": version})
        too_many = rita.get("/v1/export", params={"model_version": version, "format": "docx"})
    found = [json.loads(line)["summary"]["summary_id"] for line in answer.text.splitlines()]
    assert sorted(found) == sorted(summary.summary_id for summary in made)
    assert answer.headers["content-disposition"] == 'attachment; filename="summaries.jsonl"'
    assert (too_many.is_client_error, too_many.json()["code"]) == (True, "export_too_large")


async def test_another_tenants_summary_cannot_be_exported(service: FeedbackService) -> None:
    [secret] = await filled(service, tenant="second")
    with service.as_("ada") as ada:
        for path, params in (
            (f"/v1/summaries/{secret.summary_id}/export", {}),
            ("/v1/export", {"id": secret.summary_id}),
            ("/v1/export", {"document_id": secret.document_id}),
        ):
            answer = ada.get(path, params=params)
            assert answer.is_client_error
            assert secret.summary.encode() not in answer.content
    with service.as_("rita", tenant="second") as rita:
        assert rita.get(f"/v1/summaries/{secret.summary_id}/export").status_code == 200


async def test_a_format_that_is_not_there_is_refused(service: FeedbackService) -> None:
    [summary] = await filled(service)
    with service.as_("rita") as rita:
        answer = rita.get(f"/v1/summaries/{summary.summary_id}/export", params={"format": "exe"})
    assert answer.status_code == 422
