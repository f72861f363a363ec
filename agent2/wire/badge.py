"""A state as a badge: an SVG that any page may show."""

from __future__ import annotations

COLORS = {"ok": "#3a7d0a", "warn": "#a15c00", "down": "#c02b2b", "unknown": "#5f6368"}
_WIDTH = 7  # of a letter at 11 px, on the generous side
# Made without style sheets and scripts: the strictest policy lets it be drawn.
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="20" role="img">'
    "<title>{name}: {state}</title>"
    '<rect width="{left}" height="20" fill="#444"/>'
    '<rect x="{left}" width="{right}" height="20" fill="{color}"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
    '<text x="6" y="14">{name}</text><text x="{after}" y="14">{state}</text></g></svg>'
)


def drawing(name: str, state: str, color: str) -> str:
    """Return the badge as SVG."""
    left, right = 12 + _WIDTH * len(name), 12 + _WIDTH * len(state)
    return _SVG.format(
        all=left + right,
        left=left,
        right=right,
        after=left + 6,
        name=_plain(name),
        state=_plain(state),
        color=color,
    )


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
