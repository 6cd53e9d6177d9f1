"""Every line of docs/cron.md that cron or systemd would run does what the page says, also the second time."""

import json
import os
import re
import shlex
from pathlib import Path

import psycopg
import pytest
import shells
from psycopg.sql import SQL, Identifier

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cron.md").read_text(encoding="utf-8")
PLACES = ("/srv/transcripts", "/srv/backup", "/var/log/memctl", "/var/log", "/etc/memctl")
FIELD = re.compile(r"(\*|\d+(,\d+)*)(/\d+)?")


def block(language):
    (lines,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return lines


def crontab():
    """The variables of the crontab, and its commands with their five time fields."""
    variables, lines = {}, []
    for line in block("crontab").splitlines():
        if re.match(r"\w+=", line):
            name, _, value = line.partition("=")
            variables[name] = value
        elif line and not line.startswith("#"):
            *when, command = line.split(maxsplit=5)
            lines.append((when, command))
    return variables, lines


def unit():
    """The settings of the service, with continued lines joined; a setting may occur more than once."""
    settings: dict[str, list[str]] = {}
    for line in block("ini").partition("\n# ")[0].replace("\\\n", " ").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            settings.setdefault(name, []).append(value)
    return settings


@pytest.fixture
def machine(home, store, chat, postgres_dsn, postgres_schema):
    """A machine on which the page's paths are in a folder of the test, and the backend `team` is a PostgreSQL."""
    here = {place: home / place.strip("/").replace("/", "-") for place in PLACES}
    for folder in here.values():
        folder.mkdir(exist_ok=True)
    chat("alice/a.jsonl", "I live in Oslo.", "I work at Acme.", folder="srv-transcripts")
    (home / "work" / "memctl.toml").write_text(f"{block('toml')}schema = {json.dumps(postgres_schema)}\n")
    (here["/etc/memctl"] / "team.dsn").write_text(f"{postgres_dsn}\n")

    def local(words):
        for place, folder in here.items():
            words = words.replace(place, str(folder))
        return words

    return local


@pytest.fixture
def shell(machine, store):
    """Run a line like cron: with sh, an empty stdin, and a short PATH that contains memctl. With `bare`, memctl is a
    new process with only cron's environment."""

    def run(line, bare=False, **variables):
        environment = {"HOME": os.environ["HOME"], "MEMCTL_STORE": str(store), "MEMCTL_NEURAL_MODEL": "", **variables}
        return shells.run(machine(line), {name: machine(value) for name, value in environment.items()}, bare=bare)

    return run


def facts_of(dsn, schema):
    with psycopg.connect(dsn) as connection:
        table = Identifier(schema, "facts")
        rows = connection.execute(SQL("SELECT text FROM {} WHERE kind <> 'episode'").format(table)).fetchall()
    return sorted(text for (text,) in rows)


def test_every_crontab_line_runs_twice(shell, machine, postgres_dsn, postgres_schema):
    variables, lines = crontab()
    assert len(lines) >= 5
    for when, command in lines:
        assert len(when) == 5
        assert all(FIELD.fullmatch(field) for field in when), when
        assert "%" not in command, "cron would end the command there"
    for number in range(2):
        for _, command in lines:
            ran = shell(command, bare=command is lines[number][1], TEAM_DSN=postgres_dsn, **variables)
            assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
            assert ran.stdout == "", f"cron would send a mail: {command}"
            assert not (number and ran.stderr), "cron would send a mail every time"
        assert facts_of(postgres_dsn, postgres_schema) == ["alice lives in Oslo.", "alice works at Acme."]
        log = [json.loads(line) for line in Path(machine(variables["MEMCTL_LOG_FILE"])).read_text().splitlines()]
        assert len(log) == (number + 1) * sum(command.count("memctl ") for _, command in lines)
        assert {line["exit"] for line in log} == {0}


def test_the_timer_service_runs_and_a_time_limit_is_not_a_failure(
    shell, memctl, machine, home, postgres_dsn, postgres_schema
):
    settings = unit()
    assert shell("memctl ingest -q /srv/transcripts").returncode == 0
    credentials = home / "credentials"
    credentials.mkdir()
    for name, _, source in (credential.partition(":") for credential in settings["LoadCredential"]):
        (credentials / name).write_bytes(Path(machine(source)).read_bytes())
    variables = dict(line.replace("%d", str(credentials)).split("=", 1) for line in settings["Environment"])
    (line,) = settings["ExecStart"]
    command = shlex.split(line)
    assert command[0] == "/usr/local/bin/memctl"
    line = shlex.join(["memctl", *command[1:]])
    ran = shell(line, **variables)
    assert ran.returncode == 0, ran.stderr
    assert facts_of(postgres_dsn, postgres_schema) == ["alice lives in Oslo.", "alice works at Acme."]
    late = shell(line.replace("2h", "0.001s"), **variables)
    assert str(late.returncode) in settings["SuccessExitStatus"], late.stderr
    assert shell(line, **variables).returncode == 0
    assert postgres_dsn not in ran.stderr + ran.stdout + late.stderr
