"""Reads that began before their plan was whole, as they are told of."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, TypeAlias

__all__ = ["ReadStatus", "reads_in_words"]

ReadStatus: TypeAlias = Literal["running", "answered", "failed", "stopped"]


def reads_in_words(reads: Iterable[tuple[str, str]]) -> str:
    """Say what became of reads, each given as its tool and its status, those that are the same as one."""
    counted = Counter(f"{tool} {status}" for tool, status in reads)
    return ", ".join(f"{told} {count} times" if count > 1 else told for told, count in counted.items())
