"""Which language a text is in: scripts that tell by themselves, else a naive Bayes model over byte n-grams.

The model is py3langid's (after Lui & Baldwin 2012, "langid.py: An Off-the-shelf Language Identification Tool").
Only a bounded sample is read, so the cost does not grow with the document.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SLICES = 3
SLICE_CHARACTERS = 4_000
UNDETERMINED = "und"

# Languages a document is likely to be in. Left out of the model's: constructed and ancient ones, pidgins and
# regional ones with little writing, which mostly win short texts by accident.
_TAGS = (
    "af am ar as az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk"
    " km kn ko ky lo lt lv mk ml mn mr ms my ne nl nn no or pa pl ps pt ro ru si sk sl sq sr sv sw ta te tg th tl"
    " tr uk ur uz vi zh"
)
LANGUAGES = tuple(_TAGS.split())

# Scripts that only one language (of those above) is usually written in.
_SCRIPTS = {
    "ko": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"),
    "th": re.compile("[\u0e01-\u0e4e]"),
    "lo": re.compile("[\u0e80-\u0ece]"),
    "km": re.compile("[\u1780-\u17d3]"),
    "my": re.compile("[\u1000-\u109f]"),
    "ka": re.compile("[\u10a0-\u10ff]"),
    "hy": re.compile("[\u0531-\u058a]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "he": re.compile("[\u05d0-\u05ea]"),
    "gu": re.compile("[\u0a81-\u0aff]"),
    "pa": re.compile("[\u0a01-\u0a75]"),
    "ta": re.compile("[\u0b82-\u0bff]"),
    "te": re.compile("[\u0c00-\u0c7f]"),
    "kn": re.compile("[\u0c80-\u0cff]"),
    "ml": re.compile("[\u0d00-\u0d7f]"),
    "si": re.compile("[\u0d81-\u0df4]"),
}
_KANA = re.compile("[\u3041-\u30fa\uff66-\uff9f]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LETTER = re.compile(r"[^\W\d_]")
# Most letters must be of the script: a quotation in another script does not change a document's language.
_SCRIPT_SHARE = 0.6
# Japanese mixes kana with Chinese characters; Chinese has next to no kana.
_KANA_SHARE = 0.05


class Detection(NamedTuple):
    """A language and how sure: `tag` is an ISO 639-1 code or `und`; `confidence` is in [0, 1]."""

    tag: str
    confidence: float


def detect_language(text: str) -> Detection:
    """The main language of `text`; `und` with confidence 0 when it holds no letters.

    Norwegian comes as the model tells it: `no` (in practice Bokmål) or `nn`. Deterministic; safe to call from
    several threads.
    """
    sample = _sample(text)
    letters = len(_LETTER.findall(sample))
    if letters == 0:
        return Detection(UNDETERMINED, 0.0)
    by_script = _by_script(sample, letters)
    if by_script is not None:
        return by_script
    tag, confidence = _model().classify(sample)
    return Detection(str(tag), round(min(1.0, float(confidence)), 4))


def _sample(text: str) -> str:
    """The whole of a short text; the beginning, middle and end of a long one."""
    if len(text) <= SLICES * SLICE_CHARACTERS:
        return text
    step = (len(text) - SLICE_CHARACTERS) // (SLICES - 1)
    return "\n".join(text[i * step : i * step + SLICE_CHARACTERS] for i in range(SLICES))


def _by_script(sample: str, letters: int) -> Detection | None:
    kana = len(_KANA.findall(sample))
    han = len(_HAN.findall(sample))
    if (kana + han) / letters >= _SCRIPT_SHARE:
        tag = "ja" if kana / (kana + han) >= _KANA_SHARE else "zh"
        return Detection(tag, _share(kana + han, letters))
    for tag, pattern in _SCRIPTS.items():
        count = len(pattern.findall(sample))
        if count / letters >= _SCRIPT_SHARE:
            return Detection(tag, _share(count, letters))
    return None


def _share(count: int, letters: int) -> float:
    # Combining marks are counted with their script but are no letters, so the ratio can pass 1.
    return round(min(1.0, count / letters), 4)


@lru_cache(maxsize=1)
def _model() -> LanguageIdentifier:
    """Load the model once (about 0.5 s), when first needed. Reading it afterwards changes nothing in it."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
