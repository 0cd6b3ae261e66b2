"""The labels of a drawing, as they are stored and as the API says them."""

NOT_A_DIGIT = 10  # the stored label for "not a digit"; the API says null


def stored_label(digit: int | None) -> int:
    """Translate the API's label, where null is "not a digit", into the one that is stored."""
    return NOT_A_DIGIT if digit is None else digit


def api_label(label: int | None) -> int | None:
    """Translate a stored label into the API's."""
    return None if label == NOT_A_DIGIT else label


def article(digit: int) -> str:
    """Say "a" or, before 8, "an"."""
    return "an" if digit == 8 else "a"
