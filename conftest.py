"""What every suite of the checkout shares: databases, and the rule that no test is skipped in silence."""

pytest_plugins = ("tests.postgres", "tests.complete_runs")
