"""Effects: what a tool may do, from annotations, names and servers.json."""

import pytest

from batonmcp.core.effect import DESTRUCTIVE_VERBS, Annotations, Effect, EffectKind, effect_of, override_of, verb_of

SILENT = Annotations()


def classed(
    name: str = "get",
    annotations: Annotations = SILENT,
    *,
    untrusted: bool = False,
    overrides: dict[str, EffectKind] | None = None,
) -> Effect:
    """Return the effect of a tool of the server `s`."""
    return effect_of(name, f"s__{name}", annotations=annotations, untrusted=untrusted, overrides=overrides or {})


@pytest.mark.parametrize(
    ("read_only", "destructive", "kind"),
    [
        (True, None, "read"),
        (True, False, "read"),
        (True, True, "read"),  # destructiveHint means something only for what is not read-only
        (False, None, "destructive"),
        (False, True, "destructive"),
        (False, False, "write"),
        (None, True, "destructive"),
        (None, False, "write"),
    ],
)
def test_annotations_decide(read_only: bool | None, destructive: bool | None, kind: EffectKind) -> None:  # noqa: FBT001 - a table
    """A trusted server's hints are taken, with the specification's default where it is half silent."""
    effect = classed("delete_all", Annotations(read_only=read_only, destructive=destructive))
    assert (effect.kind, effect.source) == (kind, "declared")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("get_report", "write"),
        ("send", "write"),
        ("delete", "destructive"),
        ("drop_table", "destructive"),
        ("dropTable", "destructive"),
        ("bulk-remove", "destructive"),
        ("DELETE_ALL", "destructive"),
        ("HTTPDelete", "destructive"),
        ("purgeALL", "destructive"),
        ("delete2", "destructive"),
        ("list_deleted", "write"),
        ("backdrop", "write"),
        ("resetting", "write"),
    ],
)
def test_a_silent_servers_tool_is_classed_by_its_name(name: str, kind: EffectKind) -> None:
    """Without annotations a tool writes, and destroys if a word of its name says so; parts of words say nothing."""
    effect = classed(name)
    assert (effect.kind, effect.source) == (kind, "guessed")


@pytest.mark.parametrize("verb", sorted(DESTRUCTIVE_VERBS))
def test_each_listed_verb_is_destructive(verb: str) -> None:
    """Every verb of the list counts, wherever it stands in the name."""
    assert classed(f"{verb}_it").kind == classed(f"do_{verb}").kind == "destructive"


@pytest.mark.parametrize(
    ("name", "annotations", "kind", "source"),
    [
        ("get", Annotations(read_only=True), "write", "guessed"),
        ("delete", Annotations(read_only=True), "destructive", "guessed"),
        ("delete", Annotations(read_only=False, destructive=False), "destructive", "guessed"),
        ("get", Annotations(read_only=False), "destructive", "declared"),
        ("get", Annotations(read_only=False, destructive=False), "write", "declared"),
        ("get", SILENT, "write", "guessed"),
    ],
)
def test_an_untrusted_servers_annotations_only_tighten(
    name: str, annotations: Annotations, kind: EffectKind, source: str
) -> None:
    """They can make a tool worse than its name does, never better."""
    effect = classed(name, annotations, untrusted=True)
    assert (effect.kind, effect.source) == (kind, source)


def test_an_untrusted_servers_other_hints_do_not_loosen() -> None:
    """Neither closed to the world nor idempotent is believed."""
    hints = Annotations(read_only=False, idempotent=True, open_world=False)
    effect = classed("put", hints, untrusted=True)
    assert (effect.idempotent, effect.open_world) == (False, True)


@pytest.mark.parametrize("kind", ["read", "write", "destructive"])
@pytest.mark.parametrize("untrusted", [False, True])
def test_servers_json_overrules_everything(kind: EffectKind, untrusted: bool) -> None:  # noqa: FBT001 - a table
    """What the user set for the tool wins over its annotations, its name and the mark `untrusted`."""
    effect = classed(
        "delete", Annotations(read_only=False), untrusted=untrusted, overrides={"x__*": "write", "s__*": kind}
    )
    assert (effect.kind, effect.source) == (kind, "set")


def test_the_first_override_that_matches_wins() -> None:
    """The order of servers.json decides between two globs."""
    overrides: dict[str, EffectKind] = {"s__get": "read", "s__*": "destructive"}
    assert classed("get", overrides=overrides).kind == "read"
    assert classed("put", overrides=overrides).kind == "destructive"


def test_overrides_match_the_qualified_name_with_its_case() -> None:
    """A glob for another server, or in other letters, is no override."""
    assert classed("get", overrides={"get": "read", "S__GET": "read", "t__*": "read"}).source == "guessed"


@pytest.mark.parametrize(
    ("annotations", "idempotent"),
    [
        (Annotations(read_only=True), True),
        (Annotations(read_only=True, idempotent=False), True),
        (Annotations(read_only=False), False),
        (Annotations(read_only=False, idempotent=True), True),
        (SILENT, False),
    ],
)
def test_a_read_is_idempotent_and_the_rest_must_declare_it(annotations: Annotations, idempotent: bool) -> None:  # noqa: FBT001 - a table
    """A retry needs a promise, which reading is."""
    assert classed("put", annotations).idempotent is idempotent


@pytest.mark.parametrize(("declared", "open_world"), [(None, True), (True, True), (False, False)])
def test_a_tool_is_open_to_the_world_unless_denied(declared: bool | None, open_world: bool) -> None:  # noqa: FBT001 - a table
    """Silence is the specification's default: open."""
    assert classed("get", Annotations(open_world=declared)).open_world is open_world


@pytest.mark.parametrize(
    ("name", "verb"),
    [("dropTable", "drop"), ("DROP_TABLE", "drop"), ("get_and-delete2", "delete"), ("dropdown", None), ("", None)],
)
def test_the_verb_of_a_name(name: str, verb: str | None) -> None:
    """What a guess of "destructive" rests on can be told to a person."""
    assert verb_of(name) == verb
    assert (classed(name).kind == "destructive") is (verb is not None)


def test_the_override_of_a_tool() -> None:
    """The key that decided can be told too: the first that matches."""
    overrides: dict[str, EffectKind] = {"t__*": "read", "s__g*": "read", "s__get": "write", "*": "write"}
    assert [override_of(name, overrides) for name in ("s__get", "s__put", "t__x")] == ["s__g*", "*", "t__*"]
    assert override_of("s__get", {}) is None
