"""What one call of a model takes, written down while it is made: so it is known however the call ends."""

from dataclasses import dataclass

__all__ = ["Account", "Tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens as the endpoint counted them; zero where it does not say."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        """Return both together."""
        return Tokens(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            cached=self.cached + other.cached,
        )


@dataclass(slots=True, eq=False)
class Account:
    """The account of one call, kept by whoever makes its requests, for whoever pays for them.

    Attributes:
        requests: How many were sent.
        tokens: Of all answers that told them, be they of use or not.
        counted: How many those are.
        uncounted: How many other requests the model has read, for all that is known.
        written: Characters of what came back for those.
        is_out: Whether a request waits for its answer.
    """

    requests: int = 0
    tokens: Tokens = Tokens()
    counted: int = 0
    uncounted: int = 0
    written: int = 0
    is_out: bool = False

    def send(self) -> None:
        """Take note of a request that goes out."""
        self.requests += 1
        self.is_out = True

    def settle(self, tokens: Tokens = Tokens(), *, written: int | None) -> None:
        """Take note of what came of the request that is out; of one that is settled, nothing more comes.

        Args:
            tokens: As its answer tells them.
            written: How many characters came back; None if the model has not read it.
        """
        if not self.is_out:
            return
        self.is_out = False
        if tokens != Tokens():
            self.counted += 1
            self.tokens += tokens
        elif written is not None:
            self.uncounted += 1
            self.written += written
