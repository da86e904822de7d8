"""What every suite of the checkout shares: databases, and the rule that no test is skipped in silence."""

import os

import hypothesis

# A text that is missing in a language is an error here, and a line in the log for a payer.
os.environ.setdefault("MPAY_STRICT_TEXTS", "1")

# Neither a busy machine nor chance decides whether a suite passes.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")

pytest_plugins = (
    "tests.postgres", "tests.complete_runs", "tests.left_out", "tests.registered_units", "tests.compiled_once",
)  # fmt: skip
