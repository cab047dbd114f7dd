"""Every path that README.md and docs/*.md name in backticks or link to exists: documentation cannot outlive what it describes."""

import re
import sys
from pathlib import Path


def missing(root):
    found = []
    for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = re.sub(r"(?ms)^```.*?^```", "", page.read_text())  # programs have brackets of their own
        named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text)  # a/b.c or a/b/, no spaces, no wildcards
        linked = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
        found += [(page, path) for path in named if path.split("/")[0] in ("lib", "server", "tests", "docs", "conf", "fuzz", "bench")
                  and not (root / path).exists()]
        found += [(page, link) for link in linked if not (page.parent / link).exists()]
    return found


if __name__ == "__main__":
    problems = missing(Path(sys.argv[1]))
    for page, path in problems:
        print(f"{page}: {path} does not exist")
    sys.exit(1 if problems else 0)
