"""An outline laid out for people: plain text, HTML mail and Slack's mark-up. The same facts in the same order, word for word.

Filing text is escaped for each; the only links are those of the outline. HTML carries its styles itself, asks for nothing from outside, and
reads on a phone as on a desktop, light or dark.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from collections.abc import Sequence

from watcher.core.telling import Line
from watcher.core.telling import Message
from watcher.core.telling import Outline
from watcher.core.telling import Section

WIDTH = 78  # columns of plain text, where what is said allows it
_LABEL = 22  # a longer label has a line of its own
_UNBROKEN = 12  # a shorter label stays on one line on a phone too
_STEP = 2

_FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
# Mail programs that know dark mode take these; the others show the light colours that stand in each tag.
_DARK = (
    "@media (prefers-color-scheme:dark){"
    ".p{background:#15181c!important;color:#e6e8eb!important}"
    ".m{color:#9aa4af!important}.s{border-color:#2c333b!important}.a{color:#7db8f7!important}}"
)
_INK, _MUTED, _RULE, _LINK = "#1b1f24", "#5b6570", "#e2e6ea", "#0b5cad"
_CELL = "padding:3px 0;vertical-align:top;overflow-wrap:anywhere;word-break:break-word"

_AT = re.compile(r"@(?=[^\s\u200b])")
# Begins with a character: an expression that begins with a look is tried at every place, and takes ten times as long.
# Telegram and mail programs make a link of "example.com" too; what ends like the files that our own messages name is left to be copied.
_ADDRESS = re.compile(
    r"[:.](?:(?<=:)(?=//)|(?<=\bmailto:)|(?<=\bwww\.)|(?<=\w\.)(?!(?:toml|txt|db|mark|csv)\b)(?=[^\W\d_]{2,24}(?!\w)))",
    re.IGNORECASE,
)
_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"})


def rendered(outline: Outline) -> Message:
    """The message of an outline, in all its forms."""
    return Message(title=unlinked(outline.subject), text=as_text(outline), html=as_html(outline), slack=as_slack(outline))


def headed(message: Message, lines: Sequence[str]) -> Message:
    """The message with lines put above all else, in every form: what must be read first."""
    page = "<br>".join(html.escape(line) for line in lines)
    body = re.search(r"<body[^>]*>", message.html, re.IGNORECASE)
    at = body.end() if body else 0
    slack = "\n".join([*(slack_escaped(line) for line in lines), "", message.slack]) if message.slack else ""
    return Message(
        title=message.title,
        text="\n".join([*lines, "", message.text]),
        html=f"{message.html[:at]}<p>{page}</p>{message.html[at:]}",
        slack=slack,
    )


# --- plain text -----------------------------------------------------------------------------------------------------------


def as_text(outline: Outline) -> str:
    """Aligned columns, at most `WIDTH` wide but for names, words and links that are longer."""
    lines = [outline.headline, *outline.owners]
    for section in outline.sections:
        lines += ["", section.heading, *_section_text(section)]
    return "\n".join([unlinked("\n".join(lines)), "", *(f"{unlinked(label)}: {url}" for label, url in outline.links)])


def _section_text(section: Section) -> Iterator[str]:
    """Labels in a column of their own, amounts in another where there is room; notes behind, or on the next line."""
    labels = max((len(line.label) for line in section.lines if len(line.label) <= _LABEL), default=0)
    column = _STEP + (labels + 2 if labels else 0)
    paid = [line for line in section.lines if line.amount]
    texts = max((len(line.text) for line in paid), default=0)
    if column + texts + 2 + max((len(line.amount) for line in paid), default=0) > WIDTH:
        texts = 0
    for line in section.lines:
        said = f"{line.text:{texts}}  {line.amount}" if line.amount else line.text
        note = f"({line.note})" if line.note else ""
        whole = f"{said}  {note}" if line.amount and note else f"{said} {note}".rstrip()
        if not line.label:
            first, *rest = [*_wrapped(whole, WIDTH - 2 * _STEP)] or [""]
            yield f"{'':{_STEP}}{first}"
            yield from (f"{'':{2 * _STEP}}{piece}" for piece in rest)
            continue
        head = f"{'':{_STEP}}{line.label:{labels}}  "
        if len(line.label) > _LABEL:
            yield f"{'':{_STEP}}{line.label}"
            head = " " * column
        room = WIDTH - column
        for piece in [whole] if len(whole) <= room else [*_wrapped(said, room), *_wrapped(note, room)]:
            yield f"{head}{piece}"
            head = " " * column


def _wrapped(text: str, room: int) -> Iterator[str]:
    """The text in lines of at most `room` characters, broken at spaces; what has no space stays whole."""
    if len(text) <= room:
        yield from [text] if text else []
        return
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > room:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


# --- HTML -----------------------------------------------------------------------------------------------------------------


def as_html(outline: Outline) -> str:
    """A whole page for mail programs."""
    head, rest = html.escape(outline.headline), outline.owners
    owners = "".join(f'<div class="m" style="color:{_MUTED}">{html.escape(owner)}</div>' for owner in rest)
    sections = "".join(_section_html(section) for section in outline.sections)
    links = "".join(
        f'<p style="margin:20px 0 0;overflow-wrap:anywhere;word-break:break-word">{unlinked(html.escape(label))}: '
        f'<a class="a" style="color:{_LINK}" href="{html.escape(url)}">{html.escape(url)}</a></p>'
        for label, url in outline.links
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<style>{_DARK}</style></head>"
        f'<body class="p" style="margin:0;padding:0;background:#ffffff;color:{_INK}">'
        f'<div class="p" style="max-width:640px;margin:0 auto;padding:16px;background:#ffffff;color:{_INK};{_FONT};'
        'font-size:15px;line-height:1.45">'
        f'<h1 style="margin:0 0 4px;font-size:18px;line-height:1.3">{unlinked(head)}</h1>'
        f"{unlinked(owners)}{unlinked(sections)}{links}</div></body></html>"
    )


def _section_html(section: Section) -> str:
    heading = (
        f'<h2 class="m s" style="margin:22px 0 4px;padding:0 0 4px;border-bottom:1px solid {_RULE};font-size:13px;'
        f'font-weight:600;color:{_MUTED}">{html.escape(section.heading)}</h2>'
    )
    table = '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="width:100%;border-collapse:collapse">'
    return heading + table + "".join(_line_html(line) for line in section.lines) + "</table>"


def _line_html(line: Line) -> str:
    note = f'<div class="m" style="font-size:13px;color:{_MUTED}">{html.escape(line.note)}</div>' if line.note else ""
    text = html.escape(line.text)
    if not line.label:
        return f'<tr><td colspan="2" style="{_CELL}">{text}{_amount_html(line)}{note}</td></tr>'
    label = html.escape(line.label)
    if len(line.label) > _LABEL:
        above = f'<div class="m" style="color:{_MUTED}">{label}</div>'
        return f'<tr><td colspan="2" style="{_CELL}">{above}{text}{_amount_html(line)}{note}</td></tr>'
    whole = ";white-space:nowrap" if len(line.label) <= _UNBROKEN else ""
    return (
        f'<tr><td class="m" style="{_CELL}{whole};width:26%;padding-right:12px;color:{_MUTED}">{label}</td>'
        f'<td style="{_CELL}">{text}{_amount_html(line)}{note}</td></tr>'
    )


def _amount_html(line: Line) -> str:
    """The sum of dollars on a line of its own: beside the words there is no room for it on a phone."""
    return f'<div style="font-weight:600">{html.escape(line.amount)}</div>' if line.amount else ""


# --- Slack ----------------------------------------------------------------------------------------------------------------


def as_slack(outline: Outline) -> str:
    """Slack's mrkdwn: bold headings and labels, one link; all that comes from the filing is inert."""
    lines = [f"*{_bold(outline.headline)}*", *map(slack_escaped, outline.owners)]
    for section in outline.sections:
        lines += ["", f"*{_bold(section.heading)}*", *map(_line_slack, section.lines)]
    return "\n".join([*lines, "", *(slack_link(url, label) for label, url in outline.links)])


def _line_slack(line: Line) -> str:
    label = f"*{_bold(line.label)}*  " if line.label else ""
    amount = f" · {slack_escaped(line.amount)}" if line.amount else ""
    note = f" ({slack_escaped(line.note)})" if line.note else ""
    return f"• {label}{slack_escaped(line.text)}{amount}{note}"


def slack_escaped(text: str) -> str:
    """Text as Slack shows it and acts on none of it: no mention, no link, no code block."""
    return unlinked(_AT.sub("@\u200b", text)).translate(_SLACK)


def unlinked(text: str) -> str:
    """The text with an invisible break in each address, which programs would make a link: the only links are ours."""
    return _ADDRESS.sub(lambda found: f"{found[0]}\u200b", text)


def slack_link(url: str, label: str) -> str:
    """A link to an address that we built."""
    return f"<{url}|{slack_escaped(label).replace('|', '/')}>"


def _bold(text: str) -> str:
    return slack_escaped(text).replace("*", "")
