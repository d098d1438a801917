"""Makes csrc/function_order.txt: the functions that compiling a schema and making its masks go through, busiest first.

    pip install --no-build-isolation -C cmake.define.MASKFORGE_FUNCTION_ORDER=OFF -C cmake.define.MASKFORGE_SYMBOLS=ON \
        -C install.strip=false --no-deps -e .
    python tools/function_order.py csrc/function_order.txt

Compiling runs once for each schema, in a process that did other things before: most of its time goes into fetching
code, so it matters that the functions it needs lie on as few pages as possible (CMakeLists.txt hands the list to the
linker). A function is as busy as the share of its cache lines that an average run executes. The runs are schemas of
the packaged suite, each in a process of its own under valgrind, with the masks of their valid instances. Names that a
later version does not have do no harm; make the list anew when much of the core changed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CASES_PER_FAMILY = 3
LINE = 64  # bytes of a cache line
BINDINGS = "_ZN9maskforge8bindings12_GLOBAL__N_1"
COLLECTED = [f"{BINDINGS}{name}*" for name in ("11json_schema", "8fill_row", "12accept_token")]


def run_case(number: int) -> None:
    """What is profiled: compiles one schema of the suite and makes the masks of its valid instances."""
    import ctypes

    import maskforge
    from maskforge.jsonschemabench.own_suite import own_cases

    cases = list(own_cases())
    texts = [instance.text for case in cases for instance in case.instances if instance.valid]
    words = {word for text in texts for word in re.findall(r" ?\w+|[^\w\s]+|\s+", text)}
    tokens = [bytes([byte]) for byte in range(256)] + sorted(word.encode() for word in words if len(word.encode()) > 1)
    vocabulary = maskforge.Vocabulary.from_tokens([*tokens, b""], eos_token_ids=len(tokens))
    row = (ctypes.c_uint32 * ((len(tokens) + 32) // 32))()
    ids = {token: number for number, token in enumerate(tokens)}
    longest = max(map(len, tokens))

    compiler = maskforge.Compiler(vocabulary)
    grammar = compiler.json_schema(cases[number].schema)
    for instance in cases[number].instances:
        if not instance.valid:
            continue
        matcher, left = grammar.matcher(), instance.text.encode()
        while left:
            matcher.fill_row(ctypes.addressof(row), len(row))
            token = next(left[:size] for size in range(longest, 0, -1) if left[:size] in ids)
            if not matcher.accept_token(ids[token]):
                break
            left = left[len(token) :]


def profile(number: int, folder: Path) -> Path:
    out = folder / f"callgrind.{number}"
    command = ["valgrind", "--tool=callgrind", "--dump-instr=yes", "--demangle=no", "--collect-atstart=no"]
    command += [f"--toggle-collect={name}" for name in COLLECTED] + [f"--callgrind-out-file={out}"]
    command += [sys.executable, __file__, "--case", str(number), os.devnull]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONHASHSEED": "0"})
    return out


def executed_lines(dump: Path, library: str) -> dict[str, set[int]]:
    """By function of the library, the cache lines of it that were executed."""
    names: dict[str, dict[str, str]] = {"ob": {}, "fn": {}}
    current = {"ob": "", "fn": ""}
    executed: dict[str, set[int]] = defaultdict(set)
    address, is_call = 0, False
    for text in dump.read_text(encoding="utf-8", errors="replace").splitlines():
        if named := re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", text):
            callee, kind, number, name = named.groups()
            if name:
                names[kind][number] = name
            if not callee:
                current[kind] = names[kind].get(number, "")
        elif text.startswith("calls="):
            is_call = True
        elif text[:1] in {"+", "-", "*"} or text.startswith("0x"):
            place = text.split()[0]
            address = int(place, 0) if place.startswith("0x") else address + (int(place, 0) if place != "*" else 0)
            if is_call:
                is_call = False  # the cost of a call: what was called has lines of its own
            elif current["ob"].endswith(library):
                executed[current["fn"].split("'")[0]].add(address // LINE)
    return executed


def sizes(library: Path) -> dict[str, int]:
    listed = subprocess.run(["nm", "-S", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    fields = [line.split() for line in listed.splitlines()]
    return {line[3]: int(line[1], 16) for line in fields if len(line) == 4 and line[2] in "tTwWuV"}


def plain(name: str) -> str:
    """The name of the section that a function is compiled into, without what marks it as a variant."""
    return re.sub(r"\.(isra|part|constprop|localalias|lto_priv)(\.\d+)?", "", name)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--case", type=int, help="run one case only, without profiling it")
    arguments = parser.parse_args()
    if arguments.case is not None:
        run_case(arguments.case)
        return

    from maskforge import _core
    from maskforge.jsonschemabench.own_suite import own_cases

    library = Path(_core.__file__)
    families: dict[str, list[int]] = defaultdict(list)
    for number, case in enumerate(own_cases()):
        families[case.split].append(number)
    numbers = [
        number
        for family in families.values()
        for number in family[:: max(1, len(family) // CASES_PER_FAMILY)][:CASES_PER_FAMILY]
    ]
    executed: dict[str, int] = defaultdict(int)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        for dump in pool.map(lambda number: profile(number, Path(folder)), numbers):
            for name, lines in executed_lines(dump, library.name).items():
                executed[name] += len(lines)
    size = sizes(library)
    busy = {name: lines * LINE / len(numbers) / max(size.get(name, LINE), LINE) for name, lines in executed.items()}
    order = sorted(
        (name for name in busy if name.startswith("_Z") and not name.endswith(".cold")), key=busy.__getitem__
    )
    names = list(dict.fromkeys(plain(name) for name in reversed(order)))
    arguments.out.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    print(f"{len(names)} functions, {sum(size.get(name, 0) for name in order)} bytes, of {len(numbers)} runs")


if __name__ == "__main__":
    main()
