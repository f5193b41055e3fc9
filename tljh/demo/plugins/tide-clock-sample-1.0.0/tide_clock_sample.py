"""When the tide is high, roughly."""

LUNAR_DAY_HOURS = 24.8412


def hours_to_high_water(hours_since_last):
    """Hours until the next high water: there are two in a lunar day."""
    half = LUNAR_DAY_HOURS / 2
    return half - hours_since_last % half
