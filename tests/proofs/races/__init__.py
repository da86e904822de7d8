"""Two at once, thousands of times: the shipped flow code on a real database, started together by barriers."""
