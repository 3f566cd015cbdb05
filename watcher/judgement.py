"""One filing that was read: compared with the store, judged and kept, inside its caller's transaction. Fetches and sends nothing.

compare (amendment, positions, past)  ->  facts  ->  rules  ->  alerts  ->  { filing, rows, positions, events, verdicts, owed }
"""

from __future__ import annotations

import json
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import date
from datetime import datetime

from watcher.comparison import Compared
from watcher.comparison import compare
from watcher.comparison import keep
from watcher.config import Config
from watcher.core.correction import amendment_correction
from watcher.core.correction import told_changes
from watcher.core.facts import facts_of
from watcher.core.findings import FilingFacts
from watcher.core.findings import Verdict
from watcher.core.message import Reasons
from watcher.core.message import alert_message
from watcher.core.model import OwnershipDocument
from watcher.core.past import Filed
from watcher.core.past import Past
from watcher.core.payload import alert_payload
from watcher.core.payload import event_id
from watcher.core.rules import judge
from watcher.core.rules import why_silent
from watcher.core.silence import Subject
from watcher.core.silence import silencing
from watcher.core.telling import OUR_WORDS
from watcher.core.telling import Alert
from watcher.core.telling import Message
from watcher.core.telling import WatchedAs
from watcher.store import KeptAlert
from watcher.store import ReadFiling
from watcher.store import Store
from watcher.store import StoredWatch


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a filing: what it comes to, how every rule judged it by watch, the alerts, or why there is none.

    `troubles` are what went wrong with the user's templates.
    """

    facts: FilingFacts
    verdicts: Mapping[str, tuple[Verdict, ...]]
    alerts: tuple[Alert, ...]
    silent_because: str | None
    troubles: tuple[str, ...] = ()


def take(
    store: Store, config: Config, watches: Sequence[StoredWatch], document: OwnershipDocument, filed: Filed, *, now: datetime
) -> Taken:
    """Compare, judge and keep one filing; `watches` are those it concerns. Part of the caller's transaction; idempotent in it.

    What is older than all its watches is not judged: nobody is told of it. `judged_now` does so when somebody asks.
    The document has been made safe. The bytes it was read from are the caller's to keep.
    """
    live = any(is_after(filed.filed_at, watch) for watch in watches)
    baseline_done = all(watch.baseline == "done" for watch in watches)
    complete_since = _complete_since(store, config, watches) if live and baseline_done else None
    compared = compare(store, document, filed, live=live, complete_since=complete_since)
    facts = facts_of(compared.document, compared.beside, filed, baseline_done=baseline_done)
    if live:
        taken = _Judge(store, config, facts, compared, now).taken(watches)
    else:
        taken = Taken(facts, {}, (), _OF_THE_PAST if watches else _why_nobody(store, document))
    as_filed = replace(facts, document=document)
    store.keep_filing(as_filed, now, silent_because=taken.silent_because, transactions_key=compared.transactions_key)
    keep(store, facts, compared, filed)
    for watch_key, verdicts in taken.verdicts.items():
        store.keep_verdicts(filed.accession_number, watch_key, verdicts)
    for alert in taken.alerts:
        store.keep_alert(alert, now)
    for trouble in taken.troubles:
        store.keep_trouble("messages", trouble, now)
    return taken


def judged_now(
    store: Store, config: Config, watches: Sequence[StoredWatch], filing: ReadFiling
) -> dict[str, tuple[Verdict, ...]]:
    """How the rules of today judge a filing that was not judged when it was taken, by watch. Keeps nothing."""
    filed = Filed(filing.accession_number, filing.filed_at, filing.first_seen_at, filing.path_cik)
    concerned = [watch for watch in watches if concerns(watch, filing.document)]
    complete_since = _complete_since(store, config, concerned) if concerned else None
    compared = compare(store, filing.document, filed, live=True, complete_since=complete_since)
    facts = facts_of(compared.document, compared.beside, filed, baseline_done=True)
    return {watch.key: _verdicts(config, watch, facts, compared.beside.past) for watch in concerned}


def concerns(watch: StoredWatch, document: OwnershipDocument) -> bool:
    """Whether the document names whom is watched, in that role."""
    if watch.role == "issuer":
        return watch.cik == document.issuer.cik
    return any(owner.cik == watch.cik for owner in document.reporting_owners)


def _verdicts(config: Config, watch: StoredWatch, facts: FilingFacts, past: Past | None) -> tuple[Verdict, ...]:
    return judge(facts, [config.rules[name] for name in watch.rules if name in config.rules], past)


def _complete_since(store: Store, config: Config, watches: Sequence[StoredWatch]) -> date:
    """The day from which the store has what one of the watches concerns: by its baseline, or by a backfill that reached further."""
    baselines = [(watch.first_seen_at - config.store.baseline).date() for watch in watches]
    backfilled = [since for watch in watches if (since := store.complete_since(watch)) is not None]
    return min(baselines + backfilled)


def is_after(accepted_at: datetime, watch: StoredWatch) -> bool:
    """Whether a filing was accepted since the watch was first seen. EDGAR gives whole seconds: the same second counts as since."""
    return accepted_at >= watch.first_seen_at.replace(microsecond=0)


class _Judge:
    """One filing before the rules of all its watches. One person hears of it once; machines tell watches apart."""

    def __init__(self, store: Store, config: Config, facts: FilingFacts, compared: Compared, now: datetime) -> None:
        self.config = config
        self.facts = facts
        self.muted = store.silences_in_force(now)
        self.past = compared.beside.past
        self.earlier = latest_told(store, [one.filing.accession_number for one in compared.others])
        self.same = latest_told(store, [one.accession_number for one in compared.same])
        self.silences: list[str] = []
        self.troubles: list[str] = []
        self.told: set[str] = set()
        self.left: set[str] = set()

    def taken(self, watches: Sequence[StoredWatch]) -> Taken:
        verdicts = {watch.key: _verdicts(self.config, watch, self.facts, self.past) for watch in watches}
        gone = self.earlier.keys() - {watch.key for watch in watches}
        self.left = {name for key in gone for name in self.earlier[key].destinations if not self._is_machine(name)}
        corrected_first = sorted(watches, key=lambda watch: watch.key not in self.earlier)  # else who gets one hears of it twice
        alerts = tuple(alert for watch in corrected_first if (alert := self._alert(watch, verdicts[watch.key])) is not None)
        silent = None if alerts else "; ".join(dict.fromkeys(self.silences))
        return Taken(self.facts, verdicts, alerts, silent, tuple(dict.fromkeys(self.troubles)))

    def _alert(self, watch: StoredWatch, verdicts: Sequence[Verdict]) -> Alert | None:
        matched = [verdict for verdict in verdicts if verdict.matched]
        if not is_after(self.facts.filed_at, watch):
            self.silences.append(_OF_THE_PAST)
            return None
        earlier = self.earlier.get(watch.key)
        if earlier is not None:
            changes = self._otherwise(earlier, watch)
            if changes and self.facts.amends is not None:
                asking = self._asking(matched)
                newly = [verdict for verdict in matched if verdict in asking or verdict.rule not in earlier.rules]
                return self._correction(earlier, watch, changes, newly)
            matched = matched if changes else self._asking(matched)
            if not matched and not changes:
                number = earlier.payload.get("accession_number")
                is_late = self.facts.amends is None  # the amendment came first
                says = "superseded by its amendment" if is_late else "says nothing else than"
                self.silences.append(f"{says} {number}, of which you were told")
                return None
        if not matched:
            self.silences.append(why_silent(verdicts))
            return None
        destinations = self._unheard(matched)
        same = self.same.get(watch.key)
        if same is not None:
            destinations = tuple(name for name in destinations if name not in same.told or self._is_machine(name))
            if not destinations:
                self.silences.append(f"the same transactions as in {same.payload['accession_number']}, of which you were told")
                return None
        return self._first(watch, matched, destinations)

    def _otherwise(self, earlier: KeptAlert, watch: StoredWatch) -> list[str]:
        """What was told of a filing that this one amends, or of an amendment of this one, and is otherwise now."""
        reasons = Reasons(_shown(watch), earlier.rules)
        body = alert_payload(self.facts, reasons, "", alert_message(self.facts, reasons))
        return told_changes(earlier.payload, json.loads(body))

    def _asking(self, matched: Sequence[Verdict]) -> list[Verdict]:
        """The rules that ask for amendments as such."""
        return [verdict for verdict in matched if "amendment" in self.config.rules[verdict.rule].events]

    def _correction(self, earlier: KeptAlert, watch: StoredWatch, changes: list[str], newly: Sequence[Verdict]) -> Alert:
        """To everybody who was told, and to whom rules tell that ask for amendments or did not match before.

        Also to people who were told through a watch that is gone, if this one names them, and to whom those rules tell today whom
        nothing reached then: a destination has another name since, is new, or refused it. Not to one that is there no more.
        """
        facts = self.facts
        assert facts.amends is not None  # noqa: S101 -- the caller has asked
        rules = tuple(dict.fromkeys((*earlier.rules, *(verdict.rule for verdict in newly))))
        reasons = Reasons(_shown(watch), rules)
        identity = event_id(facts.accession_number, watch.key, "correction")
        later = self._worded(reasons, identity)
        message = amendment_correction(earlier.message, later, changes, facts.amends, facts.accession_number)
        left = (name for name in self._named_by(watch.rules) if name in self.left and name not in self.told)
        there = (name for name in earlier.destinations if name in self.config.destinations)
        missed = (name for name in self._named_by(rule for rule in rules if rule in watch.rules) if self._is_missed(name))
        destinations = tuple(dict.fromkeys((*there, *left, *missed, *self._unheard(newly))))
        silenced = self._silenced([name for name in destinations if name not in earlier.told], rules)
        self._hears(destinations, silenced)
        return Alert(
            event_id=identity,
            accession_number=facts.accession_number,
            watch_key=watch.key,
            rules=rules,
            message=message,
            payload=alert_payload(facts, reasons, identity, message, corrects=earlier.event_id),
            destinations=destinations,
            silenced=tuple(silenced.items()),
        )

    def _first(self, watch: StoredWatch, matched: Sequence[Verdict], destinations: tuple[str, ...]) -> Alert:
        asked = tuple(f"{verdict.rule}: {_in_words(verdict)}" for verdict in matched)
        reasons = Reasons(_shown(watch), tuple(verdict.rule for verdict in matched), asked)
        identity = event_id(self.facts.accession_number, watch.key)
        message = self._worded(reasons, identity)
        return Alert(
            event_id=identity,
            accession_number=self.facts.accession_number,
            watch_key=watch.key,
            rules=reasons.rules,
            message=message,
            payload=alert_payload(self.facts, reasons, identity, message),
            destinations=destinations,
            silenced=tuple(self._silenced(destinations, reasons.rules).items()),
        )

    def _worded(self, reasons: Reasons, identity: str) -> Message:
        if self.config.templates == OUR_WORDS:
            return alert_message(self.facts, reasons)
        from watcher.templates import words  # noqa: PLC0415 -- Jinja is imported only where there are templates

        worded = words(self.facts, reasons, self.config.templates, identity)
        self.troubles += worded.troubles
        return worded.message

    def _unheard(self, matched: Sequence[Verdict]) -> tuple[str, ...]:
        """The destinations that the rules name, but for people who hear of this filing through another watch."""
        wanted = self._named_by(verdict.rule for verdict in matched)
        destinations = tuple(name for name in wanted if name not in self.told)
        self._hears(destinations, self._silenced(destinations, [verdict.rule for verdict in matched]))
        return destinations

    def _is_missed(self, name: str) -> bool:
        """Whether a destination heard neither of what is amended, through whatever watch, nor of this."""
        return name not in self.told and not any(name in alert.destinations for alert in self.earlier.values())

    def _named_by(self, rules: Iterable[str]) -> Iterable[str]:
        return dict.fromkeys(name for rule in rules if rule in self.config.rules for name in self.config.rules[rule].notify)

    def _hears(self, destinations: Iterable[str], silenced: Collection[str]) -> None:
        self.told.update(name for name in destinations if name not in silenced and not self._is_machine(name))

    def _silenced(self, destinations: Iterable[str], rules: Collection[str]) -> dict[str, int]:
        """Those of the destinations that a silence keeps from hearing of it by these rules, each with the silence."""
        if not self.muted:
            return {}
        document = self.facts.document
        subject = Subject(document.issuer.cik, tuple((owner.cik, owner.name) for owner in document.reporting_owners))
        found = {}
        for name in destinations:
            telling = [rule for rule in rules if rule in self.config.rules and name in self.config.rules[rule].notify]
            silence = silencing(self.muted, subject, telling, name, is_machine=self._is_machine(name))
            if silence is not None:
                found[name] = silence
        return found

    def _is_machine(self, destination: str) -> bool:
        return destination in self.config.destinations and self.config.destinations[destination].kind == "webhook"


_LETS_ALL_PASS = {("plan", "any"), ("min_value", "$0")}
_OF_THE_PAST = "accepted before the watch began (baseline)"


def _why_nobody(store: Store, document: OwnershipDocument) -> str:
    parties = {document.issuer.cik, *(owner.cik for owner in document.reporting_owners)}
    if any(watch.cik in parties for watch in store.watches()):
        return "of another issuer: a watched CIK is named in another role"
    return "whom it names nobody watches any more"


def _in_words(verdict: Verdict) -> str:
    """What a rule asked for and this filing met, condition by condition; one that lets everything pass is not named."""
    asked = (one for one in verdict.conditions if (one.name, one.wanted) not in _LETS_ALL_PASS)
    return "; ".join(f"{one.name.replace('_', ' ')} {one.wanted} (here: {one.seen})" for one in asked)


def _shown(watch: StoredWatch) -> WatchedAs:
    return WatchedAs(watch.key, watch.shown, watch.ticker)


def latest_told(store: Store, accessions: Iterable[str]) -> dict[str, KeptAlert]:
    """The last that each watch was told of any of these filings; for everybody who was told of one.

    That a filing could not be read tells nothing of it.
    """
    found: dict[str, KeptAlert] = {}
    for alert in store.latest_alerts(accessions):
        if alert.payload.get("kind") != "quarantined":
            before = found.get(alert.watch_key)
            found[alert.watch_key] = alert if before is None else _also_for(before, alert)
    return found


def _also_for(before: KeptAlert, alert: KeptAlert) -> KeptAlert:
    """The later of two alerts, for those too who heard of the first alone."""
    destinations = tuple(dict.fromkeys((*before.destinations, *alert.destinations)))
    told = {*before.told, *alert.told}
    return replace(alert, destinations=destinations, silenced=tuple(name for name in destinations if name not in told))
