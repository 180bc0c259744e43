"""Looks at pullpush on a terminal: pyte is one, in memory."""

import fcntl
import os
import pathlib
import pty
import struct
import subprocess
import termios
import time

import pyte

COLUMNS, LINES = 110, 40

# However busy this machine is.
PATIENT = ["--seed", "1", "--set", "load.late_after=1m"]

SHORT = """
version = 1
[[task]]
source = "vod"
files = [{ url = "http://media.test/a.m3u8", duration = "1m" }]
"""

SLOW = """
version = 1
[[task]]
source = "live"
url = "rtmp://origin.test/live/a"
end = "4s"
"""


def on_a_terminal(*words):
    """Runs a command; gives its exit code, and what was on the screen whenever it had written: (seconds, text)."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream, began, seen = pyte.ByteStream(screen), time.monotonic(), []
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        os.environ.update(TERM="xterm-256color")
        os.execvp(words[0], words)
    while True:
        try:
            written = os.read(terminal, 65536)
        except OSError:
            # How Linux says that nobody holds the other end any more.
            break
        if not written:
            break
        stream.feed(written)
        seen.append((time.monotonic() - began, "\n".join(line.rstrip() for line in screen.display).rstrip()))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen


def a_load_is_watched_in_place():
    pathlib.Path("short.toml").write_text(SHORT)
    code, seen = on_a_terminal("pullpush", "load", "short.toml", "--sink", "--rate", "200", "--duration", "3s", *PATIENT)
    frames = [(at, text) for at, text in seen if " left  offered " in text]
    assert code == 0, seen[-1]
    assert len({text for _, text in frames}) >= 4, frames
    for _, text in frames:
        assert text.count(" left  offered ") == 1, text
    full = [text for _, text in frames if any(bar in text for bar in "▁▂▃▄▅▆▇█")]
    assert full and all("latency" in text and "µs" in text for text in full), frames
    last = seen[-1][1]
    assert " left  offered " not in last and "generator healthy" in last, last


def a_load_that_nobody_watches_writes_lines():
    words = ["pullpush", "load", "short.toml", "--sink", "--rate", "100", "--duration", "6s", *PATIENT]
    done = subprocess.run(words, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if " left  offered " in line]
    assert done.returncode == 0 and len(lines) >= 1, done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def a_run_shows_its_progress_after_two_seconds_and_takes_it_away():
    pathlib.Path("slow.toml").write_text(SLOW)
    code, seen = on_a_terminal("pullpush", "run", "slow.toml", "--sink", "--seed", "1")
    assert code == 0, seen[-1]
    shown = [at for at, text in seen if "█" in text or "░" in text]
    assert shown and shown[0] > 1.9, seen
    last = seen[-1][1]
    assert "█" not in last and "░" not in last and "acknowledged" in last, last


for check in [
    a_load_is_watched_in_place,
    a_load_that_nobody_watches_writes_lines,
    a_run_shows_its_progress_after_two_seconds_and_takes_it_away,
]:
    check()
    print("ok   ", check.__name__.replace("_", " "))
