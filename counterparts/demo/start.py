"""Start the whole scenario on loopback: gateway, worker, demo e-Service, sandbox bank, kiosk network (`make demo`)."""

import sys

from launcher.main import main

if __name__ == "__main__":
    sys.exit(main())
