"""What a Prometheus server may scrape: counts and times, nothing about a person."""

from functools import lru_cache
from typing import Any

from prometheus_client import Counter, Histogram


@lru_cache(maxsize=512)  # routes, answers and versions; finding one again takes longer than counting
def of(metric: Any, *labels: object) -> Any:
    """Return the one of a metric's counts that has these values of its labels, in their order."""
    return metric.labels(*labels)


READINGS = Counter(
    "digitre_readings_total",
    "Drawings read, by the version that answered and whether it refused.",
    ["version", "refused"],
)
ANSWERS = Counter(
    "digitre_answers_total",
    "What was answered: the likeliest digit, and whether it was sure (digit), a close call (pair) or a refusal (refused).",
    ["digit", "kind"],
)
STORED = Counter("digitre_drawings_stored_total", "Drawings stored.")
FEEDBACK = Counter(
    "digitre_feedback_total",
    "Labels confirmed by contributors, by whether the model had said the same.",
    ["agreed"],
)
READING_SECONDS = Histogram(
    "digitre_reading_seconds",
    "Time from ink to answer.",
    buckets=(0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
)
BAD_DRAWINGS = Counter("digitre_bad_drawings_total", "Drawings that could not be read, by the reason's code.", ["code"])
THROTTLED = Counter("digitre_throttled_total", "Calls refused with 429, by the limit they passed.", ["bucket"])
REQUESTS = Counter(
    "digitre_requests_total",
    "Requests answered, by the route's pattern, not by the address.",
    ["route", "method", "status"],
)
REQUEST_SECONDS = Histogram(
    "digitre_request_seconds",
    "Time from a request's start in its thread to its answer.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 5.0),
)
