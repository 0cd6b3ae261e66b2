"""The review desk: drawings, the people who drew them, and what was said of them. Doors only; the rules are elsewhere."""

from recognizer.admin import (  # noqa: F401  registers the pages
    api_keys,
    batches,
    campaigns,
    contributors,
    drawings,
    events,
    notices,
)
