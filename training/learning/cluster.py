"""Which processes train together, and which of them this is, as TF_CONFIG says. Loads no TensorFlow."""

import json
import os
from dataclasses import dataclass
from typing import Self

ENVIRONMENT = "TF_CONFIG"  # TensorFlow's own, see docs/operations.md


class ClusterError(ValueError):
    """TF_CONFIG, or what its processes are to do together, makes no sense; the message says what."""


@dataclass(frozen=True)
class Cluster:
    """`members`: "host:port" of each process, none where this one trains alone; `rank`: this one's place among them."""

    members: tuple[str, ...] = ()
    rank: int = 0

    @property
    def is_follower(self) -> bool:
        """Whether another process reads, decides and writes, and this one only computes."""
        return self.rank > 0

    @classmethod
    def of_environment(cls) -> Self:
        """Read TF_CONFIG.

        Raises:
            ClusterError: it is no list of workers with this process among them. Parameter servers and the like are not for us.
        """
        given = os.environ.get(ENVIRONMENT, "").strip()
        if not given:
            return cls()
        try:
            config = json.loads(given)
            (members,) = config["cluster"].values()
            found = cls(tuple(map(str, members)), int(config["task"]["index"]))
            is_sound = {config["task"]["type"], *config["cluster"]} == {"worker"} and found.rank in range(len(members))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ClusterError(
                f"{ENVIRONMENT} must be JSON that names workers, and which of them this is: {error!r}."
            ) from error
        if not is_sound:
            raise ClusterError(
                f"{ENVIRONMENT} must name workers and nothing else, and this process by its place among them."
            )
        return found
