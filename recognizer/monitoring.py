"""What a Prometheus server may scrape: counts and times, nothing about a person."""

from prometheus_client import Counter, Histogram

READINGS = Counter(
    "digitre_readings_total",
    "Drawings read, by the version that answered and whether it refused.",
    ["version", "refused"],
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
