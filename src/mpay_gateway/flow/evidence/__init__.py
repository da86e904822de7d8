"""The kept messages: found, verified, handed out, erased when their time is over."""
