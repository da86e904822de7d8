"""Provider of mpay-gateway that takes card payments at the sandbox bank."""
