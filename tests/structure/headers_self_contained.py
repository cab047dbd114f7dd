"""Compiles every header of lib/ and server/ alone: whoever includes one needs nothing before it.

usage: headers_self_contained.py [ROOT]   prints the compiler's errors; exit status 1 if there is one
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The warning flags are the build's business; what counts here is that the names are known.
COMPILE = ["clang++-19", "-std=c++23", "-march=x86-64-v2", "-fsyntax-only", "-x", "c++", "-"]


def compile_error(root, header):
    """The compiler's output when the header does not stand alone, else an empty string."""
    include_path = header.relative_to(root / "lib") if header.is_relative_to(root / "lib") else header.relative_to(root)
    unit = f"#include <{include_path.as_posix()}>\n" * 2  # <>: never the file of that name under the current folder
    run = subprocess.run([*COMPILE, "-I", root / "lib", "-I", root], input=unit, capture_output=True, text=True)
    return f"{header.relative_to(root)} does not compile alone:\n{run.stderr}" if run.returncode else ""


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    headers = sorted(path for top in ("lib", "server") for path in (root / top).rglob("*.h"))
    if not headers:
        sys.exit(f"{root} is not the top of the source tree: it has no headers")
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        errors = [error for error in pool.map(lambda header: compile_error(root, header), headers) if error]
    print("\n".join(errors) if errors else f"{len(headers)} headers compile alone")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
