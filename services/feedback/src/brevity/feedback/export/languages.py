"""Language tags for people, for the typesetter and for Word."""

from __future__ import annotations

from typing import NamedTuple

_NAMES = {
    "af": "Afrikaans", "am": "Amharic", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali",
    "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician",
    "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ko": "Korean", "ky": "Kyrgyz",
    "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi",
    "ms": "Malay", "my": "Burmese", "nb": "Norwegian Bokmål", "ne": "Nepali", "nl": "Dutch", "nn": "Norwegian Nynorsk",
    "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "tg": "Tajik", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "uz": "Uzbek", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


class Tag(NamedTuple):
    """Parts of a BCP 47 tag that typesetting depends on. `region` is upper case, or None."""

    primary: str
    region: str | None

    @property
    def traditional_chinese(self) -> bool:
        return self.primary == "zh" and self.region in {"TW", "HK", "MO"}


def parse(tag: str) -> Tag:
    """`zh-Hant` gives ("zh", "TW"), `pt-br` gives ("pt", "BR"), `und` stays itself."""
    primary, *rest = tag.lower().split("-")
    region = next((part.upper() for part in rest if len(part) == 2 and part.isalpha()), None)
    if region is None and primary == "zh" and "hant" in rest:
        region = "TW"
    return Tag(primary, region)


def describe(tag: str) -> str:
    """`ar` gives "Arabic (ar)"; a tag without a known name is its own description."""
    if tag == "und":
        return "undetermined"
    name = _NAMES.get(parse(tag).primary)
    return f"{name} ({tag})" if name else tag
