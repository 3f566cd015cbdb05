"""Words of the user's own: templates for the subject, the text, the HTML and the Slack form of an alert, in Jinja's sandbox.

A template sees what a machine is sent (`core.payload.alert_fields`) and the outline of our own words; it cannot read files, call out or
change anything. One that fails never costs an alert: that form is then said in our words, with a line that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields
from dataclasses import replace
from datetime import date
from datetime import datetime
from decimal import Decimal
from decimal import InvalidOperation
from functools import lru_cache
from html import escape
from typing import Any

from jinja2 import StrictUndefined
from jinja2 import Template
from jinja2 import TemplateSyntaxError
from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from watcher.core import figures
from watcher.core.findings import FilingFacts
from watcher.core.message import shortened
from watcher.core.outline import outline
from watcher.core.payload import alert_fields
from watcher.core.rendering import rendered
from watcher.core.rendering import slack_escaped
from watcher.core.rendering import slack_link
from watcher.core.telling import OUR_WORDS
from watcher.core.telling import Message
from watcher.core.telling import Outline
from watcher.core.telling import Reasons
from watcher.core.telling import Templates
from watcher.core.wording import SUBJECT_LIMIT
from watcher.template_samples import samples

MOST = 200_000  # characters that a template may come to
MOST_STEPS = 10_000  # of a range in a template


KINDS = tuple(field.name for field in fields(Templates))


@dataclass(frozen=True, slots=True)
class Worded:
    """A message, and what went wrong with the user's templates on the way: for the troubles of `watcher status`."""

    message: Message
    troubles: tuple[str, ...] = ()


def words(facts: FilingFacts, reasons: Reasons, templates: Templates = OUR_WORDS, identity: str = "") -> Worded:
    """The message for one filing and watch, in the user's words where there are templates. Never raises because of one."""
    said = outline(facts, reasons)
    if templates == OUR_WORDS:
        return Worded(rendered(said))
    return render(templates, said, alert_fields(facts, reasons, identity))


def render(templates: Templates, said: Outline, payload: Mapping[str, Any]) -> Worded:
    """Each form from its template, or in our own words where there is none or where it fails, which is then said at its head."""
    ours = rendered(said)
    troubles: dict[str, str] = {}
    forms: dict[str, str] = {}
    for kind in KINDS:
        source = getattr(templates, kind)
        if source is None:
            continue
        try:
            forms["title" if kind == "subject" else kind] = _filled(kind, source, said, payload)
        except Exception as error:  # noqa: BLE001 -- whatever a template does, the alert goes out
            troubles[kind] = f"the template for {kind} failed (line {_line_of(error)}): {_reason(error)}"
    message = replace(ours, **forms)
    for kind, trouble in troubles.items():
        message = _said(message, kind, f"{trouble}. These are the watcher's own words.")
    return Worded(message, tuple(troubles.values()))


def problem_with(kind: str, source: str) -> tuple[int, str] | None:
    """(line, what is wrong) of the first problem of a template for this form, or `None`."""
    return next(problems(kind, source), None)


def problems(kind: str, source: str) -> Iterator[tuple[int, str]]:
    """What is wrong with a template: its syntax, names that no alert has, or what it does with two filings made up for it."""
    environment = _environment(kind)
    try:
        names = find_undeclared_variables(environment.parse(source))
    except TemplateSyntaxError as error:
        yield error.lineno, error.message or "not a template"
        return
    scenes = [(outline(*sample), alert_fields(*sample, "")) for sample in samples()]
    known = {*_context(*scenes[0]), *environment.globals}
    unknown = sorted(names - known)
    for name in unknown:
        yield (
            _first_line(source, name),
            f"no alert has {name!r}; there are: {', '.join(sorted(known - environment.globals.keys()))}",
        )
    for scene in scenes if not unknown else ():
        try:
            _filled(kind, source, *scene)
        except Exception as error:  # noqa: BLE001 -- a template may fail in any way
            yield _line_of(error), _reason(error)
            return


