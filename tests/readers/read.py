"""Reads what pullpush writes with programs that it is written for: jsonschema, Taplo and junitparser."""

import json
import pathlib
import subprocess
import sys
import tomllib

import jsonschema
import junitparser

ROOT = pathlib.Path(sys.argv[1])
SCENARIOS = sorted(ROOT.glob("scenarios/**/*.toml"))


def run(*words):
    """Runs a command; gives its exit code and what it said."""
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def validator(schema):
    """A validator for a schema that is valid itself."""
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def the_schema_takes_every_scenario():
    schema = validator(json.loads(subprocess.check_output(["pullpush", "schema"])))
    for path in SCENARIOS:
        schema.validate(tomllib.loads(path.read_text()))
    assert not schema.is_valid({"version": 1, "task": [{"sourec": "vod"}]})


def taplo_reads_the_schema_that_a_scenario_names():
    pathlib.Path("pullpush.schema.json").write_bytes(subprocess.check_output(["pullpush", "schema"]))
    texts = {"-".join(path.relative_to(ROOT).parts): "#:schema ./pullpush.schema.json\n" + path.read_text() for path in SCENARIOS}
    for name, text in texts.items():
        pathlib.Path(name).write_text(text)
    code, said = run("taplo", "lint", *texts)
    assert code == 0, said
    for right, wrong, complaint in [
        ("source", "sourec", "Additional properties are not allowed ('sourec' was unexpected)"),
        ('"vod"', '"vodd"', '"vodd" is not one of ["vod","live","picture"]'),
        ('duration = "', 'duration = "x', "does not match"),
    ]:
        pathlib.Path("wrong.toml").write_text(texts["scenarios-playlist.toml"].replace(right, wrong))
        code, said = run("taplo", "lint", "wrong.toml")
        assert code == 1 and complaint in said, f"{wrong}: exit {code}\n{said[:2000]}"


SHOW = """
version = 1
seed = 7
receiver.retry = "none"
payload.epoch = "2026-01-01T12:00:00Z"
[[task]]
source = "vod"
count = 2
task_id = "{n}"
to_url = "rtmp://push.test/live/{n}"
start_gap = "1s"
files = [{ url = "http://media.test/1.m3u8", duration = "5s" }]
"""

# What XML cannot hold, and what ends things in it.
ODD = """
version = 1
receiver.retry = "none"
[[task]]
task_id = "\\u0001\\u001b]]>&<a>\\"名前 \\uFFFE\\n"
step = [{ event = "TaskStart" }]
"""


def junit(*words):
    """Plays scenarios in virtual time; gives the exit code and what junitparser makes of the report."""
    pathlib.Path("show.toml").write_text(SHOW)
    pathlib.Path("odd.toml").write_text(ODD)
    code, said = run("pullpush", "run", *words, "--virtual", "--report", "junit=r.xml", "--report", "json=r.json")
    schema = validator(json.loads(subprocess.check_output(["pullpush", "schema", "report"])))
    schema.validate(json.loads(pathlib.Path("r.json").read_text()))
    return code, junitparser.JUnitXml.fromfile("r.xml")


def counts(report):
    """Of the whole and of each suite, as the file says, and as its cases do."""
    said = [(part.tests, part.failures, part.errors, part.skipped) for part in [report, *report]]
    report.update_statistics()
    assert said == [(part.tests, part.failures, part.errors, part.skipped) for part in [report, *report]]
    return said


def junitparser_reads_a_run_that_passes():
    code, report = junit("show.toml", "odd.toml")
    suites = list(report)
    assert (code, [suite.name for suite in suites]) == (0, ["show.toml", "odd.toml"])
    assert [case.name for case in suites[0]] == ["task 1", "task 2"]
    assert all(case.is_passed for suite in suites for case in suite)
    # A second until the file starts, five of it, and a millisecond for each of the last two answers.
    assert [case.time for case in suites[0]] == [6.002, 6.002]
    assert suites[0].time == 6.002
    assert counts(report) == [(3, 0, 0, 0), (2, 0, 0, 0), (1, 0, 0, 0)]


def junitparser_reads_a_run_that_fails():
    code, report = junit("show.toml", "odd.toml", "--fail-first", "1", "--status", "503")
    assert code == 1 and counts(report) == [(3, 2, 0, 0), (2, 1, 0, 0), (1, 1, 0, 0)]
    [first, second], [odd] = report
    [failure] = first.result
    assert isinstance(failure, junitparser.Failure)
    assert failure.message.startswith("TaskStart  task=1  #1: not acknowledged: status 503; answer: {"), failure.message
    again = "again: pullpush run show.toml --seed 7 --virtual --fail-first 1 --status 503"
    assert failure.text == f"{failure.message}\n{again}", failure.text
    assert second.is_passed and odd.is_failure
    assert odd.name == 'task \\u{1}\\u{1b}]]>&<a>"名前 \\u{fffe}\\n', odd.name

    code, report = junit("show.toml", "--drop-connection")
    assert code == 1 and counts(report) == [(2, 0, 2, 0), (2, 0, 2, 0)]
    [error] = next(iter(next(iter(report)))).result
    assert isinstance(error, junitparser.Error) and "not acknowledged: " in error.message


if len(SCENARIOS) < 70:
    sys.exit(f"only {len(SCENARIOS)} scenarios in {ROOT}")
for check in [
    the_schema_takes_every_scenario,
    taplo_reads_the_schema_that_a_scenario_names,
    junitparser_reads_a_run_that_passes,
    junitparser_reads_a_run_that_fails,
]:
    check()
    print("ok   ", check.__name__.replace("_", " "))
