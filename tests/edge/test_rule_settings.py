"""Rules in the settings: what each kind demands, and what it means where the owner said nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from broadcast.templates import phrases
from edge.cameras import rule_spec, severity_of, surroundings, worker_specs
from edge.cli.settings import known_rules
from edge.errors import SettingsError
from edge.settings import load_hub
from edge.settings.schema import HubSettings, RuleSection
from edge.site.words import load_words
from tests.requirements import REPOSITORY
from tests.words_in_use import keys
from vision.rules import KINDS, RULES

HEAD = """
[hub]
id = "lin-jia-cun"
village = "林家村"
township = "qing-shan-zhen"
[[camera]]
id = "road"
name = "村口路"
url = "rtsp://192.0.2.1/"
[[camera.zone]]
id = "lane"
name = "车道"
polygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]
[[camera.rule]]
zone = "lane"
"""


def load(tmp_path: Path, rule: str) -> HubSettings:
    path = tmp_path / "hub.toml"
    path.write_text(HEAD + rule, encoding="utf-8")
    return load_hub(path, rule_kinds=known_rules())


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('kind = "line_crossing"', "has no line"),
        ('kind = "over_capacity"', "how many people are allowed"),
        ('kind = "wrong_way"', "allowed direction"),
        ('kind = "fire"\nlabels = ["person"]', "never means"),
        ('kind = "line_crossing"\nline = [[0.5, 0.5], [0.5, 0.5]]', "Draw the line again"),
        ('kind = "line_crossing"\nline = [[0.5, 0.5]]', "at least 2"),
        ('kind = "line_crossing"\nline = [[0.5, 0.5], [0.5, 1.5]]', "one corner"),
        ('kind = "line_crossing"\nline = [[0, 0], [1, 1]]\ndirection = "up"', "left_to_right"),
        ('kind = "over_capacity"\nlimit = 0', "1 or more"),
        ('kind = "wrong_way"\ndirection_deg = 360', "less than 360"),
        ('kind = "dragon"', "line_crossing"),
    ],
)
def test_a_rule_that_lacks_something_is_named(tmp_path: Path, rule: str, words: str) -> None:
    """The sentence names the rule and what to write."""
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, rule)
    assert "camera[road].rule[0]" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("kind", list(RULES))
def test_a_rule_with_what_it_needs_is_accepted(tmp_path: Path, kind: str) -> None:
    """And what was left out is what its kind usually means."""
    text = (
        f'kind = "{kind}"\nline = [[0.1, 0.5], [0.9, 0.5]]\nlimit = 5\ndirection_deg = 90\n'
        'direction = "left_to_right"'
    )
    (rule,) = load(tmp_path, text).camera[0].rule
    spec = rule_spec(rule)
    assert spec.labels == KINDS[kind].labels
    assert spec.dwell_s == KINDS[kind].dwell_s
    assert severity_of(rule) == KINDS[kind].severity
    assert spec.line == ((0.1, 0.5), (0.9, 0.5))
    assert (spec.limit, spec.direction, spec.direction_deg) == (5, "left_to_right", 90)


def test_what_the_owner_said_goes_first(tmp_path: Path) -> None:
    """Labels, dwell and severity of the file win over those of the kind."""
    text = 'kind = "fire"\nseverity = "notice"\ndwell_s = 7'
    settings = load(tmp_path, text)
    (rule,) = settings.camera[0].rule
    assert rule_spec(rule).dwell_s == 7
    assert surroundings(settings).rule("road", "fire", "lane").severity == "notice"


def test_a_fire_is_a_matter_of_life_where_nobody_said_otherwise() -> None:
    """So are smoke and water; a parked car is a notice."""
    assert severity_of(RuleSection(kind="fire")) == "life_safety"
    assert severity_of(RuleSection(kind="smoke")) == "life_safety"
    assert severity_of(RuleSection(kind="obstruction")) == "notice"
    assert severity_of(RuleSection()) == "urgent"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_has_a_name_and_words_to_speak(language: str) -> None:
    """On the pages, in the demo, and on the loudspeaker where a warning makes sense."""
    pages = load_words([REPOSITORY / "edge" / "site" / "words"])[language]
    demo = keys(REPOSITORY / "edge" / "demo" / "words" / f"{language}.toml")
    spoken = {kind for kind, _ in phrases(language).keys}
    for kind in RULES:
        assert pages.name("kind", kind) != kind
        assert f"kind.{kind}" in demo
        assert kind in spoken


def test_rules_of_one_kind_on_one_zone_have_names(tmp_path: Path) -> None:
    """The first keeps the name it had before there were names; facts are found by it."""
    text = 'kind = "intrusion"\n[[camera.rule]]\nkind = "intrusion"\nzone = "lane"\nspeak = false'
    settings = load(tmp_path, text)
    (spec,) = worker_specs(settings)
    assert [rule.id for rule in spec.cameras[0].rules] == ["", "2"]
    facts = surroundings(settings)
    assert facts.rule("road", "intrusion", "lane").speak
    assert not facts.rule("road", "intrusion", "lane", "2").speak
