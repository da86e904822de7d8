"""Words of others, made fit to keep: databases take neither NUL nor half a surrogate pair, and people read one line."""

import re

from mpay_gateway.domain.errors import InvalidInput

REMARK_LENGTH = 500
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def is_fit(text: str) -> bool:
    """Whether the text can be kept as it is: tabs and ends of lines are the only control characters in it."""
    return _UNFIT.search(text) is None


def fit(text: str, longest: int) -> str:
    """The text without what cannot be kept, and at most so many characters of it: an ellipsis stands for more."""
    cleaned = _UNFIT.sub("", text)
    return cleaned if len(cleaned) <= longest else cleaned[: longest - 1] + "…"


def clean_reason(text: str) -> str:
    """What an operator gives as a reason, without blanks around it. Raises: InvalidInput."""
    reason = text.strip()
    if not reason or len(reason) > REMARK_LENGTH:
        raise InvalidInput(f"a reason of 1 to {REMARK_LENGTH} characters is needed: others will read it")
    if not is_fit(reason):
        raise InvalidInput("the reason has characters in it that cannot be stored")
    return reason


def remark(error: Exception, *, named: bool = True) -> str:
    """What an error says, for an operator: one line that every table takes. `named`: with the kind of the error."""
    words = " ".join(str(error).split())
    return fit(f"{type(error).__name__}: {words}" if named else words, REMARK_LENGTH)
