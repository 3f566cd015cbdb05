"""The `[messages]` table: templates of the user's own, each a file, tried on filings made up for it before it is taken."""

from __future__ import annotations

from watcher.config_values import BadValueError
from watcher.config_values import path_from
from watcher.config_values import text
from watcher.core.errors import Problem
from watcher.core.telling import Templates
from watcher.ordinary import content
from watcher.toml_tables import Known
from watcher.toml_tables import Tables

MESSAGE_KEYS = ("subject", "text", "html", "slack")


def read_templates(tables: Tables, raw: object) -> Templates:
    """The templates that `[messages]` names, relative to the folder of the configuration. What is wrong with one is noted at its line."""

    def template(value: object) -> str:
        path = path_from(tables.path.parent, text(value))
        try:
            return content(path).decode("utf-8").replace("\r\n", "\n")
        except OSError as error:
            raise BadValueError(f"must name a file, relative to the folder of the configuration ({error.strerror})") from None
        except UnicodeDecodeError:
            raise BadValueError("must name a file of UTF-8 text") from None

    known: Known = dict.fromkeys(MESSAGE_KEYS, template)
    read = tables.table(("messages",), raw, known)
    if read:
        from watcher.templates import problem_with  # noqa: PLC0415 -- Jinja is imported only where there are templates

        named = raw if isinstance(raw, dict) else {}
        for kind, source in read.items():
            found = problem_with(kind, source)
            if found is not None:
                line, what = found
                tables.problems.append(Problem(str(path_from(tables.path.parent, str(named[kind]).strip())), line, what))
    return Templates(**read)
