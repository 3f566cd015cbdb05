"""A whole configuration (every setting, watchlists, a group, a register, templates, a secret), and ways to damage it in one place."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

WHOLE = Path(__file__).parents[2] / "config" / "watcher.example.toml"
SECRET = "slack://hush/"
ENVIRON = {"WATCHER_MAIL_URL": "mailtos://hush@example.com", "WATCHER_HOOK_SECRET": "hush"}
REGISTER = '[[expected]]\nperson = "Roe Jane"\nfrom = 2026-06-01\nto = 2026-06-30\nshares = 5_000\n'
BESIDE = {
    "watchlists/a.txt": "# ours\nMSFT\nbrk.b  # class B\n0000320193\nowner 0001214156\n",
    "fund/b.txt": "MSFT\nAAPL\n",
    "expected.toml": REGISTER,
    **dict.fromkeys(("subject.txt.j2", "text.txt.j2", "mail.html.j2", "slack.txt.j2"), "{{ accession_number }}\n"),
}
CONFIG = "watcher.toml"
KEY = re.compile(r"^(\w+)( = )(.+)$")


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to which file; `line` is where it must be said, 0 where the damage has no line of its own. `fine`: it does no harm."""

    what: str
    file: str
    line: int = 0
    fine: bool = False


def lay(folder: Path) -> None:
    """The whole configuration, as it should be."""
    for name, text in {CONFIG: whole(), **BESIDE, "desk.url": SECRET}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "desk.url").chmod(0o600)


def whole() -> str:
    """The example with all that is commented out put in."""
    return re.sub(r"^# (?=\[|\w+ = )", "", WHOLE.read_text("utf-8"), flags=re.MULTILINE)


# --- ways to damage -----------------------------------------------------------------------------------------------------


def a_pair(rows: list[str], chance: Random) -> tuple[int, str, str]:
    """The index of a line that sets a key, the key, and its value without a comment."""
    found = [(index, match) for index, row in enumerate(rows) if (match := KEY.match(row))]
    index, match = chance.choice(found)
    return index, match[1], match[3].partition("  #")[0].strip()


def _toml(folder: Path, chance: Random) -> tuple[Path, str, list[str]]:
    name = chance.choice([CONFIG] * 5 + ["expected.toml"])
    path = folder / name
    return path, name, path.read_text("utf-8").split("\n")


def _of_one_line(change: Callable[[str, str, Random], str]) -> Callable[[Path, Random], Damage]:
    def damage(folder: Path, chance: Random) -> Damage:
        path, name, rows = _toml(folder, chance)
        index, key, value = a_pair(rows, chance)
        rows[index] = change(key, value, chance)
        path.write_bytes("\n".join(rows).encode("utf-8", "surrogateescape"))
        return Damage(f"{rows[index][:60]!a}", name, index + 1)

    return damage


def _misspelt(key: str, value: str, chance: Random) -> str:
    at = chance.randrange(len(key))
    worse = [f"{key[:at]}{key[at]}{key[at:]}", f"{key}x", key.upper(), f"{key[:at]}_{key[at:]}"]
    return f"{chance.choice(worse)} = {value}"


def _other_type(key: str, value: str, chance: Random) -> str:
    kinds = ["-7", "true", "[[1]]", "{ a = 1 }", "1979-05-27", "nan", "0.5", "[]", "[true]", '""', '"\\u0007"']
    return f"{key} = {chance.choice([kind for kind in kinds if kind != value])}"


def _huge(key: str, _value: str, chance: Random) -> str:
    deep = ["[" * 9000 + "]" * 9000, "{a=" * 3000 + "1" + "}" * 3000]
    return f"{key} = {chance.choice(['9' * 5000, '1e999999999', '-' + '9' * 400, *deep])}"


def _broken(key: str, value: str, chance: Random) -> str:
    broken = [
        f"{key} {value}",
        f"{key} =",
        f'{key} = "{value}',
        f"{key} = {value} {value}",
        f"{key} == {value}",
        f"{key}: {value}",
    ]
    return chance.choice([*broken, f"{key} = yes", f"{key} = “{value}”", f"{key} = {value}\n{key} = {value}".replace("\n", " ")])


def _strange_byte(key: str, value: str, chance: Random) -> str:
    strange = chance.choice(("\0", "\x1b", "\x7f", "\udcff", "\udcc3("))
    return f"{key} = {value}{strange}"


