"""What the site has beside docs/: the front page, the changelog, the claims, notebooks, pictures, the reference.

Markdown is written for whoever reads it in the repository, where a link is a path from file to file. The site has the
same files at the same paths, those of docs/ at its top; so links that cross that border are rewritten.
The navigation names the modules of the reference, and each becomes a page; a public name that is on none is a warning,
which ends a strict build.
"""

import importlib
import json
import logging
import posixpath
import re
import types
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OUTSIDE = (
    "*.md",
    "CITATION.cff",
    "LICENSE",
    "examples/*.py",
    "experiments/claims/*.md",
    "experiments/claims/*.png",
    "experiments/results/*.png",
    "notebooks/*.ipynb",
)
FOREIGN = ("jax", "jaxlib", "jaxtyping")  # whose names some modules offer as well
MODULE = re.compile(r"^reference/(tejax.*)\.md$")
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)#\s]+)(?=[)#])")
log = logging.getLogger("mkdocs.hooks.tejax")


def place(path: str) -> str:
    """Where the site has a file of the repository."""
    return path.removeprefix("docs/")


def rewrite(markdown: str, source: str) -> str:
    """Markdown with links as the site needs them.

    Args:
        markdown: as it is written.
        source: the file that holds it, relative to the repository.
    """

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[1]))
        return posixpath.relpath(place(target), posixpath.dirname(place(source)) or ".")

    return LINK.sub(link, markdown)


def modules(nav: Any) -> Iterator[str]:
    """The modules that a navigation, or a part of it, has a page for."""
    if isinstance(nav, str):
        yield from MODULE.findall(nav)
    for part in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from modules(part)


def public(module: str) -> Iterator[str]:
    """The names that a module offers, without modules, which have pages of their own, and what is not ours."""
    imported = importlib.import_module(module)
    for name in imported.__all__:
        thing = getattr(imported, name)
        foreign = str(getattr(thing, "__module__", "")).partition(".")[0] in FOREIGN
        if not isinstance(thing, types.ModuleType) and not foreign:
            yield f"{module}.{name}"


def on_files(files: Any, config: Any) -> Any:
    """Enter what is not in docs/, before other plugins look at the files."""
    from mkdocs.structure.files import File

    for name in modules(config.nav):
        files.append(File.generated(config, f"reference/{name}.md", content=f"---\ntitle: {name}\n---\n\n::: {name}\n"))
    for path in (path for pattern in OUTSIDE for path in sorted(ROOT.glob(pattern))):
        uri = path.relative_to(ROOT).as_posix()
        files.append(File(uri, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


on_files.mkdocs_priority = 100  # type: ignore[attr-defined]


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrite the links of a page; one without neighbours in the navigation has the room of the list of them."""
    path = page.file.abs_src_path
    if page.parent is None:
        page.meta.setdefault("hide", ["navigation"])
    return rewrite(markdown, Path(path).relative_to(ROOT).as_posix()) if path else markdown


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Show the animations of a notebook, of which its page has the words alone."""
    path = Path(page.file.abs_src_path or "")
    return animated(html, path.read_text()) if path.suffix == ".ipynb" else html


def animated(html: str, notebook: str) -> str:
    """The page of a notebook with an image for each of its outputs that are a GIF, in their order."""
    words = "&lt;IPython.core.display.Image object&gt;"
    outputs = (output for cell in json.loads(notebook)["cells"] for output in cell.get("outputs", ()))
    for picture in (output["data"]["image/gif"] for output in outputs if "image/gif" in output.get("data", ())):
        data = "".join("".join(picture).split())
        html = html.replace(words, f'<img alt="an animation" src="data:image/gif;base64,{data}">', 1)
    return html


def on_post_build(config: Any) -> None:
    """Warn of public names that the reference does not have: they have neither docstring nor comment."""
    inventory = (Path(config.site_dir) / "objects.inv").read_bytes().split(b"zlib.\n", 1)[1]
    known = {line.split(" ")[0] for line in zlib.decompress(inventory).decode().splitlines() if line}
    for module in modules(config.nav):
        for name in public(module):
            if name not in known:
                log.warning("%s is public and not documented", name)
