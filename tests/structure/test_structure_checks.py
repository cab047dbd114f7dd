"""The structure checks can fail: each bad sample of a small tree is found, and a good tree passes."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

GOOD = {
    "lib/flare/base/error.h": "#pragma once\n#include <string>\nstruct Error { std::string text; };\n",
    "lib/flare/tcp/stream.h": '#pragma once\n#include "flare/base/error.h"\n',
    "lib/flare/net/ip_addr.h": "#pragma once\n#include <array>\n",
    "lib/flare/http/path.h": '#pragma once\n#include "flare/net/ip_addr.h"\n',
    "lib/flare/http/date.h": "#pragma once\n#include <chrono>\nvoid write_date(std::chrono::system_clock::time_point now);\n",
    "lib/flare/http/server.h": '#pragma once\n#include "flare/http/date.h"\n#include "flare/tcp/stream.h"\n#include <sys/socket.h>\n',
    "server/site/site.h": '#pragma once\n#include "flare/http/server.h"\n',
    "server/main.cc": '#include "server/site/site.h"\n#include <spdlog/spdlog.h>\n',
}

BAD_INCLUDES = {
    "layer_to_the_right": ("lib/flare/base/error.h", '#include "flare/http/date.h"\n', "base may not include http"),
    "sibling_layer": ("lib/flare/udp/socket.h", '#include "flare/tcp/stream.h"\n', "udp may not include tcp"),
    "unknown_layer_folder": ("lib/flare/misc/x.h", "#pragma once\n", "there is no layer 'misc'"),
    "unknown_layer_included": ("server/main.cc", '#include "flare/misc/x.h"\n', "there is no layer 'misc'"),
    "library_includes_server": ("lib/flare/http/server.h", '#include "server/site/site.h"\n', "the library includes its headers as"),
    "library_uses_a_relative_include": ("lib/flare/http/server.h", '#include "date.h"\n', "the library includes its headers as"),
    "server_uses_a_relative_include": ("server/main.cc", '#include "site/site.h"\n', 'server/ includes "server/..."'),
    "angle_brackets": ("server/main.cc", "#include <flare/http/server.h>\n", "with quotes"),
    "socket_in_a_pure_file": ("lib/flare/http/path.cc", "#include <sys/socket.h>\n", "a pure file includes no socket"),
    "logger_in_a_pure_file": ("lib/flare/http/route_match.cc", "#include <spdlog/spdlog.h>\n", "a pure file includes no"),
    "moving_layer_in_a_pure_file": ("lib/flare/http/chunked.cc", '#include "flare/tcp/stream.h"\n', "a pure file includes no"),
    "clock_in_a_pure_file": ("lib/flare/http/date.cc", "auto t = std::chrono::system_clock::now();\n", "reads no clock"),
}


def write_tree(root, files):
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def run(script, root):
    return subprocess.run([sys.executable, HERE / script, root], capture_output=True, text=True)


def test_include_order_accepts_a_good_tree(tmp_path):
    write_tree(tmp_path, GOOD)
    result = run("include_order.py", tmp_path)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("path, text, message", BAD_INCLUDES.values(), ids=BAD_INCLUDES.keys())
def test_include_order_finds(tmp_path, path, text, message):
    write_tree(tmp_path, GOOD | {path: text})
    result = run("include_order.py", tmp_path)
    assert result.returncode == 1
    assert result.stdout.startswith(f"{path}:1: ") and message in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_include_order_refuses_a_folder_that_is_no_source_tree(tmp_path):
    assert run("include_order.py", tmp_path).returncode == 1


def test_headers_self_contained_accepts_a_good_tree(tmp_path):
    write_tree(tmp_path, {path: text for path, text in GOOD.items() if path.endswith(".h")})
    result = run("headers_self_contained.py", tmp_path)
    assert (result.returncode, result.stdout) == (0, "7 headers compile alone\n")


def test_headers_self_contained_finds_a_header_that_needs_another_first(tmp_path):
    write_tree(tmp_path, GOOD | {"lib/flare/base/error.h": "#pragma once\nstruct Error { std::string text; };\n"})
    result = run("headers_self_contained.py", tmp_path)
    assert result.returncode == 1
    assert "lib/flare/base/error.h does not compile alone" in result.stdout


def test_headers_self_contained_finds_a_header_that_may_not_be_included_twice(tmp_path):
    write_tree(tmp_path, GOOD | {"lib/flare/base/error.h": "#include <string>\nstruct Error { std::string text; };\n"})
    assert run("headers_self_contained.py", tmp_path).returncode == 1


def test_headers_self_contained_refuses_a_folder_without_headers(tmp_path):
    assert run("headers_self_contained.py", tmp_path).returncode == 1


DOCUMENTED = GOOD | {
    "README.md": "See [the walk](docs/life-of-a-request.md) and `lib/flare/`.\n```cpp\nrouter[](`lib/none.cc`);\n```\n",
    "docs/life-of-a-request.md": "`Error` (`lib/flare/base/error.h`) has `text`; then `write_date()`, `http::server`.\n",
    "docs/threat-model.md": "`test_parsing` and `Parser.Refuses` prove `Error`.\n",
    "tests/wire/test_parsing.py": "def test_parsing(): pass\n",
    "tests/unit/parser_test.cc": "TEST(Parser, Refuses) {}\n",
}

BAD_WORDS = {
    "path": ("README.md", "`lib/flare/base/gone.h`\n", "lib/flare/base/gone.h"),
    "link": ("README.md", "[gone](docs/gone.md)\n", "docs/gone.md"),
    "name": ("docs/life-of-a-request.md", "`gone()`\n", "gone"),
    "member": ("docs/life-of-a-request.md", "`Error::write_date`\n", "Error::write_date"),
    "name_in_another_file": ("docs/life-of-a-request.md", "`write_date`\n(`lib/flare/base/error.h`)\n",
                             "write_date in lib/flare/base/error.h"),
    "test": ("docs/threat-model.md", "`test_gone`\n", "test_gone"),
    "test_of_another_suite": ("docs/threat-model.md", "`Other.Refuses`\n", "Other.Refuses"),
    "test_in_a_walk": ("docs/life-of-a-request.md", "`test_parsing`\n", "test_parsing"),
}


def test_docs_paths_accepts_what_exists(tmp_path):
    write_tree(tmp_path, DOCUMENTED)
    result = run("docs_paths.py", tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("page, text, name", BAD_WORDS.values(), ids=BAD_WORDS.keys())
def test_docs_paths_finds(tmp_path, page, text, name):
    write_tree(tmp_path, DOCUMENTED | {page: text})
    result = run("docs_paths.py", tmp_path)
    assert (result.returncode, result.stdout) == (1, f"{page}: {name} does not exist\n")
