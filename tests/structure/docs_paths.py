"""Documentation cannot outlive what it describes: README.md and docs/*.md name only paths that exist, the pages that walk
through the code only names that the code has, and the threat model only tests that there are.

usage: docs_paths.py ROOT   prints a line per name that does not exist; exit status 1 if there is one
"""

import re
import sys
from pathlib import Path

FOLDERS = {"lib", "server", "tests", "docs", "conf", "fuzz", "bench", "examples", "scripts", "cmake"}
CODE = ("lib", "server")
WALKS = {"life-of-a-request.md": CODE, "threat-model.md": (*CODE, "tests", "fuzz")}  # where the names of a page may stand
NAME = r"[A-Za-z_]\w*(?:(?:::|\.)[A-Za-z_]\w*)*"  # a name of the code, or a key of the configuration


def prose(page):
    return re.sub(r"(?ms)^```.*?^```", "", page.read_text())  # programs have brackets of their own


def missing_paths(root, page):
    text = prose(page)
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text)  # a/b.c or a/b/, no spaces, no wildcards
    linked = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    found = [path for path in named if path.split("/")[0] in FOLDERS and not (root / path).exists()]
    return found + [link for link in linked if not (page.parent / link).exists()]


def missing_names(root, sources, page):
    """All words of `a::b` stand in one source file: in PATH where the page says `a::b` (`PATH`."""
    for name, path in re.findall(rf"`({NAME})(?:\(\))?`(?:\s+\(`([\w.-]+/[\w./-]+)`)?", prose(page)):
        words = set(re.findall(r"\w+", name))
        if not any(words <= known for file, known in sources.items() if not path or file == root / path):
            yield f"{name} in {path}" if path else name


def read_sources(root, folders):
    """The words of each header and source file."""
    files = [file for folder in folders for ending in ("*.h", "*.cc", "*.py") for file in (root / folder).rglob(ending)]
    return {file: set(re.findall(r"\w+", file.read_text())) for file in files}


def missing(root):
    for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        names = missing_names(root, read_sources(root, WALKS[page.name]), page) if page.name in WALKS else []
        for name in [*missing_paths(root, page), *names]:
            yield f"{page.relative_to(root)}: {name} does not exist"


if __name__ == "__main__":
    problems = list(missing(Path(sys.argv[1])))
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(1 if problems else 0)
