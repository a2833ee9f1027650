"""Questions of servers as requests to a host."""

import pytest
from mcp_types import (
    ClientCapabilities,
    CreateMessageRequest,
    CreateMessageResult,
    CreateMessageResultWithTools,
    ElicitationCapability,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    FormElicitationCapability,
    ListRootsRequest,
    ListRootsResult,
    RootsCapability,
    SamplingCapability,
    SamplingToolsCapability,
    TextContent,
    UrlElicitationCapability,
)
from pydantic import JsonValue

from batonmcp.core.caller import Answer, Asked, Declined, Question
from batonmcp.host.question import answer_of, request_of, result_type
from doubles.asking import question

FORM, URL = FormElicitationCapability(), UrlElicitationCapability()
ALL = ClientCapabilities(
    elicitation=ElicitationCapability(form=FORM, url=URL),
    sampling=SamplingCapability(tools=SamplingToolsCapability()),
    roots=RootsCapability(),
)
WORDS: JsonValue = [{"role": "user", "content": {"type": "text", "text": "Hi"}}]
SCHEMA: JsonValue = {"type": "object", "properties": {"a": {"type": "string"}}}


def form_of(asked: Question, capabilities: ClientCapabilities = ALL) -> ElicitRequestFormParams:
    """Return the form that a host is to show."""
    request = request_of(asked, capabilities)
    assert isinstance(request, ElicitRequest), request
    assert isinstance(request.params, ElicitRequestFormParams)
    return request.params


def test_words_for_a_person_are_fit_to_be_shown() -> None:
    """Message, titles and descriptions lose what cannot be seen; names and values that are sent back do not change."""
    field: JsonValue = {"type": "string", "title": "T\x1b[2J", "description": "d\u202e" * 1_000, "enum": ["x\u200b"]}
    asked = question(
        message="Go\x07 on?\nReally? \u202egnp",
        requestedSchema={"type": "object", "properties": {"title": field}},
        _meta={"progressToken": 1},
        task={"ttl": 1},
    )
    params = form_of(asked)
    assert params.message == "GitHub (github) asks: Go on?\nReally? gnp"
    shown = params.requested_schema["properties"]["title"]
    assert (shown["title"], len(shown["description"]), shown["enum"]) == ("T[2J", 300, ["x\u200b"])
    assert (params.meta, params.task) == (None, None)


def test_a_message_has_an_end() -> None:
    """However long it is, a person gets 2,000 bytes of it at most, with the name of who asks first."""
    long = form_of(question(message="é" * 100_000, requestedSchema=SCHEMA)).message
    assert long.startswith("GitHub (github) asks: éé")
    assert len(long.encode()) <= 2_000
    flood = Question(server="s" * 9_999, agent="\x1b" * 9_999, about="elicitation", params={"requestedSchema": SCHEMA})
    assert len(form_of(flood).message) < 500


@pytest.mark.parametrize(
    ("capability", "works"),
    [
        (None, False),
        (ElicitationCapability(), True),
        (ElicitationCapability(form=FORM), True),
        (ElicitationCapability(url=URL), False),
    ],
    ids=["nothing", "unsaid", "forms", "pages only"],
)
def test_who_can_show_a_form(capability: ElicitationCapability | None, works: bool) -> None:  # noqa: FBT001
    """A host that says no more than elicitation means forms."""
    request = request_of(question(message="?", requestedSchema=SCHEMA), ClientCapabilities(elicitation=capability))
    assert isinstance(request, ElicitRequest) is works


@pytest.mark.parametrize(
    ("asked", "capabilities", "because"),
    [
        (
            question(mode="url", message="?", url="https://x.example"),
            ClientCapabilities(elicitation=ElicitationCapability()),
            "this host cannot have a person open a page; the page is https://x.example",
        ),
        (
            question(mode="url", message="?", url="javascript:alert(1)"),
            ALL,
            "the address that it wants opened is not one that can be shown",
        ),
        (
            question(mode="url", message="?", url="https://x.example/\u202e"),
            ALL,
            "the address that it wants opened is not one that can be shown",
        ),
        (question(message="?", requestedSchema={"a": "x" * 40_000}), ALL, "its form is too long for a person"),
        (question(message="?"), ALL, "it is not as the protocol has such a request"),
        (question("sampling", maxTokens=1), ALL, "it is not as the protocol has such a request"),
        (question("sampling", messages=WORDS, maxTokens=1), None, "this host does not lend its model"),
        (
            question("sampling", messages=WORDS, maxTokens=1, tools=[{"name": "x", "inputSchema": {"type": "object"}}]),
            ClientCapabilities(sampling=SamplingCapability()),
            "this host does not lend its model with tools",
        ),
        (
            question("sampling", messages=WORDS, maxTokens=1, systemPrompt="x" * 300_000),
            ALL,
            "it is longer than 256,000 bytes",
        ),
        (question("roots"), ClientCapabilities(), "this host has no list of folders to give"),
    ],
)
def test_what_is_declined(asked: Question, capabilities: ClientCapabilities | None, because: str) -> None:
    """What a host cannot do, and what is no such request, is not sent to it."""
    assert request_of(asked, capabilities) == Declined(because=because)


def test_a_models_instructions_say_who_asks() -> None:
    """Those of the server come after."""
    request = request_of(question("sampling", messages=WORDS, maxTokens=1, systemPrompt="Be brief."), ALL)
    assert isinstance(request, CreateMessageRequest)
    assert request.params.system_prompt == "GitHub (github) asks this, through batonmcp.\n\nBe brief."
    assert result_type(request) is CreateMessageResult


def test_the_types_of_answers() -> None:
    """Each request has its own; a model with tools has another."""
    tool: JsonValue = {"name": "x", "inputSchema": {"type": "object"}}
    asked = [
        question(message="?", requestedSchema=SCHEMA),
        question("sampling", messages=WORDS, maxTokens=1, tools=[tool]),
        question("roots"),
    ]
    requests = [request_of(each, ALL) for each in asked]
    assert isinstance(requests[2], ListRootsRequest)
    types = [result_type(request) for request in requests if not isinstance(request, Declined)]
    assert types == [ElicitResult, CreateMessageResultWithTools, ListRootsResult]


@pytest.mark.parametrize("about", ["elicitation", "sampling", "roots"])
def test_answers(about: Asked) -> None:
    """An answer goes back as JSON if it is one to the question, and is declined otherwise."""
    responses = {
        "elicitation": ElicitResult(action="accept", content={"a": "x"}),
        "sampling": CreateMessageResult(role="assistant", content=TextContent(text="Hi"), model="m"),
        "roots": ListRootsResult(roots=[]),
    }
    answers = {kind: answer_of(question(about), response) for kind, response in responses.items()}
    fitting = answers.pop(about)
    assert isinstance(fitting, Answer)
    assert "_meta" not in fitting.result
    assert set(answers.values()) == {Declined(because="the host's answer does not fit the question")}
