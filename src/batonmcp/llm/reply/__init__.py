"""The replies of Chat Completions endpoints, read with tolerance.

Endpoints deviate from the published format in many ways and clients do not validate what comes back, so this package
starts from bytes and takes nothing for granted: `frame` finds the message, `calls` reads calls that stand where they
should, `written` those that a model wrote into its text, and `read` makes one reply of it all. `stream` and
`delta` put a reply together that comes in events, and `entries` reads its steps before it is whole.
"""

from batonmcp.llm.reply.entries import Entries
from batonmcp.llm.reply.read import read_reply
from batonmcp.llm.reply.stream import LARGEST_REPLY, Assembly, Streaming
from batonmcp.llm.reply.thinking import without_thinking
from batonmcp.llm.reply.tokens import tokens_in
from batonmcp.llm.reply.unusable import Unusable, unusable
from batonmcp.llm.reply.written import Offered
from batonmcp.llm.reply.written_steps import step_of

__all__ = [
    "LARGEST_REPLY",
    "Assembly",
    "Entries",
    "Offered",
    "Streaming",
    "Unusable",
    "read_reply",
    "step_of",
    "tokens_in",
    "unusable",
    "without_thinking",
]
