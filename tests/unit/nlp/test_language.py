from concurrent.futures import ThreadPoolExecutor

import pytest

from brevity.nlp.language import detect_language
from tests.unit.nlp.growth import TIMES, growth

SENTENCES = {
    "en": "The council met on Tuesday evening and decided to repair the old bridge before the winter begins.",
    "de": "Der Gemeinderat beschloss am Dienstagabend, die alte Brücke noch vor dem Winter zu reparieren.",
    "fr": "Le conseil municipal a décidé mardi soir de réparer le vieux pont avant le début de l'hiver.",
    "es": "El ayuntamiento decidió el martes por la noche reparar el viejo puente antes del invierno.",
    "it": "Il consiglio comunale ha deciso martedì sera di riparare il vecchio ponte prima dell'inverno.",
    "pt": "A câmara municipal decidiu na terça-feira à noite reparar a velha ponte antes do inverno.",
    "nl": "De gemeenteraad besloot dinsdagavond om de oude brug nog voor de winter te laten herstellen.",
    "no": "Kommunestyret bestemte tirsdag kveld at den gamle broen skal repareres før vinteren begynner.",
    "nn": "Kommunestyret bestemte tysdag kveld at dei ikkje ville reparere den gamle brua før vinteren byrjar.",
    "sv": "Kommunfullmäktige beslutade på tisdagskvällen att den gamla bron ska repareras före vintern.",
    "fi": "Kunnanvaltuusto päätti tiistai-iltana korjata vanhan sillan ennen talven alkua.",
    "pl": "Rada gminy postanowiła we wtorek wieczorem naprawić stary most przed nadejściem zimy.",
    "cs": "Zastupitelstvo se v úterý večer rozhodlo opravit starý most ještě před začátkem zimy.",
    "tr": "Belediye meclisi salı akşamı eski köprünün kış başlamadan onarılmasına karar verdi.",
    "ru": "Городской совет решил во вторник вечером отремонтировать старый мост до начала зимы.",
    "uk": "Міська рада вирішила у вівторок увечері відремонтувати старий міст до початку зими.",
    "el": "Το δημοτικό συμβούλιο αποφάσισε την Τρίτη να επισκευάσει την παλιά γέφυρα.",
    "ar": "قرر المجلس البلدي مساء الثلاثاء إصلاح الجسر القديم قبل بداية فصل الشتاء.",
    "he": "מועצת העיר החליטה ביום שלישי בערב לתקן את הגשר הישן לפני החורף.",
    "hi": "नगर परिषद ने मंगलवार शाम को सर्दियों से पहले पुराने पुल की मरम्मत करने का फैसला किया।",
    "th": "สภาเทศบาลตัดสินใจซ่อมสะพานเก่าก่อนฤดูหนาว",
    "ja": "市議会は火曜日の夜、冬が始まる前に古い橋を修理することを決めた。",
    "zh": "市议会星期二晚上决定在冬天开始之前修理那座旧桥。",
    "ko": "시의회는 화요일 저녁 겨울이 오기 전에 낡은 다리를 수리하기로 결정했다.",
    "vi": "Hội đồng thành phố quyết định sửa chữa cây cầu cũ trước khi mùa đông bắt đầu.",
}


@pytest.mark.parametrize("tag", SENTENCES)
def test_one_sentence_is_enough_to_tell_the_language(tag: str) -> None:
    found = detect_language(SENTENCES[tag])
    assert found.tag == tag
    assert 0.5 < found.confidence <= 1


@pytest.mark.parametrize("text", ["", "  \n", "12 345,- % ***", "🙂🙂"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert detect_language(text) == ("und", 0.0)


def test_a_quotation_in_another_script_does_not_change_the_language() -> None:
    text = SENTENCES["en"] + " It is called 東京タワー in Japanese. " + SENTENCES["en"]
    assert detect_language(text).tag == "en"


def test_capitals_do_not_change_the_language() -> None:
    assert detect_language(SENTENCES["de"].upper()).tag == "de"


def test_a_foreign_beginning_does_not_decide_for_a_long_text() -> None:
    assert detect_language(SENTENCES["fr"] * 3 + SENTENCES["de"] * 500).tag == "de"


def test_threads_agree_with_each_other() -> None:
    texts = list(SENTENCES.values()) * 4
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(detect_language, texts)) == [detect_language(text) for text in texts]


def test_the_cost_does_not_grow_with_the_document() -> None:
    detect_language(SENTENCES["en"])
    assert growth(detect_language, SENTENCES["en"], 5_000_000) < TIMES / 2
