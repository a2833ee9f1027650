"""A plot of bars, as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

__all__ = ["Panel", "plot"]

_WIDTH, _NAMES, _GAP = 900, 210, 24
_TOP, _ROW, _BAR = 64, 26, 18
_VALUE = 62  # what a number takes to the right of its bar
_FONT = "font-family='system-ui, sans-serif'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A column of bars.

    Attributes:
        title: What is measured.
        form: How a value is written.
        values: By name.
    """

    title: str
    form: str
    values: Mapping[str, float]


def plot(title: str, panels: Sequence[Panel], *, ours: Sequence[str]) -> str:
    """Return the plot.

    Args:
        title: Stands above it.
        panels: Beside each other, with the same names.
        ours: The names whose bars stand out.
    """
    names = list(panels[0].values)
    height = _TOP + _ROW * len(names) + 12
    width = (_WIDTH - _NAMES - _GAP * len(panels)) / len(panels)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height}' width='{_WIDTH}' height='{height}'>",
        f"<rect width='{_WIDTH}' height='{height}' fill='#ffffff'/>",
        _text(title, 12, 24, size=15, weight=600),
    ]
    parts += [_text(name, _NAMES - 8, _middle(row), anchor="end") for row, name in enumerate(names)]
    for number, panel in enumerate(panels):
        left = _NAMES + number * (width + _GAP)
        most = max(panel.values.values())
        parts.append(_text(panel.title, left, _TOP - 12, weight=600))
        for row, name in enumerate(names):
            value = panel.values[name]
            length = (width - _VALUE) * value / most
            color = "#1f6feb" if name in ours else "#a8b1bb"
            y = _TOP + row * _ROW + (_ROW - _BAR) / 2
            parts.append(
                f"<rect x='{left:.1f}' y='{y:.1f}' width='{length:.1f}' height='{_BAR}' rx='2' fill='{color}'/>"
            )
            parts.append(_text(panel.form.format(value), left + length + 6, _middle(row)))
    return "\n".join([*parts, "</svg>", ""])


def _middle(row: int) -> float:
    return _TOP + row * _ROW + _ROW / 2 + 4


def _text(text: str, x: float, y: float, *, size: int = 13, weight: int = 400, anchor: str = "start") -> str:  # noqa: PLR0913 - as SVG
    place = f"x='{x:.1f}' y='{y:.1f}' font-size='{size}' font-weight='{weight}' text-anchor='{anchor}'"
    return f"<text {place} {_FONT} fill='#1f2328'>{escape(text)}</text>"
