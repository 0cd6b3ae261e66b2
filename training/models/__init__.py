"""What was learned from, by which run, when the next one is due, and whether the workers are alive."""

from training.models.heartbeats import WorkerHeartbeat
from training.models.policy import TrainingPolicy
from training.models.prepared_files import PreparedFile, PreparedPart
from training.models.runs import LEASE, LOG_CHARACTERS, RunCheckpoint, TrainingRun
from training.models.snapshots import DatasetSnapshot, SnapshotManifest
from training.models.watches import Watch

__all__ = [
    "LEASE",
    "LOG_CHARACTERS",
    "DatasetSnapshot",
    "PreparedFile",
    "PreparedPart",
    "RunCheckpoint",
    "SnapshotManifest",
    "TrainingPolicy",
    "TrainingRun",
    "Watch",
    "WorkerHeartbeat",
]
