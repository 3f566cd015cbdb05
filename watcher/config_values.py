"""What a single configured value may be: a raw TOML value in, the checked one or `BadValueError` out.

The error's text follows the key's name ("contact must ...") and says what would do. It does not repeat the value: a
secret may have been put in the wrong place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from decimal import InvalidOperation
from pathlib import Path
from urllib.parse import unquote
from urllib.parse import urlsplit

_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONG_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), (1, "s")),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), (1, "m")),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), (1, "h")),
    **dict.fromkeys(("d", "day", "days"), (1, "d")),
    **dict.fromkeys(("w", "week", "weeks"), (7, "d")),
    **dict.fromkeys(("y", "year", "years"), (365, "d")),
}
_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+")
_TICKER = re.compile(r"(?=.{1,12}$)[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
_SHOWN_LENGTH = 40


class BadValueError(ValueError):
    """A value that cannot be used; the text says what would be right."""


def text(value: object) -> str:
    """A non-empty text without control or invisible characters, stripped at the ends."""
    if not isinstance(value, str):
        raise BadValueError('must be text in quotes, "..."')
    stripped = value.strip()
    if not stripped:
        raise BadValueError("must not be empty")
    if not stripped.isprintable():
        raise BadValueError("must not contain control characters, line ends or invisible characters")
    return stripped


def path_from(folder: Path, name: str) -> Path:
    """The file of a configured name: relative to `folder`, absolute, or in a home directory (`~/...`)."""
    if not name.startswith("~"):
        return folder / name
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise BadValueError("begins with ~, but that home directory is not known; write the whole path") from None


def file_name(value: object) -> str:
    """The name of a file, `~` written out."""
    return str(path_from(Path(), text(value)))


def yes(value: object) -> bool:
    """`true`; its opposite is said by leaving the key out."""
    if value is not True:
        raise BadValueError("must be true (to turn it off, leave it out)")
    return True


def duration(value: object) -> timedelta:
    """A whole number and one unit: `10s`, `5m`, `2h`, `365d`."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise BadValueError(f'must be a duration such as "10s", "5m", "2h" or "365d"{_duration_meant(value)}')
    return timedelta(**{_UNIT[match[2]]: int(match[1])})


def _duration_meant(value: object) -> str:
    said = str(value).strip().casefold() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if re.fullmatch(r"[0-9]{1,6}", said):
        return "; its unit is missing"
    if (longer := re.fullmatch(r"([0-9]{1,5})\s*([a-z]{1,10})", said)) and (unit := _LONG_UNITS.get(longer[2])):
        return f'; did you mean "{int(longer[1]) * unit[0]}{unit[1]}"?'
    return ""


def interval(value: object) -> float:
    """A duration between one second and one day, in seconds."""
    seconds = duration(value).total_seconds()
    if not 1 <= seconds <= 86_400:
        raise BadValueError('must be at least "1s" and at most "1d"')
    return seconds


def reach(value: object) -> timedelta:
    """How far back to look: a duration of at most a hundred years, so that today minus it is still a date."""
    span = duration(value)
    if span.days > 36_500:
        raise BadValueError('must be at most "36500d"')
    return span


def contact(value: object) -> str:
    """Who asks: a text with an e-mail address. ASCII, because it is sent in the User-Agent header (RFC 9110, 5.5)."""
    who = text(value)
    if not who.isascii():
        raise BadValueError("must be plain ASCII, because it is sent in an HTTP header")
    if not _EMAIL.search(who):
        raise BadValueError(
            "must contain an e-mail address: the SEC wants to know who asks and turns away those who do not say; "
            'for example "Jane Roe jane.roe@example.com"'
        )
    return who


def http_url(value: object) -> str:
    """An http or https URL with a host."""
    url = text(value)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and " " not in url
    except ValueError:
        usable = False
    if not usable:
        raise BadValueError("must be an http:// or https:// URL with a host")
    return url


def base_url(value: object) -> str:
    """An http or https URL that paths are appended to: no query, no fragment, no trailing slash."""
    url = http_url(value)
    if "?" in url or "#" in url:
        raise BadValueError("must be a URL without query and fragment, because paths are appended to it")
    return url.rstrip("/")


def apprise_url(value: object) -> str:
    """A text of the shape of an Apprise URL. Whether Apprise takes it is `watcher.notify`'s to say."""
    url = text(value)
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://\S", url):
        raise BadValueError("must be an Apprise URL, such as slack://... or mailto://...")
    if re.search(r"[?&]\s*optional\s*=", unquote(url), re.IGNORECASE):
        raise BadValueError("must not say optional=, because Apprise then reports success when the message was refused")
    return url


