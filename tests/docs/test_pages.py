"""Links lead somewhere, names are those of the code, and nothing of one machine is told."""

import re

import pytest
from docs.pages import PAGES, ROOT, name_of, prose_of

import lingseg
from lingseg.cli.main import RESEARCH_USE, app

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w.-]*")
_NAMED_FILE = re.compile(r"`((?:src|tests|docs|benchmarks)/[\w./-]+\.\w+)`")
_MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:work|tmp|home|root|Users|mnt|opt|srv)/|\b[A-Z]:\\\w")
_REGISTRY = re.compile(
    r"pypi\.(?:org|io|python)|pythonhosted\.|anaconda\.(?:org|com)|npmjs\.|crates\.io"
    r"|download\.pytorch\.|proxy\.golang\.",
    re.IGNORECASE,
)
_FOREIGN_OPTIONS = {"--no-deps"}  # of pip

TOLD = (
    *PAGES,
    *(ROOT / name for name in ("pyproject.toml", "constraints.txt", "CITATION.cff")),
    *(path for path in (ROOT / ".ci").glob("*") if path.is_file()),
    *(
        path
        for room in ("src", "tests", "benchmarks")
        for path in sorted((ROOT / room).rglob("*.py*"))
        if path.suffix in (".py", ".pyi")
    ),
)
"""Pages, docstrings and configuration."""


def options_of(node):
    """Return every option of a command and of those below it."""
    found = set(node.help_flags) | set(node.version_flags)
    if node.default_command is not None:
        found |= {
            name for argument in node.assemble_argument_collection() for name in argument.names
        }
    for name in node:
        if not name.startswith("-"):
            found |= options_of(node[name])
    return found


def anchors_of(path):
    """Return what a link may have behind its #."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings_that_there_are(path):
    for link in _LINK.findall(prose_of(path)):
        if link.startswith(("https:", "http:")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.is_file(), f"{name_of(path)} links to {link}"
        assert not anchor or anchor in anchors_of(target), f"{name_of(path)} links to {link}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_files_that_a_page_names_exist(path):
    named = [name for name in _NAMED_FILE.findall(prose_of(path)) if "NAME" not in name]
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_options_that_pages_name_exist():
    known = options_of(app) | _FOREIGN_OPTIONS
    named = {
        (name_of(path), option.rstrip("."))
        for path in PAGES
        for code in re.findall(r"`[^`]+`", prose_of(path))
        for option in _OPTION.findall(code)
    }
    assert {one for one in named if one[1] not in known} == set()
    assert len(named) > 30


def test_no_file_tells_of_one_machine_or_of_a_package_registry():
    assert [
        f"{name_of(path)}:{number}"
        for path in TOLD
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if _MACHINE_PATH.search(line) or _REGISTRY.search(line)
    ] == []


def test_machine_paths_and_registries_are_known_when_seen():
    for text in ("see /" + "home/me/data", "C:" + "\\data", "at (/" + "tmp/x)"):
        assert _MACHINE_PATH.search(text)
    assert _REGISTRY.search("from pypi" + ".org")
    for text in ("$work/tmp/x", "a/home/b", "path/to/data", "~/data"):
        assert not _MACHINE_PATH.search(text)


def test_every_page_of_docs_is_linked_from_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT).as_posix() for path in PAGES[1:]]
    assert [page for page in pages if f"]({page})" not in readme] == []


def test_readme_has_the_two_commands_and_the_warning_on_its_first_screen():
    screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30])
    assert RESEARCH_USE in screen
    for command in (
        "python3 -m venv .venv && . .venv/bin/activate && pip install . && lingseg demo",
        "pip install -c constraints.txt '.[train,test]' && pytest",
    ):
        assert f"\n{command}\n" in screen


def test_readme_keeps_the_places_for_measured_tables():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("scores", "speed"):
        assert re.search(rf"<!-- {name} -->.*<!-- /{name} -->", readme, flags=re.DOTALL)


def test_the_citation_is_one():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["title"]
    assert citation["authors"] == [{"name": "The lingseg authors"}]
    assert citation["version"] == lingseg.__version__
    assert citation["license"] == "Apache-2.0"
    known = {"cff-version", "message", "type", "title", "abstract", "authors", "version", "license"}
    assert set(citation) <= known | {"keywords", "date-released", "repository-code", "url"}
