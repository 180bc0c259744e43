"""A receiver that misbehaves at random, and writes down what it saw and what it answered."""

import asyncio
import collections
import random

# What it does, and how often. All but the first three end without a whole answer.
MANNERS = {
    "well": 60, "refuses": 12, "slowly": 6,
    "says nothing": 3, "cuts the answer": 3, "talks nonsense": 3, "resets": 3, "never answers": 1,
}


class Receiver:
    """By run, which is the first part of the path: the bodies that came, and the answers that went out whole."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.seen = collections.defaultdict(collections.Counter)
        self.answered = collections.defaultdict(collections.Counter)
        self.requests = 0

    async def listen(self):
        server = await asyncio.start_server(self.converse, "127.0.0.1", 0, limit=4 << 20)
        return server.sockets[0].getsockname()[1]

    def forget(self, run):
        self.seen.pop(run, None)
        self.answered.pop(run, None)

    async def converse(self, reader, writer):
        try:
            while await self.request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # pullpush breaks connections off on purpose, too
        finally:
            writer.close()

    async def request(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        run = path.split("/")[1]
        if method != "post":
            writer.write(b'HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}')
            return True
        self.requests += 1
        self.seen[run][body] += 1
        manner = self.dice.choices(list(MANNERS), MANNERS.values())[0]
        status = 200
        if manner == "refuses":
            status = self.dice.choice([201, 204, 302, 400, 404, 500, 503])
        elif manner == "slowly":
            await asyncio.sleep(self.dice.uniform(0, 0.8))
        if manner in ("well", "refuses", "slowly"):
            answer = b'{"code":0}' if status != 204 else b""
            # Before it goes out: whoever is killed in between has not read it.
            self.answered[run][body, status] += 1
            length = b"" if status == 204 else b"content-length: %d\r\n" % len(answer)
            writer.write(b"HTTP/1.1 %d A\r\n%s\r\n%s" % (status, length, answer))
            await writer.drain()
            return headers.get("connection") != "close"
        if manner == "cuts the answer":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        elif manner == "talks nonsense":
            writer.write(self.dice.choice([b"\0" * 100, b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-x\r\n", b"\r\n" * 50]))
        elif manner == "never answers":
            await asyncio.sleep(3)
        elif manner == "resets":
            writer.transport.abort()
            return False
        await writer.drain()
        return False
