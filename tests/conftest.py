"""Settings of all tests: what hypothesis draws is the same in every run, so that a red run can be repeated.

`MASKFORGE_FUZZ=1` draws afresh, for looking further than the last run did.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("fuzz", derandomize=False)
settings.load_profile("fuzz" if os.environ.get("MASKFORGE_FUZZ") else "repeatable")
