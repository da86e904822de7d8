"""The chains of evidence and audit rows, their seals, and what tells whether somebody altered them."""
