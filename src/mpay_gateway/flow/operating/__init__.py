"""What those who run a gateway ask of it: is it ready, is it configured, is it late, was it restored."""
