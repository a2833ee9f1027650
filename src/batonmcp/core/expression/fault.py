"""A fault: what is wrong in an expression, said before the expression as a whole is at hand."""

__all__ = ["Fault"]


class Fault(Exception):
    """Something cannot be parsed, or cannot be done over the values it met.

    `parse` turns it into an `ExpressionInvalid`, `evaluate` into an `ExpressionFailed`.

    Args:
        message: What is wrong, without the expression's text.
        cure: What to write instead.
    """

    def __init__(self, *, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure
