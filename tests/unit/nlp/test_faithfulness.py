import pytest

from brevity.nlp.faithfulness import Report, check
from brevity.nlp.sentences import split_sentences
from tests.support.data import real_rows
from tests.support.errors import KINDS, inject
from tests.unit.nlp.growth import MOST, growth

SOURCE = (
    "The council of Springfield met on 3 May 2024. Mayor Anna Lindqvist said that the old bridge will cost "
    "1,250,000 dollars to repair.\nThe World Health Organization sent twenty-five experts. About 12.5% of the "
    "members voted against it. Work begins in June 2025 and ends on 2026-02-14."
)


def _check(summary: str, source: str = SOURCE, language: str = "en") -> Report:
    return check(source, summary, split_sentences(summary, language), language)


def _codes(summary: str, source: str = SOURCE, language: str = "en") -> set[str]:
    return {flag.code for flag in _check(summary, source, language).flags}


def test_a_sentence_taken_word_for_word_has_its_own_span_and_full_support() -> None:
    sentence = "Mayor Anna Lindqvist said that the old bridge will cost 1,250,000 dollars to repair."
    report = _check(sentence)
    [found] = report.sentences
    assert found.support == 1.0
    assert SOURCE[slice(*found.spans[0])] == sentence
    assert report.flags == ()


def test_line_breaks_do_not_hide_a_sentence_taken_word_for_word() -> None:
    source = "First of all.\nThe old bridge\n  will be repaired. The end."
    [found] = _check("The old bridge will be repaired.", source).sentences
    assert found.support == 1.0
    assert source[slice(*found.spans[0])] == "The old bridge\n  will be repaired."


def test_a_part_of_a_word_is_not_taken_word_for_word() -> None:
    assert check("Nobody knows.", "No", [(0, 2)], "en").sentences[0].support < 1.0


def test_a_rewritten_sentence_names_the_sentence_it_comes_from() -> None:
    report = _check("Repairing the old bridge will cost 1,250,000 dollars.")
    [found] = report.sentences
    assert "bridge" in SOURCE[slice(*found.spans[0])]
    assert 0.5 < found.support < 1.0


@pytest.mark.parametrize(
    "summary",
    [
        "So the repair will cost 1.25 million dollars.",
        "So the repair will cost 1 250 000 dollars.",
        "So the repair will cost ١٢٥٠٠٠٠ dollars.",
        "So the repair will cost １２５００００ dollars.",
        "So the repair will cost १२५०००० dollars.",
        "So 25 experts came.",
        "So some 13% voted against it.",
        "So it met on May 3, 2024.",
        "So it met on 2024-05-03.",
        "So it met on the 3rd of May.",
        "So it met on 3.5.2024.",
        "So it ends on 14 February 2026.",
        "So the experts of the WHO came to Springfield's council.",
        "So it was ANNA LINDQVIST who spoke.",
    ],
)
def test_the_same_fact_written_otherwise_is_not_flagged(summary: str) -> None:
    assert _codes(summary) - {"low_support"} == set()


@pytest.mark.parametrize(
    ("summary", "language"),
    [
        ("Also traf man sich am 3. Mai 2024.", "de"),
        ("Alors on se rencontre le 3 mai 2024.", "fr"),
        ("Man møttes den 3. mai 2024.", "no"),
        ("Se reunieron el 3 de mayo de 2024.", "es"),
        ("Das kostet also 1.250.000 Dollar und 12,5 Prozent.", "de"),
    ],
)
def test_dates_and_numbers_agree_across_languages(summary: str, language: str) -> None:
    assert _codes(summary, language=language) & {"number_not_in_source", "date_not_in_source"} == set()


@pytest.mark.parametrize(
    ("summary", "code", "place"),
    [
        ("So the repair will cost 1,350,000 dollars.", "number_not_in_source", "1,350,000"),
        ("So the repair will cost 1.35 million dollars.", "number_not_in_source", "1.35"),
        ("So 14.5% of the members voted against it.", "number_not_in_source", "14.5"),
        ("So the council met on 4 May 2024.", "date_not_in_source", "4 May 2024"),
        ("So the council met on 3 May 2023.", "date_not_in_source", "3 May 2023"),
        ("So the work ends on 2026-03-14.", "date_not_in_source", "2026-03-14"),
        ("So the work begins in July 2025.", "date_not_in_source", "July 2025"),
        ("So Mayor Anna Petersen said it.", "name_not_in_source", "Mayor Anna Petersen"),
        ("So the council of Shelbyville met.", "name_not_in_source", "Shelbyville"),
        ("So the council of Москва met.", "name_not_in_source", "Москва"),
    ],
)
def test_a_wrong_fact_is_flagged_where_it_stands(summary: str, code: str, place: str) -> None:
    [flag] = [flag for flag in _check(summary).flags if flag.code != "low_support"]
    assert (flag.code, summary[flag.start : flag.end]) == (code, place)
    assert place in flag.message


