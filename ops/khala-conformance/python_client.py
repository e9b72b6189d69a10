"""Follows one topic of Khala and prints each event as a line of JSON. Written from docs/khala.md alone."""
import argparse, base64, hashlib, json, os, random, sys, time, urllib.request
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

CHALLENGE, HELLO, WELCOME, SUBSCRIBE, SUBSCRIBED, UPDATE, UPDATE_BATCH = 1, 2, 3, 4, 5, 7, 8
SNAPSHOT_REQUIRED, HEARTBEAT, ERROR, RECONNECT, TOKEN_REFRESH = 10, 11, 12, 13, 14
FINAL_CODES = (401, 403, 404, 422, 1002, 1003, 1007, 1009, 4003, 4004, 4005)
LAST, REFRESH_BEFORE_S, BACKOFF_MIN_MS, BACKOFF_MAX_MS = "run.finished", 30, 250, 8000

def varint(value):
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)

def encode(*fields):
    """A message of (number, value): an integer is a varint, the rest has its length before it."""
    out = b""
    for at, value in fields:
        if isinstance(value, int):
            out += varint(at << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(at << 3 | 2) + varint(len(value)) + value
    return out

def varint_at(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at

def decode(data):
    """Every field by its number, each a list of what came."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = varint_at(data, at)
        value, at = varint_at(data, at)
        if tag & 7 == 2:
            at, value = at + value, data[at:at + value]
        fields.setdefault(tag >> 3, []).append(value)
    return fields

def integer(fields, at):
    return fields.get(at, [0])[-1]
def text(fields, at):
    return fields.get(at, [b""])[-1].decode()
def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

class Follower:
    def __init__(self, options):
        self.options, self.key, self.epoch, self.seq = options, Ed25519PrivateKey.generate(), "", 0
        self.jwk = {"crv": "Ed25519", "kty": "OKP", "x": base64url(self.key.public_key().public_bytes_raw())}
        self.jkt = base64url(hashlib.sha256(json.dumps(self.jwk, separators=(",", ":")).encode()).digest())
        if Path(options.state).exists():
            self.epoch, self.seq = json.loads(Path(options.state).read_text())

    def token(self):
        body = json.dumps({"topics": [self.options.topic], "jkt": self.jkt}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {os.environ['OA_ACCESS_TOKEN']}"}
        request = urllib.request.Request(f"{self.options.control}/api/sync/token", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["data"]

    def proof(self, token, nonce):
        header = {"alg": "EdDSA", "typ": "khala-proof+jwt", "jwk": self.jwk}
        claims = {"nonce": nonce, "jti": token["token_id"], "device_id": token["device_id"]}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{base64url(self.key.sign(signed.encode()))}"

    def apply(self, update):
        """Prints, then advances, then stores; says whether this was a run's last event."""
        seq, kind, payload = integer(update, 1), text(update, 2), update.get(3, [b""])[-1]
        if seq != self.seq + 1 or text(update, 4) != f"sha256:{hashlib.sha256(payload).hexdigest()}":
            raise OSError(f"seq {seq} after {self.seq}, or not what its hash says")
        print(json.dumps({"seq": seq, "kind": kind, "payload": json.loads(payload)}), flush=True)
        self.seq = seq
        Path(f"{self.options.state}.new").write_text(json.dumps([self.epoch, seq]))
        os.replace(f"{self.options.state}.new", self.options.state)
        return kind == LAST

    def follow(self, socket, token):
        """One socket's life; says whether the run is over."""
        def send(kind, *fields):
            socket.send(encode((3, kind), (4, encode(*fields)), (5, 1)))
        topic, nonce, beat_s, dead_s, expires_at = self.options.topic, "", 5.0, 45.0, 0
        heard = beaten = time.monotonic()
        while time.monotonic() - heard < dead_s:
            if expires_at and time.monotonic() - beaten >= beat_s:
                send(HEARTBEAT, (1, int(time.time() * 1000)))
                beaten = time.monotonic()
                if expires_at - time.time() < REFRESH_BEFORE_S:
                    token, expires_at = self.token(), float("inf")
                    send(TOKEN_REFRESH, (1, token["token"]), (2, self.proof(token, nonce)))
            try:
                frame = decode(socket.recv(timeout=max(0.01, beaten + beat_s - time.monotonic())))
            except TimeoutError:
                continue
            heard, kind, payload = time.monotonic(), integer(frame, 3), decode(frame.get(4, [b""])[-1])
            if kind == CHALLENGE:
                nonce = text(payload, 1)
                send(HELLO, (1, token["token"]), (2, self.proof(token, nonce)), (3, token["device_id"]),
                     (4, "20261121T000000Z"), (5, 1), (6, 1))
            elif kind == WELCOME:
                if not expires_at:
                    send(SUBSCRIBE, (1, topic), (2, encode((1, topic), (2, self.epoch), (3, self.seq))), (3, "1"))
                expires_at, beat_s, dead_s = (integer(payload, at) / 1000 for at in (3, 4, 5))
            elif kind == SUBSCRIBED:
                self.epoch, self.seq = text(payload, 2), integer(payload, 3) - 1
            elif kind in (UPDATE, UPDATE_BATCH):
                for update in [payload] if kind == UPDATE else map(decode, payload.get(1, [])):
                    if self.apply(update):
                        return True
            elif kind == SNAPSHOT_REQUIRED or kind == ERROR and text(payload, 3):
                sys.exit(text(payload, 2) if kind == ERROR else f"stale cursor, reason {integer(payload, 3)}")
            elif kind in (ERROR, RECONNECT):
                self.hint_ms = integer(payload, 4 if kind == ERROR else 1)
        return False

    def run(self):
        over, ceiling_ms = False, BACKOFF_MIN_MS
        while not over:
            before, self.hint_ms = self.seq, 0
            try:
                token = self.token()
                with connect(self.options.khala or token["endpoints"][0]["url"], subprotocols=["khala.v1"],
                             max_size=None, open_timeout=10, close_timeout=1, ping_interval=None) as socket:
                    over = self.follow(socket, token)
            except (OSError, WebSocketException) as lost:
                closed = lost.rcvd if isinstance(lost, ConnectionClosed) else lost
                if getattr(closed, "code", None) in FINAL_CODES:
                    sys.exit(f"someone has to act: {lost}")
                print(f"lost: {lost}", file=sys.stderr, flush=True)
            ceiling_ms = BACKOFF_MIN_MS if self.seq > before else min(BACKOFF_MAX_MS, ceiling_ms * 2)
            time.sleep(0 if over else (self.hint_ms + random.uniform(0, ceiling_ms)) / 1000)

if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("topic", help="run:RUN_ID:events; OA_ACCESS_TOKEN says who asks")
    arguments.add_argument("--control", default="http://127.0.0.1:8787", help="who mints sync tokens")
    arguments.add_argument("--khala", default="", help="another address than control names")
    arguments.add_argument("--state", required=True, help="the file that keeps the position")
    Follower(arguments.parse_args()).run()
