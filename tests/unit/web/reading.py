"""What tests read of a page."""

import re


def heading(response):
    """The text of the page's one first-level heading."""
    found = re.findall(r"<h1>(.*?)</h1>", response.text, re.DOTALL)
    assert len(found) == 1
    return found[0]
