"""What was learned and when: versions, runs, snapshots and the policy, for operators."""

from training.admin import policy, records, runs, versions  # noqa: F401  registers the pages
