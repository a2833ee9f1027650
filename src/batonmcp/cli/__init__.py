"""The command line, and the only place that constructs things and wires them."""

__all__: list[str] = []
