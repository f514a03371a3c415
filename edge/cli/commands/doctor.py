"""`village-hub doctor`: look at the machine and say in plain words what to do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator

from edge.cli.command import FAILED, OK, Call, Command, add_config
from edge.cli.probes import PROBES
from edge.cli.probes.finding import Finding, Probe, Subject
from edge.cli.settings import any_settings
from edge.logs import without_secrets
from edge.settings.schema import HubSettings
from edge.words import Words


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add_config(parser, words)
    parser.add_argument("--json", action="store_true", help=words("doctor.json"))


def run(call: Call) -> int:
    subject = Subject(any_settings(call), call.words)
    findings = []
    for finding in examine(subject, PROBES):
        findings.append(finding)
        if not call.arguments.json:
            _tell(call, finding)
    ill = [finding for finding in findings if not finding.ok]
    if call.arguments.json:
        call.tell(_as_json(findings))
    elif ill:
        call.say("doctor.ill", count=len(ill))
    else:
        call.say("doctor.well")
    return FAILED if ill else OK


def examine(subject: Subject, probes: Iterable[Probe]) -> Iterator[Finding]:
    """All findings, as they come; a probe that breaks is a finding and stops nothing."""
    is_hub = isinstance(subject.settings, HubSettings)
    for probe in probes:
        if probe.hub_only and not is_hub:
            continue
        try:
            yield from probe.look(subject)
        except Exception as error:  # noqa: BLE001 - the other probes still have something to say
            reason = f"{type(error).__name__}: {error}"
            yield subject.bad(probe.name, "probe_broken", name=probe.name, reason=reason)


def _tell(call: Call, finding: Finding) -> None:
    mark = "✔" if finding.ok else "✘"
    call.tell(f"{mark} {without_secrets(finding.sentence)}")
    if finding.remedy:
        call.tell(f"  → {finding.remedy}")


def _as_json(findings: Iterable[Finding]) -> str:
    rows = [
        {
            "about": finding.about,
            "ok": finding.ok,
            "sentence": without_secrets(finding.sentence),
            "remedy": finding.remedy,
            "figures": {
                name: without_secrets(value) if isinstance(value, str) else value
                for name, value in finding.figures.items()
            },
        }
        for finding in findings
    ]
    report = {"ok": all(row["ok"] for row in rows), "findings": rows}
    return json.dumps(report, ensure_ascii=False, indent=2)


COMMAND = Command("doctor", add_arguments, run)
