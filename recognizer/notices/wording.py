"""What is told, in sentences: for mail, and for who reads the log."""

from typing import Any

from recognizer.models import Event

Facts = dict[str, Any]


def subject(event: str, facts: Facts) -> str:
    """Say in a line what happened."""
    match event:
        case Event.DRAWING_CORRECTED:
            return "Digitre: a drawing was corrected"
        case Event.DRAWINGS_WAITING:
            return f"Digitre: {facts['waiting']:,} drawings wait for review"
        case Event.RUN_PROMOTED:
            return f"Digitre: run {facts['run']} was promoted, version {facts['challenger']} answers"
        case Event.RUN_HELD:
            return f"Digitre: run {facts['run']} was held by the gate"
        case Event.RUN_FAILED:
            return f"Digitre: run {facts['run']} failed"
    return "Digitre: a test"


def text(event: str, facts: Facts) -> str:
    """Say what happened, and what it means for who reads it."""
    match event:
        case Event.DRAWING_CORRECTED:
            return (
                f"The model read {_label(facts['predicted'], 'nothing it would call a digit')}; its contributor says "
                f"{_label(facts['label'], 'that it is no digit')}.\nDrawing {facts['drawing']}"
            )
        case Event.DRAWINGS_WAITING:
            return "The review queue is at the admin's desk. You are told again when it has been half empty in between."
        case Event.RUN_PROMOTED:
            return "\n".join([f"Version {facts['challenger']} answers from now on.", *facts["reasons"]])
        case Event.RUN_HELD:
            return "\n".join([f"Version {facts['champion']} goes on answering.", *facts["reasons"]])
        case Event.RUN_FAILED:
            return f"{facts['error']}\nThe champion goes on answering."
    return "Somebody pressed the test button. Nothing has happened, and mail arrives."


def _label(digit: int | None, otherwise: str) -> str:
    return otherwise if digit is None else f"a {digit}" if digit != 8 else "an 8"
