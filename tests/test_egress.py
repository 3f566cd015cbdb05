"""Nobody is asked or told but EDGAR and the destinations that the configuration names, whatever is installed beside us."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.loopback import Receiver
from tests.loopback import answer
from tests.loopback import mail_server
from tests.world import REPOSITORY
from tests.world import a_sale
from tests.world import environment
from tests.world import mail
from tests.world import real_now
from tests.world import webhook
from tests.world import write_config
from watcher.demo.edgar import BundledEdgar

# The command line with a listener on all that Python's sockets do; a hook cannot be taken away again (sys.addaudithook).
LISTENING = """
import json, os, sys
heard = open(sys.argv.pop(1), "a", buffering=1)
def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
        heard.write(json.dumps([event, repr(arguments[1]) if isinstance(arguments[1], str) else list(arguments[1] or ())]) + "\\n")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        heard.write(json.dumps([event, [str(arguments[0])]]) + "\\n")
    elif event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
        heard.write(json.dumps([event, [str(arguments[0])]]) + "\\n")
sys.addaudithook(hook)
from watcher.cli import main
main()
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one command did on the net: (event, arguments), as they came; and what was configured, as ports of the loopback."""

    events: list[tuple[str, list[object]]]
    configured: set[int]

    def ports(self) -> set[object]:
        return {arguments[1] for event, arguments in self.events if event == "socket.connect"}

    def hosts(self) -> set[object]:
        return {arguments[0] for event, arguments in self.events if event in {"socket.connect", "socket.getaddrinfo"}}


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """One whole cycle of the daemon, with an alert to each kind of destination."""
    folder = tmp_path_factory.mktemp("egress")
    with (
        BundledEdgar(real_now) as edgar,
        Receiver(answer(200)) as chat,
        Receiver(answer(200)) as hook,
        Receiver(mail_server()) as post,
    ):
        edgar.add_issuer("EXMP", "0009990001", "Example Corp")
        edgar.file(a_sale(1), accepted_at=real_now() - timedelta(days=1))
        destinations = {
            "json": f'url = "json://127.0.0.1:{chat.port}"',
            "ntfy": f'url = "ntfy://127.0.0.1:{chat.port}/desk"',
            "mail": mail(post.port),
            "hook": webhook(f"http://127.0.0.1:{hook.port}/hook"),
        }
        config = write_config(folder, edgar.url, destinations)
        _run(config, "run", "--once")  # the past, of which nobody is told
        edgar.file(a_sale(2), accepted_at=real_now())
        events = _run(config, "run", "--once") + _run(config, "notify", "test", "json") + _run(config, "check")
        told = (len(chat.received), len(hook.received), len(post.received))
        assert told == (3, 1, 1), told
        return Heard(events, {edgar.port, chat.port, hook.port, post.port})


def _run(config: Path, *command: str) -> list[tuple[str, list[object]]]:
    log = config.parent / "heard"
    log.unlink(missing_ok=True)
    ran = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-c", LISTENING, str(log), *command, "--config", str(config)],
        cwd=REPOSITORY,
        env=environment(config.parent),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [(event, arguments) for event, arguments in map(json.loads, log.read_text("utf-8").splitlines())]


def test_only_configured_addresses_are_connected_to(heard: Heard) -> None:
    assert heard.ports() == heard.configured


def test_only_configured_hosts_are_looked_up(heard: Heard) -> None:
    assert heard.hosts() == {"127.0.0.1"}


def test_no_program_is_started_and_no_port_is_taken(heard: Heard) -> None:
    kinds = {event for event, _ in heard.events}
    assert kinds <= {"socket.connect", "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname", "socket.bind"}
    bound = [arguments for event, arguments in heard.events if event == "socket.bind"]
    assert all(arguments == ["::1", 0] for arguments in bound), "urllib3 only tries whether there is an IPv6"


def test_the_only_name_looked_up_besides_is_the_machine_s_own(heard: Heard) -> None:
    asked = {arguments[0] for event, arguments in heard.events if event in {"socket.gethostbyaddr", "socket.gethostbyname"}}
    assert asked <= {socket.gethostname()}, "a mail program greets with the machine's own name"
