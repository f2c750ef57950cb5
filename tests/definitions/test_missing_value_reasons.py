"""The seed of sentences for missing values has no sentence that no mart asks for.

`tests/singular/assert_missing_values_have_a_sentence.sql` checks in the data that each reason has its sentence. From
its list of marts and columns, this test knows which marts a subject belongs to.
"""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import PROJECT

SEED = "seeds/definitions/missing_value_reasons.csv"
LIST = "tests/singular/assert_missing_values_have_a_sentence.sql"


def sql_by_name(root: Path) -> dict[str, str]:
    """The SQL of models and macros, without comments, under each model's and each macro's name."""
    found: dict[str, str] = {}
    for folder in ("models", "macros"):
        for file in (root / folder).rglob("*.sql"):
            text = re.sub(r"\{#.*?#\}", "", re.sub(r"--.*", "", file.read_text()), flags=re.DOTALL)
            names = [file.stem] if folder == "models" else re.findall(r"\bmacro (\w+)\(", text)
            found |= dict.fromkeys(names, text)
    return found


def marts_by_subject(root: Path) -> dict[str, set[str]]:
    """The marts that have a reason column of a subject."""
    text = (root / LIST).read_text()
    pairs = re.findall(r"\('([^']+)', '(\w+)', '\w+_null_reason'\)", text)
    pairs += re.findall(r"'([^']+)' as subject,\s+\w+_null_reason as reason\s+from \{\{ ref\('(\w+)'\) \}\}", text)
    return {subject: {mart for of, mart in pairs if of == subject} for subject, _ in pairs}


def written_behind(marts: set[str], sql: dict[str, str]) -> set[str]:
    """All text literals in the SQL of these marts, of what they read and of the macros in it."""
    names, waiting = set(marts), list(marts)
    while waiting:
        new = set(re.findall(r"\w+", sql[waiting.pop()])) & set(sql) - names
        names |= new
        waiting += new
    return {literal for name in names for literal in re.findall(r"'([^'\n]+)'", sql[name])}


def unused(root: Path) -> list[str]:
    """Sentences whose reason no SQL behind the marts of their subject writes."""
    sql, marts = sql_by_name(root), marts_by_subject(root)
    written = {subject: written_behind(of, sql) for subject, of in marts.items()}
    with (root / SEED).open(encoding="utf-8", newline="") as file:
        return [
            f"{row['subject']}: {row['reason']}"
            for row in csv.DictReader(file)
            if row["reason"] not in written.get(row["subject"], set())
        ]


def test_a_model_uses_every_sentence() -> None:
    assert unused(PROJECT) == []


@pytest.mark.parametrize(
    "row",
    [
        "genre,no such reason,A sentence.",
        "no such subject,no listens,A sentence.",
        "rating,no week before,There is no week before this one.",
    ],
)
def test_an_unused_sentence_is_found(row: str, tmp_path: Path) -> None:
    for part in ("models", "macros"):
        shutil.copytree(PROJECT / part, tmp_path / part)
    for name in (SEED, LIST):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    with (tmp_path / SEED).open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")
    assert unused(tmp_path) == [": ".join(row.split(",")[:2])]


def test_a_sentence_whose_reason_a_model_no_longer_writes_is_found() -> None:
    sql = sql_by_name(PROJECT)
    sql["weekly_retention"] = sql["weekly_retention"].replace("'not observed so long'", "'too recent'")
    assert "not observed so long" in written_behind({"weekly_retention"}, sql_by_name(PROJECT))
    assert "not observed so long" not in written_behind({"weekly_retention"}, sql)
