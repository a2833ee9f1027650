"""The body of a request."""

from typing import Any

import pytest

from batonmcp.config.settings import LlmEndpoint
from batonmcp.llm.body import request_body
from batonmcp.llm.dialect import Dialect
from batonmcp.llm.port import Function, Request

HERE = LlmEndpoint(base_url="http://llm.test/v1", api_key=None, model="m")
WEATHER = Function(
    name="weather__today",
    description="Tells the weather." + " More." * 1_000,
    parameters={"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"city": {"type": "string", "pattern": "^x"}}}}},
)
PLAN = Function(
    name="plan", description="A plan.", parameters={"properties": {"steps": {"items": {}}}, "required": ["steps"]}
)
ROUTE = Request(stage="route", system="S", user="U", functions=[WEATHER, PLAN], temperature=0, plan_function="plan")


def body(dialect: Dialect, request: Request = ROUTE, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the body in a dialect."""
    endpoint = LlmEndpoint(base_url=HERE.base_url, api_key=None, model="m", parameters=parameters)
    return request_body(request, endpoint, dialect)


def test_minimum() -> None:
    """The model, the messages, the temperature, and the tools, with descriptions and schemas made safe."""
    written = body(Dialect())
    assert written.keys() == {"model", "messages", "temperature", "tools"}
    assert written["messages"] == [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    function = written["tools"][0]["function"]
    assert function["name"] == "weather__today"
    assert len(function["description"]) <= 1_024
    assert function["parameters"] == {"type": "object", "properties": {"city": {"type": "string", "pattern": "^x"}}}


def test_text_only_has_no_tools() -> None:
    """Without functions no form matters, and an empty list of tools is never sent."""
    request = Request(stage="synthesize", system="S", user="U", temperature=0.7)
    for form in ("tools", "json_schema", "text"):
        assert body(Dialect(form=form), request).keys() == {"model", "messages", "temperature"}


def test_plan_by_schema() -> None:
    """As JSON by a schema: the schema is that of a plan, or of the reason for none; the tools stand in the text."""
    written = body(Dialect(form="json_schema"))
    assert "tools" not in written
    schema = written["response_format"]["json_schema"]["schema"]
    assert schema["properties"].keys() == {"steps", "reason"}
    assert schema["required"] == ["steps"]
    system = written["messages"][0]["content"]
    assert system.startswith("S\n\nYou cannot call functions here: write the arguments of plan instead")
    assert '{"name":"weather__today","description":"Tells the weather.' in system
    assert "JSON Schema" not in system


def test_plan_as_some_object_and_as_text() -> None:
    """With less help from the endpoint the schema stands in the text, which always says JSON, as OpenAI asks for."""
    some, text = body(Dialect(form="json_object")), body(Dialect(form="text"))
    assert some["response_format"] == {"type": "json_object"}
    assert "response_format" not in text
    for written in (some, text):
        assert 'keeps to this JSON Schema: {"type":"object","properties":{"steps"' in written["messages"][0]["content"]


def test_calls_where_there_is_no_plan() -> None:
    """Functions without one for plans are asked for as a list of calls."""
    request = Request(stage="route", system="S", user="U", functions=[WEATHER], temperature=0)
    written = body(Dialect(form="json_schema"), request)
    assert written["response_format"]["json_schema"]["schema"]["properties"].keys() == {"calls", "reason"}
    assert '{"calls": [{"name": "...", "arguments": {}}]}' in written["messages"][0]["content"]


@pytest.mark.parametrize(
    ("dialect", "parameters", "expected"),
    [
        (Dialect(), {"max_tokens": 5}, {"max_tokens": 5}),
        (Dialect(renamed=True), {"max_tokens": 5}, {"max_completion_tokens": 5}),
        (Dialect(), {"max_completion_tokens": 5}, {"max_completion_tokens": 5}),
        (Dialect(renamed=True), {"max_completion_tokens": 5}, {"max_tokens": 5}),
        (Dialect(dropped=frozenset({"max_tokens"})), {"max_completion_tokens": 5}, {}),
        (Dialect(limit=9), {}, {"max_tokens": 9}),
        (Dialect(limit=9), {"max_tokens": 5}, {"max_tokens": 5}),
        (Dialect(renamed=True), {}, {}),
    ],
)
def test_limit_of_output_tokens(dialect: Dialect, parameters: dict[str, Any], expected: dict[str, Any]) -> None:
    """The limit goes out under the name that is known there, or not at all."""
    written = body(dialect, **parameters)
    assert {key: value for key, value in written.items() if key.startswith("max_")} == expected


def test_parameters_of_the_settings() -> None:
    """What is configured is sent, also in place of our temperature; what an endpoint does not take is not."""
    assert body(Dialect(), temperature=0.3, seed=1)["temperature"] == 0.3
    assert "seed" not in body(Dialect(dropped=frozenset({"seed"})), seed=1)
    assert "temperature" not in body(Dialect(dropped=frozenset({"temperature"})))


def test_thinking_is_turned_off_for_tools_only() -> None:
    """A model that cannot think and call tools is told so where there are tools."""
    assert body(Dialect(effort="none"), reasoning_effort="low")["reasoning_effort"] == "none"
    assert "reasoning_effort" not in body(Dialect(effort="none", form="json_schema"))


def test_plain_schemas_and_no_system() -> None:
    """Patterns are left out, and the system's text goes before the user's."""
    written = body(Dialect(schemas="plain", merged=True))
    assert written["tools"][0]["function"]["parameters"]["properties"] == {"city": {"type": "string"}}
    assert written["messages"] == [{"role": "user", "content": "S\n\nU"}]


def test_stream_is_asked_for_where_it_is_taken() -> None:
    """With its count of tokens; without either where the endpoint does not take it."""
    endpoint = LlmEndpoint(base_url=HERE.base_url, api_key=None, model="m")
    written = request_body(ROUTE, endpoint, Dialect(), stream=True)
    assert (written["stream"], written["stream_options"]) == (True, {"include_usage": True})
    assert "stream_options" not in request_body(ROUTE, endpoint, Dialect().without("stream_options"), stream=True)
    without = request_body(ROUTE, endpoint, Dialect().without("stream"), stream=True)
    assert not {"stream", "stream_options"} & without.keys()
    assert without == request_body(ROUTE, endpoint, Dialect())
