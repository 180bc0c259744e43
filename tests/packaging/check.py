"""Packs a release and installs it, as .github/workflows/release.yml and .github/actions/pullpush do it, without GitHub."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib

import yaml

ROOT, BUILT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
DESK = pathlib.Path.cwd()
PACKAGE = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
TAG = f"v{PACKAGE['version']}"
TARGET = "x86_64-unknown-linux-musl"

# Gives what lies in the folder `release`, as `gh release download` does.
GH = """#!/usr/bin/env bash
set -eu
[ "$1 $2 $4 $5" = "release download --repo owner/pullpush" ]
for word in "$@"; do [ ! -e "$DESK/release/$3/$word" ] || cp "$DESK/release/$3/$word" .; done
"""
CARGO = '#!/usr/bin/env bash\necho "$@" >"$DESK/cargo.log"\n'

SCENARIO = """
version = 1
receiver.retry = "none"
task = [{ step = [{ event = "TaskStart" }] }]
"""


def the_archive_holds_what_a_packager_wants():
    name = f"pullpush-{TAG}-{TARGET}"
    said = subprocess.check_output([ROOT / ".github/archive", TAG, TARGET, BUILT], text=True)
    assert said == f"{name}.tar.gz\n", said
    with tarfile.open(f"{name}.tar.gz") as archive:
        names = {member.name.removeprefix(f"{name}/") for member in archive if member.isfile()}
    help_text = subprocess.check_output([BUILT / "pullpush", "--help"], text=True)
    verbs = re.findall(r"^  ([a-z]+) ", help_text.split("Commands:")[1].split("Options:")[0], re.MULTILINE)
    pages = {f"man/pullpush-{verb}.1" for verb in verbs if verb != "help"} | {"man/pullpush.1"}
    shells = {"pullpush.bash", "_pullpush", "pullpush.fish", "pullpush.elv", "_pullpush.ps1"}
    others = {"pullpush", "LICENSE", "README.md", "pullpush.schema.json"}
    assert names == pages | {f"completions/{shell}" for shell in shells} | others, names
    release = DESK / "release" / TAG
    release.mkdir(parents=True)
    shutil.move(f"{name}.tar.gz", release)
    sums()


def sums():
    """As the last job of the release writes them."""
    release = DESK / "release" / TAG
    archives = sorted(release.glob("pullpush-*"))
    digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
    (release / "SHA256SUMS").write_text("".join(f"{digest(path)}  {path.name}\n" for path in archives))


def binstall_finds_the_archive():
    rules = PACKAGE["metadata"]["binstall"]
    for target, end in [(TARGET, ".tar.gz"), ("x86_64-pc-windows-msvc", ".zip")]:
        given = {"repo": "REPO", "version": PACKAGE["version"], "name": "pullpush", "target": target, "bin": "pullpush"}
        given["binary-ext"] = ".exe" if end == ".zip" else ""
        rule = rules | rules["overrides"].get(target, {})
        fill = lambda text: re.sub(r"\{ ([a-z-]+) \}", lambda match: given[match[1]], text)
        name = f"pullpush-{TAG}-{target}"
        assert fill(rule["pkg-url"]) == f"REPO/releases/download/{TAG}/{name}{end}"
        assert fill(rule["bin-dir"]) == f"{name}/pullpush{given['binary-ext']}"


def act(ref=TAG, **inputs):
    """Runs the steps of the action; gives the exit code of the last, the steps done, and all that was said."""
    action = yaml.safe_load((ROOT / ".github/actions/pullpush/action.yml").read_text())
    assert set(inputs) <= set(action["inputs"])
    known = {f"inputs.{name}": inputs.get(name, rule.get("default", "")) for name, rule in action["inputs"].items()}
    known |= {"github.token": "", "github.action_path": str(ROOT / ".github/actions/pullpush")}
    known |= {"github.action_repository": "owner/pullpush", "github.action_ref": ref}
    fill = lambda text: re.sub(r"\$\{\{ ([a-z_.]+) \}\}", lambda match: known[match[1]], text)
    for tool, text in [("gh", GH), ("cargo", CARGO)]:
        (DESK / "bin").mkdir(exist_ok=True)
        (DESK / "bin" / tool).write_text(text)
        (DESK / "bin" / tool).chmod(0o755)
    shutil.rmtree(DESK / "temp", ignore_errors=True)
    (DESK / "temp").mkdir()
    paths, said = DESK / "paths", ""
    paths.write_text("")
    for number, step in enumerate(action["runs"]["steps"]):
        added = paths.read_text().split("\n")[::-1]
        path = ":".join(filter(None, [*added, str(DESK / "bin"), "/usr/bin", "/bin"]))
        env = {"PATH": path, "DESK": str(DESK), "RUNNER_TEMP": str(DESK / "temp"), "GITHUB_PATH": str(paths)}
        env |= {name: fill(text) for name, text in step.get("env", {}).items()}
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", step["run"]], env=env, capture_output=True, text=True)
        said += done.stdout + done.stderr
        if done.returncode:
            return done.returncode, number, said
    return 0, number, said


def the_action_installs_a_release_and_plays():
    for name in ["a.toml", "b.toml"]:
        pathlib.Path(name).write_text(SCENARIO)
    code, _, said = act(scenarios="*.toml\n", args="--sink --speed max")
    assert code == 0 and "a.toml  seed" in said and "b.toml  seed" in said, said
    assert pathlib.Path("pullpush.xml").read_text().count("<testsuite ") == 2
    code, step, said = act(scenarios="a.toml b.toml", to="http://127.0.0.1:1/", args="--seed 1", junit="j.xml", version=TAG)
    assert (code, step) == (1, 1) and "http://127.0.0.1:1/" in said, said
    assert pathlib.Path("j.xml").read_text().count("<error ") == 2
    code, step, said = act(scenarios="none*.toml", args="--sink")
    assert (code, step) == (2, 1) and "no scenario matches none*.toml" in said, said
    code, step, said = act(scenarios="$(touch broken) ; touch broken", args="; touch broken")
    assert code == 2 and not pathlib.Path("broken").exists(), said


def the_action_refuses_what_is_not_what_was_released():
    release = DESK / "release" / TAG
    archive = next(release.glob("*.tar.gz"))
    whole = archive.read_bytes()
    archive.write_bytes(whole + b"\0")
    code, step, said = act(scenarios="a.toml", args="--sink")
    assert (code, step) == (1, 0) and "FAILED" in said, said
    archive.write_bytes(whole)
    (release / "SHA256SUMS").write_text("")
    code, step, said = act(scenarios="a.toml", args="--sink")
    assert (code, step) == (1, 0), said
    sums()


def the_action_knows_what_a_release_is_called():
    for version in ["0.1.0", "latest", "V0.1.0", "v1", "v0.1"]:
        code, step, said = act(scenarios="a.toml", version=version)
        assert (code, step) == (2, 0) and f"version {version} is no release" in said, said


def the_action_builds_where_there_is_no_release():
    for ref, version in [("main", ""), ("", ""), (TAG, "source")]:
        code, step, said = act(ref, scenarios="a.toml", version=version)
        folder = ROOT / ".github/actions/pullpush/../../.."
        assert pathlib.Path("cargo.log").read_text() == f"install --locked --path {folder} --root {DESK}/temp/pullpush\n"
        assert (DESK / "paths").read_text() == f"{DESK}/temp/pullpush/bin\n"
        # Nothing was built, so nothing plays.
        assert (code, step) == (127, 1), said


for check in [
    the_archive_holds_what_a_packager_wants,
    binstall_finds_the_archive,
    the_action_installs_a_release_and_plays,
    the_action_refuses_what_is_not_what_was_released,
    the_action_knows_what_a_release_is_called,
    the_action_builds_where_there_is_no_release,
]:
    check()
    print("ok   ", check.__name__.replace("_", " "))
