"""What the rows say afterwards, held against what people were told."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.people import Ledger, Sheet
from bench.chaos.stack import Stack

NEWS_SECONDS = 8.0  # a process looks for another champion every two seconds; one that is cut off cannot
ROWS = """
SELECT d.id::text, (d.strokes->0->0->>2)::float::bigint, d.confirmed_label, d.model_version_id
FROM recognizer_drawing d
"""
EVENTS = """
SELECT drawing_id::text, action, label, previous_label FROM recognizer_labelevent
WHERE actor = 'contributor' ORDER BY drawing_id, at, id
"""
READ_AGAIN = """
import json
import numpy as np
from recognizer import registry
from recognizer.models import Drawing, ModelVersion
from recognizer.submissions import Submission
wrong = 0
models = {version.pk: registry.load_model(version) for version in ModelVersion.objects.all()}
sample = Drawing.objects.order_by("id")[:%d]
for drawing in sample:
    model = models[drawing.model_version_id]
    image = Submission(None, drawing.strokes, (drawing.canvas_width, drawing.canvas_height)).image
    answer = model.interpret(model.predict(image[None]), 0)
    wrong += not np.allclose(answer.probabilities, drawing.probabilities, atol=1e-6)
print(json.dumps([len(sample), wrong]))
"""


@dataclass
class Verdict:
    """What was found by fault, and what holds for the whole."""

    lost: Counter[str] = field(default_factory=Counter)
    twice: Counter[str] = field(default_factory=Counter)
    labels_lost: Counter[str] = field(default_factory=Counter)
    events_wrong: Counter[str] = field(default_factory=Counter)
    strangers: Counter[str] = field(default_factory=Counter)
    champions: int = 0
    stuck_runs: int = 0
    drawings: int = 0
    events: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    read_again: int = 0
    read_otherwise: int = 0
    surprises: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        by_fault = (self.lost, self.twice, self.labels_lost, self.events_wrong, self.strangers)
        return (
            not any(counted.total() for counted in by_fault)
            and self.champions == 1
            and not self.stuck_runs
            and not self.read_otherwise
            and not self.surprises
        )


def judge(stack: Stack, ledger: Ledger, excused: set[str], read_again: int) -> Verdict:
    """Compare. People have gone, and every process has had time to end what it was at.

    Args:
        excused: faults in which an earlier version may answer for the champion, whose bytes are damaged.
        read_again: of so many drawings the version that is said to have read them reads them once more.
    """
    verdict = Verdict(surprises=ledger.surprises)
    rows: dict[str, Any] = {row[0]: row for row in stack.query(ROWS)}
    of_number = Counter(row[1] for row in rows.values())
    events: dict[str, list[Any]] = defaultdict(list)
    for drawing, *event in stack.query(EVENTS):
        events[drawing].append(event)
    for sheet in ledger.sheets:
        verdict.twice[sheet.fault] += max(0, of_number[sheet.number] - 1)
        if sheet.id is not None:
            judge_sheet(verdict, sheet, rows.get(sheet.id), events[sheet.id])
    verdict.strangers = _answered_by_others(stack, ledger, excused)
    verdict.drawings, verdict.events = len(rows), sum(map(len, events.values()))
    verdict.champions = stack.query("SELECT count(*) FROM recognizer_modelversion WHERE is_champion")[0][0]
    stuck = "SELECT count(*) FROM training_trainingrun WHERE status = 'running' AND lease_expires_at < now()"
    verdict.stuck_runs = stack.query(stuck)[0][0]
    verdict.runs = dict(stack.query("SELECT status, count(*)::int FROM training_trainingrun GROUP BY status"))
    verdict.read_again, verdict.read_otherwise = json.loads(stack.work_out(READ_AGAIN % read_again))
    return verdict


def judge_sheet(verdict: Verdict, sheet: Sheet, row: Any, events: list[Any]) -> None:
    """Hold one drawing's row (id, number, label, ...), None where there is none, and its events against what was told."""
    if row is None:
        verdict.lost[sheet.fault] += not sheet.deleting
        return
    if sheet.deleted:
        verdict.surprises["deleted, and still there"] += 1
        return
    verdict.labels_lost[sheet.fault] += row[2] not in sheet.possible_labels
    verdict.events_wrong[sheet.fault] += not _is_complete(sheet, row[2], events)


def _is_complete(sheet: Sheet, label: int | None, events: list[Any]) -> bool:
    """Whether each event goes on from the one before, the last one leads to the row, and none of the changes is missing."""
    before = None
    for _, said, previous in events:
        if previous != before:
            return False
        before = said
    least, most = sheet.changes
    return before == label and least <= len(events) <= most


def _answered_by_others(stack: Stack, ledger: Ledger, excused: set[str]) -> Counter[str]:
    """Count answers by a version that was champion neither when they were asked for nor when they came."""
    promotions = stack.query(
        "SELECT extract(epoch FROM p.at)::float, v.number FROM recognizer_promotionevent p "
        "JOIN recognizer_modelversion v ON v.id = p.version_id ORDER BY p.at, p.id"
    )
    reigns = [
        (number, since, promotions[place + 1][0] if place + 1 < len(promotions) else float("inf"))
        for place, (since, number) in enumerate(promotions)
    ]
    found: Counter[str] = Counter()
    for sheet in ledger.sheets:
        if sheet.id is None or sheet.fault in excused:
            continue
        if not any(
            number == sheet.version and since <= sheet.answered_at + 1 and until >= sheet.sent_at - NEWS_SECONDS
            for number, since, until in reigns
        ):
            found[sheet.fault] += 1
    return found
