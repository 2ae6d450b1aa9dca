"""Short texts that accompany stories everywhere and are never part of them, in the languages of most pages."""

from __future__ import annotations

import re

_MOST_WORDS = 45

_FURNITURE = re.compile(
    r"^\W*(?:"
    r"also on |read (?:more|also|next)\b|related(?: (?:stories|articles|posts|content|topics))?\s*(?::|$)|see also:|you (?:may|might) also|"
    r"more (?:from|on|stories)\b.{0,60}$|more:|recommended(?: for you| reading| stories)?\s*:?$|most (?:read|popular|viewed)|don['’]t miss|"
    r"(?:please )?(?:click|tap) here\b|sign up (?:to|for)\b|subscribe (?:to|now|for|today)|get (?:the|our) (?:latest|best|free|daily|weekly|app)\b|"
    r"download (?:the|our) .{0,30}\bapp\b|follow (?:us|me|him|her)\b|like (?:this|us)\b.{0,40}(?:\?|facebook)|share (?:this|on|save)\b|"
    r"(?:share|tweet|print|email|comments?|advertisement|sponsored|ad|save|reply|report|edit|loading|accept(?: all)?|reject all|manage (?:options|preferences|cookies)|i agree|got it|alle akzeptieren|tout accepter|aceptar todo)\W*$|"
    r"(?:tags?|filed under|topics|categor(?:y|ies)|posted in|labels)\s*:|copyright\b|©|\(c\) \d{4}|all rights reserved|"
    r"photo(?:s| credit)?(?: by)?\s*:|image(?: credit| source)?s?\s*:|(?:have|got) a (?:news )?tip\b|tell us what|join (?:the|our) (?:conversation|newsletter|mailing|discussion)|"
    r"(?:this (?:story|article|post) (?:was|has been|is) (?:originally |first |last )?(?:published|updated|posted))|"
    r"(?:last )?(?:updated|published|posted|modified)(?: on| at)?\s*:?\s.{0,40}$|"
    r"from \w+, the free (?:encyclop|reference)|we (?:use|value) (?:cookies|your privacy)|this (?:site|website) uses cookies|by (?:continuing|using) (?:to|this|our) .{0,40}cookie|"
    r"enable javascript|javascript (?:is|must)|your browser|skip to |back to (?:top|home)|scroll (?:down|to)|"
    r"leggi anche|lire aussi|à lire aussi|lesen sie (?:auch|mehr)|mehr zum thema|lea (?:también|tambien)|te puede interesar|leia (?:também|mais)|"
    r"lees ook|czytaj (?:też|także|również)|läs (?:också|även|mer)|les også|læs også|lue myös|читайте (?:также|также)|ещё по теме|"
    r"anzeige\W*$|werbung\W*$|teilen\W*$|partager\W*$|compartir\W*$|publicidad\W*$|publicité\W*$|pubblicità\W*$|"
    r"alle rechte vorbehalten|tous droits réservés|todos los derechos|tutti i diritti|todos os direitos|"
    r"newsletter\b|abonnieren sie|abonnez-vous|suscríbete|iscriviti|assine"
    r")",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(
    r"all rights reserved|subscribe to our|sign up (?:for|to) our|our newsletter|contributed to this (?:report|story|article)"
    r"|may be reached at|follow (?:him|her|them|us) on (?:twitter|facebook|instagram|x)\b|accept all cookies|terms of (?:use|service) and privacy",
    re.IGNORECASE,
)


def is_furniture(text: str, words: int) -> bool:
    """Whether a piece of text is such an accompaniment."""
    return words <= _MOST_WORDS and (_FURNITURE.match(text) is not None or _ANYWHERE.search(text) is not None)


_CONSENT = re.compile(
    r"cookies?\b|consent|partners?\b|vendors?\b|personali[sz]ed (?:ads|advertis|content)|audience (?:research|insights)|legitimate interest"
    r"|privacy (?:policy|cent(?:re|er)|notice|settings)|manage (?:options|preferences)|personal data|your choices|on (?:a|your) device"
    r"|einwilligung|partner\b|personenbezogen|datenschutz|berechtigte[sn]? interesse|endgerät|personalisierte"
    r"|consentement|partenaires|données personnelles|politique de confidentialité|intérêt légitime|personnalis"
    r"|consentimiento|socios|datos personales|política de (?:privacidad|cookies)|interés legítimo|personalizad"
    r"|consenso|dati personali|informativa|toestemming|persoonsgegevens|gepersonaliseerd|согласие|персональных данных",
    re.IGNORECASE,
)
_CONSENT_TERMS = 4
_MOST_CONSENT_WORDS = 250


def asks_consent(text: str, words: int) -> bool:
    """Whether a paragraph is what a page says about cookies before it is seen."""
    if words > _MOST_CONSENT_WORDS:
        return False
    return len({term.lower() for term in _CONSENT.findall(text)}) >= _CONSENT_TERMS
