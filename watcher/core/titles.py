"""Titles of securities and words for ownership lines, folded so that spelling does not split a position.

A fold takes off only what identifies nothing: case, spaces, punctuation, par value, plurals of "unit" and the like, "held by". Names,
numbers, letters, years and singular or plural of "trust" and "child" stay: two trusts or two classes never become one. Folded words are
part of stored keys (`HoldingKey`): a change here asks for the keys to be made again. Source: free text, specification v5.5, 3.6.
"""

from __future__ import annotations

import re
from functools import lru_cache

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d_"
_APOSTROPHES = "\u2018\u2019\u201a\u201b\u2032\u00b4`"
_PLAIN = str.maketrans({**dict.fromkeys(_DASHES, "-"), **dict.fromkeys(_APOSTROPHES, "'")})

# --- both -------------------------------------------------------------------------------------------------------------------

# A full stop stays between digits ("8.75%") and before a digit that no letter touches ("$.01").
_STOPS = re.compile(r"(?<=\w)\.(?!\d)|(?<=[^\W\d])\.|(?<!\w)\.(?!\d)")
_MARK = re.compile(r"(?<=[^\W\d])\(\d\d?\)$")  # a footnote's mark, written to the word: "Units(1)"
_FILLERS = re.compile(r'["\u201c-\u201f,;:#()\[\]{}\u2020\u2021-]+')
_NON = re.compile(r"\bnon (?=\w)")
_SPACES = re.compile(r"\s+")
_SLASH = re.compile(r" ?/ ?")

# --- titles -----------------------------------------------------------------------------------------------------------------

# "(RSUs)" or "(""Common Stock"")": what the title is to be called in the rest of the form.
_IN_BRACKETS = re.compile(r"\((?:the )?[\s\"\u201c\u201d]*([a-z][a-z ]*?)s?[\s\"\u201c\u201d]*\)")
_WORD = re.compile(r"[a-z]+")
_AMOUNT = r"(?:us|usd|nis|eur|euro|cad|cdn|rmb|hk|c)?\s?[$\u20ac\u00a3]?\s?(?:\d*\.\d+|\d+)(?:[ -]?\d/\d)?"
_EACH = r"(?:\s*(?:per|each|a) ?share|\s*each)?\)?"
_PAR = re.compile(
    rf"(?:[,(-]\s*)?\b(?:(?:with )?(?:a )?(?:par|nominal|stated|per) val(?:ue)?\s*(?:of )?|pv ){_AMOUNT}{_EACH}"
    rf"|(?:[,(-]\s*)?(?<![\w.]){_AMOUNT}\s*(?:(?:par|nominal|stated) ?(?:val(?:ue)?)?|pv)\b{_EACH}"
    rf"|(?:[,(-]\s*)?\b(?:with no|without a|without|no) par(?: value)?\b{_EACH}"
)
_PLURAL = re.compile(r"\b(stock|share|unit|option|right|warrant|award|equivalent|note|interest|[rpd]su)s\b")
_OF = re.compile(r"^(?:the )?(?:share|unit) of (?=(?:class|series|common|ordinary|preferred|capital)\b)")
_SHARE = re.compile(r"\b(common|ordinary|preferred|preference) (?:stock|share)\b(?! unit)")
_CLASS_LAST = re.compile(r"(common|ordinary|preferred|preference) ((?:class|series) \w{1,3})")
_RIGHT_TO_BUY = re.compile(r"\b(option|warrant)(?: ?/ ?| )(?:right|rt) (?:to|ot) (?:buy|purchase|acquire)\b")

# --- ownership lines ----------------------------------------------------------------------------------------------------------

_HELD_BY = re.compile(r"^(?:shares )?(?:(?:in)?directly )?(?:(?:held|owned) )?(?:by|in|through|via)(?: the)? (?=\w)|^the (?=\w)")
_PLAN_401K = re.compile(r"\b401 ?\(? ?k\b\)?")
_SO_CALLED_PLAN = re.compile(r"401k(?: plan)?|(?:company|issuer)(?:'s)? 401k(?: plan)?")
_FOR_BENEFIT = re.compile(r"\bf/b/o\b")
_SAYS_NOTHING = re.compile(
    r"(?:\b(?:see|by|in|to|the|and|of|i|indirect(?:ly)?|various|(?:foot? ?)?notes?|fns?|explanat(?:ion|ory)|responses?|remarks?|below)\b"
    r"|[\W\d])*"
)
_COUNTED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?= (?:[a-z]+ ){0,3}?(?:shares?|units?|options?|ads)\b)")


@lru_cache(maxsize=16384)
def folded(title: str) -> str:
    """A security class as its holders are to be compared: "Class A Common Stock, par value $.01" is "class a common".

    Options keep their kind ("employee", "non-qualified") and lose only "(right to buy)". Not for showing to people.
    """
    text = _MARK.sub("", title.translate(_PLAIN).casefold().strip())
    text = _IN_BRACKETS.sub(_without_repetition, text)
    text = _PLURAL.sub(r"\1", _bare(_PAR.sub(" ", text)))
    text = _RIGHT_TO_BUY.sub(r"\1", _OF.sub("", text))
    text = _SHARE.sub(r"\1", text)
    return _CLASS_LAST.sub(r"\2 \1", text) if _CLASS_LAST.fullmatch(text) else text


@lru_cache(maxsize=16384)
def folded_nature(nature: str) -> str:
    """An ownership line as it is to be compared: "Held by the Roe 2018 Trust" is "roe 2018 trust". Not for showing to people."""
    text = _PLAN_401K.sub("401k", _MARK.sub("", _FOR_BENEFIT.sub("fbo", nature.translate(_PLAIN).casefold().strip())))
    text = _bare(text)
    text = _HELD_BY.sub("", text)
    return "401k" if _SO_CALLED_PLAN.fullmatch(text) else text


@lru_cache(maxsize=16384)
def says_nothing(nature: str) -> bool:
    """Whether an ownership line has no words of its own, or only points at a footnote: "See footnote (2)", "Indirect"."""
    return bool(_SAYS_NOTHING.fullmatch(nature.casefold()))


@lru_cache(maxsize=4096)
def folded_note(text: str) -> str:
    """A footnote that names an ownership line, without case, spaces and numbers of shares, which change from filing to filing."""
    return _COUNTED.sub("#", _SPACES.sub(" ", text).strip().rstrip(".").casefold())


def _bare(text: str) -> str:
    text = _SPACES.sub(" ", _FILLERS.sub(" ", _STOPS.sub("", text.replace("&", " and "))))
    return _SLASH.sub("/", _NON.sub("non", text)).strip()


def _without_repetition(match: re.Match[str]) -> str:
    """Nothing where the brackets hold words or the initials of what stands before them, "Stock Units (SUs)"; else as it stands."""
    said, before = match[1], _WORD.findall(match.string[: match.start()])
    initials = "".join(word[0] for word in before[-len(said) :])
    repeats = said in {initials, initials[:-1]} or (len(said) > 1 and f" {said}" in f" {' '.join(before)}")
    return " " if repeats else match[0]
