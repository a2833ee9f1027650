"""The count of tokens by o200k, with `gpt-tokenizer` from npm; nothing is kept where Node is not there."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["counted"]

_PACKAGE = "gpt-tokenizer@3"
_SCRIPT = """
const { countTokens } = require("gpt-tokenizer/encoding/o200k_base");
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => countTokens(text))));
"""
_MOST_S = 120


def counted(texts: Sequence[str]) -> list[int] | None:
    """Return how many tokens each text has; None if they cannot be counted here."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    with TemporaryDirectory() as folder:
        try:
            _run(folder, npm, "install", "--no-audit", "--no-fund", "--prefix", folder, _PACKAGE)
            Path(folder, "count.cjs").write_text(_SCRIPT, encoding="utf-8")
            return json.loads(_run(folder, node, "count.cjs", given=json.dumps(texts)))
        except (subprocess.SubprocessError, OSError):
            return None


def _run(folder: str, *command: str, given: str = "") -> str:
    return subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, input=given, capture_output=True, text=True, check=True, timeout=_MOST_S
    ).stdout
