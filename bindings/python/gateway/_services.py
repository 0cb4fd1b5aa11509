"""What a gateway asks of its host, done with asyncio: names, programs, files, datagrams.

Each service is a coroutine that gets `answer`; it is cancelled when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Protocol

from ._constants import Status


class Answer(Protocol):
    def __call__(self, status: Status, reason: str = "", *, addresses: Sequence[str] = (), address: str = "",
                 port: int = 0, exit_code: int = 0, data: bytes = b"", user: str = "",
                 scopes: Sequence[str] = (), more: bool = False) -> None: ...


async def resolve(answer: Answer, name: str) -> None:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        answer(Status.RESOLVE, str(failure))
    else:
        answer(Status.OK, addresses=[str(one[4][0]) for one in found])


async def spawn(answer: Answer, argv: Sequence[str], env: Sequence[str], data: bytes) -> None:
    """Runs a program with the environment `env` ("NAME=value"). Its standard output is answered as it comes, its exit code
    last; the gateway counts both bytes and time. What it writes to standard error is not of interest."""
    try:
        process = await asyncio.create_subprocess_exec(*argv, env=dict(one.split("=", 1) for one in env),
                                                       stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                                                       stderr=asyncio.subprocess.DEVNULL, start_new_session=True)
    except (OSError, ValueError) as failure:
        answer(Status.IO, str(failure))
        return
    assert process.stdin is not None and process.stdout is not None
    feeding = asyncio.ensure_future(_give(process.stdin, data))
    try:
        while piece := await process.stdout.read(65536):
            answer(Status.OK, data=piece, more=True)
        code = await process.wait()
        answer(Status.OK, exit_code=code if code >= 0 else 128 - code)
    finally:
        feeding.cancel()
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends what still runs of it, its children too: who holds the pipe keeps asyncio waiting."""
    assert process.stdout is not None
    if process.returncode is not None and process.stdout.at_eof():
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    while await process.stdout.read(65536):
        pass
    await process.wait()


async def _give(pipe: asyncio.StreamWriter, data: bytes) -> None:
    try:
        pipe.write(data)
        await pipe.drain()
    except OSError:
        pass  # a program need not read
    finally:
        pipe.close()


def _member_socket(host: str, port: int, group: str) -> socket.socket:
    member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        member.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform != "linux":  # where that shares no port
            member.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        member.setblocking(False)
        member.bind((host, port))
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                          socket.inet_aton(group) + socket.inet_aton("0.0.0.0"))
        member.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)  # RFC 6762 11
    except OSError:
        member.close()
        raise
    return member


class Datagrams(asyncio.DatagramProtocol):
    """One datagram socket of the gateway."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, host: str, port: int, group: str = "") -> None:
        """With a multicast group the port is shared with other programs."""
        try:
            loop = asyncio.get_running_loop()
            if group:
                member = _member_socket(host, port, group)
                self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=member)
            else:
                self._transport, _ = await loop.create_datagram_endpoint(lambda: self, (host, port))
            self._answer(Status.OK, port=self._transport.get_extra_info("sockname")[1])
            await loop.create_future()  # until nobody wants it any more
        except OSError as failure:
            self._answer(Status.IO, str(failure))
        finally:
            if self._transport is not None:
                self._transport.close()

    def send(self, host: str, port: int, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data, (host, port))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._answer(Status.OK, address=addr[0], port=addr[1], data=data)
