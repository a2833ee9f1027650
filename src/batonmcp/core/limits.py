"""Bounds of one run."""

from dataclasses import dataclass

from batonmcp.core.json_text import size_of

__all__ = ["Limits", "size_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run; servers.json may change them under `limits`.

    Attributes:
        steps: Most steps in a plan.
        depth: Longest chain of steps that wait for each other.
        argument_bytes: Largest arguments of one call, as JSON in UTF-8.
        items: Most items of one `for_each`.
        parallel_items: Calls of one `for_each` in flight at a time.
        parallel_run: Calls of one run in flight at a time.
        parallel_server: Calls to one server in flight at a time, of all runs.
        parallel_total: Calls to all servers in flight at a time, of all runs.
        attempts: How often one call is made at most, where making it again does no harm.
        call_timeout: Longest one tool call may take, in seconds.
        run_timeout: Longest a run may take, in seconds: its plan, its steps and its answer together.
        connect_timeout: Longest a server may take to get ready, in seconds.
        query_bytes: Longest query, in UTF-8 bytes.
        result_bytes: Largest message that a server may send, decoded.
        answer_within: Seconds after which a host gets what is done, while the run goes on; None: as the host can take.
        runs: Runs of hosts at work at a time; those that wait for a person do not count.
        waiting_runs: Runs that may wait for their turn; what comes on top is told to try again.
        kept_runs: Runs whose whole results stay readable after their end.
        kept_bytes: Bytes of results that stay readable together, about.
        kept_seconds: How long they do.
        native_tokens: Most tokens of tools that are offered to a model as functions, with their whole schemas.
        catalogue_tokens: Most tokens of all signatures; above them, only those that match the query best are shown.
        llm_tokens: Most tokens of all model calls of one run together; None: any number.
        cost_usd: Most that they may cost, where the prices are known; None: anything.
        early_start: Whether steps that only read may start while their plan is still being written.
    """

    steps: int = 24
    depth: int = 24
    argument_bytes: int = 262_144
    items: int = 100
    parallel_items: int = 8
    parallel_run: int = 16
    parallel_server: int = 16
    parallel_total: int = 64
    attempts: int = 3
    call_timeout: float = 30.0
    run_timeout: float = 120.0
    connect_timeout: float = 20.0
    query_bytes: int = 65_536
    result_bytes: int = 8_000_000
    answer_within: float | None = None
    runs: int = 32
    waiting_runs: int = 256
    kept_runs: int = 200
    kept_bytes: int = 64_000_000
    kept_seconds: float = 3_600.0
    native_tokens: int = 3_000
    catalogue_tokens: int = 30_000
    llm_tokens: int | None = None
    cost_usd: float | None = None
    early_start: bool = True