def _header(folder: Path, chance: Random) -> Damage:
    path, name, rows = _toml(folder, chance)
    index = chance.choice([index for index, row in enumerate(rows) if row.startswith("[")])
    rows[index] = chance.choice(
        [rows[index][:-1], f"{rows[index]} x", "[", "[[]]", "[bogus]", "[[rules]]", "[destinations]\nx = 1"]
    )
    path.write_text("\n".join(rows), "utf-8")
    return Damage(rows[index], name)


def _twice(folder: Path, chance: Random) -> Damage:
    path, name, rows = _toml(folder, chance)
    index, _, _ = a_pair(rows, chance)
    rows.insert(index + 1, rows[index])
    path.write_text("\n".join(rows), "utf-8")
    return Damage(f"twice {rows[index]}", name, index + 2)


def _bytes(folder: Path, chance: Random) -> Damage:
    name = chance.choice([CONFIG, CONFIG, *BESIDE])
    content = bytearray((folder / name).read_bytes())
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(content) + 1), chance.choice((0, 1, 1, 5, 60))
        content[at : at + length] = bytes(chance.randrange(256) for _ in range(chance.choice((0, 1, 1, 4))))
    (folder / name).write_bytes(bytes(content))
    return Damage("bytes", name)


def _lines(folder: Path, chance: Random) -> Damage:
    path, name, rows = _toml(folder, chance)
    at, length = chance.randrange(len(rows)), chance.choice((1, 1, 2, 10))
    piece = rows[at : at + length]
    if chance.random() < 0.5:
        del rows[at : at + length]
    else:
        at = chance.randrange(len(rows))
        rows[at:at] = piece
    path.write_text("\n".join(rows), "utf-8")
    return Damage("lines", name)


def _cut(folder: Path, chance: Random) -> Damage:
    content = (folder / CONFIG).read_bytes()
    (folder / CONFIG).write_bytes(content[: chance.randrange(len(content))])
    return Damage("cut off", CONFIG)


def _ends(folder: Path, chance: Random) -> Damage:
    name = chance.choice([CONFIG, *BESIDE])
    content = (folder / name).read_bytes().replace(b"\n", b"\r\n")
    (folder / name).write_bytes((b"" if name.endswith("j2") else b"\xef\xbb\xbf") + content)
    return Damage("CRLF and a byte order mark", name, fine=True)


def _in_a_list(folder: Path, chance: Random) -> Damage:
    name = chance.choice(["watchlists/a.txt", "fund/b.txt"])
    rows = (folder / name).read_text("utf-8").split("\n")
    at = chance.randrange(len(rows))
    bad = ["EX MP", "$EX", "9" * 12, "MSFT,AAPL", "owner nobody", "\0", "é", "A" * 5000, "[[watch]]", "ticker = 'X'", "\udcff"]
    rows.insert(at, chance.choice(bad))
    (folder / name).write_bytes("\n".join(rows).encode("utf-8", "surrogateescape"))
    return Damage(f"list line {rows[at][:20]!a}", name, at + 1)


def _file(folder: Path, chance: Random) -> Damage:
    name = chance.choice([CONFIG, "desk.url", *BESIDE])
    path = folder / name
    path.unlink()
    what = chance.choice(["folder", "pipe", "nothing", "link to itself", "endless", "large"])
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path, 0o600)
        case "link to itself":
            path.symlink_to(path)
        case "endless":
            path.symlink_to("/dev/zero")
        case "large":
            path.touch(mode=0o600)
            os.truncate(path, 3_000_000_000)
    return Damage(f"{what} in place of {name}", name)


def _mode(folder: Path, chance: Random) -> Damage:
    (folder / "desk.url").chmod(chance.choice([0o644, 0o660, 0o604]))
    line = next(number for number, row in enumerate(whole().split("\n"), start=1) if row.startswith("url_file"))
    return Damage("a secret that others can read", CONFIG, line)


DAMAGES: dict[str, Callable[[Path, Random], Damage]] = {
    "misspelt key": _of_one_line(_misspelt),
    "other type": _of_one_line(_other_type),
    "huge or deep": _of_one_line(_huge),
    "broken line": _of_one_line(_broken),
    "strange byte": _of_one_line(_strange_byte),
    "header": _header,
    "key twice": _twice,
    "bytes": _bytes,
    "lines": _lines,
    "cut off": _cut,
    "CRLF, BOM": _ends,
    "list line": _in_a_list,
    "file": _file,
    "mode": _mode,
}
# Those of one line, for a configuration of any kind: key, value -> the line.
OF_ONE_LINE = (_misspelt, _other_type, _huge, _broken, _strange_byte)