# --- the sandbox ----------------------------------------------------------------------------------------------------------


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with nothing in it that makes much out of little."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers are multiplied; text is not repeated, and powers are not raised."""
        if operator == "**" or not all(isinstance(one, int | float | Decimal) for one in (left, right)):
            raise SecurityError(f"{operator} is for numbers only" if operator == "*" else "** is not to be had")
        return super().call_binop(context, operator, left, right)


@lru_cache
def _environment(kind: str) -> _Sandbox:
    """An environment without a loader: a template is one file, and includes none."""
    safe: Callable[[Any], Any] | None = _slack_safe if kind == "slack" else None
    environment = _Sandbox(autoescape=kind == "html", undefined=StrictUndefined, finalize=safe, keep_trailing_newline=False)
    environment.globals = {"range": _range}
    environment.filters |= _FILTERS
    if kind == "slack":
        environment.filters["link"] = lambda url, label="Filing": Markup(slack_link(str(url), str(label)))  # noqa: S704 -- escaped by it
    return environment


@lru_cache
def _compiled(kind: str, source: str) -> Template:
    return _environment(kind).from_string(source)


def _range(*bounds: int) -> range:
    steps = range(*bounds)
    if len(steps) > MOST_STEPS:
        raise SecurityError(f"a range has at most {MOST_STEPS:,} steps")
    return steps


def _slack_safe(value: Any) -> Any:
    """What a template puts in, made inert for Slack; only a link that the filter built stays one."""
    if isinstance(value, Markup | Undefined):
        return value
    return slack_escaped(str(value))


def _figure(shown: Callable[[Decimal], str]) -> Callable[[str | None], str]:
    return lambda value: "not stated" if value is None else shown(Decimal(value))


_FILTERS: dict[str, Callable[..., Any]] = {
    "shares": _figure(figures.count),
    "dollars": _figure(figures.dollars),
    "price": _figure(figures.price),
    "percent": _figure(figures.percent),
    "day": lambda value: "not stated" if value is None else figures.day(date.fromisoformat(value[:10])),
    "moment": lambda value: "not stated" if value is None else figures.moment(datetime.fromisoformat(value)),
}


def _context(said: Outline, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload's fields as they are sent, and the outline as plain values."""
    return {
        **payload,
        "subject": said.subject,
        "headline": said.headline,
        "owners": list(said.owners),
        "sections": [
            {
                "heading": section.heading,
                "lines": [
                    {"label": one.label, "text": one.text, "amount": one.amount, "note": one.note} for one in section.lines
                ],
            }
            for section in said.sections
        ],
        "links": [{"label": label, "url": url} for label, url in said.links],
    }


def _filled(kind: str, source: str, said: Outline, payload: Mapping[str, Any]) -> str:
    pieces: list[str] = []
    size = 0
    for piece in _compiled(kind, source).generate(_context(said, payload)):
        size += len(piece)
        if size > MOST:
            raise SecurityError(f"it comes to more than {MOST:,} characters")
        pieces.append(piece)
    filled = "".join(pieces).strip()
    if not filled:
        raise ValueError("it comes to nothing")
    return shortened(" ".join(filled.split()), SUBJECT_LIMIT) if kind == "subject" else filled


# --- what went wrong ------------------------------------------------------------------------------------------------------


def _said(message: Message, kind: str, line: str) -> Message:
    """The message with a line at the head of the form that failed. A subject has no room for one: then the text says it."""
    match kind:
        case "html":
            start = message.html.find(">", message.html.find("<body")) + 1
            return replace(message, html=f"{message.html[:start]}<p>{escape(line)}</p>{message.html[start:]}")
        case "slack":
            return replace(message, slack=f"{slack_escaped(line)}\n\n{message.slack}")
        case _:
            return replace(message, text=f"{line}\n\n{message.text}")


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidOperation):
        return "a filter for figures was given what is no figure"
    return f"{error}".splitlines()[0] if f"{error}" else type(error).__name__


def _line_of(error: Exception) -> int:
    """The line of the template on which it failed; 1 where it does not tell."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line, step = 1, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line


def _first_line(source: str, name: str) -> int:
    return next((number for number, line in enumerate(source.splitlines(), 1) if name in line), 1)
