"""Step ids: usable ones stay, others get a name that expressions can hold."""

import keyword

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batonmcp.core.errors import ExpressionInvalid
from batonmcp.core.expression import CONSTANT_NAMES, FUNCTION_NAMES, parse
from batonmcp.core.ids import INPUTS, PER_ITEM, free_id, is_usable, parse_renamed


@pytest.mark.parametrize("name", ["a", "_", "orders", "get_orders_2", "_x", "a" * 32])
def test_an_ordinary_id_is_usable(name: str) -> None:
    """Lower case letters, digits and underscores, up to 32 of them."""
    assert is_usable(name)


@pytest.mark.parametrize(
    "name",
    ["", "A", "get-orders", "1", "2nd", "a b", "é", "a.b", "a" * 33, "a\n"]
    + sorted(FUNCTION_NAMES | CONSTANT_NAMES | PER_ITEM | {INPUTS})
    + [word.lower() for word in keyword.kwlist],
)
def test_an_id_that_means_something_else_is_not_usable(name: str) -> None:
    """Other characters, keywords, functions, `item`, `index` and `inputs` would make an expression ambiguous."""
    assert not is_usable(name)


@settings(deadline=None)
@given(st.text(max_size=40), st.sets(st.sampled_from(["a", "a_2", "step", "step_2", "s_1", "len_2"])))
def test_any_wish_gives_a_usable_free_id(wish: str, taken: set[str]) -> None:
    """Whatever was written, the new id can be used, is nobody else's, and is the same each time."""
    name = free_id(wish, taken)
    assert is_usable(name)
    assert name not in taken
    assert free_id(wish, taken) == name
    assert parse(name).names == {name}


@pytest.mark.parametrize(
    ("wish", "taken", "name"),
    [
        ("Get Orders", set[str](), "get_orders"),
        ("get-orders", {"get_orders"}, "get_orders_2"),
        ("1", set[str](), "s_1"),
        ("2nd step", set[str](), "s_2nd_step"),
        ("for", set[str](), "for_2"),
        ("len", {"len_2"}, "len_3"),
        ("日本", set[str](), "step"),
        ("x" * 50, set[str](), "x" * 28),
    ],
)
def test_a_new_id_looks_like_the_wish(wish: str, taken: set[str], name: str) -> None:
    """A reader recognises the id in the run record."""
    assert free_id(wish, taken) == name


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("get-orders.total", "get_orders.total"),
        ("get-orders == 3", "get_orders == 3"),
        ("[o for o in get-orders if o.open]", "[o for o in get_orders if o.open]"),
        ("[o.id for o in get-orders]", "[o.id for o in get_orders]"),
        ("len(get-orders) > 0 and get-orders[0].open", "len(get_orders) > 0 and get_orders[0].open"),
        ("f'{get-orders.total} get-orders'", "f'{get_orders.total} get-orders'"),
        ("""f"{get-orders['get-orders']}" """, """f"{get_orders['get-orders']}" """),
        ("'get-orders' in get-orders", "'get-orders' in get_orders"),
        (r"'\'get-orders' + get-orders", r"'\'get-orders' + get_orders"),
        ("""{"get-orders": get-orders}""", """{"get-orders": get_orders}"""),
        ("other.a - 1", "other.a - 1"),
    ],
)
def test_an_id_that_is_no_name_is_replaced_in_code_only(source: str, written: str) -> None:
    """References follow the new id wherever they stand; text that looks like the id stays."""
    assert parse_renamed(source, {"get-orders": "get_orders"}).source == written


@pytest.mark.parametrize(
    "source", ["a.get-orders", "get-orders-2", "x-get-orders", "forget-orders", "get-orders_2"], ids=str
)
def test_a_longer_name_is_not_replaced(source: str) -> None:
    """Only the id as a whole is a reference."""
    assert parse_renamed(source, {"get-orders": "get_orders"}).source == source


@pytest.mark.parametrize(
    ("source", "renamed"),
    [
        ("len(a) > 1", {"1": "s_1"}),
        ("a[1]", {"1": "s_1"}),
        ("a * 1e3 + 2.5", {"1e3": "s_1e3", "2.5": "s_2_5"}),
        ("a in [1]", {"in": "in_2"}),
        ("a if b else [c]", {"if": "if_2", "else": "else_2"}),
        ("not a or b", {"not": "not_2", "or": "or_2"}),
        ("a == None", {"None": "none_2"}),
        ("a == true", {"true": "true_2"}),
        ("len(a)", {"len": "len_2"}),
        ("a + '1'", {"'1'": "s_1"}),
        ("[o for o in a]", {"o": "o_2"}),
    ],
)
def test_what_means_something_else_stays(source: str, renamed: dict[str, str]) -> None:
    """A number, operator, constant, function or loop variable is never taken for a step's id."""
    assert parse_renamed(source, renamed).source == source


@pytest.mark.parametrize(
    ("source", "renamed", "written"),
    [
        ("Orders.total", {"Orders": "orders"}, "orders.total"),
        ("[Orders.x for x in Orders]", {"Orders": "orders"}, "[orders.x for x in orders]"),
        ("len(len.list)", {"len": "len_2"}, "len(len_2.list)"),
        ("from.a + class[0]", {"from": "from_2", "class": "class_2"}, "from_2.a + class_2[0]"),
        ("Orders.Orders", {"Orders": "orders"}, "orders.Orders"),
        ("2nd.a", {"2nd": "s_2nd"}, "s_2nd.a"),
        ("get orders.a", {"get orders": "get_orders"}, "get_orders.a"),
        ("A.x + a-b.y", {"A": "a", "a-b": "a_b"}, "a.x + a_b.y"),
    ],
)
def test_references_follow_every_kind_of_id(source: str, renamed: dict[str, str], written: str) -> None:
    """Ids in other letters, keywords, function names and ids that Python cannot read at all."""
    expression = parse_renamed(source, renamed)
    assert expression.source == written
    assert expression.names <= set(renamed.values())


def test_a_new_name_that_a_loop_variable_has_is_refused() -> None:
    """It would read the variable in place of the step; better a sentence."""
    with pytest.raises(ExpressionInvalid, match="orders"):
        parse_renamed("[orders for orders in Orders]", {"Orders": "orders"})


def test_without_new_names_the_source_stays_as_written() -> None:
    """Spaces and quotes are the author's."""
    assert parse_renamed("a  +  'b'", {}).source == "a  +  'b'"
