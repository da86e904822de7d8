"""`python -m sandbox_bank`, the same as the command `sandbox-bank`."""

from sandbox_bank.cli import main

raise SystemExit(main())
