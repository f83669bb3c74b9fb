"""A REST venue of another maker: Python's http.server. Prints its port; takes one mode per line on its standard input.

GET /quotes?symbols=A,B  ->  [{"s":"A","b":"1.10","a":"2.20"}, ...], the bid counting up.
GET /tally               ->  what it has seen, as JSON.
"""

import gzip
import json
import socket
import struct
import sys
import threading
import time
import zlib
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

BOMB_MIB = 256
RETRY_AFTER_S = 2


class Venue:
    mode = "ok"
    count = 0
    connections = 0
    under_way = 0
    under_way_max = 0
    too_early = 0
    redirected = 0
    blocked_until = 0.0
    lock = threading.Lock()
    bomb = b""


def make_bomb():
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * (1 << 20)
    return b"".join(squeeze.compress(block) for _ in range(BOMB_MIB)) + squeeze.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with Venue.lock:
            Venue.connections += 1

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, content_type="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlparse(self.path)
        if url.path == "/tally":
            names = ("count", "connections", "under_way_max", "too_early", "redirected")
            self.answer(json.dumps({name: getattr(Venue, name) for name in names}).encode())
            return
        if url.path == "/elsewhere":
            Venue.redirected += 1
        with Venue.lock:
            Venue.count += 1
            Venue.under_way += 1
            Venue.under_way_max = max(Venue.under_way_max, Venue.under_way)
            if time.time() < Venue.blocked_until:
                Venue.too_early += 1
        try:
            symbols = parse_qs(url.query).get("symbols", [""])[0].split(",")
            quotes = [{"s": symbol, "b": f"{Venue.count}.10", "a": "9999.20"} for symbol in symbols]
            self.act(json.dumps(quotes).encode())
        except OSError:
            self.close_connection = True
        finally:
            with Venue.lock:
                Venue.under_way -= 1

    def act(self, body):
        mode = Venue.mode
        if mode == "ok":
            self.answer(body)
        elif mode == "gzip":
            self.answer(gzip.compress(body), Content_Encoding="gzip")
        elif mode == "slow":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.05)
        elif mode == "truncated":
            self.answer(body[: len(body) // 2])
        elif mode == "short":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif mode == "html":
            self.answer(b"<html>Back soon</html>", content_type="text/html")
        elif mode == "redirect":
            self.answer(b"", status=302, Location="/elsewhere")
        elif mode == "bomb":
            self.answer(Venue.bomb, Content_Encoding="gzip")
        elif mode in ("429-seconds", "429-date"):
            now = time.time()
            if now >= Venue.blocked_until:
                Venue.blocked_until = now + RETRY_AFTER_S - 0.1 if mode == "429-seconds" else float(int(now) + RETRY_AFTER_S)
            left = RETRY_AFTER_S if mode == "429-seconds" else formatdate(int(now) + RETRY_AFTER_S, usegmt=True)
            Venue.mode = "ok"
            self.answer(b"{}", status=429, Retry_After=str(left))
        elif mode == "418":
            self.answer(b"{}", status=418, Retry_After="60")
        elif mode == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # The socket is closed only when its file is, too.
            self.rfile.close()
            self.connection.close()
            self.close_connection = True
        elif mode == "hang":
            time.sleep(3600)


def main():
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    for line in sys.stdin:
        if line.strip() == "bomb":
            Venue.bomb = make_bomb()
        Venue.mode = line.strip()
        print(Venue.mode, flush=True)


main()
