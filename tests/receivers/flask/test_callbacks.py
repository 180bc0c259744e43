"""How a program that takes relay callbacks is tested with pullpush: a scenario is played, and the program is asked what
it made of it.

    pip install -r requirements.txt
    pytest

PULLPUSH names the binary if it is not in PATH. The application is the one in app.py; scenarios are files as anywhere else.
"""

import json
import os
import subprocess
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest

import app

PULLPUSH = os.environ.get("PULLPUSH", "pullpush")
SCENARIOS = Path(__file__).parent.parent / "scenarios"
KEY = "testkey"


@pytest.fixture
def key():
    """The application takes unsigned callbacks, unless a test says otherwise."""
    return None


@pytest.fixture
def url(key):
    """A fresh application on a free port."""
    server = app.serve(key)
    # So many seconds lie between two looks at whether it is to end.
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pullpush(url):
    """Runs pullpush against the application and gives its exit code."""

    def run(*args):
        command = [PULLPUSH, *args, "--to", f"{url}/callback"]
        done = subprocess.run(command, env={**os.environ, "CALLBACK_KEY": KEY}, capture_output=True, text=True, timeout=60)
        print(done.stdout, done.stderr)  # pytest shows it where the test fails
        return done.returncode

    return run


@pytest.fixture
def play(pullpush, tmp_path):
    """Plays a scenario at full speed and gives the exit code: 0 if everything was taken as it should be."""

    def run(name, *args):
        report = f"junit={tmp_path}/{name}.xml"
        return pullpush("run", str(SCENARIOS / f"{name}.toml"), "--speed", "max", "--report", report, *args)

    return run


@pytest.fixture
def task(url):
    """Asks the application for the task of the scenarios: what it knows, or None."""

    def ask():
        try:
            with urlopen(f"{url}/tasks/118148") as answer:
                return json.load(answer)
        except HTTPError as error:
            assert error.code == 404
            return None

    return ask


def test_a_playlist_is_followed_to_its_end(play, task):
    assert play("playlist") == 0
    assert task() == {"state": "stopped", "workers": 0, "finished": [0, 1]}


def test_an_exit_is_not_the_end(play, task):
    assert play("push-breaks") == 0
    assert task()["finished"] == [0, 1]


def test_an_exit_may_name_no_task(play):
    assert play("no-id") == 0


def test_what_comes_twice_counts_once(play, task):
    assert play("twice") == 0
    assert task() == {"state": "running", "workers": 1, "finished": []}


def test_what_comes_late_changes_nothing(play, task):
    assert play("late") == 0
    assert task() == {"state": "stopped", "workers": 0, "finished": [0]}


def test_damaged_callbacks_are_refused(play, task):
    assert play("damaged") == 0
    assert task() is None


@pytest.mark.parametrize("key", [KEY])
def test_signed_callbacks_are_taken(play, task):
    assert play("playlist", "--set", "payload.key_env=CALLBACK_KEY") == 0
    assert task()["finished"] == [0, 1]


@pytest.mark.parametrize("key", [KEY])
def test_forged_callbacks_are_refused(play, task):
    assert play("forged") == 0
    assert task() is None


def test_every_order_leads_to_the_same_end(pullpush):
    assert pullpush("explore", str(SCENARIOS / "five.toml"), "--swaps", "1", "--dups", "1") == 0


@pytest.mark.parametrize("key", [KEY])
def test_the_contract_is_kept(pullpush):
    asked = ["--state", "/tasks/{task_id}", "--state-field", "/state", "--state-field", "/workers"]
    assert pullpush("contract", "--key-env", "CALLBACK_KEY", *asked) == 0


def test_a_report_is_written_for_ci(play, tmp_path):
    assert play("playlist") == 0
    suite = ElementTree.parse(tmp_path / "playlist.xml").find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
    assert suite.find("testcase").get("name") == "task 118148"
