"""The replies of Chat Completions endpoints, read with tolerance.

Endpoints deviate from the published format in many ways and clients do not validate what comes back, so this package
starts from bytes and takes nothing for granted: `frame` finds the message, `calls` reads calls that stand where they
should, `written` those that a model wrote into its text, and `read` makes one reply of it all. `stream` puts a reply
together that comes in events, and `entries` reads its steps before it is whole.
"""

from batonmcp.llm.reply.entries import Entries
from batonmcp.llm.reply.read import read_reply
from batonmcp.llm.reply.stream import Assembly, streaming
from batonmcp.llm.reply.thinking import without_thinking
from batonmcp.llm.reply.tokens import tokens_in
from batonmcp.llm.reply.unusable import Unusable, unusable
from batonmcp.llm.reply.written import Offered
from batonmcp.llm.reply.written_steps import step_of

__all__ = [
    "Assembly",
    "Entries",
    "Offered",
    "Unusable",
    "read_reply",
    "step_of",
    "streaming",
    "tokens_in",
    "unusable",
    "without_thinking",
]