def test_an_invented_sentence_has_low_support() -> None:
    assert "low_support" in _codes("Penguins rarely enjoy chocolate during thunderstorms.")


def test_german_nouns_are_not_taken_for_names() -> None:
    source = "Der Gemeinderat hat die Sanierung der Brücken beschlossen. Die Arbeiten beginnen im Juni."
    assert _codes("Im Juni beginnt die Arbeit an der Brücke.", source, "de") == set()
    assert "name_not_in_source" in _codes("Im Juni kam Angela Merkel zur Brücke.", source, "de")


def test_chinese_is_aligned_by_pairs_of_characters() -> None:
    source = "市议会星期二决定修理旧桥。学校将在九月开学。专家反对这个计划。"
    report = check(source, "旧桥将由市议会修理。", [(0, 10)], "zh")
    assert source[slice(*report.sentences[0].spans[0])].startswith("市议会")
    assert check(source, "企鹅喜欢巧克力蛋糕。", [(0, 10)], "zh").flags[0].code == "low_support"


@pytest.mark.parametrize("source", ["", " ", "…", "\ud83d\ude00"])
def test_an_empty_source_supports_nothing_and_breaks_nothing(source: str) -> None:
    [found] = check(source, "The bridge costs 12 dollars.", [(0, 28)], None).sentences
    assert found.support == 0.0


@pytest.mark.parametrize("unit", ["word ", "A", "1,", "May 3 ", "Anna Smith. ", "中", "1.1.", "a-"])
def test_the_check_stays_linear_on_a_long_source_of_anything(unit: str) -> None:
    def run(source: str) -> None:
        check(source, "So Anna Berg met 12 men on 3 May 2024.", [(0, 38)], "en")

    assert growth(run, unit, 100_000) < MOST


SETS = [
    ("science-tldr", "validation", 60, "en"),
    ("biomedical", "validation", 8, "en"),
    ("clinic-dialogue", "validation", 30, "en"),
    ("meetings", "validation", 4, "en"),
    ("stories", "validation", 6, "en"),
    ("news-norwegian", "validation", 15, "no"),
    ("debates-french", "train", 8, "fr"),
    ("encyclopedia-german", "validation", 10, "de"),
]


@pytest.mark.parametrize(("name", "split", "limit", "language"), SETS, ids=[s[0] for s in SETS])
def test_no_real_extract_is_ever_flagged(name: str, split: str, limit: int, language: str) -> None:
    checked = 0
    for row in real_rows(name, split, limit):
        text = row["text"]
        spans = [s for s in split_sentences(text, language) if s.end - s.start >= 20][::7][:25]
        summary, places = "", []
        for start, end in spans:
            places.append((len(summary), len(summary) + end - start))
            summary += text[start:end] + "\n"
        report = check(text, summary, places, language)
        assert report.flags == ()
        assert {found.support for found in report.sentences} <= {1.0}
        checked += len(places)
    print(f"{name}: {checked} extracts, 0 flagged")
    assert checked > 50


@pytest.mark.parametrize(("name", "split", "limit", "language"), SETS, ids=[s[0] for s in SETS])
def test_wrong_facts_put_into_real_sentences_are_found(
    name: str, split: str, limit: int, language: str
) -> None:
    """One fact of a real source sentence is changed; the rest of the sentence is rewritten without new facts."""
    asked = dict.fromkeys(KINDS, 0)
    found = dict.fromkeys(KINDS, 0)
    false_alarms = clean = 0
    for row in real_rows(name, split, limit):
        text = row["text"]
        for start, end in [s for s in split_sentences(text, language) if 40 <= s.end - s.start <= 400][::5][
            :40
        ]:
            sentence = text[start:end]
            # A word left out makes it no exact extract any more, so that every check really runs.
            rewritten = " ".join(sentence.split()[:-2]) + "."
            clean += 1
            false_alarms += any(f.code != "low_support" for f in _check_one(text, rewritten, language).flags)
            for kind in KINDS:
                wrong = inject(kind, rewritten, text, language)
                if wrong is not None:
                    asked[kind] += 1
                    codes = {f.code for f in _check_one(text, wrong, language).flags}
                    found[kind] += f"{kind}_not_in_source" in codes
    rates = ", ".join(f"{kind} {found[kind]}/{asked[kind]}" for kind in KINDS)
    print(f"{name}: found {rates}; false alarms {false_alarms}/{clean}")
    assert clean > 20
    assert false_alarms <= 0.02 * clean
    total = sum(asked.values())
    assert total == 0 or sum(found.values()) >= 0.8 * total


def _check_one(source: str, sentence: str, language: str) -> Report:
    return check(source, sentence, [(0, len(sentence))], language)
