r"""The expression language of plans: a small, closed subset of Python's expressions over JSON values.

It has constants, names, `a.key`, `a[index]`, slices, `+ - * / // % **`, comparisons, `in`, `is null`, `and or not`,
`a if b else c`, lists, objects, comprehensions, f-strings, and calls of the functions and methods in `functions`.
`true`, `false` and `null` are known. The argument `key` takes a `lambda` (which stands nowhere else), the name of a
function or method, or the name of a field such as 'a.b'. Keys, items and characters of JSON values are all that can be
reached.

`match(text, pattern)` gives the first match or null, `find_all(text, pattern)` the list of all, and
`replace_all(text, pattern, replacement)` the text with each replaced, where `\1` or `\g<name>` stands for a group. A
match is its text; with one group the text of that, with several a list of them, with named groups `(?P<name>...)` an
object. Patterns are RE2's, which take time linear in the text: no lookaround, no back references.

From a text to a value: `syntax` reads the text into Python's tree, `scopes` finds out what its names mean, `compiler`
puts `evaluators` and `loops` together, and those run over a `frame` whose `budget` pays for all they do. `literals`
checks what can be before, `pattern` is the library of regular expressions, and `language` is the way in.

Differences from Python:

- Selecting from null (`a.key`, `a[0]`, `a[1:]`, `a.upper()`) gives null, `a.get(key, default)` the default; `len(null)`
  is 0, null has no items, and `x in null` is false.
- Tuples, sets, ranges and what `zip`, `keys` and their like give are lists. A set keeps the order of its items.
  A generator is a list, made at once: `any(...)` ends no sooner, and `next(...)` takes the first item of any list.
- Keys of objects are text. A number, boolean or null as a key is written as JSON has it, so `a[1]` reads "1".
- `a.items` reads a key, `a.items()` calls the method. What is called is a function of the language, even where a
  variable has its name.
- A variable is known from its own `for` on, so in `for x in a for y in y` the second `y` is that of the plan.
- Infinity and "not a number" are errors, and so is an integer of more than 307 digits.
- In patterns `\w`, `\d`, `\s` and `\b` know ASCII only (`\p{L}` is any letter), and `$` is the very end of the text.
- `is` compares with null, true and false only; `isinstance` knows bool, dict, float, int, list and str.
- `%` does not format text, `*` and `**` do not spread arguments, and no operator works on the bits of numbers.
- Evaluation has a budget, and lists, texts, the source and nesting have limits (`Limits`, `syntax`).
"""

from batonmcp.core.expression.budget import Limits
from batonmcp.core.expression.functions import FUNCTION_NAMES
from batonmcp.core.expression.language import Expression, evaluate, parse, rename
from batonmcp.core.expression.scopes import CONSTANT_NAMES

__all__ = ["CONSTANT_NAMES", "FUNCTION_NAMES", "Expression", "Limits", "evaluate", "parse", "rename"]
