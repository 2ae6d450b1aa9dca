"""Neural models as the gate judges them: loaded from a version's archive, each document summarized by itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

from brevity.common.errors import Rejected
from brevity.neural.archive import BadModel, unpack
from brevity.neural.long_documents import LongSummary, Wish, summarize
from brevity.neural.port import Generator
from brevity.nlp.sentences import split_sentences
from brevity.trainer.gate.port import Summarizer, Written


def generating(archive: Path, engine: str) -> Summarizer:
    """The model in an archive, through the same steps for long documents as in service. Raises Rejected `bad_model`.

    It is unpacked beside the archive until it is loaded: what a killed process leaves behind goes with the archive's folder.
    """
    with tempfile.TemporaryDirectory(prefix="loading-", dir=archive.parent) as place:
        folder = Path(place) / "model"
        try:
            unpack(archive, folder)
            generator = _loaded(folder, engine)
        except BadModel as error:
            raise Rejected(
                f"the model cannot be used: {error}", code="bad_model", remedy=error.remedy
            ) from error

    def write(text: str, language: str, words: int) -> Written:
        [summary] = summarize([Wish(text, language, words)], generator)
        if not isinstance(summary, LongSummary):
            return Written("", [])  # a model that fails on a document has summarized it as badly as can be
        spans = split_sentences(summary.text, language)
        return Written(summary.text, [(span.start, span.end) for span in spans])

    return write


def _loaded(folder: Path, engine: str) -> Generator:
    if engine == "seq2seq":
        from brevity.neural.seq2seq import Seq2SeqGenerator

        return Seq2SeqGenerator.load(folder)
    if engine == "ctranslate2":
        from brevity.neural.ctranslate import CTranslate2Generator

        return CTranslate2Generator.load(folder)
    from brevity.neural.llm import ChatGenerator

    return ChatGenerator.load(folder)
