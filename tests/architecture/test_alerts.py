"""Rules, dashboards and runbooks speak of metrics, pages, commands and tables that exist."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from typer.testing import CliRunner

from o2c.cli import app
from o2c.commands.dashboards import FOLDER, rendered
from shared.contracts.catalogue import SERVICES
from tests.exposition import exported

ROOT: Final = Path(__file__).parents[2]
RULES: Final = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
CONFIG: Final = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
PAGES: Final = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "runbooks").glob("*.md")}
MANUAL: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ALERTS: Final[list[dict[str, Any]]] = [rule for group in RULES["groups"] for rule in group["rules"]]
HTTP: Final = {"http_route", "http_request_method", "http_response_status_code"}
OF_OTHERS: Final[dict[str, set[str]]] = {
    "up": {"job"},
    "node_filesystem_avail_bytes": {"mountpoint"},
    "http_server_request_duration_seconds_count": HTTP,
    "http_server_request_duration_seconds_bucket": HTTP | {"le"},
}
"""Prometheus' own, node_exporter's and the framework's; the last are seen on a real process in tests/kafka."""
BY_THE_SCRAPE: Final = {"instance", "job"}
WORDS: Final = frozenset(
    "sum max min by on and or unless rate increase histogram_quantile predict_linear vector hour day_of_week".split()  # noqa: SIM905
)
OF_NO_ALERT: Final = frozenset(
    """start-and-stop broker-down restore republish rewind-offsets order-does-not-move decree-moves-a-holiday change-a-rule-table
    rotate-secrets add-a-salesforce-org partner-sends-rubbish mail-server-down topic-nearly-full certificate-expiry
    upgrade-and-roll-back erase-a-person dossier-for-a-dispute""".split()  # noqa: SIM905 - a list of words
)
"""Pages for what is planned, and for what a person tells before an alert does."""
SEVERITIES: Final = {"page", "hours", "ticket", "daily"}
UNITS: Final = {"short", "s", "percentunit", "cps", "reqps"}


