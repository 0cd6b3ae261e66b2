"""What keeps a training process from harming its neighbours."""

import os

from training.config import RunLimits

try:
    import resource
except ImportError:  # Windows has neither; there the scheduler and the user decide
    resource = None  # type: ignore[assignment]


def confine(limits: RunLimits) -> None:
    """Make this process, and what it starts, nice and bounded in memory, until it ends. Call it in no process that serves.

    Beyond the limit an allocation fails: MemoryError from NumPy, an error from TensorFlow, both of which end the run
    with a reason and leave the champion alone.
    """
    if hasattr(os, "nice"):
        os.nice(max(0, limits.nice - os.nice(0)))
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = limits.memory_bytes if hard == resource.RLIM_INFINITY else min(limits.memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
