"""A compiled spec."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from maskforge.grammar.report import Report

if TYPE_CHECKING:
    from maskforge import Matcher, _core


class Grammar:
    """Made by a `Compiler`. Immutable, safe to share between threads; any number of matchers can use one."""

    def __init__(self, core: _core.Grammar, vocabulary: Any) -> None:
        self._core = core
        self._vocabulary = vocabulary

    @property
    def core(self) -> _core.Grammar:
        """The native grammar."""
        return self._core

    @property
    def vocabulary(self) -> Any:
        """The `maskforge.Vocabulary` whose tokens the matchers read."""
        return self._vocabulary

    @cached_property
    def report(self) -> Report:
        """Every constraint of the spec: enforced, an annotation, or refused. Made when first asked for."""
        return Report.from_json(self._core.report_json())

    def matcher(self) -> Matcher:
        """A matcher at the start of a text; costs microseconds and kilobytes.

        When the compiler has outgrown its memory limit since, the spec is compiled once more, which can take as long
        as the first time and raise FuelError; matchers that exist are not affected.
        """
        # The vocabulary knows the class: this package lies below the one that matchers live in.
        matcher: Matcher = self._vocabulary.wrap_matcher(self._core.matcher())
        return matcher

    def __repr__(self) -> str:
        report = self.report
        return (
            f"Grammar({len(report.enforced)} enforced, {len(report.annotations)} annotations, "
            f"{len(report.refused)} refused)"
        )