def names(query: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of a query with the labels it is chosen by; a word that is neither metric nor PromQL is a metric too."""
    bare = re.sub(r"\b(by|on) \([^)]*\)", " ", re.sub(r"\[[^\]]*\]", " ", query))
    for name, chosen in re.findall(r"([a-zA-Z_]\w*)\b(?:\{([^}]*)\})?", re.sub(r'"[^"]*"', '""', bare)):
        if name not in WORDS:
            yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", chosen))


def grouped(query: str) -> set[str]:
    return {one.strip() for names_ in re.findall(r"\b(?:by|on) \(([^)]*)\)", query) for one in names_.split(",")}


def unknown(query: str) -> list[str]:
    """What a query speaks of that nobody exports, labels included."""
    known = {name: set(labels) for name, labels in exported().items()} | OF_OTHERS
    found, may = [], set(BY_THE_SCRAPE)
    for name, chosen in names(query):
        if name not in known:
            found.append(name)
            continue
        may |= known[name]
        found += [f"{name}{{{label}}}" for label in chosen - known[name] - BY_THE_SCRAPE]
    return found + sorted(grouped(query) - may)


def balanced(query: str) -> bool:
    depth: list[str] = []
    for mark in re.findall(r"[(){}\[\]]", re.sub(r'"[^"]*"', "", query)):
        if mark in "({[":
            depth.append(mark)
        elif not depth or depth.pop() + mark not in {"()", "{}", "[]"}:
            return False
    return not depth


def queries() -> list[str]:
    found = [rule["expr"] for rule in ALERTS]
    for text in rendered().values():
        found += [target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]]
    return found


def test_every_query_of_a_rule_or_panel_speaks_of_what_a_process_exports() -> None:
    assert len(queries()) > 60
    assert {query: unknown(query) for query in queries() if unknown(query)} == {}
    assert [query for query in queries() if not balanced(query)] == []
    assert unknown('max by (stage) (o2c_outbox_age{party="x"})') == ["o2c_outbox_age", "stage"]
    assert unknown('max by (stage) (o2c_parked{party="x"})') == ["o2c_parked{party}", "stage"]


def test_every_alert_says_who_is_called_why_and_which_page_helps() -> None:
    assert [path for path in CONFIG["rule_files"] if not (ROOT / "deploy" / "prometheus" / path).exists()] == []
    for rule in ALERTS:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in SEVERITIES
        assert re.fullmatch(r"\d+[smh]", rule["for"])
        assert (ROOT / rule["annotations"]["runbook_url"]).stem == rule["alert"]
        told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        kept = grouped(rule["expr"]) | BY_THE_SCRAPE if "by (" in rule["expr"] else None
        assert kept is None or told <= kept, f"{rule['alert']}: a label that the query drops"


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    assert {rule["alert"] for rule in ALERTS} | OF_NO_ALERT == PAGES.keys()
    assert not {rule["alert"] for rule in ALERTS} & OF_NO_ALERT
    for name, page in PAGES.items():
        assert page.startswith(f"# {name}\n")
        parts = ["**What it means.**", "**Who is hurt.**", "\n## Look\n", "\n## Do\n", "\n## How it clears\n"]
        places = [page.find(part) for part in parts]
        assert places == sorted(places), name
        assert -1 not in places, name
        linked = re.findall(r"\]\(([\w./-]+\.md)\)", page)
        assert [link for link in linked if not (ROOT / "docs" / "runbooks" / link).exists()] == [], name


def commands() -> list[str]:
    pages = (*PAGES.values(), MANUAL)
    return sorted({line for page in pages for block in blocks(page, "sh") for line in block.splitlines()})


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)\n```", page, re.DOTALL)


@pytest.mark.parametrize("line", commands())
def test_a_command_of_a_page_exists_with_its_options_and_as_many_words(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "o2c"
    path = [words.pop(0)]
    asked = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "300"})
    assert asked.exit_code == 0, asked.output
    if "COMMAND [ARGS]" in asked.output:
        path.append(words.pop(0))
        asked = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "300"})
        assert asked.exit_code == 0, asked.output
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", asked.output), f"{line}: no {option}"
    usage = re.search(r"Usage: .*?\[OPTIONS\](.*)", asked.output)
    assert usage is not None
    most, at_least = len(usage[1].split()), len(re.findall(r"(?<!\[)\b[A-Z_]{3,}\b(?!\])", usage[1]))
    values = 0
    for place, word in enumerate(words):
        takes = re.search(rf"{word}\s+<(?!bool)", asked.output) if word.startswith("--") else None
        values += takes is not None and place + 1 < len(words)
    arguments = len([word for word in words if not word.startswith("--")]) - values
    assert at_least <= arguments <= most, f"{line}: {usage[1]}"


def test_the_dashboards_are_what_the_table_says() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")} == rendered()


def test_every_panel_has_a_title_a_unit_and_its_reason_and_none_covers_another() -> None:
    seen: set[str] = set()
    for text in rendered().values():
        board = json.loads(text)
        assert board["uid"] not in seen
        seen.add(board["uid"])
        taken = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
        assert len(set(taken)) == len(taken)
        for panel in board["panels"]:
            assert panel["title"]
            assert panel["description"].endswith("."), panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
            assert panel["targets"]
            for target in panel["targets"]:
                told = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
                kept = grouped(target["expr"]) if " by (" in target["expr"] else BY_THE_SCRAPE
                assert told <= kept, panel["title"]


def test_every_service_is_scraped() -> None:
    jobs = {
        job["job_name"]: {target for one in job["static_configs"] for target in one["targets"]}
        for job in CONFIG["scrape_configs"]
    }
    assert jobs == {"o2c": {f"{name}:8000" for name in SERVICES}, "o2c-watch": {"watch:8000"}}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here: Debian has it in its package prometheus")
def test_promtool_reads_the_rules_the_configuration_and_every_query_of_a_panel(tmp_path: Path) -> None:
    """Debian's is older than our Prometheus, and does not know its section `otlp`."""
    folder = ROOT / "deploy" / "prometheus"
    (tmp_path / "rules.yml").write_text((folder / "rules.yml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({key: one for key, one in CONFIG.items() if key != "otlp"}))
    alerts = {rule["expr"] for rule in ALERTS}
    told = [re.sub(r"\$__rate_interval", "5m", query) for query in queries() if query not in alerts]
    recorded = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(told)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    for words in (["config", "prometheus.yml"], ["rules", "--lint=none", "rules.yml"], ["rules", "--lint=none", "panels.yml"]):
        done = subprocess.run(["promtool", "check", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
