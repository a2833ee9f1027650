"""The discretion of a process: what it must not say, as its configuration changes."""

from collections import deque
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from batonmcp.core.caller import Answer, Caller, Declined, Progress, Question
from batonmcp.core.redaction import Redaction

__all__ = ["Discretion"]

_REMEMBERED: Final = 8


class Discretion:
    """Keeps the secrets that are in use out of whatever it is shown.

    Those of the last few configurations count too: what was said with them may still be on its way out.
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        self._learned: deque[frozenset[str]] = deque(maxlen=_REMEMBERED)
        self.redaction = Redaction()
        self.learn(secrets)

    def learn(self, secrets: Collection[str]) -> None:
        """Keep these from now on."""
        fresh = frozenset(secrets)
        if fresh and fresh not in self._learned:
            self._learned.append(fresh)
            self.redaction = Redaction.of({secret for learned in self._learned for secret in learned})

    def text(self, text: str) -> str:
        """Return a text without secrets. If it is JSON, it stays JSON."""
        return self.redaction.text(text)

    def value(self, value: JsonValue) -> JsonValue:
        """Return a value without secrets."""
        return self.redaction.value(value)

    def caller(self, caller: Caller) -> Caller:
        """Return a caller to whom servers put no secret, neither in questions nor in progress."""

        async def ask(question: Question) -> Answer | Declined:
            agent, params = self.text(question.agent), self.value(dict(question.params))
            return await caller.ask(replace(question, agent=agent, params=params if isinstance(params, dict) else {}))

        def progressed(progress: Progress) -> None:
            caller.progressed(replace(progress, message=self.text(progress.message)))

        return replace(caller, ask=ask, progressed=progressed)
