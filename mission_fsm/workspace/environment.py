"""The environment that commands run in: a short list of what is handed on, and nothing else.

What is not on it (tokens, GIT_DIR, PYTHONPATH ...) would make a run depend on the shell that it was started from, or
hand secrets to it. A plan adds by name what its commands need.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

TOOL_CHAINS = (
    # where they are installed
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "JAVA_HOME",
    "GOPATH",
    "GOROOT",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "NVM_DIR",
    # which certificates they trust
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
HANDED_ON = (
    # who and where
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PATH",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    # language and time
    "LANG",
    "LANGUAGE",
    "TZ",
    *TOOL_CHAINS,
    # whether anybody is watching
    "CI",
)
HANDED_ON_PREFIXES = ("LC_",)
# Output goes to no terminal, whatever the runner has.
ALWAYS = {"TERM": "dumb"}


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The variables that a command gets.

    extra: set over the others, as a plan names them.
    """
    kept = {
        name: value for name, value in os.environ.items() if name in HANDED_ON or name.startswith(HANDED_ON_PREFIXES)
    }
    return {"PATH": os.defpath, **kept, **ALWAYS, **extra}