def variable(value: object) -> str:
    """The name of an environment variable."""
    name = text(value)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise BadValueError("must be the name of an environment variable, not its value")
    return name


def dollars(value: object) -> Decimal:
    """An amount in dollars, exact, not negative."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadValueError("must be a number of dollars without quotes, such as 100000")
    amount = Decimal(value)
    if not amount.is_finite() or not 0 <= amount <= 10**15:
        raise BadValueError("must be between 0 and 10^15 dollars")
    return amount


def whole_shares(value: object) -> Decimal:
    """A number of shares, whole, not negative."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValueError("must be a whole number of shares without quotes, such as 10000")
    if not 0 <= value <= 10**15:
        raise BadValueError("must be between 0 and 10^15 shares")
    return Decimal(value)


def messages(value: object) -> int:
    """A number of messages, whole, not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        raise BadValueError("must be a whole number of messages without quotes, up to 1000, such as 10")
    return value


def percentage(value: object) -> Decimal:
    """A percentage, exact, from 0 to 100."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadValueError("must be a percentage without quotes, such as 5 or 2.5")
    share = Decimal(value)
    if not share.is_finite() or not 0 <= share <= 100:
        raise BadValueError("must be between 0 and 100 percent")
    return share


def calendar_day(value: object) -> date:
    """A day, without a time."""
    if isinstance(value, datetime) or not isinstance(value, date):
        raise BadValueError("must be a date without quotes and time, such as 2026-06-30")
    return value


def phrase(value: object) -> str:
    """A text with a letter or digit in it."""
    words = text(value)
    if not any(character.isalnum() for character in words):
        raise BadValueError("must hold a word")
    return words


def exact(number: str) -> Decimal:
    """A TOML float without rounding; NaN where its exponent is beyond any decimal, so that `dollars` refuses it."""
    try:
        return Decimal(number)
    except InvalidOperation:
        return Decimal("NaN")


def cik(value: object) -> str:
    """A CIK as ten digits; leading zeros may be left out."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**10:
        raise BadValueError(f'must be text in quotes: "{value:010}"')
    digits = text(value)
    if not re.fullmatch(r"[0-9]{1,10}", digits) or not int(digits):
        raise BadValueError('must be a CIK, up to ten digits in quotes, such as "0001107843"')
    return digits.zfill(10)


def ticker(value: object) -> str:
    """A ticker as in the SEC's file: upper case, share classes with a hyphen (BRK.B is BRK-B)."""
    said = text(value).upper()
    symbol = said.replace(".", "-")
    if _TICKER.fullmatch(symbol):
        return symbol
    # an exchange before it, a dollar sign, a terminal's country behind it, a slash before the class
    meant = re.sub(r"^[A-Z]+\s*:\s*|^\$|\s+(US|UN|UW|UQ)( EQUITY)?$", "", said).replace("/", "-").replace(".", "-")
    hint = f"; did you mean {meant}?" if _TICKER.fullmatch(meant) else ""
    raise BadValueError(f"must be a ticker such as QLYS or BRK-B{hint}")


def ticker_or_cik(word: str) -> tuple[str, str]:
    """One entry of a watchlist as ("cik", ten digits) if it is all digits, else ("ticker", symbol)."""
    return ("cik", cik(word)) if re.fullmatch(r"[0-9]+", word) else ("ticker", ticker(word))


@dataclass(frozen=True, slots=True)
class one_of:  # noqa: N801 -- it is called like the other checkers
    """A checker for a name out of `known`; `what` is the kind of name, in words, `meant` what other words probably mean."""

    what: str
    known: Collection[str]
    meant: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, value: object) -> str:
        """The name."""
        word = text(value)
        if word not in self.known:
            meant = self.meant.get(word.casefold())
            hint = f"did you mean {meant}?" if meant else suggestion(word, self.known)
            raise BadValueError(f"has an unknown {self.what} {quoted(word)}; {hint}")
        return word


def suggestion(word: str, known: Collection[str]) -> str:
    """What was probably meant, or else everything that is known."""
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word[:_SHOWN_LENGTH].casefold(), folded, 1)
    if close:
        return f"did you mean {folded[close[0]]}?"
    return f"known: {', '.join(known)}" if known else "there is none"


def quoted(word: str) -> str:
    """A name for a problem's text: on one line, short, and hidden if it is a URL put where a name belongs."""
    if "://" in word:
        return "(a URL, not shown)"
    return repr(word if len(word) <= _SHOWN_LENGTH else word[:_SHOWN_LENGTH] + "...")
