"""The pages that people read, and the code blocks on them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    *(ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")),
    ROOT / "THIRD_PARTY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
RUNNABLE = ("bash", "python")
DATA = ("text", "csv", "json")

_FENCE = re.compile(r"^```(\S*)\s*$")
_COMMENT = re.compile(r"^<!--\s*(.*?)\s*-->$")
_NOT_RUN, _FILE = "not run:", "file:"


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block of a page."""

    where: str
    """Page and line, for messages."""
    language: str
    text: str
    remark: str
    """The HTML comment right above it."""

    @property
    def reason_not_to_run(self) -> str | None:
        """Why it is not run; None if it is."""
        return self._told(_NOT_RUN)

    @property
    def file_name(self) -> str | None:
        """The file that it is the content of."""
        return self._told(_FILE)

    @property
    def is_run(self) -> bool:
        """Whether the tests run it."""
        return self.language in RUNNABLE and self.reason_not_to_run is None

    def _told(self, what: str) -> str | None:
        found = self.remark.startswith(what)
        return self.remark.removeprefix(what).strip() if found else None


def find_blocks(text: str, page: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    blocks, above, opened = [], "", None
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence:
                remark = _COMMENT.match(above)
                opened = number, fence[1], remark[1] if remark else "", []
            above = line
        elif fence:
            first, language, remark_text, lines = opened
            blocks.append(
                Block(
                    where=f"{page}:{first}",
                    language=language,
                    text="".join(f"{one}\n" for one in lines),
                    remark=remark_text,
                )
            )
            opened, above = None, ""
        else:
            opened[3].append(line)
    if opened is not None:
        raise ValueError(f"{page}:{opened[0]} opens a block that is never closed.")
    return blocks


def blocks_of(path: Path) -> list[Block]:
    """Return the fenced blocks of a page of the repository."""
    return find_blocks(path.read_text(encoding="utf-8"), name_of(path))


def name_of(path: Path) -> str:
    """Return what messages call a page."""
    return path.relative_to(ROOT).as_posix()


def prose_of(path: Path) -> str:
    """Return a page without its blocks."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def commands_of(block: Block) -> Iterator[list[str]]:
    """Yield the commands of a bash block as words; `&&` parts two."""
    for line in block.text.replace("\\\n", " ").splitlines():
        command: list[str] = []
        for word in shlex.split(line, comments=True):
            if word == "&&":
                yield command
                command = []
            else:
                command.append(word)
        if command:
            yield command


def first_column(path: Path, *, heading: str = "") -> list[str]:
    """Return what stands in code style in the first column of a page's tables.

    With `heading`, only those below the heading that starts so, down to the next one.
    """
    text = path.read_text(encoding="utf-8")
    if heading:
        _, found, text = text.partition(f"\n## {heading}")
        if not found:
            raise ValueError(f"{name_of(path)} has no heading {heading!r}.")
        text = text.split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)`", text, flags=re.MULTILINE)
