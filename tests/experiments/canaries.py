"""Does a secret get out, whatever fails, at the loudest of logs?

    python -m tests.experiments.canaries [--trials 1] [--json PATH]

Every credential the configuration can hold is a word of its own that occurs nowhere else. The real commands run with every log at DEBUG
while EDGAR and all receivers refuse, break off, redirect, answer with what they were sent, ask for a password again, or are not there; then
every output, log and traceback, every byte of the store, of its backup and of each file left beside them is searched for these words, as
they are and in the forms they travel in (base64, percent-encoded). Prints one line; exit 1 if one is found.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from tests.experiments.command_line import NO_CHANCE
from tests.experiments.command_line import command_parser
from tests.experiments.command_line import write_result
from tests.loopback import HANG_UP
from tests.loopback import Behaviour
from tests.loopback import Receiver
from tests.loopback import answer
from tests.loopback import mail_server
from tests.loopback import plain_text
from tests.loopback import reset
from tests.loopback import take_request
from tests.loopback import unused_port
from tests.world import CONTACT
from tests.world import REPOSITORY
from tests.world import a_sale
from tests.world import environment
from tests.world import real_now
from watcher.demo.edgar import BundledEdgar

NAMES = (
    *("mail password", "json password", "json path", "json header", "webhook path", "webhook secret"),
    *("ntfy token", "mattermost token", "gotify token", "slack token", "mirror password", "secret in a file"),
)
# Letters only, so that they are legal everywhere; long enough not to occur by chance.
CANARIES = {name: f"CANARY{chr(65 + at) * 3}qzjxvkwq{chr(97 + at) * 3}" for at, name in enumerate(NAMES)}

# The command line as it is, below a log that hears everything; with "!" a bug stops it in the middle of a delivery.
LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
logging.getLogger("any.package").debug("this is heard")
if sys.argv[1] == "!":
    del sys.argv[1]
    import smtplib
    def broken(*_, **__): raise RuntimeError("a bug")
    smtplib.SMTP.quit = smtplib.SMTP.ehlo = broken
from watcher.cli import main
main()
"""


def echo(receiver: Receiver, client: object) -> None:
    """Answer 500 with all that was sent, credentials too."""
    assert hasattr(client, "sendall")
    take_request(receiver, client)  # type: ignore[arg-type]  # a socket, as socketserver says
    said = receiver.received[-1]
    client.sendall(b"HTTP/1.1 500 No\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(said) + said)


HTTP_TROUBLES: dict[str, Behaviour | None] = {
    "not there": None,
    "breaks off": reset,
    "401": answer(401, 'WWW-Authenticate: Basic realm="again"'),
    "302": answer(302, "Location: /elsewhere"),
    "echo": echo,
    "404": answer(404),
}
SMTP_TROUBLES: dict[str, Behaviour | None] = {
    "not there": None,
    "password refused": mail_server({"auth": "535 no"}),
    "refused": mail_server({"rcpt": "550 no"}),
    "broken off": mail_server({"content": HANG_UP}),
}


def destinations(http: int, smtp: int, tls: int) -> dict[str, str]:
    """Each kind of address with its secrets, as TOML."""
    secret = CANARIES
    urls = {
        "json": f"json://user:{secret['json password']}@127.0.0.1:{http}/{secret['json path']}?+X-Token={secret['json header']}",
        "jsons": f"jsons://user:{secret['json password']}@127.0.0.1:{tls}/{secret['json path']}",
        "ntfy": f"ntfy://{secret['ntfy token']}@127.0.0.1:{http}/desk?auth=token",
        "mmost": f"mmost://127.0.0.1:{http}/{secret['mattermost token']}",
        "gotify": f"gotify://127.0.0.1:{http}/{secret['gotify token']}",
        "mail": f"mailto://desk:{secret['mail password']}@127.0.0.1:{smtp}/?from=w@example.com&to=desk@example.com&mode=insecure",
    }
    tables = {name: f'url = "{url}"' for name, url in urls.items()}
    tables["filed"] = 'url_file = "address"'
    tables["hook"] = f'webhook = "http://127.0.0.1:{http}/{secret["webhook path"]}"\nsecret_env = "HOOK_SECRET"'
    return tables


def written(folder: Path, edgar: str, tables: Mapping[str, str]) -> Path:
    """A configuration with these destinations, an EDGAR behind a mirror with a password, and a secret in a file."""
    mirror = edgar.replace("://", f"://user:{CANARIES['mirror password']}@")
    told = ", ".join(f'"{name}"' for name in tables)
    path = folder / "watcher.toml"
    path.write_text(
        "\n".join(
            (
                f'[edgar]\ncontact = "{CONTACT}"',
                *(f'{name}_url = "{mirror}"' for name in ("www", "data", "efts")),
                '[store]\npath = "watcher.db"',
                *(f"[destinations.{name}]\n{table}" for name, table in tables.items()),
                f'[rules.default]\nnotify = [{told}]\n[[watch]]\nticker = "EXMP"',
            )
        ),
        "utf-8",
    )
    return path


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("!", "run", "--once"),
    ("run", "--once"),
    *(("status",), ("status", "--json"), ("alerts", "--json"), ("alerts", "--csv"), ("filings", "--json"), ("outbox", "list")),
    *(("why", "0000000000-26-000002"), ("check",), ("notify", "test"), ("reconcile",), ("backup", "copy.db")),
)


