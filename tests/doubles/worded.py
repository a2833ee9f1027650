"""Calls and plans as models have been seen to write them into their text.

Every call is of `a__x` with `{"n": 1}`; every plan has the steps `STEPS`, and its function is called `plan`.
"""

from typing import Final

__all__ = ["CALLS", "PLANS", "STEPS"]

STEPS: Final = '[{"id": "s1", "tool": "a__x", "arguments": {}}]'

CALLS: Final = (
    '{"name": "a__x", "arguments": {"n": 1}}',
    '{"name": "a__x", "arguments": "{\\"n\\": 1}"}',
    '{"tool": "a__x", "args": {"n": 1}}',
    '{"tool_name": "a__x", "parameters": {"n": 1}}',
    '{"action": "a__x", "action_input": {"n": 1}}',
    '{"recipient_name": "functions.a__x", "parameters": {"n": 1}}',
    '{"type": "function", "function": {"name": "a__x", "arguments": {"n": 1}}}',
    '{"type": "function", "function": "a__x", "parameters": {"n": 1}}',
    '{"tool_calls": [{"function": {"name": "a__x", "arguments": "{\\"n\\": 1}"}}]}',
    '{"tool_uses": [{"recipient_name": "functions.a__x", "parameters": {"n": 1}}]}',
    '{"a__x": {"n": 1}}',
    '[{"name": "a__x", "arguments": {"n": 1}}]',
    '<tool_call>\n{"name": "a__x", "arguments": {"n": 1}}\n</tool_call>',
    '```json\n{"name": "a__x", "arguments": {"n": 1}}\n```\nThat is the call.',
    '<function=a__x>{"n": 1}</function>',
)

PLANS: Final = (
    f'{{"steps": {STEPS}}}',
    STEPS,
    f"Sure:\n```json\n{STEPS}\n```",
    f'{{"plan": {{"steps": {STEPS}}}}}',
    f'{{"name": "plan", "arguments": {{"steps": {STEPS}}}}}',
)
