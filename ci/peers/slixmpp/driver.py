#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Driver of slixmpp for Parley: JSON-RPC 2.0 on the standard streams, one message a line.

The protocol is harness/sut/DRIVER.md. One asyncio loop serves all users; each
user is one slixmpp ClientXMPP with the library's own settings, except:
the address of the server comes from Parley instead of the DNS, redirections
(see-other-host) are not followed, and a lost connection is not made again.
"""

import os

# "The one CA to trust": slixmpp adds ca_certs to the system's trust store.
# OpenSSL's own variables make that store empty (and a new client 30 ms cheaper).
os.environ["SSL_CERT_FILE"] = os.devnull
os.environ["SSL_CERT_DIR"] = "/nonexistent"

import asyncio
import fcntl
import json
import logging
import stat
import struct
import sys
import termios

import slixmpp
from slixmpp import JID, ClientXMPP

FEATURES = ["sasl-plain", "scram-sha-256", "starttls", "direct-tls", "roster", "xep-0199"]
MAX_LINE = 1 << 20

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_CONNECTED = -32000

PRESENCE_TYPES = ("unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed")

log = logging.getLogger("driver")


class RpcError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


class Output:
    """Whole lines on the descriptor that was standard output at the start."""

    def __init__(self, fd):
        self.fd = fd

    def write(self, message):
        line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False, separators=(",", ":"))
        data = line.encode("utf-8", "replace") + b"\n"
        while data:
            data = data[os.write(self.fd, data):]

    def notify(self, method, **params):
        self.write({"method": method, "params": params})

    def result(self, request_id, result):
        self.write({"id": request_id, "result": result})

    def error(self, request_id, code, message):
        self.write({"id": request_id, "error": {"code": code, "message": message}})


class Client(ClientXMPP):
    """slixmpp's client; names are answered with the address that Parley gave."""

    def __init__(self, jid, password, address):
        super().__init__(jid, password)
        self.given_address = address

    async def get_dns_records(self, domain, port=None):
        host, given_port = self.given_address
        return [(domain, host, given_port)]


