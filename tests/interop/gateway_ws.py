"""A client of the gateway protocol in the standard library: WebSocket, device identity, calls and events."""

import base64
import hashlib
import json
import os
import queue
import select
import socket
import ssl
import struct
import threading
import time

PATIENCE_S = 20

# --- Ed25519 (RFC 8032 5.1), plain and slow: a device signs once for a connection ----------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def _add(p, q):
    """Points in extended coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = _add(q, p)
        p = _add(p, p)
        n >>= 1
    return q


def _bytes(p):
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _number(data):
    return int.from_bytes(data, "little")


def _point(data):
    y = _number(data) & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    if x & 1 != data[31] >> 7:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify(public, text, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    r, a = _point(signature[:32]), _point(public)
    if r is None or a is None:
        return False
    k = _number(hashlib.sha512(signature[:32] + public + text.encode()).digest()) % L
    return _bytes(_times(_number(signature[32:]), BASE)) == _bytes(_add(r, _times(k, a)))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Device:
    def __init__(self, seed=None):
        digest = hashlib.sha512(seed or os.urandom(32)).digest()
        self.scalar = _number(digest[:32]) & (2**254 - 8) | 2**254
        self.prefix = digest[32:]
        self.public = _bytes(_times(self.scalar, BASE))
        self.id = hashlib.sha256(self.public).hexdigest()

    def sign(self, text):
        data = text.encode()
        r = _number(hashlib.sha512(self.prefix + data).digest()) % L
        point = _bytes(_times(r, BASE))
        k = _number(hashlib.sha512(point + self.public + data).digest()) % L
        return point + ((r + k * self.scalar) % L).to_bytes(32, "little")

    def identify(self, params, nonce, signed_at):
        """The `device` of a connect, signed over what its params say (payload version 3)."""
        auth = params.get("auth") or {}
        client = params["client"]
        secret = auth.get("token") or auth.get("deviceToken") or auth.get("bootstrapToken") or ""
        parts = ["v3", self.id, client["id"], client["mode"], params.get("role", "operator"), ",".join(params.get("scopes", [])),
                 str(signed_at), secret, nonce, client.get("platform", "").lower(), client.get("deviceFamily", "").lower()]
        return {"id": self.id, "publicKey": base64url(self.public), "signature": base64url(self.sign("|".join(parts))),
                "signedAt": signed_at, "nonce": nonce}


# --- WebSocket (RFC 6455), the client's side ------------------------------------------------------------------------


class Locked:
    """A TLS connection that one thread may read from while another writes."""

    def __init__(self, secure):
        self.secure = secure
        self.lock = threading.Lock()
        secure.setblocking(False)

    def settimeout(self, _):
        pass

    def recv(self, size):
        while True:
            with self.lock:
                try:
                    return self.secure.recv(size)
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    raise ConnectionError(str(error)) from error
            if not select.select([self.secure], [], [], PATIENCE_S)[0]:
                raise ConnectionError("nothing came")

    def sendall(self, data):
        with self.lock:
            self.secure.setblocking(True)
            try:
                self.secure.sendall(data)
            finally:
                self.secure.setblocking(False)

    def close(self):
        with self.lock:
            self.secure.close()


class Refused(Exception):
    """The upgrade was answered with another status."""

    def __init__(self, status):
        super().__init__(f"status {status}")
        self.status = status


class Socket:
    """Text messages out, parsed frames into `frames`; a close is (code, reason) in `closed`."""

    def __init__(self, port, path="/", fields=(), host="127.0.0.1", tls=None):
        self.socket = socket.create_connection((host, port), PATIENCE_S)
        if tls is not None:
            self.socket = Locked(tls.wrap_socket(self.socket, server_hostname="localhost"))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", *fields, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.socket.recv(65536)
            if not piece:
                raise Refused(0)
            head += piece
        head, _, self.rest = head.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        if status != 101:
            self.socket.close()
            raise Refused(status)
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        assert accept in head, "Sec-WebSocket-Accept"
        self.frames = queue.Queue()
        self.closed = None
        self.sending = threading.Lock()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _take(self, size):
        while len(self.rest) < size:
            piece = self.socket.recv(max(65536, size - len(self.rest)))
            if not piece:
                raise ConnectionError
            self.rest += piece
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def _read(self):
        message = b""
        self.socket.settimeout(None)
        try:
            while True:
                first, second = self._take(2)
                assert not second & 0x80, "a server masks nothing"
                size = second & 0x7F
                if size >= 126:
                    size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
                data = self._take(size)
                opcode = first & 0x0F
                if opcode == 8:
                    code = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 1005
                    self.closed = self.closed or (code, data[2:].decode())
                    self._send(8, data[:2])
                    break
                if opcode == 9:
                    self._send(10, data)
                elif opcode in (0, 1, 2):
                    message += data
                    if first & 0x80:
                        self.frames.put(json.loads(message))
                        message = b""
        except (OSError, ConnectionError):
            pass
        self.closed = self.closed or (1006, "")
        self.frames.put(None)

    def _send(self, opcode, data):
        mask = os.urandom(4)
        size = len(data)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        masked = (int.from_bytes(data, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
        try:
            with self.sending:
                self.socket.sendall(head + mask + masked)
        except OSError:
            pass

    def send(self, value):
        self._send(1, (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode())

    def close(self):
        self._send(8, struct.pack(">H", 1000))
        self.reader.join(5)
        self.socket.close()


class Client(Socket):
    """Answers by id and events by name, kept until somebody asks for them."""

    def __init__(self, port, **more):
        super().__init__(port, **more)
        self.pending = []  # frames that nobody has asked for yet
        self.seen = []  # every frame

    def wait(self, matches, timeout=PATIENCE_S):
        """The first frame that fits, taken out; None when there is none in time or the socket closes."""
        deadline = time.monotonic() + timeout
        for index, frame in enumerate(self.pending):
            if matches(frame):
                return self.pending.pop(index)
        while True:
            try:
                frame = self.frames.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if frame is None:
                self.frames.put(None)
                return None
            self.seen.append(frame)
            if matches(frame):
                return frame
            self.pending.append(frame)

    def response(self, id, timeout=PATIENCE_S):
        return self.wait(lambda frame: frame.get("type") == "res" and frame.get("id") == id, timeout)

    def event(self, name, timeout=PATIENCE_S):
        return self.wait(lambda frame: frame.get("type") == "event" and frame.get("event") == name, timeout)

    def call(self, method, params=None, timeout=PATIENCE_S):
        id = f"call-{os.urandom(6).hex()}"
        self.send({"type": "req", "id": id, "method": method, **({} if params is None else {"params": params})})
        answer = self.response(id, timeout)
        assert answer is not None, f"{method} was not answered, closed: {self.closed}"
        return answer

    def connect(self, params, device=None, id="connect"):
        """Waits for the challenge, signs it, and returns the answer."""
        challenge = self.event("connect.challenge", 5)
        assert challenge is not None, "no challenge"
        params = dict(params)
        if device is not None:
            params["device"] = device.identify(params, challenge["payload"]["nonce"], challenge["payload"]["ts"])
        self.send({"type": "req", "id": id, "method": "connect", "params": params})
        return self.response(id)
