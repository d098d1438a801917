"""Specs in, compiled grammars out: JSON Schema, regular expressions, Python types, each with a report.

`maskforge.Compiler` is the way in.
"""

from __future__ import annotations

from maskforge.grammar.compiler import Compiler
from maskforge.grammar.grammar import Grammar
from maskforge.grammar.report import Report, ReportEntry

__all__ = ["Compiler", "Grammar", "Report", "ReportEntry"]
