"""What was decided, for good: each decision goes into the ledger, and all of it can be checked again."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from recognizer import ledger
from recognizer.ledger import Facts, canonical, digest_of, moment
from recognizer.models import LedgerEntry, ModelVersion, PromotionEvent
from recognizer.registry import sha256
from training.evaluation import verdicts
from training.models import TrainingRun

Kind = LedgerEntry.Kind
WHOLE = (
    "config",
    "environment",
    "curve",
    "reports",
    "measured",
    "decision",
    "changed",
)  # columns that are entered as hashes


@dataclass(frozen=True)
class Problem:
    """The first thing that is not as it was written: `where` names the row, `what` says how it differs."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass
class Count:
    """How much was found sound.

    `verdicts` are those that could be judged anew; `older` rows were written before there was a ledger: nothing vouches for them.
    """

    entries: int = 0
    verdicts: int = 0
    older: int = 0
    head: str = ""


def note_decision(run: TrainingRun) -> None:
    """Enter the gate's decision on a run that has just ended, in the transaction that ends it.

    Its row is read back: a database may write a number otherwise than Python.
    """
    ledger.append(Kind.DECISION, run.pk, decision_facts(TrainingRun.objects.select_related("snapshot").get(pk=run.pk)))


def decision_facts(run: TrainingRun) -> Facts:
    return {
        "status": run.status,
        "trigger": run.trigger,
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
        "difference": run.difference,
        "seed": run.seed,
        "snapshot": run.snapshot.digest if run.snapshot else None,
        "champion": run.champion_id,
        "challenger": run.challenger_id,
        "error": run.error,
        **{column: digest_of(getattr(run, column)) for column in WHOLE},
    }


def first_problem(count: Count, head: str = "") -> Problem | None:
    """Walk the ledger from its beginning and compare each entry with its row; None where all is as it was written.

    Args:
        count: is filled on the way.
        head: digest of an entry that must be in the chain, as an earlier check had said it.
    """
    found = next(_problems(count), None)
    if found is None and head and not LedgerEntry.objects.filter(digest=head).exists():
        return Problem("the ledger", f"no entry has the digest {head}: its end was taken away or written anew")
    return found


def _problems(count: Count) -> Iterator[Problem]:
    previous = ledger.ORIGIN
    for number, entry in enumerate(LedgerEntry.objects.order_by("number").iterator(chunk_size=500), 1):
        broken = _broken_link(entry, number, previous)
        if broken:
            yield Problem(f"ledger entry {number}", broken)
        previous = count.head = entry.digest
        count.entries += 1
        yield from _compare(entry, count)
    yield from _not_entered(count)
    yield from _champion()


def _broken_link(entry: LedgerEntry, number: int, previous: str) -> str:
    if entry.number != number:
        return f"it is missing; the next is entry {entry.number}"
    if entry.previous != previous:
        return "it does not follow the entry before it"
    if entry.digest != ledger.entry_digest(entry):
        return "its digest is not that of what it says"
    return ""


def _compare(entry: LedgerEntry, count: Count) -> Iterator[Problem]:
    """Compare one entry with the row that it tells of, and the row with what else vouches for it."""
    model, facts_of, check = CHECKS[Kind(entry.kind)]
    where = f"{model._meta.verbose_name} {entry.row} (ledger entry {entry.number})"
    row = model._default_manager.filter(pk=entry.row).first()
    if row is None:
        yield Problem(where, "it is gone")
        return
    said, says = _read(entry.content), _read(canonical(facts_of(row)))
    differing = [name for name in said if said[name] != says.get(name) and not _account_left(entry, name, said, says)]
    if differing:
        yield Problem(where, f"changed since it was written: {', '.join(differing)}")
    yield from (Problem(where, what) for what in check(row, count))


def _read(content: str) -> Facts:
    facts: Facts = json.loads(content)
    return facts


def _account_left(entry: LedgerEntry, name: str, said: Facts, says: Facts) -> bool:
    """Whether a promotion lost its person because the account was deleted, as accounts may be."""
    if entry.kind != Kind.PROMOTION or name != "by" or says["by"] is not None:
        return False
    return not get_user_model().objects.filter(pk=said["by"]).exists()


def _check_version(version: ModelVersion, count: Count) -> Iterator[str]:
    for name, data, expected in (
        ("Keras file", version.keras, version.keras_sha256),
        ("served file", version.tflite, version.tflite_sha256),
    ):
        if sha256(data) != expected:
            yield f"its {name} is not the one that was registered"


def _check_decision(run: TrainingRun, count: Count) -> Iterator[str]:
    """Judge the run's reports by the gate once more, if it was judged by the present rules."""
    otherwise = verdicts.disagreement(run.reports, run.measured, run.config, run.decision)
    if otherwise:
        yield otherwise
    count.verdicts += verdicts.can_be_judged(run.measured)


def _check_promotion(event: PromotionEvent, count: Count) -> Iterator[str]:
    return iter(())


def _not_entered(count: Count) -> Iterator[Problem]:
    """Find rows that no entry tells of: those with lower keys than the first that one does are older than the ledger."""
    for kind, (model, _, _) in CHECKS.items():
        entered = LedgerEntry.objects.filter(kind=kind)
        first = entered.aggregate(first=models.Min("row"))["first"]
        rows = model._default_manager.exclude(pk__in=entered.values("row"))
        if model is TrainingRun:
            rows = rows.filter(status__in=TrainingRun.DECIDED)
        count.older += rows.count() if first is None else rows.filter(pk__lt=first).count()
        stray = None if first is None else rows.filter(pk__gt=first).order_by("pk").values_list("pk", flat=True).first()
        if stray is not None:
            yield Problem(f"{model._meta.verbose_name} {stray}", "no entry of the ledger tells of it")


def _champion() -> Iterator[Problem]:
    last = PromotionEvent.objects.order_by("pk").last()
    champion = ModelVersion.objects.champion()
    if last is not None and (champion is None or champion.pk != last.version_id):
        yield Problem(str(champion or "no version"), "it speaks, and was not the last one to be promoted")


CHECKS: dict[Kind, tuple[type[models.Model], Callable[[Any], Facts], Callable[[Any, Count], Iterator[str]]]] = {
    Kind.VERSION: (ModelVersion, ledger.version_facts, _check_version),
    Kind.PROMOTION: (PromotionEvent, ledger.promotion_facts, _check_promotion),
    Kind.DECISION: (TrainingRun, decision_facts, _check_decision),
}
