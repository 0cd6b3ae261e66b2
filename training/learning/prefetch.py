"""The next batch is made while the one before is trained on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


class Batch(NamedTuple):
    """Pictures float32 (N, 28, 28, 1) in 0..1 and what they teach, each (N,): see `losses`."""

    images: NDArray[np.float32]
    labels: NDArray[np.int32]
    forms: NDArray[np.int32]
    certainty: NDArray[np.float32]
    known: NDArray[np.float32]

    @classmethod
    def of_drawings(cls, images: NDArray[np.float32], labels: NDArray[np.int64], replayed: int = 0) -> Self:
        """Digits and what is none, all certain, none with a form; the last `replayed` of them are known to the teacher."""
        count = len(labels)
        known = (np.arange(count) >= count - replayed).astype("float32")
        return cls(images, labels.astype("int32"), np.full(count, -1, "int32"), np.ones(count, "float32"), known)


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
