"""Run a command that the kernel ends when the launcher dies, even by SIGKILL. Run as a script: it imports nothing."""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def follow_parent_into_death() -> None:
    """On Linux only; elsewhere a launcher that is killed outright leaves its children, as any program does."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    follow_parent_into_death()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  the launcher's own list, no shell wanted
