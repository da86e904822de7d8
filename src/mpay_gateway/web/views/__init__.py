"""Views by what the payer does. Each calls one flow function and hands its value to a template."""
