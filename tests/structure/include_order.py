"""Proves the include order of docs/tenets.md: every #include points left, and pure files stay pure.

usage: include_order.py [ROOT]   prints FILE:LINE: message per violation; exit status 1 if there is one
"""

import re
import sys
from pathlib import Path

# Left may not include right. Layers on one line are siblings and do not include each other.
ORDER = [["base"], ["net"], ["runtime"], ["io"], ["dns"], ["tcp", "udp"], ["tls"], ["http"], ["ws"], ["handlers"]]
RANK = {layer: rank for rank, layers in enumerate(ORDER) for layer in layers}

# What only computes: bytes in, value or error out. RFC terms in file names make the list short.
PURE_HTTP = r"request_head|response_head_parser|message_framing|field_line|content_reader|chunked|path|date|header_map|status|method|conditional|mime|route_\w+|field|range|etag|url"
PURE = {
    "http": PURE_HTTP,
    "handlers": PURE_HTTP,
    "ws": r"frame|mask|utf8|deflate\w*|\w*handshake|extension|close_code|message|message_reader",
}
IMPURE_HEADER = re.compile(r"(sys/|netinet/|arpa/|poll\.h|unistd\.h|fcntl\.h|spdlog/|fstream|iostream|thread|mutex)")
PURE_VALUES = {"flare/net/ip_addr.h"}  # lies in an impure layer, and is only a value with a parser
IMPURE_LAYER = {"net", "runtime", "dns", "tcp", "udp", "tls"}
CLOCK = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock)::now\b|\b(clock_gettime|gettimeofday|time)\s*\(\s*(CLOCK|NULL|nullptr)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    """The layer of 'lib/flare/http/x.h' or '"flare/http/x.h"'; None outside the library."""
    match = re.match(r"(?:lib/)?flare/(\w+)/", path)
    return match.group(1) if match else None


def is_pure(path):
    pattern = PURE.get(layer_of(path) or "")
    return bool(pattern and re.fullmatch(pattern, Path(path).stem))


def include_error(path, target, quoted):
    """What is wrong with this include, or None."""
    own, other = layer_of(path), layer_of(target)
    if target.startswith("flare/"):
        if not quoted:
            return f'write #include "{target}" with quotes'
        if other not in RANK:
            return f"{target}: there is no layer '{other}'"
    if own is not None:
        if quoted and other is None:
            return f'"{target}": the library includes its headers as "flare/<layer>/<file>.h"'
        if other is not None and other != own and RANK[other] >= RANK[own]:
            return f"{own} may not include {other}: the order is {' <- '.join(', '.join(row) for row in ORDER)}"
        if is_pure(path) and ((other in IMPURE_LAYER and target not in PURE_VALUES) or IMPURE_HEADER.match(target)):
            return f"{target}: a pure file includes no socket, clock or logger"
    elif quoted and other is None and not target.startswith("server/"):
        return f'"{target}": server/ includes "server/..." and the public "flare/..." headers'
    return None


def violations(root):
    sources = sorted(p for top in ("lib", "server") for p in (root / top).rglob("*") if p.suffix in (".h", ".cc"))
    for source in sources:
        path = source.relative_to(root).as_posix()
        if path.startswith("lib/") and layer_of(path) not in RANK:
            yield f"{path}:1: there is no layer '{layer_of(path)}'; layers are {', '.join(RANK)}"
            continue
        for number, line in enumerate(source.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            error = include_error(path, match.group(2), match.group(1) == '"') if match else None
            if error is None and is_pure(path) and CLOCK.search(line):
                error = "a pure file reads no clock: take the time as a parameter"
            if error:
                yield f"{path}:{number}: {error}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    if not (root / "lib/flare").is_dir():
        sys.exit(f"{root} is not the top of the source tree: it has no lib/flare")
    found = list(violations(root))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
