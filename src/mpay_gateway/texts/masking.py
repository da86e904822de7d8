"""Names and personal codes as strangers see them: enough to know one's own, too little to learn another's."""

_COVER = "****"  # always four: the length of a name is nobody's affair
_INITIALS = 3


def mask_name(name: str) -> str:
    """`Popescu Ion` as `Po**** I.`: the start of the first word, the initials of up to three others.

    A word of three letters or fewer shows one letter. Nothing stays nothing.
    """
    words = name.split()
    if not words:
        return ""
    first = words[0]
    shown = first[:2] if len(first) > 3 else first[:1]
    initials = "".join(f" {word[0]}." for word in words[1 : 1 + _INITIALS])
    return f"{shown}{_COVER}{initials}"


def mask_code(code: str) -> str:
    """`2000123456426` as `20********426`: as many characters, most of them covered.

    Ten characters or more show the first two and the last three; six to nine the last two; fewer none.
    """
    code = code.strip()
    if len(code) >= 10:
        return f"{code[:2]}{'*' * (len(code) - 5)}{code[-3:]}"
    if len(code) >= 6:
        return f"{'*' * (len(code) - 2)}{code[-2:]}"
    return _COVER if code else ""
