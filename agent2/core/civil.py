"""Dates and days since 1970-01-01, counted by hand (Howard Hinnant's algorithms)."""

from __future__ import annotations


def days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date of the Gregorian calendar."""
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    whole = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + day_of_year
    return whole - 719468


def date(count: int) -> tuple[int, int, int]:
    """Return year, month and day of the day *count* days after 1970-01-01."""
    era, of_era = divmod(count + 719468, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    day_of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return (
        year + era * 400 + (month <= 2),
        month,
        day_of_year - (153 * shifted + 2) // 5 + 1,
    )


def weekday(count: int) -> int:
    """Return the day of the week: 0 is Sunday, as cron counts."""
    return (count + 4) % 7
