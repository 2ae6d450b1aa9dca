import pytest

from brevity.neural.languages import CODES, MT5, code_of, family_of, has, name_of, same
from brevity.nlp.language import LANGUAGES


def test_the_tables_hold_as_many_languages_as_their_papers_say() -> None:
    assert len(CODES["mbart50"]) == 52
    assert CODES["mbart50"]["en"] == "en_XX"
    assert CODES["nllb"]["zh"] == "zho_Hans"
    assert CODES["m2m100"]["fr"] == "__fr__"
    assert all(len(tag) == 2 for table in (*CODES.values(), MT5) for tag in table)


def test_codes_that_the_tokenizers_of_transformers_list_are_those_of_the_tables() -> None:
    from transformers.models.mbart50.tokenization_mbart50 import FAIRSEQ_LANGUAGE_CODES as MBART50
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

    assert set(CODES["mbart50"].values()) == set(MBART50)
    assert set(CODES["nllb"].values()) <= set(NLLB)


def test_codes_of_m2m100_are_those_of_its_tokenizer() -> None:
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    known = {f"__{tag}__" for tag in FAIRSEQ_LANGUAGE_CODES["m2m100"]}
    assert set(CODES["m2m100"].values()) <= known


@pytest.mark.parametrize(
    ("vocabulary", "family"),
    [
        ({"en_XX", "de_DE"}, "mbart50"),
        ({"eng_Latn", "deu_Latn"}, "nllb"),
        ({"__en__", "__de__"}, "m2m100"),
        ({"en", "de", "▁the"}, None),
    ],
)
def test_a_family_is_told_by_its_vocabulary(vocabulary: set[str], family: str | None) -> None:
    assert family_of(vocabulary) == family


def test_norwegian_goes_by_any_of_its_names_where_a_model_has_it() -> None:
    assert code_of("no", "nllb") == "nob_Latn"
    assert code_of("nb", "m2m100") == "__no__"
    assert code_of("nn", "nllb") == "nno_Latn"
    assert code_of("no", "mbart50") is None
    assert same("no", "nb")
    assert not same("no", "sv")


def test_a_language_of_a_region_is_its_language() -> None:
    assert code_of("de-CH", "mbart50") == "de_DE"
    assert has(frozenset({"pt"}), "pt-BR")
    assert same("en-GB", "en")


def test_what_is_not_known_is_not_refused() -> None:
    assert has(None, "de")
    assert has(frozenset({"en"}), "und")
    assert not has(frozenset({"en"}), "de")


def test_every_language_that_is_detected_has_a_name_or_its_tag() -> None:
    named = [tag for tag in LANGUAGES if name_of(tag) != tag]
    assert len(named) > 0.95 * len(LANGUAGES)
    assert name_of("de") == "German"
    assert name_of("xx") == "xx"
