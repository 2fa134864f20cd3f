"""Files from people who mean harm: tables, settings and journals, spoilt in ways to be survived."""

import json
from random import Random
from typing import Any

import yaml

NAMES = (
    "../../../../etc/passwd",
    "/etc/passwd",
    "..\\..\\secret",
    '=HYPERLINK("http://evil.test","x")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "＝1+1",
    "\t=1+1",
    "'=1+1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "](javascript:alert(1))",
    "![x](http://evil.test/x.png)",
    "a|b`c`",
    r"\input{/etc/passwd}",
    r"$\write18{id}$",
    "[1cm]",
    "*",
    "%n%s",
    "{{ ''.__class__.__mro__ }}",
    "{% include '/etc/passwd' %}",
    "[red]x[/red]",
    "[/x]",
    "[link=http://evil.test]x[/link]",
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b2J",
    "a\rb",
    "a\nb",
    "a\0b",
    "\u202egpj.evil",
    "\ufeffx",
    "\ufffc",
    "\ud800",
    "x" * 300,
    "́" * 500,
    "",
    " ",
    "nan",
    "null",
    "CON",
    ".",
    "..",
)
"""Names of videos, generators, judges and people."""

DEEP: Any = 0
for _ in range(200):
    DEEP = [DEEP]

VALUES: tuple[Any, ...] = (
    *NAMES,
    None,
    True,
    -1,
    0,
    2**63,
    10**30,
    float("nan"),
    float("inf"),
    1e308,
    [],
    {},
    [[]],
    {"": None},
    {"__class__": "x"},
    DEEP,
)
"""What stands where something else belongs."""

TAGS = (
    "!!python/object/apply:os.system ['touch OWNED']",
    "!!python/object/new:subprocess.Popen [['touch', 'OWNED']]",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!timestamp x",
    "!!int ''",
    "2024-99-99",
    "&a [*a]",
    "&a {b: *a}",
    "[" * 3000,
    "9" * 5000,
    "1:" * 3000 + "1",
    "a\0b",
    "{<<: [3]}",
    "!!set {a, b}",
    "? [a]\n: b",
)
"""YAML that builds objects, is no value of its kind, or never ends."""


def alias_bomb(levels: int = 30) -> str:
    """Return YAML of a few lines that holds 9 to the power of ``levels`` values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


def spoil_tree(random: Random, tree: Any) -> Any:
    """Return settings with one value, or one name of a value, exchanged."""
    if isinstance(tree, dict) and tree and random.random() < 0.9:
        key = random.choice(list(tree))
        if random.random() < 0.1:
            return {(random.choice(NAMES) if one == key else one): value for one, value in tree.items()}
        return {one: spoil_tree(random, value) if one == key else value for one, value in tree.items()}
    if isinstance(tree, list) and tree and random.random() < 0.9:
        at = random.randrange(len(tree))
        return [spoil_tree(random, value) if place == at else value for place, value in enumerate(tree)]
    return random.choice(VALUES)


def spoil_bytes(random: Random, data: bytes) -> bytes:
    """Return a file cut, flipped, doubled or in another encoding."""
    start, size = random.randrange(len(data) + 1), 2 ** random.randrange(8)
    return random.choice(
        [
            data[:start],
            data[:start] + random.randbytes(size) + data[start + size :],
            data[:start] + bytes(size) + data[start:],
            data[:start] + data[max(0, start - size) :],
            data[:start] + b'"' + data[start:],
            data.replace(b",", random.choice([b";", b"\t", b",,", b"\n"])),
            data.replace(b"\n", random.choice([b"\r", b"\r\n", b"\n\n", b""])),
            data.decode("utf-8", "replace").encode("utf-16"),
            b"\xef\xbb\xbf" + data,
            data * 3,
        ]
    )


def spoil_yaml(random: Random, data: bytes) -> bytes:
    """Return YAML with a value exchanged, a tag put in, or bytes spoilt."""
    turn = random.random()
    if turn < 0.6:
        tree = spoil_tree(random, yaml.safe_load(data))
        return yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass")
    if turn < 0.8:
        lines = data.decode().splitlines()
        at = random.randrange(len(lines))
        lines[at] = f"{lines[at].partition(':')[0]}: {random.choice(TAGS)}"
        return "\n".join(lines).encode()
    return spoil_bytes(random, data)


def spoil_json(random: Random, data: bytes) -> bytes:
    """Return JSON, or lines of it, with a value exchanged or bytes spoilt."""
    if random.random() < 0.3:
        return spoil_bytes(random, data)
    lines = data.splitlines() if data.count(b"\n") > 1 and data[:2] != b"{\n" else [data]
    at = random.randrange(len(lines))
    lines[at] = json.dumps(spoil_tree(random, json.loads(lines[at]))).encode()
    return random.choice([b"\n".join(lines) + b"\n", b"\n".join([*lines, b"[" * 50_000, b""])])


def spoil_csv(random: Random, data: bytes) -> bytes:
    """Return a table with a cell or a title exchanged, or bytes spoilt."""
    if random.random() < 0.3:
        return spoil_bytes(random, data)
    mark = random.choice([",", ";"]) if b";" in data else ","
    rows = [line.split(mark) for line in data.decode().splitlines()]
    row = random.choice(rows)
    value = random.choice([*NAMES, "1e999", "1e308", "-0", "0x10", "１", "x" * 200_000])
    row[random.randrange(len(row))] = random.choice([value, '"' + value.replace('"', '""') + '"'])
    return "\n".join(mark.join(row) for row in rows).encode("utf-8", "surrogatepass")
