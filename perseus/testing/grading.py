"""`pytest --perseus-grade`: what the checks of `NotifierContract` found, as a grade beside the plugin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Mapping
from types import ModuleType

import pytest

from perseus import hookspecs
from perseus.pluginhost.admission import grade
from perseus.pluginhost.admission.grade import Grade
from perseus.testing import tiers
from perseus.testing.contract import NotifierContract
from perseus.testing.tiers import EXEMPT, FAILED, MISSING, PASSED, RESULTS, RULES

PREFIX = "test_"


class Recorder:
    """A plugin of pytest: notes each check, and in the end writes the grades, or compares them (`is_check`)."""

    def __init__(self, is_check: bool) -> None:
        self._is_check = is_check
        self._plugins: dict[str, ModuleType] = {}
        self._results: dict[str, dict[str, str]] = defaultdict(dict)
        self._reasons: dict[str, dict[str, str]] = defaultdict(dict)
        self._said: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what became of one check."""
        report = yield
        contract = getattr(item, "cls", None)
        rule = getattr(item, "originalname", item.name).removeprefix(PREFIX)
        if isinstance(contract, type) and issubclass(contract, NotifierContract) and rule in RULES:
            self._note(contract, rule, report)
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the grades, or hold them against those that are there."""
        for name, results in sorted(self._results.items()):
            if self._keep(name, results) and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was found."""
        for line in self._said:
            terminalreporter.write_line(line)

    def _note(self, contract: type[NotifierContract], rule: str, report: pytest.TestReport) -> None:
        result, reason = _result(report)
        if result is None:
            return
        module = contract.module()
        self._plugins[module.__name__] = module
        before = self._results[module.__name__].get(rule, PASSED)
        self._results[module.__name__][rule] = min(before, result, key=RESULTS.index)
        if reason and result in (MISSING, EXEMPT):
            self._reasons[module.__name__][rule] = reason

    def _keep(self, name: str, results: Mapping[str, str]) -> bool:
        """Write or compare one grade; True when it is not as it was kept."""
        if set(results) != set(RULES):
            self._said.append(f"{name}: not graded, for only {len(results)} of {len(RULES)} checks were run")
            return False
        found = Grade(tiers.earned(results), "{}.{}".format(*hookspecs.API), dict(results), dict(self._reasons[name]))
        lacking = ", ".join(tiers.lacking(results))
        self._said.append(f"{name}: {found.tier or 'no grade'}{f', gold lacks: {lacking}' if lacking else ''}")
        module = self._plugins[name]
        if not self._is_check:
            self._said.append(f"  written to {grade.write(module, found)}")
            return False
        if grade.read(module) == found:
            return False
        self._said.append(f"  which is not what {grade.file_of(module)} says: run pytest --perseus-grade")
        return True


def _result(report: pytest.TestReport) -> tuple[str | None, str]:
    """None for a phase that decides nothing."""
    if report.failed:
        return FAILED, ""
    if report.skipped and isinstance(report.longrepr, tuple):
        word, _, reason = report.longrepr[2].removeprefix("Skipped: ").partition(": ")
        return (word, reason) if word in (MISSING, EXEMPT) else (FAILED, reason)
    return (PASSED, "") if report.when == "call" else (None, "")
