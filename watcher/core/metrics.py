"""How the watcher is, for Prometheus: families of samples, and the text format (exposition format 0.0.4). Values in, text out."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta

from watcher.core.calendar import is_open
from watcher.core.health import Condition
from watcher.core.health import complaints
from watcher.core.health import unseen

WINDOW = timedelta(days=7)  # of the quantiles: a window of a day would be empty on Sundays
PERCENTILES = (50, 95)

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: what follows the family's name, the labels, and a finite value."""

    value: float
    labels: Labels = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name. `kind`: "gauge", "counter" or "summary"."""

    name: str
    kind: str
    words: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one stage took, in seconds: what ended within the window, and the sum and the number of all there ever were."""

    stage: str
    recent: tuple[float, ...]
    total: float
    number: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What the store and its files tell beyond `Condition`. Sizes in bytes; `filings` by (state, queue), `owed` by (destination, state),
    `attempts` by (destination, outcome), also those removed by age."""

    filings: Mapping[tuple[str, str], int]
    owed: Mapping[tuple[str, str], int]
    attempts: Mapping[tuple[str, str], int]
    alerts: int
    watches: Mapping[str, int]
    newest_entries: Mapping[str, datetime]
    latencies: Sequence[Latency]
    database: int
    log: int
    free: int
    last_proven: datetime | None = None
    last_backup: datetime | None = None
    build: Labels = field(default=())


def families(seen: Condition, counts: Counts) -> list[Family]:
    """Everything that is told, in its order; a time that is not known has no sample."""
    return [*_of_the_watcher(seen, counts), *_of_edgar(seen, counts), *_of_filings(seen, counts), *_of_messages(seen, counts)]


def _of_the_watcher(seen: Condition, counts: Counts) -> Iterable[Family]:
    yield _gauge("build_info", "Which watcher wrote this; always 1.", Sample(1, counts.build))
    yield _gauge("written_timestamp_seconds", "When this was written.", Sample(seen.now.timestamp()))
    yield _gauge("healthy", "Whether `watcher status` finds nothing wrong.", Sample(not complaints(seen)))
    yield _gauge("damaged", "Whether the latest check of the store found damage.", Sample(seen.damage is not None))
    yield _gauge("watches", "What is watched, by role.", *_counted(counts.watches, "role"))
    yield _gauge("baselines_open", "Watches that still read their past.", Sample(seen.baselines_open))
    yield _gauge("database_bytes", "Size of the database file.", Sample(counts.database))
    yield _gauge("wal_bytes", "Size of its write-ahead log.", Sample(counts.log))
    yield _gauge("disk_free_bytes", "Free space on the disk of the store.", Sample(counts.free))
    yield _gauge(
        "last_backup_timestamp_seconds", "When the latest nightly backup was made and verified.", *_at(counts.last_backup)
    )


def _of_edgar(seen: Condition, counts: Counts) -> Iterable[Family]:
    forms = [((("form", form),), at) for form, at in seen.good_polls]
    newest = [((("form", form),), at) for form, at in counts.newest_entries.items()]
    yield _gauge("edgar_open", "Whether EDGAR accepts filings now, by its hours and holidays.", Sample(is_open(seen.now)))
    yield _gauge("blind", "Whether EDGAR has not been seen for too long, by its hours.", Sample(bool(unseen(seen))))
    yield _gauge(
        "last_good_poll_timestamp_seconds",
        "When EDGAR's list of a form's filings was last read.",
        *(Sample(at.timestamp(), labels) for labels, at in forms if at is not None),
    )
    yield _gauge(
        "feed_newest_entry_timestamp_seconds",
        "Of the newest entry of that list, when EDGAR published it.",
        *(Sample(at.timestamp(), labels) for labels, at in newest),
    )
    yield _gauge(
        "feed_age_seconds",
        "Age of that entry when this was written; it grows while EDGAR is closed.",
        *(Sample(_seconds(seen.now - at), labels) for labels, at in newest),
    )
    yield _gauge("blocked", "Whether the SEC has limited this address.", Sample(seen.blocked_until is not None))
    yield _gauge("blocked_until_timestamp_seconds", "Until when nothing is asked.", *_at(seen.blocked_until))
    yield _gauge("gap_open", "Whether what was filed in a pause is still being looked for.", Sample(seen.gap_since is not None))
    yield _gauge(
        "last_proven_timestamp_seconds", "When a day was last held against EDGAR's index in full.", *_at(counts.last_proven)
    )


def _of_filings(seen: Condition, counts: Counts) -> Iterable[Family]:
    known = {("pending", "live"): 0, ("ingested", "live"): 0, ("quarantined", "live"): 0, **counts.filings}
    oldest = _seconds(seen.now - seen.oldest_pending) if seen.oldest_pending else 0.0
    yield _gauge("filings", "Filings in the store, by state and by the queue they came in.", *_counted(known, "state", "queue"))
    yield _gauge("queue_age_seconds", "How long the oldest filing of the live queue has been waiting to be read.", Sample(oldest))
    yield Family(
        "watcher_latency_seconds",
        "summary",
        f"Of live filings: accepted to seen, seen to sent, accepted to sent. Quantiles over the last {WINDOW.days} days.",
        tuple(sample for latency in counts.latencies for sample in _summary(latency)),
    )


def _of_messages(seen: Condition, counts: Counts) -> Iterable[Family]:
    named = {one.name: (("destination", one.name),) for one in seen.destinations}
    waiting = [(one, _seconds(seen.now - one.oldest) if one.oldest else 0.0) for one in seen.destinations]
    owed = {**{(name, "pending"): 0 for name in named}, **counts.owed}
    yield _counter("alerts_total", "Alerts promised.", Sample(counts.alerts))
    yield _gauge("owed", "Messages by destination and state.", *_counted(owed, "destination", "state"))
    yield _gauge(
        "owed_age_seconds",
        "How long the oldest open message of a destination has been waiting.",
        *(Sample(age, named[one.name]) for one, age in waiting),
    )
    yield _gauge(
        "destination_silent",
        "Whether a destination takes messages and does not answer.",
        *(Sample(one.silent, named[one.name]) for one in seen.destinations),
    )
    yield _counter(
        "deliveries_total",
        "Attempts to deliver, by destination and outcome.",
        *_counted(counts.attempts, "destination", "outcome"),
    )


def _gauge(name: str, words: str, *samples: Sample) -> Family:
    return Family(f"watcher_{name}", "gauge", words, samples)


def _counter(name: str, words: str, *samples: Sample) -> Family:
    return Family(f"watcher_{name}", "counter", words, samples)


def _at(moment: datetime | None) -> tuple[Sample, ...]:
    return () if moment is None else (Sample(moment.timestamp()),)


def _counted(numbers: Mapping[tuple[str, str], int] | Mapping[str, int], *names: str) -> Iterable[Sample]:
    for key, number in sorted(numbers.items()):
        values = (key,) if isinstance(key, str) else key
        yield Sample(number, tuple(zip(names, values, strict=True)))


def _seconds(span: timedelta) -> float:
    """A span that two clocks disagree about is none."""
    return max(0.0, span.total_seconds())


def _summary(latency: Latency) -> Iterable[Sample]:
    stage = ("stage", latency.stage)
    if latency.recent:  # of nothing there is no quantile
        ordered = sorted(latency.recent)
        for percent in PERCENTILES:
            place = -(-percent * len(ordered) // 100) - 1  # nearest rank: a value that there was
            yield Sample(ordered[place], (stage, ("quantile", str(percent / 100))))
    yield Sample(latency.total, (stage,), "_sum")
    yield Sample(latency.number, (stage,), "_count")


# --- the text format --------------------------------------------------------------------------------------------------------


def exposition(found: Iterable[Family]) -> str:
    """The text format; a family without samples is left out."""
    return "".join(f"{line}\n" for family in found if family.samples for line in _lines(family))


def _lines(family: Family) -> Iterable[str]:
    yield f"# HELP {family.name} {_escaped(family.words)}"
    yield f"# TYPE {family.name} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(value, quote=True)}"' for name, value in sample.labels)
        yield f"{family.name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}"


def _escaped(text: str, *, quote: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quote else escaped


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(round(float(value), 6))
