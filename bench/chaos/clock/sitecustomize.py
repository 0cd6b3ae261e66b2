"""Python imports this at its start where this folder is first on PYTHONPATH: its clock is off by CHAOS_CLOCK seconds then.

Not by libfaketime: it makes time.sleep of Python 3.11 fail, which waits until a moment of the monotonic clock.
"""

import os
from datetime import UTC, datetime, timedelta

import time_machine

there = datetime.now(UTC) + timedelta(seconds=float(os.environ["CHAOS_CLOCK"]))
time_machine.travel(there, tick=True).start()
