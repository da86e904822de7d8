"""Logos of services: read once, at registration, and never served as they came."""

import io
import warnings

from PIL import Image, UnidentifiedImageError

from mpay_gateway.settings.problems import BadValue

LARGEST_FILE = 512 * 1024
LARGEST_AREA = 1_000_000
"""Pixels. Both limits: a picture that is shown an inch wide needs no more."""


def read_logo(content: bytes) -> bytes:
    """The picture drawn anew as PNG: pixels alone, nothing that hid beside them.

    Raises: BadValue when it is no PNG, larger than 512 kB, or of more than a million pixels.
    """
    if len(content) > LARGEST_FILE:
        raise BadValue(f"logo: more than {LARGEST_FILE // 1024} kB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _check_whole(content)
            with _open(content) as picture:
                pixels = picture.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadValue("logo: not a PNG picture") from None
    except (OSError, SyntaxError, EOFError) as error:
        raise BadValue("logo: a damaged PNG picture") from error
    drawn = io.BytesIO()
    pixels.save(drawn, "PNG", optimize=True)
    return drawn.getvalue()


def _check_whole(content: bytes) -> None:
    """Read every chunk against its checksum, up to the last.

    Decoding alone would not notice a missing end: WeasyPrint, once imported, tells Pillow to bear with it.
    """
    with _open(content) as picture:
        if picture.width * picture.height > LARGEST_AREA:
            raise BadValue(f"logo: {picture.width} by {picture.height}, more than a million pixels")
        picture.verify()


def _open(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=["PNG"])
