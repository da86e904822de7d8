"""The command line: `mpay`."""
