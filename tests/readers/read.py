"""Reads what pullpush writes with the programs that it is written for: Taplo and jsonschema."""

import json
import pathlib
import subprocess
import sys
import tomllib

import jsonschema

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


if len(SCENARIOS) < 70:
    sys.exit(f"only {len(SCENARIOS)} scenarios in {ROOT}")
for check in [the_schema_takes_every_scenario, taplo_reads_the_schema_that_a_scenario_names]:
    check()
    print("ok   ", check.__name__.replace("_", " "))
