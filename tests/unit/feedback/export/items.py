"""Items to export: real texts summarized by the real engine, and sentences in many scripts written for these tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from brevity.common.events import (
    Coverage,
    Origin,
    Span,
    SummaryCompleted,
    SummaryRequest,
    SummaryWarning,
    SupportedSentence,
    Usage,
)
from brevity.common.ids import content_hash
from brevity.feedback.export import ExportItem, Review
from brevity.nlp.words import count_words

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

# Title and three sentences each: a document of which the first and the third sentence are the summary.
TEXTS: dict[str, tuple[str, tuple[str, str, str]]] = {
    "ar": (
        "خطة جديدة للمياه في المدينة",
        (
            "أعلنت البلدية في 12 مارس 2024 خطة لتجديد شبكة المياه في الأحياء القديمة.",
            "ويقول المهندسون إن الأنابيب الحالية وضعت قبل أكثر من خمسين عاما.",
            "تبلغ كلفة المشروع 340 مليون دينار (ويموله بنك BID على مدى ست سنوات).",
        ),
    ),
    "fa": (
        "گزارش کتابخانه‌ها",
        ("کتابخانه‌های شهر پارسال ۲۴۰ هزار کتاب امانت دادند.", "ژاله می‌گوید چاپ گران است.", "پیش‌بینی می‌شود این شمار بیشتر شود."),
    ),
    "he": (
        "קו רכבת חדש",
        ("העירייה אישרה קו רכבת קלה באורך 14 קילומטרים.", "העבודות יתחילו בקיץ.", "הקו ישרת כ-60,000 נוסעים ביום (לפי אומדן 2025)."),
    ),
    "hi": (
        "विद्यालयों में नई पाठ्यचर्या",
        (
            "शिक्षा मंत्रालय ने प्राथमिक विद्यालयों के लिए नई पाठ्यचर्या प्रस्तुत की।",
            "शिक्षकों को प्रशिक्षण दिया जाएगा।",
            "क्षेत्रीय भाषाओं में पुस्तकें वर्ष 2026 तक उपलब्ध होंगी, जिससे ज्ञान की श्रृंखला मज़बूत होगी।",
        ),
    ),
    "zh": (
        "城市绿化报告",
        ("市政府去年新建了十二座公园,种植树木超过三万棵。", "居民普遍表示欢迎。", "今年计划把“口袋公园”的数量增加到五十座,直接服务老城区。"),
    ),
    "zh-Hant": (
        "圖書館的新服務",
        ("圖書館從三月起延長開放時間到晚上十點。", "讀者反應熱烈。", "館方預計今年將增加兩萬冊電子書。"),
    ),
    "ja": (
        "地方鉄道の再建計画",
        ("県は二〇二四年度に地方鉄道の再建計画をまとめた。", "利用者は十年で三割減っている。", "駅の改修と直通運転により、年間百万人の利用を目指すという。"),
    ),
    "ko": (
        "도서관 이용 현황",
        ("지난해 시립 도서관의 이용자는 모두 42만 명이었다.", "전년보다 8% 늘었다.", "시는 올해 작은 도서관 열 곳을 새로 열 계획이다."),
    ),
    "th": (
        "รายงานการท่องเที่ยว",
        ("จังหวัดมีนักท่องเที่ยวเพิ่มขึ้นร้อยละสิบสองในปีที่ผ่านมา", "โรงแรมเต็มเกือบทุกแห่ง", "ผู้ว่าราชการจังหวัดจะปรับปรุงท่าเรือและถนนเพื่อรองรับผู้มาเยือน"),
    ),
    "el": (
        "Νέα γραμμή του μετρό",
        ("Η νέα γραμμή θα έχει δεκαπέντε σταθμούς.", "Το έργο ξεκινά το 2027.", "Το κόστος εκτιμάται σε 1,8 δισ. ευρώ."),
    ),
    "ru": (
        "Отчёт о состоянии рек",
        ("За год качество воды улучшилось в семи реках из десяти.", "Причина — новые очистные сооружения.", "Министерство обещает проверить ещё двадцать рек до конца 2026 года."),
    ),
    "en": (
        "Harbour dredging review",
        (
            "The harbour authority removed 1.2 million cubic metres of silt last winter.",
            "Fishermen asked for a pause in spring.",
            "It will publish the “turbidity” readings every week — the naïve estimate was 30 % too low.",
        ),
    ),
}  # fmt: skip


def item(language: str = "en", **changes: Any) -> ExportItem:
    """A written document and its summary; `changes` replace fields of the event."""
    title, sentences = TEXTS[language]
    glue = "" if language in ("zh", "zh-Hant", "ja") else " "
    source = glue.join(sentences)
    kept = [sentences[0], sentences[2]]
    return made(source, kept, title, language, glue, **changes)


def made(
    source: str, kept: list[str], title: str | None, language: str = "en", glue: str = " ", **changes: Any
) -> ExportItem:
    """A summary that takes the sentences `kept` from `source` word for word."""
    supported: list[SupportedSentence] = []
    place = 0
    for text in kept:
        start = source.index(text)
        span = Span(start=start, end=start + len(text))
        supported.append(
            SupportedSentence(text=text, start=place, end=place + len(text), spans=[span], support=1.0)
        )
        place += len(text) + len(glue)
    fields: dict[str, Any] = {
        "summary_id": f"summary-{language}",
        "document_id": f"document-{language}",
        "tenant": "default",
        "content_hash": content_hash(source.encode()),
        "title": title,
        "language": language,
        "summary": glue.join(kept),
        "sentences": supported,
        "coverage": Coverage(percent=100, spans=[Span(start=0, end=len(source))]),
        "engine": "extractive",
        "model_version": "default-1",
        "request": SummaryRequest(),
        "usage": Usage(
            source_words=count_words(source, language), summary_words=count_words(glue.join(kept), language)
        ),
        "submitted_at": AT,
        "origin": Origin(topic="documents.submitted", partition=0, offset=0),
    }
    return ExportItem(SummaryCompleted(**{**fields, **changes}), source)


def warned() -> list[SummaryWarning]:
    return [SummaryWarning(code="number_not_in_source", message="The number 30 is not in the source.")]


def reviewed(edited: str | None = None) -> Review:
    return Review("r.meyer", AT, "down", edited, ("wrong_fact", "too_long"))
