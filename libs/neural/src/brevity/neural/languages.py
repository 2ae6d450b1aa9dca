"""Which languages a model has, and what its tokenizer calls them.

Codes are those that the models' authors published: mBART-50 (Tang et al. 2020, 52 languages), NLLB-200 (FLORES-200 codes;
those of its languages that have an ISO 639-1 code), M2M-100 (Fan et al. 2020), mT5 (Xue et al. 2021: the languages of mC4;
it has no codes). Everywhere else in Brevity a language is its ISO 639-1 code.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Literal

from brevity.nlp.language import UNDETERMINED

Family = Literal["mbart50", "nllb", "m2m100"]

_MBART50 = (
    "ar_AR cs_CZ de_DE en_XX es_XX et_EE fi_FI fr_XX gu_IN hi_IN it_IT ja_XX kk_KZ ko_KR lt_LT lv_LV my_MM ne_NP nl_XX"
    " ro_RO ru_RU si_LK tr_TR vi_VN zh_CN af_ZA az_AZ bn_IN fa_IR he_IL hr_HR id_ID ka_GE km_KH mk_MK ml_IN mn_MN mr_IN"
    " pl_PL ps_AF pt_XX sv_SE sw_KE ta_IN te_IN th_TH tl_XX uk_UA ur_PK xh_ZA gl_ES sl_SI"
)
_NLLB = (
    "af:afr_Latn am:amh_Ethi ar:arb_Arab as:asm_Beng az:azj_Latn be:bel_Cyrl bg:bul_Cyrl bn:ben_Beng bs:bos_Latn"
    " ca:cat_Latn cs:ces_Latn cy:cym_Latn da:dan_Latn de:deu_Latn el:ell_Grek en:eng_Latn es:spa_Latn et:est_Latn"
    " eu:eus_Latn fa:pes_Arab fi:fin_Latn fr:fra_Latn ga:gle_Latn gl:glg_Latn gu:guj_Gujr he:heb_Hebr hi:hin_Deva"
    " hr:hrv_Latn hu:hun_Latn hy:hye_Armn id:ind_Latn is:isl_Latn it:ita_Latn ja:jpn_Jpan ka:kat_Geor kk:kaz_Cyrl"
    " km:khm_Khmr kn:kan_Knda ko:kor_Hang ky:kir_Cyrl lo:lao_Laoo lt:lit_Latn lv:lvs_Latn mk:mkd_Cyrl ml:mal_Mlym"
    " mn:khk_Cyrl mr:mar_Deva ms:zsm_Latn my:mya_Mymr nb:nob_Latn ne:npi_Deva nl:nld_Latn nn:nno_Latn or:ory_Orya"
    " pa:pan_Guru pl:pol_Latn ps:pbt_Arab pt:por_Latn ro:ron_Latn ru:rus_Cyrl si:sin_Sinh sk:slk_Latn sl:slv_Latn"
    " sq:als_Latn sr:srp_Cyrl sv:swe_Latn sw:swh_Latn ta:tam_Taml te:tel_Telu tg:tgk_Cyrl th:tha_Thai tl:tgl_Latn"
    " tr:tur_Latn uk:ukr_Cyrl ur:urd_Arab uz:uzn_Latn vi:vie_Latn xh:xho_Latn zh:zho_Hans"
)
_M2M100 = (
    "af am ar az be bg bn bs ca cs cy da de el en es et fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km kn ko lo"
    " lt lv mk ml mn mr ms my ne nl no or pa pl ps pt ro ru si sk sl sq sr sv sw ta th tl tr uk ur uz vi xh zh"
)
_MT5 = (
    "af am ar az be bg bn ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hu hy id is it ja ka kk km kn ko ky lo"
    " lt lv mk ml mn mr ms my ne nl no pa pl ps pt ro ru si sk sl sq sr sv sw ta te tg th tl tr uk ur uz vi xh zh"
)


def _pairs(text: str) -> dict[str, str]:
    return {pair.partition(":")[0]: pair.partition(":")[2] for pair in text.split()}


CODES: Mapping[Family, Mapping[str, str]] = MappingProxyType(
    {
        "mbart50": MappingProxyType({code.split("_")[0]: code for code in _MBART50.split()}),
        "nllb": MappingProxyType(_pairs(_NLLB)),
        "m2m100": MappingProxyType({tag: f"__{tag}__" for tag in _M2M100.split()}),
    }
)
"""For each family of multilingual models the tokenizer's code for each language."""

