#!/usr/bin/env python3
"""Compares `pullpush load` with oha, wrk and hey on one nginx, the sides in turn; prints medians.

    cargo build --release
    cargo install oha --locked; apt-get install nginx-light wrk hey
    python3 tests/bench/load/compare.py [throughput] [signed] [delay] [stall] [memory] [--rounds 5] [--seconds 5]

Tools that are not installed are left out. CPU is user and system time of the tool alone, for each request it made.
"""
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PULLPUSH = os.environ.get("PULLPUSH_BIN", os.path.join(ROOT, "target", "release", "pullpush"))
PORT = 18099
URL = f"http://127.0.0.1:{PORT}/callback"
CONNECTIONS = 64
BODY = '{"appid":1250000000,"callback_event":"TaskStart","event_type":314,"interface":"general_callback","msg":"{\\"task_start_time\\":1767225600000}","product_name":"pullpush","source_urls":"[\\"http://media.test/episode-1.m3u8\\"]\\n","stream_id":"stream-1","task_id":"23629207","to_url":"rtmp://5000.livepush.myqcloud.com/live/stream-1"}'
SCENARIO = """version = 1
[[task]]
source = "vod"
files = [{ url = "http://media.test/episode-{n}.m3u8", duration = "20m" }]
"""
NGINX = """worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
  keepalive_requests 1000000000; keepalive_timeout 75s;
  server { listen 127.0.0.1:PORT backlog=8192; location / { return 200 '{"code":0}'; } }
}
"""


