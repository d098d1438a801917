"""Specs in, compiled grammars out: JSON Schema, regular expressions, Python types, each with a report.

`maskforge.Compiler` is the way in.
"""

from __future__ import annotations

from maskforge._core import Grammar
from maskforge.grammar.compiler import Compiler
from maskforge.grammar.report import Report, ReportEntry

__all__ = ["Compiler", "Grammar", "Report", "ReportEntry"]
