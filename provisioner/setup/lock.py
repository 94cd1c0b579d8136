"""`make lock`: write requirements.lock, every version with its hashes, from pyproject.toml."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from provisioner.setup import programs
from provisioner.setup.layout import LOCK, SetupError, cache, logs

_PIP_TOOLS = "pip-tools==7.6.2"
_SECONDS = 900


def main() -> int:
    """Write the lock; a version that stands in it and still fits stays."""
    log = logs() / "lock.log"
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        programs.run([sys.executable, "-m", "venv", folder], log, _SECONDS)
        programs.run([python, "-m", "pip", "install", "--cache-dir", cache() / "pip", _PIP_TOOLS], log, _SECONDS)
        pins = ["--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-emit-find-links"]
        compile_: list[str | Path] = [python, "-m", "piptools", "compile", *pins]
        programs.run([*compile_, "--extra", "dev", "--no-header", "--output-file", LOCK, "pyproject.toml"], log, _SECONDS)
    print(f"lock: {sum('==' in line for line in LOCK.read_text().splitlines())} packages")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SetupError as error:
        sys.exit(str(error))