def run(command):
    """Runs a tool; gives its output and the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return done.stdout, cpu


class Bench:
    def __init__(self, folder, seconds):
        self.folder, self.seconds = folder, seconds
        self.scenario = os.path.join(folder, "load.toml")
        with open(self.scenario, "w") as file:
            file.write(SCENARIO)
        self.lua = os.path.join(folder, "post.lua")
        with open(self.lua, "w") as file:
            file.write(f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [==[{BODY}]==]\n")
        self.body = os.path.join(folder, "body.json")
        with open(self.body, "w") as file:
            file.write(BODY)

    def pullpush(self, *more):
        command = [PULLPUSH, "load", self.scenario, "--to", URL, "--format", "json", *more]
        out, cpu = run(command)
        return json.loads(out.splitlines()[-1]), cpu

    # Each of these gives requests a second and CPU microseconds a request.

    def pullpush_max(self, *more):
        result, cpu = self.pullpush(
            "--rate", "max", "--duration", f"{self.seconds}s", "--max-in-flight", str(CONNECTIONS), *more
        )
        return result["ok"] / self.seconds, cpu * 1e6 / max(result["ok"], 1)

    def pullpush_signed(self):
        return self.pullpush_max("--set", "payload.key=testkey")

    def oha_max(self):
        out, cpu = run(
            ["oha", "--no-tui", "--output-format", "json", "-z", f"{self.seconds}s", "-c", str(CONNECTIONS), "-m", "POST",
             "-H", "Content-Type: application/json", "-D", self.body, URL]
        )
        requests = sum(json.loads(out)["statusCodeDistribution"].values())
        return requests / self.seconds, cpu * 1e6 / requests

    def wrk_max(self):
        out, cpu = run(["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{self.seconds}s", "-s", self.lua, URL])
        requests = int(re.search(r"(\d+) requests in", out)[1])
        return requests / self.seconds, cpu * 1e6 / requests

    def hey_max(self):
        out, cpu = run(
            ["hey", "-z", f"{self.seconds}s", "-c", str(CONNECTIONS), "-m", "POST", "-T", "application/json", "-D", self.body, URL]
        )
        requests = int(re.search(r"\[200\]\s+(\d+) responses", out)[1])
        return requests / self.seconds, cpu * 1e6 / requests


def table(title, sides, rounds):
    """Runs the sides in turn, and prints the medians and the ratio to pullpush."""
    measured = {name: [] for name, _ in sides}
    for _ in range(rounds):
        for name, side in sides:
            measured[name].append(side())
    print(f"\n{title} (medians of {rounds})")
    first = None
    for name, values in measured.items():
        rate, cpu = (statistics.median(column) for column in zip(*values))
        first = first or (rate, cpu)
        print(
            f"  {name:<18}{rate:>10.0f}/s  {cpu:>6.1f} µs CPU a request"
            f"   pullpush: {first[0] / rate:.2f} × the rate, {first[1] / cpu:.2f} × the CPU"
        )


def throughput(bench, rounds):
    sides = [("pullpush", bench.pullpush_max)]
    sides += [(name, side) for name, side in [("oha", bench.oha_max), ("wrk", bench.wrk_max), ("hey", bench.hey_max)] if shutil.which(name)]
    table(f"Saturated, {CONNECTIONS} connections; pullpush: a body of its own for every request", sides, rounds)


def signed(bench, rounds):
    sides = [("pullpush signed", bench.pullpush_signed), ("pullpush", bench.pullpush_max)]
    sides += [("oha", bench.oha_max)] if shutil.which("oha") else []
    table("Saturated, every request signed", sides, rounds)


def oha_paced(bench, rate, seconds):
    out, _ = run(
        ["oha", "--no-tui", "--output-format", "json", "-q", str(rate), "--latency-correction", "-z", f"{seconds}s", "-c",
         str(CONNECTIONS), "-m", "POST", "-H", "Content-Type: application/json", "-D", bench.body, URL]
    )
    return json.loads(out)


def delay(bench, rounds):
    """How late requests go out at 5 000 a second. oha does not tell; its corrected latency holds the lateness."""
    seconds = 30
    print(f"\n5 000/s for {seconds} s (medians of {rounds})")
    own, other = [], []
    for _ in range(rounds):
        result, _ = bench.pullpush("--rate", "5000", "--duration", f"{seconds}s")
        start, latency = result["start_delay"], result["corrected"]["all"]
        own.append((start["p50_us"], start["p99_us"], start["max_us"], latency["p50_us"], latency["p99_us"]))
        if shutil.which("oha"):
            percentiles = oha_paced(bench, 5000, seconds)["latencyPercentiles"]
            other.append((percentiles["p50"] * 1e6, percentiles["p99"] * 1e6))
    p50, p99, most, latency50, latency99 = (statistics.median(column) for column in zip(*own))
    print(f"  pullpush  start delay p50 {p50:.0f} µs, p99 {p99:.0f} µs, max {most:.0f} µs; latency p50 {latency50:.0f} µs, p99 {latency99:.0f} µs")
    if other:
        p50, p99 = (statistics.median(column) for column in zip(*other))
        print(f"  oha -q --latency-correction  latency p50 {p50:.0f} µs, p99 {p99:.0f} µs (start delay is not told)")


def stall(bench, _):
    """The receiver stands still for a second in the middle of ten, at 500 a second and at most 16 on their way."""
    pid = open(os.path.join(bench.folder, "nginx.pid")).read().strip()
    workers = subprocess.run(["pgrep", "-P", pid], capture_output=True, text=True).stdout.split()
    permits = 16

    def stand_still():
        time.sleep(5)
        for worker in workers:
            os.kill(int(worker), signal.SIGSTOP)
        time.sleep(1)
        for worker in workers:
            os.kill(int(worker), signal.SIGCONT)

    def meanwhile(load):
        thread = threading.Thread(target=stand_still)
        thread.start()
        result = load()
        thread.join()
        return result

    print(f"\nA stall of one second, 500/s for 10 s, at most {permits} in flight")
    for saturation in ["queue", "drop"]:
        result, _ = meanwhile(lambda: bench.pullpush(
            "--rate", "500", "--duration", "10s", "--max-in-flight", str(permits), "--on-saturation", saturation
        ))
        latency, service = result["corrected"]["all"], result["service"]
        print(f"  pullpush, {saturation:<6} latency p99 {latency['p99_us'] / 1e3:.0f} ms, service p99 {service['p99_us'] / 1e3:.1f} ms, "
              f"dropped {result['dropped']}" + (f" (500 less {permits} is {500 - permits})" if saturation == "drop" else ""))
    if shutil.which("oha"):
        for flags, name in [([], "oha -q"), (["--latency-correction"], "oha -q --latency-correction")]:
            out, _ = meanwhile(lambda: run(
                ["oha", "--no-tui", "--output-format", "json", "-q", "500", *flags, "-z", "10s", "-c", str(permits), "-m", "POST",
                 "-D", bench.body, URL]
            ))
            print(f"  {name:<30} p99 {json.loads(out)['latencyPercentiles']['p99'] * 1e3:.1f} ms")
    if shutil.which("hey"):
        out, _ = meanwhile(lambda: run(
            ["hey", "-q", str(500 // permits), "-c", str(permits), "-z", "10s", "-m", "POST", "-D", bench.body, URL]
        ))
        print(f"  {'hey -q':<30} p99 {float(re.search(r'99% in ([0-9.]+)', out)[1]) * 1e3:.1f} ms")


def memory(bench, _):
    """Peak memory of a long load, and of a million tasks."""
    print("\nPeak memory")
    for name, flags in [
        ("5 000/s for 1 min", ["--rate", "5000", "--duration", "1m"]),
        ("5 000/s for 10 min", ["--rate", "5000", "--duration", "10m"]),
        ("a million tasks", ["--rate", "max", "--duration", "10m", "--max-requests", "4000000"]),
    ]:
        child = subprocess.Popen([PULLPUSH, "load", bench.scenario, "--to", URL, "--format", "json", *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        out = child.stdout.read()
        _, _, usage = os.wait4(child.pid, 0)
        result = json.loads(out.splitlines()[-1])
        print(f"  {name:<20}{usage.ru_maxrss / 1024:.0f} MB, {result['sent']} sent, {result['dropped']} dropped")


def main():
    known = {"throughput": throughput, "signed": signed, "delay": delay, "stall": stall, "memory": memory}
    args = sys.argv[1:]
    option = lambda name, default: int(args[args.index(name) + 1]) if name in args else default
    chosen = [word for word in args if word in known] or ["throughput", "signed", "delay", "stall"]
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w") as file:
            file.write(NGINX.replace("DIR", folder).replace("PORT", str(PORT)))
        subprocess.run(["nginx", "-c", config], check=True)
        try:
            bench = Bench(folder, option("--seconds", 5))
            for word in chosen:
                known[word](bench, option("--rounds", 5))
        finally:
            subprocess.run(["nginx", "-c", config, "-s", "stop"], check=True)


if __name__ == "__main__":
    main()
