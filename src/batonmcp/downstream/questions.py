"""The questions that a server asks of us while it works: passed on to the caller of the tool that is running."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from mcp.client.context import ClientRequestContext
from mcp_types import (
    INVALID_REQUEST,
    CreateMessageRequestParams,
    CreateMessageResult,
    CreateMessageResultWithTools,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    ListRootsResult,
)
from pydantic import BaseModel, ValidationError

from batonmcp.core.caller import Answer, Asked, Declined, Question
from batonmcp.downstream.call import CURRENT_CALL, DECLINED, Call

__all__ = ["Questions"]

_NO_CALL: Final[Answer | Declined] = Declined(because="no tool of the server is being called")
_SEVERAL_USERS: Final = Declined(
    because="calls of several users are running, and it is not known which one it belongs to"
)

_Result = TypeVar("_Result", bound=BaseModel)


class _Named(Protocol):
    @property
    def title(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Questions:
    """Finds the call that a question belongs to and asks its caller; the call's clock stands still meanwhile.

    Newer streams tell which call it is. On older ones a question carries no sign of its call; then it is put to the
    newest call in flight that has no question open yet, but only if all of them are made for the same principal:
    nobody is asked what another one's run has caused. As it may be anyone's, the clocks of all of them stand still,
    and when the run ends that it was put to, it is put to another one.

    Args:
        server: The server's key in servers.json.
        named: Knows its display name.
        in_flight: The calls that now run, the oldest first.
    """

    server: str
    named: _Named
    in_flight: Collection[Call[Any]]
    _open: list[Call[Any]] = field(default_factory=list[Call[Any]])

    async def elicit(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        """Have a person answer. Where nobody can, the server is told that it was declined."""
        del context  # it says nothing of the call
        reply = await self._ask("elicitation", _document(params))
        if isinstance(reply, Declined):
            return ElicitResult(action="decline", _meta={"batonmcp/because": reply.because})
        return _read(ElicitResult, reply)

    async def sample(
        self, context: ClientRequestContext, params: CreateMessageRequestParams
    ) -> CreateMessageResult | CreateMessageResultWithTools | ErrorData:
        """Have the host's model answer."""
        del context
        reply = await self._ask("sampling", _document(params))
        if isinstance(reply, Declined):
            return _refused("Sampling", reply)
        return _read(CreateMessageResultWithTools if params.tools else CreateMessageResult, reply)

    async def list_roots(self, context: ClientRequestContext) -> ListRootsResult | ErrorData:
        """Have the host name the folders that the server may use."""
        del context
        reply = await self._ask("roots", {})
        if isinstance(reply, Declined):
            return _refused("Listing roots", reply)
        return _read(ListRootsResult, reply)

    async def _ask(self, about: Asked, params: Mapping[str, Any]) -> Answer | Declined:
        question = Question(server=self.server, agent=self.named.title, about=about, params=params)
        if call := CURRENT_CALL.get():
            return await self._put(question, call, [call])
        over, reply = set[Call[Any]](), _NO_CALL
        while calls := [call for call in self.in_flight if call not in over]:
            if len({call.caller.principal for call in calls}) > 1:
                return _SEVERAL_USERS
            likeliest = min(reversed(calls), key=self._open.count)
            reply = await self._put(question, likeliest, calls)
            if not (isinstance(reply, Declined) and reply.over):
                break
            over.add(likeliest)
        return reply

    async def _put(self, question: Question, call: Call[Any], held: Iterable[Call[Any]]) -> Answer | Declined:
        """Ask the caller of one call while the clocks of these stand still."""
        with ExitStack() as clocks:
            for waiting in held:
                clocks.enter_context(waiting.clock.held())
            self._open.append(call)
            clocks.callback(self._open.remove, call)
            return await call.caller.ask(question)


def _document(params: BaseModel) -> Mapping[str, Any]:
    return params.model_dump(mode="json", by_alias=True, exclude_none=True)


def _read(result: type[_Result], reply: Answer) -> _Result | ErrorData:
    try:
        return result.model_validate(dict(reply.result), by_name=False)
    except ValidationError as error:
        return ErrorData(code=INVALID_REQUEST, message=f"The answer of the host is no {result.__name__}: {error}")


def _refused(what: str, declined: Declined) -> ErrorData:
    sentence = f"{what} was declined because {declined.because}."
    return ErrorData(code=INVALID_REQUEST, message=sentence, data=DECLINED)
