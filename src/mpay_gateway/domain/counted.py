"""Numbers of things, in the English of operators; payers' texts have the plural forms of their catalogues."""


def counted(number: int, one: str, many: str = "") -> str:
    """The number with its noun: `1 try`, `2 tries`. `many`: where it is not `one` with an `s`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
