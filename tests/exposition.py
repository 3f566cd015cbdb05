"""A strict reader of Prometheus' text format (exposition format 0.0.4), written from its description and not from our writer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
_SAMPLE = re.compile(rf"({_NAME})(?:\{{({_LABEL}(?:,{_LABEL})*)\}})? ([^ ]+)(?: (-?[0-9]+))?")
_KINDS = {"counter", "gauge", "histogram", "summary", "untyped"}


@dataclass
class Read:
    """One family: its kind, its help, and the samples by (name, labels)."""

    kind: str = "untyped"
    words: str = ""
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)

    def value(self, **labels: str) -> float:
        """The one sample with these labels among its own."""
        (found,) = [value for (_, own), value in self.samples.items() if set(labels.items()) <= set(own)]
        return found


def read(text: str) -> dict[str, Read]:
    """The families by name. Raises `AssertionError` for whatever the format does not allow."""
    assert text.endswith("\n"), "the last line must end"
    families: dict[str, Read] = {}
    current = ""
    for line in text[:-1].split("\n"):
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            assert word in {"HELP", "TYPE"}
            assert re.fullmatch(_NAME, name)
            assert name == current or name not in families, f"{name} is not in one group"
            family = families.setdefault(name, Read())
            assert not family.samples, "HELP and TYPE come before the samples"
            if word == "HELP":
                assert not family.words, "one HELP"
                assert re.fullmatch(r"(?:[^\\]|\\\\|\\n)*", rest)
                family.words = rest
            else:
                assert family.kind == "untyped", "one TYPE"
                assert rest in _KINDS
                family.kind = rest
            current = name
            continue
        _take(line, current, families[current])
    assert all(family.samples for family in families.values()), "a family without samples"
    return families


def _take(line: str, current: str, family: Read) -> None:
    match = _SAMPLE.fullmatch(line)
    assert match, line
    name = match[1]
    suffixes = {"summary": ("", "_sum", "_count"), "histogram": ("_bucket", "_sum", "_count")}.get(family.kind, ("",))
    assert name in {current + suffix for suffix in suffixes}, f"{name} in the group of {current}"
    labels = tuple((label[0], _unescaped(label[1])) for label in re.findall(_LABEL, match[2] or ""))
    assert len({label for label, _ in labels}) == len(labels), "a label twice"
    assert (name, tuple(sorted(labels))) not in family.samples, f"twice: {line}"
    value = float(match[match.lastindex or 0])
    if family.kind == "counter":
        assert value >= 0
        assert name.endswith("_total"), "a counter's name ends in _total"
    if family.kind == "summary" and name == current:
        assert 0 <= float(dict(labels)["quantile"]) <= 1
    family.samples[name, tuple(sorted(labels))] = value


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), text)
