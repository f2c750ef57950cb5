"""The worked examples in descriptions are right: every equation between numbers in them is computed again."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Iterator
from typing import Any

# What is measured, scored or compared has to be worked out with numbers.
_MEASURES = {
    "listens",
    "unique_tracks",
    "minutes_listened",
    "scored_listens",
    "energy_score",
    "musicality_score",
    "positivity_score",
    "score_value",
    "vibe",
    "feature_coverage_pct",
    "gap",
    "is_skipped",
    "skip_rate_pct",
    "listened_ms",
    "completion_pct",
    "mean_completion_pct",
    "predicted_pct",
    "difference_pp",
    "similarity_pct",
}

_NUMBER = r"[−-]?\d(?:[\d,]*\d)?(?:\.\d+)?"
_SIDE = r"(?:min|max|[\d.,+−×/()|√\s-])+"
_EQUATION = re.compile(rf"({_SIDE})=\s*({_NUMBER})")
_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_FUNCTIONS = {"min": min, "max": max, "abs": abs, "sqrt": math.sqrt}


def _equations(text: str) -> Iterator[tuple[str, float, float]]:
    """(the equation, its left side, its right side) for every one between numbers."""
    for found in _EQUATION.finditer(" ".join(text.split())):
        # Punctuation of the sentence before, or a bracket that it opened, may be caught.
        left = found[1].strip(" ,.")
        if left.count("(") > left.count(")"):
            left = left.partition("(")[2] if left.startswith("(") else left
        if re.search(r"[+×/|−]|min|max", left):
            yield f"{left} = {found[2]}", _value(left), _value(found[2])


def _value(text: str) -> float:
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text).replace("×", "*").replace("−", "-").replace("√", "sqrt")
    return _evaluated(ast.parse(re.sub(r"\|([^|]+)\|", r"abs(\1)", text).strip(), mode="eval").body)


def _evaluated(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.BinOp(left=left, op=op, right=right):
            return float(_OPERATORS[type(op)](_evaluated(left), _evaluated(right)))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluated(operand)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return float(_FUNCTIONS[name](*map(_evaluated, arguments)))
    raise ValueError(f"not arithmetic: {ast.unparse(node)}")


def _descriptions(manifest: Any) -> dict[str, str]:
    texts = {f"doc {doc.name}": doc.block_contents for doc in manifest.docs.values() if doc.package_name == "spotiflow"}
    for node in (*manifest.nodes.values(), *manifest.sources.values(), *manifest.metrics.values()):
        texts[node.unique_id] = node.description
        texts |= {
            f"{node.unique_id}.{column.name}": column.description for column in getattr(node, "columns", {}).values()
        }
    return texts


def test_equations_are_found_and_computed() -> None:
    text = "gives (60 + 80 + 10) / 3 = 50, and: 100 − |40 − 55| = 85. min(200,000, 90,000) =\n90,000; a version = 2."
    assert [(left, right) for _, left, right in _equations(text)] == [(50, 50), (85, 85), (90000, 90000)]
    assert [(left, right) for _, left, right in _equations("40 − 55 = −15, (2 × 3 = 6)")] == [(-15, -15), (6, 6)]


def test_every_worked_example_is_right(manifest: Any) -> None:
    equations = [
        (name, *equation) for name, text in _descriptions(manifest).items() for equation in _equations(text or "")
    ]
    wrong = [
        f"{name}: {equation}, but the left side is {left:g}"
        for name, equation, left, right in equations
        if not math.isclose(left, right, rel_tol=1e-12)
    ]
    assert wrong == []
    assert len({equation for _, equation, _, _ in equations}) >= len(_MEASURES)


def test_every_measure_has_a_worked_example(manifest: Any) -> None:
    docs = {doc.name: doc.block_contents for doc in manifest.docs.values() if doc.package_name == "spotiflow"}
    assert set(docs) >= _MEASURES
    assert [name for name in sorted(_MEASURES) if not list(_equations(docs[name].partition("Worked example")[2]))] == []


def test_every_worked_example_can_be_computed_again(manifest: Any) -> None:
    """None stands there in words only: a number that nobody checks goes stale."""
    assert [
        name
        for name, text in _descriptions(manifest).items()
        if "Worked example" in (text or "") and not list(_equations(text.partition("Worked example")[2]))
    ] == []