class Session:
    """One connection of one user, from `connect` to `closed`."""

    def __init__(self, out, user, jid, password, address, ca, direct_tls):
        self.out = out
        self.user = user
        self.direct_tls = direct_tls
        self.bound = False
        self.refused = False
        self.closing = False  # Parley asked for the end
        self.cause = None     # what the library said last about a failure
        self.closed = asyncio.Event()

        xmpp = Client(jid, password, address)
        xmpp.ca_certs = ca
        xmpp.max_redirects = -1
        xmpp.register_plugin("xep_0030")
        xmpp.register_plugin("xep_0199")
        for event, handler in (
            ("session_bind", self.on_bind),
            ("session_start", self.on_start),
            ("message", self.on_message),
            ("presence", self.on_presence),
            ("failed_auth", self.on_failed_auth),
            ("failed_all_auth", self.on_failed_all_auth),
            ("connection_failed", self.on_connection_failed),
            ("stream_error", self.on_stream_error),
            ("disconnected", self.on_disconnected),
        ):
            xmpp.add_event_handler(event, handler)
        self.xmpp = xmpp

    # From Parley

    def connect(self, domain):
        # The name decides what the certificate is compared with; the address is given above.
        self.xmpp.default_domain = domain
        self.xmpp.connect((domain, self.xmpp.given_address[1]), use_ssl=self.direct_tls)

    def send(self, to, text, stanza_id):
        message = self.xmpp.make_message(mto=to, mbody=text, mtype="chat")
        if stanza_id is not None:
            message["id"] = stanza_id
        message.send()

    def ping(self, to):
        future = self.xmpp["xep_0199"].send_ping(
            to if to is not None else JID(self.xmpp.boundjid.host), callback=self.on_answer)
        future.add_done_callback(swallow)

    def presence(self, to, kind):
        self.xmpp.send_presence(pto=to, ptype=kind)

    def close(self):
        if self.closing or self.closed.is_set():
            return
        self.closing = True
        if self.xmpp.is_connected():
            swallow_later(self.xmpp.disconnect())
        else:
            self.xmpp.cancel_connection_attempt()
            self.finish("closed by the user")

    async def abort(self):
        """Without a closing tag; returns when `closed` has been written."""
        if self.closed.is_set():
            return
        self.closing = True
        self.xmpp.cancel_connection_attempt()
        transport = self.xmpp.transport
        if transport is not None:
            try:
                transport.abort()
            except AttributeError:
                pass  # a TLS transport of Python 3.11 that is closed already
            try:
                await asyncio.wait_for(self.closed.wait(), 1.0)
            except asyncio.TimeoutError:
                log.warning("%s: the connection outlived its abort", self.user)
        self.finish("aborted")

    def dispose(self):
        """Ends what the library leaves running for a client that will not be used again."""
        sender = self.xmpp._run_out_filters
        if sender is not None:
            sender.cancel()
        for name in list(self.xmpp.scheduled_events):
            self.xmpp.cancel_schedule(name)

    async def settle(self):
        """Until nothing that the user's socket has received waits to be handled."""
        for _ in range(1000):
            transport = self.xmpp.transport
            sock = transport.get_extra_info("socket") if transport is not None else None
            waiting = pending_bytes(sock)
            # Coroutines started by a stanza may start others: a few turns for them.
            for _ in range(4):
                await asyncio.sleep(0)
            if waiting == 0:
                return

    # From slixmpp

    def on_bind(self, jid):
        self.bound = True
        self.out.notify("connected", user=self.user, jid=str(jid))

    def on_start(self, _):
        self.xmpp.send_presence()
        self.xmpp.get_roster().add_done_callback(swallow)

    def on_message(self, message):
        # The library gives its application errors with a body too, and tells it to look at the type.
        if message["type"] == "error":
            return
        params = {"user": self.user, "from": sender(message), "type": message["type"],
                  "text": message["body"]}
        if message["id"]:
            params["id"] = message["id"]
        self.out.notify("received", **params)

    def on_presence(self, presence):
        kind = presence["type"]
        if kind in presence.showtypes:  # slixmpp gives <show/> in place of an absent type
            kind = "available"
        self.out.notify("presence", **{"user": self.user, "from": sender(presence), "type": kind})

    def on_answer(self, iq):
        params = {"user": self.user, "id": iq["id"], "from": sender(iq), "type": iq["type"]}
        if iq["type"] == "error":
            params["condition"] = iq["error"]["condition"]
        self.out.notify("answered", **params)

    def on_failed_auth(self, failure):
        mechanism = self.xmpp["feature_mechanisms"].mech
        self.cause = "%s: %s" % (mechanism.name if mechanism else "SASL", failure["condition"])

    def on_failed_all_auth(self, _):
        self.refuse("no SASL mechanism left (%s)" % (self.cause or "none suitable was offered"))

    def on_connection_failed(self, error):
        # The library would try again for ever.
        self.xmpp.cancel_connection_attempt()
        self.refuse(describe(error))
        self.finish(describe(error))

    def on_stream_error(self, error):
        self.cause = "stream error: %s" % error["condition"]

    def on_disconnected(self, reason):
        self.finish(self.cause or (describe(reason) if reason else "connection closed"))

    def refuse(self, reason):
        if not (self.refused or self.bound or self.closing or self.closed.is_set()):
            self.refused = True
            self.out.notify("refused", user=self.user, reason=reason)

    def finish(self, reason):
        if self.closed.is_set():
            return
        self.refuse(reason)  # an attempt that ends before the session is bound
        self.closed.set()
        self.out.notify("closed", user=self.user, reason=reason)


def describe(error):
    if isinstance(error, BaseException):
        return "%s: %s" % (type(error).__name__, error)
    return str(error)


def sender(stanza):
    try:
        return str(stanza["from"])
    except slixmpp.InvalidJID:  # reading it must not end the stream
        return stanza.xml.get("from")


def swallow(future):
    if not future.cancelled():
        future.exception()


def swallow_later(future):
    future.add_done_callback(swallow)


def pending_bytes(sock):
    if sock is None or sock.fileno() < 0:
        return 0
    try:
        return struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.FIONREAD, b"\0" * 4))[0]
    except OSError:
        return 0


