"""Secrets kept outside the configuration: in the environment, or in a file only its owner can read.

No error text holds the value, nor the name it was looked up by: people put the secret itself where its name belongs.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from watcher.config_values import BadValueError
from watcher.config_values import path_from
from watcher.ordinary import content


def from_environment(name: str, environ: Mapping[str, str]) -> str:
    """The value of a variable. Raises `BadValueError` if it is not set, or empty."""
    value = environ.get(name, "").strip()
    if not value:
        raise BadValueError("names an environment variable that is not set")
    return value


def from_file(name: str, folder: Path, environ: Mapping[str, str]) -> str:
    """The text of a private file, without the white space around it.

    A relative name is systemd's credential of that name (systemd.exec(5), $CREDENTIALS_DIRECTORY) if there is one, else
    a file in `folder`. Raises `BadValueError` if it cannot be read, or if others than its owner can; who may read its
    own credentials systemd has seen to.
    """
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    path = path_from(folder, name)
    try:
        if credentials and (Path(credentials) / name).exists():
            path = Path(credentials) / name
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadValueError("must name a file")
        of_systemd = credentials and path.resolve().is_relative_to(Path(credentials).resolve())
        if status.st_mode & 0o077 and not of_systemd:
            raise BadValueError(f"names a file that others can read: chmod 600 {path}")
        value = content(path).decode("utf-8").strip()
    except OSError as error:
        raise BadValueError(
            f"names a file that cannot be read ({error.strerror}); a relative path starts in $CREDENTIALS_DIRECTORY "
            "or in the folder of the configuration"
        ) from None
    except UnicodeDecodeError:
        raise BadValueError("names a file that is not UTF-8 text") from None
    if not value:
        raise BadValueError("names an empty file")
    return value
