"""What every suite of the checkout shares: databases, and the rule that no test is skipped in silence."""

import os

# A text that is missing in a language is an error here, and a line in the log for a payer.
os.environ.setdefault("MPAY_STRICT_TEXTS", "1")

pytest_plugins = ("tests.postgres", "tests.complete_runs")
