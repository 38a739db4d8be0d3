"""The consultant's guide from an empty overlay to production and back, as it is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.project import ROOT
from support.walking import Command, Walk, is_as_told, steps_of

GUIDE = ROOT / "docs" / "consultant" / "from-overlay-to-production.md"
PLAYED = {"laboratory", "calibration_passes"}
"""Scenarios that are played here; all of them are in tests of their own."""


def test_it_is_as_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    """Every command is run, and prints what stands below it; production is on PostgreSQL."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("config", "clients/ruixi"):
        shutil.copytree(ROOT / name, tmp_path / name)
        for file in (tmp_path / name / "scenarios").iterdir():
            if file.stem not in PLAYED:
                file.unlink()
    walk = Walk({"postgresql://formwright@db/production": postgres_url})
    commands = 0
    for step in steps_of(GUIDE):
        printed = walk.do(step)
        if isinstance(step, Command):
            commands += 1
            told = f"line {step.line}: {step.words}\n{printed}"
            assert is_as_told(printed, step.printed), told
    assert commands > 25
