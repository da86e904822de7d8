"""What people read: texts in three languages, amounts and dates as each writes them, masks, clean-up."""

from mpay_gateway.texts.catalogue import MissingText, Texts
from mpay_gateway.texts.cleaning import clean_text
from mpay_gateway.texts.local_format import format_date, format_datetime, format_money
from mpay_gateway.texts.masking import mask_code, mask_name

__all__ = [
    "MissingText", "Texts", "clean_text", "format_date", "format_datetime", "format_money", "mask_code",
    "mask_name",
]  # fmt: skip