class Loud:
    """The commands in one folder, and all they said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: dict[str, bytes] = {}

    def run(self, config: Path, trouble: str, *command: str) -> None:
        ran = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "-c", LOUD, *command, "--config", str(config)],
            cwd=self.folder,
            env={**environment(self.folder, HOOK_SECRET=CANARIES["webhook secret"]), "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            timeout=300,
            check=False,
        )
        said = self.said.get(f"{trouble}: {' '.join(command)}", b"")
        self.said[f"{trouble}: {' '.join(command)}"] = said + ran.stdout + ran.stderr

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """What was said, and what every file that the commands left holds; the configuration is the user's own."""
        yield from self.said.items()
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in {"watcher.toml", "address", "wrong.toml"}:
                yield path.name, path.read_bytes()


def forms(canary: str) -> Iterator[bytes]:
    """A secret as it is, and as it travels; base64 without the ends, which depend on what stands beside it."""
    yield canary.encode()
    yield quote(canary).encode()
    for shift in range(3):
        yield base64.b64encode(b"x" * shift + canary.encode())[4:-4]


@dataclass(frozen=True, slots=True)
class Result:
    """What was searched, and where a secret was found."""

    canaries: int
    troubles: int
    outputs: int
    searched_bytes: int
    hits: int
    seconds: float
    found: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"canaries trials={self.troubles} canaries={self.canaries} outputs={self.outputs} bytes={self.searched_bytes} "
            f"hits={self.hits} seconds={self.seconds:.0f}"
        )


def _play(loud: Loud, trouble: str, http: Behaviour | None, smtp: Behaviour | None, *, short: bool) -> None:
    with ExitStack() as open_:
        ports = [open_.enter_context(Receiver(each)).port if each else unused_port() for each in (http, smtp, plain_text)]
        edgar = open_.enter_context(BundledEdgar(real_now))
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        edgar.file(a_sale(1), accepted_at=real_now() - timedelta(days=1))
        config = written(loud.folder, edgar.url, destinations(*ports))
        address = loud.folder / "address"
        address.write_text(f"json://127.0.0.1:{ports[0]}/{CANARIES['secret in a file']}", "utf-8")
        address.chmod(0o600)
        loud.run(config, trouble, "run", "--once")  # the past, of which nobody is told
        edgar.file(a_sale(2), accepted_at=real_now())
        for command in COMMANDS[:2] if short else COMMANDS:
            loud.run(config, trouble, *command)
        edgar.fault("undeclared")
        loud.run(config, trouble, "run", "--once")


def _mistakes(loud: Loud) -> None:
    """Addresses that cannot be used, as people write them."""
    token = CANARIES["slack token"]
    wrong = (f"slack://T1JJ3T3L2/A1BRTD4JD/{token}-no", f"nosuch://{token}", f"mailto://{token}", token, f"discord://{token}")
    for number, url in enumerate(wrong):
        path = loud.folder / "wrong.toml"
        path.write_text(f'[edgar]\ncontact = "{CONTACT}"\n[destinations.desk]\nurl = "{url}"\n', "utf-8")
        for command in (("check",), ("run", "--once")):
            loud.run(path, f"mistake {number}", *command)


def run(*, short: bool = False) -> Result:
    """All troubles, one after the other, each with a store of its own; `short` plays two of them with few commands."""
    begun = time.monotonic()
    found: list[str] = []
    outputs = searched = 0
    smtp = [*SMTP_TROUBLES.items()]
    troubles = [(name, http, smtp[at % len(smtp)]) for at, (name, http) in enumerate(HTTP_TROUBLES.items())]
    for name, http, (smtp_name, mail) in troubles[2:5:2] if short else troubles:
        with tempfile.TemporaryDirectory(prefix="canaries-") as folder:
            loud = Loud(Path(folder))
            _play(loud, f"{name}, mail {smtp_name}", http, mail, short=short)
            if name == "echo":
                _mistakes(loud)
            assert all(b"this is heard" in said for said in loud.said.values()), "the logs were not loud"
            for where, content in loud.everything():
                outputs, searched = outputs + 1, searched + len(content)
                hits = [secret for secret, canary in CANARIES.items() if any(form in content for form in forms(canary))]
                found += [f"{secret} in {where} ({name}): {_around(content, CANARIES[secret])}" for secret in hits]
    return Result(len(CANARIES), len(troubles), outputs, searched, len(found), round(time.monotonic() - begun, 1), found)


def _around(content: bytes, canary: str) -> str:
    at = max(content.find(canary.encode()), 0)
    return content[max(0, at - 120) : at + 20].decode("utf-8", "replace").replace(canary, "*" * 6)


def main() -> int:
    """Play it all, and print what was found."""
    parser = command_parser(__doc__, seed=NO_CHANCE)
    parser.add_argument("--trials", type=int, default=1, help="not used: one trial is all there is")
    asked = parser.parse_args()
    result = run()
    sys.stdout.write(f"{result}\n" + "".join(f"  {hit}{os.linesep}" for hit in result.found[:40]))
    write_result(result, asked.json)
    return 1 if result.hits else 0


if __name__ == "__main__":
    sys.exit(main())
