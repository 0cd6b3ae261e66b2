"""The next batch is made while the one before is trained on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

# pictures (N, 28, 28, 1) in 0..1, and labels (N,), 0-9 or NOT_A_DIGIT
Batch = tuple[NDArray[np.float32], NDArray[np.int32]]


def prefetch(make: Callable[[int], Batch], steps: range) -> Iterator[Batch]:
    """Yield `make(step)` for each step in order, the next one made in a thread meanwhile; one ahead is enough.

    What `make` raises is raised here, at its step.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as worker:
        ahead = None
        for step in steps:
            ready, ahead = ahead, worker.submit(make, step)
            if ready is not None:
                yield ready.result()
        if ahead is not None:
            yield ahead.result()
