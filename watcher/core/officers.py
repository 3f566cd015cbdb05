"""Officer titles as filers write them: words a rule asks for, found through the usual abbreviations.

The form holds 30 characters of a title (specification v5.5, 3.6), so one of that length may be cut; some say "See Remarks" instead.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 30

# abbreviation -> what it stands for; where filers mean several things by one, all of them
_STANDS_FOR: dict[str, tuple[str, ...]] = {
    "ceo": ("chief executive officer",),
    "cfo": ("chief financial officer",),
    "coo": ("chief operating officer",),
    "clo": ("chief legal officer",),
    "chro": ("chief human resources officer",),
    "ciso": ("chief information security officer",),
    "cao": ("chief accounting officer", "chief administrative officer"),
    "cbo": ("chief business officer", "chief banking officer"),
    "cco": ("chief commercial officer", "chief compliance officer", "chief credit officer", "chief customer officer"),
    "cdo": ("chief data officer", "chief digital officer", "chief development officer"),
    "cio": ("chief information officer", "chief investment officer"),
    "cmo": ("chief marketing officer", "chief medical officer"),
    "cpo": ("chief people officer", "chief product officer"),
    "cro": ("chief revenue officer", "chief risk officer"),
    "cso": ("chief scientific officer", "chief security officer", "chief strategy officer"),
    "cto": ("chief technology officer", "chief technical officer"),
    "pao": ("principal accounting officer",),
    "peo": ("principal executive officer",),
    "pfo": ("principal financial officer",),
    "gc": ("general counsel",),
    "cob": ("chairman of the board",),
    "vp": ("vice president",),
    "evp": ("executive vice president",),
    "svp": ("senior vice president",),
    "avp": ("assistant vice president",),
    "gm": ("general manager",),
    "md": ("managing director",),
    "hr": ("human resources",),
    "acct": ("accounting",),
    "acctg": ("accounting",),
    "admin": ("administrative", "administration"),
    "asst": ("assistant",),
    "chf": ("chief",),
    "comm": ("commercial", "communications"),
    "corp": ("corporate",),
    "dev": ("development",),
    "dir": ("director",),
    "exec": ("executive",),
    "fin": ("financial", "finance"),
    "gen": ("general",),
    "info": ("information",),
    "intl": ("international",),
    "mgr": ("manager",),
    "mktg": ("marketing",),
    "off": ("officer",),
    "offr": ("officer",),
    "ops": ("operations", "operating"),
    "oper": ("operating", "operations"),
    "pres": ("president",),
    "prin": ("principal",),
    "sec": ("secretary",),
    "secy": ("secretary",),
    "sr": ("senior",),
    "tech": ("technology", "technical"),
    "treas": ("treasurer",),
    "chair": ("chair", "chairman", "chairwoman", "chairperson"),
}
_DOTS = re.compile(r"(?<=\b\w)\.(?=\w\b)|['’]")  # V.P., Int'l
_WORD = re.compile(r"[^\W_]+")
_AND = re.compile(r"[&/+]")
_TWO_OFFICES = re.compile(r" chief (\w+) and (?:chief )?(\w+) officer ")  # "Chief Financial & Accounting Officer"
_ELSEWHERE = re.compile(r"\b(?:see|refer)\b|\b(?:remarks?|footnotes?|below)\b", re.IGNORECASE)
_MOST_SPELLINGS = 64


@lru_cache(maxsize=4096)
def has_title(title: str, wanted: str) -> bool:
    """Whether the words wanted stand in a title, whole and one after another, both with their abbreviations written out."""
    return any(words in spelling for words in _spellings(wanted) for spelling in _spellings(title))


def is_incomplete(title: str) -> bool:
    """Whether a title may not be all: as long as the form allows, or a mere pointer to the remarks."""
    return len(title) >= LONGEST or bool(_ELSEWHERE.search(title))


@lru_cache(maxsize=4096)
def _spellings(text: str) -> tuple[str, ...]:
    """Every way to write out a text: words in small letters, a space before and after each."""
    words = _WORD.findall(_AND.sub(" and ", _DOTS.sub("", text.casefold())))
    found = [" "]
    for word in words:
        written = _STANDS_FOR.get(word, (word,))
        found = [f"{start}{one} " for one in written for start in found][:_MOST_SPELLINGS]
    for spelling in tuple(found):
        for match in _TWO_OFFICES.finditer(spelling):
            found += [f" chief {office} officer " for office in match.groups()]
    return tuple(dict.fromkeys(found))