class Driver:
    def __init__(self, out):
        self.out = out
        self.accounts = {}  # user -> password
        self.sessions = {}  # user -> Session
        self.locks = {}     # user -> asyncio.Lock: one user's requests in their order
        self.tasks = set()
        self.methods = {
            "describe": self.describe,
            "enlist": self.enlist,
            "connect": self.connect,
            "send": self.send,
            "ping": self.ping,
            "presence": self.presence,
            "close": self.close,
            "reset": self.reset,
            "sync": self.sync,
        }

    # Requests

    def line(self, line):
        if not line.strip():
            return
        try:
            request = json.loads(line.decode("utf-8"))
        except Exception as error:  # RecursionError among them
            self.out.error(None, PARSE_ERROR, "parse error: %s" % error)
            return
        if not isinstance(request, dict):
            self.out.error(None, INVALID_REQUEST, "a request is one JSON object")
            return
        request_id = request.get("id")
        if isinstance(request_id, bool) or not isinstance(request_id, (str, int, float, type(None))):
            self.out.error(None, INVALID_REQUEST, "an id is a string or a number")
            return
        method = request.get("method")
        if request.get("jsonrpc") != "2.0" or not isinstance(method, str):
            self.out.error(request_id, INVALID_REQUEST, "not a JSON-RPC 2.0 request")
            return
        task = asyncio.ensure_future(
            self.serve("id" in request, request_id, method, request.get("params", {})))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def too_long(self):
        self.out.error(None, INVALID_REQUEST, "a message is at most 1 MiB")

    async def serve(self, wants_answer, request_id, method, params):
        try:
            handler = self.methods.get(method)
            if handler is None:
                raise RpcError(METHOD_NOT_FOUND, "no such method: %s" % method)
            if not isinstance(params, dict):
                raise RpcError(INVALID_PARAMS, "params is an object")
            user = params.get("user")
            if isinstance(user, str):
                async with self.locks.setdefault(user, asyncio.Lock()):
                    result = await handler(params)
            else:
                result = await handler(params)
        except RpcError as error:
            if wants_answer:
                self.out.error(request_id, error.code, error.message)
        except Exception as error:
            log.exception("%s", method)
            if wants_answer:
                self.out.error(request_id, INTERNAL_ERROR, describe(error))
        else:
            if wants_answer:
                self.out.result(request_id, result)

    # Parameters

    @staticmethod
    def text(params, name, optional=False):
        value = params.get(name)
        if value is None and optional:
            return None
        if not isinstance(value, str):
            raise RpcError(INVALID_PARAMS, "%s is a string" % name)
        return value

    @classmethod
    def jid(cls, params, name, optional=False):
        value = cls.text(params, name, optional)
        if value is None:
            return None
        try:
            return JID(value)
        except slixmpp.InvalidJID as error:
            raise RpcError(INVALID_PARAMS, "%s is no JID: %s" % (name, error))

    def session(self, params, connected=True):
        user = self.text(params, "user")
        session = self.sessions.get(user)
        if session is None:
            if user in self.accounts:
                raise RpcError(INVALID_PARAMS, "user %s has not been connected" % user)
            raise RpcError(INVALID_PARAMS, "unknown user: %s" % user)
        if connected and session.closed.is_set():
            raise RpcError(NOT_CONNECTED, "user %s is not connected any more" % user)
        return session

    # Methods

    async def describe(self, _):
        return {"name": "slixmpp", "version": slixmpp.__version__, "party": "third-party.client",
                "features": FEATURES}

    async def enlist(self, params):
        # A client has no accounts of its own: it keeps what the server gave.
        self.accounts[self.text(params, "user")] = self.text(params, "password")
        return {}

    async def connect(self, params):
        user = self.text(params, "user")
        password = self.text(params, "password", optional=True)
        if password is None:
            password = self.accounts.get(user)
        if password is None:
            raise RpcError(INVALID_PARAMS, "unknown user: %s, and no password given" % user)
        domain = self.text(params, "domain")
        host = self.text(params, "host")
        port = params.get("port")
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
            raise RpcError(INVALID_PARAMS, "port is a number from 1 to 65535")
        ca = self.text(params, "ca")
        if not os.path.isfile(ca):
            raise RpcError(INVALID_PARAMS, "ca is no file: %s" % ca)
        security = self.text(params, "security")
        if security not in ("starttls", "direct-tls"):
            raise RpcError(INVALID_PARAMS, "security is starttls or direct-tls")
        resource = self.text(params, "resource", optional=True)
        jid = "%s@%s%s" % (user, domain, "/" + resource if resource else "")
        try:
            jid = JID(jid)
        except slixmpp.InvalidJID as error:
            raise RpcError(INVALID_PARAMS, "%s is no JID: %s" % (jid, error))

        await self.forget(user)
        self.accounts[user] = password
        session = Session(self.out, user, jid, password, (host, port), ca, security == "direct-tls")
        self.sessions[user] = session
        session.connect(domain)
        return {}

    async def send(self, params):
        self.session(params).send(self.jid(params, "to"), self.text(params, "text"),
                                  self.text(params, "id", optional=True))
        return {}

    async def ping(self, params):
        self.session(params).ping(self.jid(params, "to", optional=True))
        return {}

    async def presence(self, params):
        kind = self.text(params, "type", optional=True)
        if kind is not None and kind not in PRESENCE_TYPES:
            raise RpcError(INVALID_PARAMS, "type is one of %s, or absent" % ", ".join(PRESENCE_TYPES))
        self.session(params).presence(self.jid(params, "to", optional=True), kind)
        return {}

    async def close(self, params):
        self.session(params, connected=False).close()
        return {}

    async def reset(self, params):
        user = self.text(params, "user")
        await self.forget(user)
        self.accounts.pop(user, None)
        return {}

    async def sync(self, params):
        user = self.text(params, "user")
        session = self.sessions.get(user)
        if session is None and user not in self.accounts:
            raise RpcError(INVALID_PARAMS, "unknown user: %s" % user)
        if session is not None:
            await session.settle()
        return {}

    async def forget(self, user):
        session = self.sessions.pop(user, None)
        if session is not None:
            await session.abort()
            session.dispose()

    async def end(self):
        """Standard input has ended: answer what came before, then leave properly."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=2.0)
        sessions = [s for s in self.sessions.values() if not s.closed.is_set()]
        for session in sessions:
            session.close()
        if sessions:
            await asyncio.wait([asyncio.ensure_future(s.closed.wait()) for s in sessions], timeout=3.0)


class Lines(asyncio.Protocol):
    """Standard input in lines; a line that is too long is skipped and refused."""

    def __init__(self, driver):
        self.driver = driver
        self.buffer = bytearray()
        self.skipping = False
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data):
        self.buffer += data
        start = 0
        while (end := self.buffer.find(b"\n", start)) >= 0:
            if self.skipping or end - start > MAX_LINE:
                self.skipping = False
                self.driver.too_long()
            else:
                self.driver.line(bytes(self.buffer[start:end]))
            start = end + 1
        del self.buffer[:start]
        if len(self.buffer) > MAX_LINE:
            self.skipping = True
            self.buffer.clear()

    def eof_received(self):
        self.finish()

    def connection_lost(self, exception):
        self.finish()

    def finish(self):
        if not self.ended.done():
            if self.buffer and not self.skipping:
                self.driver.line(bytes(self.buffer))
                self.buffer.clear()
            self.ended.set_result(None)


async def read_file(lines):
    """For standard input that is a file, which the loop cannot watch."""
    loop = asyncio.get_running_loop()
    while data := await loop.run_in_executor(None, os.read, 0, 65536):
        lines.data_received(data)
    lines.finish()


async def main(out):
    driver = Driver(out)
    lines = Lines(driver)
    loop = asyncio.get_running_loop()
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or (stat.S_ISCHR(mode) and os.isatty(0)):
        await loop.connect_read_pipe(lambda: lines, os.fdopen(0, "rb", buffering=0, closefd=False))
    else:
        await read_file(lines)
    await lines.ended
    await driver.end()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=os.environ.get("DRIVER_LOG", "WARNING"),
                        format="%(levelname)s %(name)s: %(message)s")
    # Standard output belongs to the protocol: whatever else prints goes to standard error.
    protocol_fd = os.dup(1)
    os.dup2(2, 1)
    status = 0
    try:
        asyncio.run(main(Output(protocol_fd)))
    except (BrokenPipeError, KeyboardInterrupt):
        status = 1
    sys.stderr.flush()
    os._exit(status)  # no wait for what the library has scheduled