MT5: frozenset[str] = frozenset(_MT5.split())
"""Languages that mT5 was pretrained on. It writes the language it was fine-tuned to write."""

# One language under several tags: Norwegian is `no`, `nb` (Bokmål) or `nn` (Nynorsk).
_SAME = {
    "no": ("no", "nb"),
    "nb": ("nb", "no"),
    "nn": ("nn", "no", "nb"),
    "fil": ("tl",),
    "iw": ("he",),
    "in": ("id",),
}

_NAMES = (
    "af:Afrikaans am:Amharic ar:Arabic az:Azerbaijani be:Belarusian bg:Bulgarian bn:Bengali bs:Bosnian ca:Catalan cs:Czech"
    " cy:Welsh da:Danish de:German el:Greek en:English es:Spanish et:Estonian eu:Basque fa:Persian fi:Finnish fr:French"
    " ga:Irish gl:Galician gu:Gujarati he:Hebrew hi:Hindi hr:Croatian hu:Hungarian hy:Armenian id:Indonesian is:Icelandic"
    " it:Italian ja:Japanese ka:Georgian kk:Kazakh km:Khmer kn:Kannada ko:Korean ky:Kyrgyz lo:Lao lt:Lithuanian"
    " lv:Latvian mk:Macedonian ml:Malayalam mn:Mongolian mr:Marathi ms:Malay my:Burmese nb:Norwegian ne:Nepali nl:Dutch"
    " nn:Norwegian-Nynorsk no:Norwegian pa:Punjabi pl:Polish ps:Pashto pt:Portuguese ro:Romanian ru:Russian si:Sinhala"
    " sk:Slovak sl:Slovenian sq:Albanian sr:Serbian sv:Swedish sw:Swahili ta:Tamil te:Telugu tg:Tajik th:Thai tl:Tagalog"
    " tr:Turkish uk:Ukrainian ur:Urdu uz:Uzbek vi:Vietnamese xh:Xhosa zh:Chinese"
)
NAMES: Mapping[str, str] = MappingProxyType(_pairs(_NAMES))
"""English names, for prompts and messages."""


def base(tag: str) -> str:
    """The language of a BCP 47 tag: `de` for `de-CH`."""
    return tag.split("-")[0].split("_")[0].lower()


def name_of(tag: str) -> str:
    """The language's English name, or the tag itself."""
    return NAMES.get(base(tag), tag)


def family_of(vocabulary: Container[str]) -> Family | None:
    """The family that a tokenizer's vocabulary holds the language codes of; None for a model without codes."""
    if "en_XX" in vocabulary and "de_DE" in vocabulary:
        return "mbart50"
    if "eng_Latn" in vocabulary and "deu_Latn" in vocabulary:
        return "nllb"
    if "__en__" in vocabulary and "__de__" in vocabulary:
        return "m2m100"
    return None


def code_of(tag: str, family: Family) -> str | None:
    """What the family's tokenizers call a language; None when they do not have it."""
    return next((CODES[family][name] for name in _names(tag) if name in CODES[family]), None)


def has(languages: frozenset[str] | None, tag: str) -> bool:
    """Whether a language is among those a model has; True when nothing is known of one or the other."""
    if languages is None or base(tag) == UNDETERMINED:
        return True
    return any(name in languages for name in _names(tag))


def same(one: str, other: str) -> bool:
    """Whether two tags name one language."""
    return base(other) in _names(one) or base(one) in _names(other)


def _names(tag: str) -> tuple[str, ...]:
    return _SAME.get(base(tag), (base(tag),))
