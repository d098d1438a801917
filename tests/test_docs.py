"""README and docs are true: their Python snippets run, their links lead somewhere, the commands they show exist."""

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def page_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a snippet loads a model by name it gets a small one with random weights, so nothing is downloaded."""
    import transformers

    from maskforge.cli.tiny_model import random_model, train_tokenizer

    def tokenizer(*_: Any, **__: Any) -> Any:
        return train_tokenizer()

    def model(*_: Any, **__: Any) -> Any:
        return random_model(train_tokenizer())

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", tokenizer)
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", model)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_snippets_run(page: Path, small_models: None) -> None:
    """The snippets of a page run one after the other in one namespace, and so check their own `assert` lines."""
    namespace: dict[str, Any] = {"__name__": "snippet"}
    text = page.read_text(encoding="utf-8")
    snippets = list(SNIPPET.finditer(text))
    if not snippets:
        pytest.skip("no Python snippet on this page")
    for match in snippets:
        padding = "\n" * text[: match.start(1)].count("\n")  # errors name the line of the page
        exec(compile(padding + match.group(1), page_name(page), "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{target} is linked but does not exist"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z][a-z-]*)`", page.read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
