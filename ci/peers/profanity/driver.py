#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Driver of profanity for Parley: JSON-RPC 2.0 on the standard streams, one message a line.

The protocol is harness/sut/DRIVER.md. Each user is a profanity of its own in a tmux session of its
own, with folders of its own. What a user would type is typed; what profanity shows is told by a
plugin (plugin.py), which comes before any look at the screen.
"""

import asyncio
import base64
import binascii
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

FEATURES = ["sasl-plain", "starttls", "omemo"]
PATIENCE = 5.0  # seconds for what profanity does by itself

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
NOT_CONNECTED = -32000

PUBSUB = "{http://jabber.org/protocol/pubsub}pubsub"
DISCO_INFO = "{http://jabber.org/protocol/disco#info}query"
ITEMS = "{http://jabber.org/protocol/pubsub}items"
BUNDLES = "eu.siacs.conversations.axolotl.bundles:"
IDENTITY_KEY = "{eu.siacs.conversations.axolotl}identityKey"
ENCRYPTED = "{eu.siacs.conversations.axolotl}encrypted"

SETTINGS = """[plugins]
load=parley.py;

[ui]
inpblock=10
inpblock.dynamic=false
splash=false
vercheck=false
history=false

[omemo]
policy=always
trustmode=firstusage
log=off

[notifications]
typing=false

[chatstates]
outtype=false
enabled=false

[connection]
receipts.request=false
carbons=false
reconnect=0
autoping=0
tls.certpath={ca}

[presence]
autoaway.mode=off
"""
ACCOUNT = """[{jid}]
enabled=true
jid={jid}
resource={resource}
server={host}
port={port}
password={password}
tls.policy={policy}
presence.last=online
presence.login=online
"""


class RpcError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


def parse(stanza):
    try:
        return ET.fromstring(stanza)
    except ET.ParseError:
        return ET.Element("none")


def bare(jid):
    return jid.split("/", 1)[0]


class Tmux:
    """One server, one session a user. The server stays a child of the driver: who ends the driver
    with all its children ends each profanity."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "tmux")
        self.server = None

    def spawn(self, *arguments):
        return asyncio.create_subprocess_exec(
            "tmux", "-f", os.devnull, "-S", self.socket, *arguments,
            stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr)

    async def serve(self):
        self.server = await self.spawn("-D")
        while await self.run("set-option", "-g", "exit-empty", "off") != 0:
            if self.server.returncode is not None:
                raise RuntimeError("tmux does not start")

    async def run(self, *arguments):
        process = await self.spawn(*arguments)
        return await process.wait()

    def alive(self):
        return self.server is not None and self.server.returncode is None

    async def end(self):
        await self.run("kill-server")
        await self.server.wait()

    async def start(self, name, variables, command):
        options = [part for key, value in variables.items() for part in ("-e", f"{key}={value}")]
        await self.run("new-session", "-d", "-x", "200", "-y", "50", "-s", name, *options, *command)

    async def type(self, name, line):
        await self.run("send-keys", "-t", f"={name}:", "-l", line, ";",
                       "send-keys", "-t", f"={name}:", "Enter")

    async def kill(self, name):
        await self.run("kill-session", "-t", f"={name}")


class Session:
    """One user's profanity."""

    def __init__(self, driver, user):
        self.driver = driver
        self.user = user
        self.folder = os.path.join(driver.folder, "u-" + user)
        self.running = False
        self.connected = False
        self.has_keys = False
        self.chats = set()
        self.asked = {}        # what nodes were asked for, and whose, by id
        self.sent = 0          # encrypted messages
        self.keys = {}         # the identity key of a device that was seen first
        self.marks = {}
        self.changed = asyncio.Event()
        self.queue = asyncio.Queue()
        self.trusts = asyncio.Queue()
        self.worker = None

    async def start(self, account, ca):
        await self.stop()
        config = os.path.join(self.folder, "config", "profanity")
        data = os.path.join(self.folder, "data", "profanity")
        trusted = os.path.join(self.folder, "ca")
        for path in (config, os.path.join(data, "plugins"), trusted):
            os.makedirs(path, exist_ok=True)
        shutil.copy(ca, os.path.join(trusted, "ca.pem"))
        subprocess.run(["openssl", "rehash", trusted], check=True, stdout=sys.stderr)
        here = os.path.dirname(os.path.abspath(__file__))
        shutil.copy(os.path.join(here, "plugin.py"), os.path.join(data, "plugins", "parley.py"))
        with open(os.path.join(config, "profrc"), "w") as file:
            file.write(SETTINGS.format(ca=trusted))
        with open(os.path.join(data, "accounts"), "w") as file:
            file.write(ACCOUNT.format(**account))
        os.chmod(os.path.join(data, "accounts"), 0o600)
        self.running = True
        self.asked.clear()
        self.chats.clear()
        self.worker = asyncio.ensure_future(self.work())
        await self.driver.tmux.start(
            self.user,
            {"XDG_CONFIG_HOME": os.path.dirname(config), "XDG_DATA_HOME": os.path.dirname(data),
             "PARLEY_SOCKET": self.driver.address, "PARLEY_USER": self.user,
             "LANG": "C.UTF-8", "TERM": "screen"},
            ["profanity", "-a", account["jid"]])

    async def stop(self):
        if self.worker is not None:
            self.worker.cancel()
            await asyncio.gather(self.worker, return_exceptions=True)
            self.worker = None
        if self.running:
            self.running = self.connected = False
            if self.driver.tmux.alive():
                await self.driver.tmux.kill(self.user)

    async def forget(self):
        await self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def type(self, line):
        await self.driver.tmux.type(self.user, line)

    async def until(self, condition):
        """Whether it holds before the patience is over."""
        async def wait():
            while not condition():
                self.changed.clear()
                await self.changed.wait()
        try:
            await asyncio.wait_for(wait(), PATIENCE)
        except asyncio.TimeoutError:
            return False
        return True

    async def mark(self):
        """Until profanity has done what was typed before, and read what its socket had then."""
        for _ in range(2):
            number = str(self.driver.next_mark())
            self.marks[number] = False
            await self.type("/parley-mark " + number)
            await self.until(lambda: self.marks[number])
            del self.marks[number]

    async def work(self):
        """One thing after the other, as a person at the keyboard does."""
        while True:
            deed = await self.queue.get()
            await deed()

    async def make_keys(self):
        await self.type("/omemo gen")
        self.has_keys = True

    async def trust(self, peer, fingerprint):
        await self.type(f"/omemo trust {peer} {fingerprint}")

    async def settle(self, peer):
        """Until nothing is asked of the peer's nodes, and what was answered has asked nothing more."""
        for _ in range(3):
            await self.mark()
            await self.until(lambda: peer not in self.asked.values())

    async def send(self, to, text, stanza_id):
        peer = bare(to)
        if peer not in self.chats:
            self.chats.add(peer)
            await self.type("/msg " + peer)
        # The session begins once the peer's devices and their keys are there, and anew with trust.
        await self.settle(peer)
        while not self.trusts.empty():
            await self.trust(*self.trusts.get_nowait())
        await self.settle(peer)
        sent = self.sent
        await self.type(f"/msg {peer} {text}")
        await self.mark()
        if self.sent == sent and stanza_id:
            self.driver.notify("answered", user=self.user, id=stanza_id, type="error",
                               condition="not-acceptable", **{"from": peer})

    # What the plugin tells.

    def hear(self, told):
        event = told["event"]
        if event == "connected":
            self.connected = True
            self.driver.notify("connected", user=self.user, jid=told["jid"])
        elif event == "disconnected" and self.connected:
            self.connected = False
            self.driver.notify("closed", user=self.user, reason="disconnected")
        elif event == "shown":
            sender = told["jid"] + ("/" + told["resource"] if told.get("resource") else "")
            self.driver.notify("received", user=self.user, type="chat", text=told["text"],
                               **{"from": sender})
        elif event == "sent":
            self.sent += 1 if parse(told["stanza"]).find(ENCRYPTED) is not None else 0
        elif event == "asked":
            self.on_asked(parse(told["stanza"]))
        elif event == "answered":
            self.on_answered(parse(told["stanza"]))
        elif event == "mark":
            self.marks[told["number"]] = True
        self.changed.set()

    def on_asked(self, iq):
        if iq.get("type") == "get" and iq.find(PUBSUB) is not None and iq.get("to"):
            self.asked[iq.get("id")] = bare(iq.get("to"))

    # profanity itself trusts the first keys of a contact only once it sees its devices again.
    def on_bundle(self, iq):
        items = iq.find(f"{PUBSUB}/{ITEMS}")
        key = iq.find(f".//{IDENTITY_KEY}")
        peer = bare(iq.get("from", ""))
        if items is None or key is None or not items.get("node", "").startswith(BUNDLES):
            return
        if not peer or peer.startswith(self.user + "@"):
            return
        try:
            octets = base64.b64decode(key.text or "")
        except binascii.Error:
            return
        device = (peer, items.get("node"))
        if len(octets) == 33 and device not in self.keys:
            self.keys[device] = octets
            self.trusts.put_nowait((peer, octets[1:].hex()))

    def on_answered(self, iq):
        self.asked.pop(iq.get("id"), None)
        self.on_bundle(iq)
        # It publishes nothing before it knows that its server keeps nodes.
        if iq.get("type") == "result" and iq.find(DISCO_INFO) is not None and self.connected:
            if not self.has_keys and self.driver.encrypts(self.user):
                self.has_keys = True
                self.queue.put_nowait(self.make_keys)


class Driver:
    def __init__(self, folder):
        self.folder = folder
        self.tmux = Tmux(folder)
        self.sessions = {}
        self.contents = {}
        self.locks = {}
        self.tasks = set()
        self.mark = 0
        self.address = os.path.join(folder, "plugin")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listener.bind(self.address)
        self.listener.setblocking(False)
        self.methods = {"describe": self.describe, "enlist": self.enlist, "connect": self.connect,
                        "send": self.send, "close": self.close, "reset": self.reset,
                        "sync": self.sync}

    def next_mark(self):
        self.mark += 1
        return self.mark

    def encrypts(self, user):
        return self.contents.get(user) == "omemo"

    def hear(self):
        while True:
            try:
                told = json.loads(self.listener.recv(1 << 20))
            except BlockingIOError:
                return
            session = self.sessions.get(told["user"])
            if session is not None:
                session.hear(told)

    def write(self, message):
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()

    def notify(self, method, **params):
        self.write({"method": method, "params": params})

    # Requests.

    def line(self, line):
        try:
            request = json.loads(line)
        except ValueError as error:
            self.write({"id": None, "error": {"code": PARSE_ERROR, "message": str(error)}})
            return
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            self.write({"id": None, "error": {"code": INVALID_REQUEST, "message": "no request"}})
            return
        task = asyncio.ensure_future(self.serve(request))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def serve(self, request):
        try:
            method = self.methods.get(request["method"])
            if method is None:
                raise RpcError(METHOD_NOT_FOUND, "no such method: " + request["method"])
            params = request.get("params", {})
            user = params.get("user", "")
            async with self.locks.setdefault(user, asyncio.Lock()):
                result = await method(params)
            self.write({"id": request.get("id"), "result": result})
        except RpcError as error:
            self.write({"id": request.get("id"),
                        "error": {"code": error.code, "message": error.message}})
        except (KeyError, TypeError, ValueError, OSError, subprocess.SubprocessError) as error:
            self.write({"id": request.get("id"),
                        "error": {"code": INVALID_PARAMS, "message": repr(error)}})

    async def describe(self, _):
        return {"name": "profanity", "version": "0.13.1", "party": "third-party.client",
                "features": FEATURES}

    async def enlist(self, _):
        return {}

    async def connect(self, params):
        user = params["user"]
        session = self.sessions.setdefault(user, Session(self, user))
        self.contents[user] = params.get("content", "")
        account = {"jid": f"{user}@{params['domain']}", "resource": params.get("resource", "prof"),
                   "host": params["host"], "port": params["port"], "password": params["password"],
                   "policy": "direct" if params["security"] == "direct-tls" else "force"}
        await session.start(account, params["ca"])
        return {}

    def session(self, params):
        session = self.sessions.get(params["user"])
        if session is None or not session.connected:
            raise RpcError(NOT_CONNECTED, "the user is not connected")
        return session

    async def send(self, params):
        session = self.session(params)
        to, text, stanza_id = params["to"], params["text"], params.get("id")
        session.queue.put_nowait(lambda: session.send(to, text, stanza_id))
        return {}

    async def close(self, params):
        session = self.sessions.get(params["user"])
        if session is not None and session.connected:
            await session.type("/disconnect")
        return {}

    async def reset(self, params):
        session = self.sessions.pop(params["user"], None)
        self.contents.pop(params["user"], None)
        if session is not None:
            await session.forget()
        return {}

    async def sync(self, params):
        session = self.sessions.get(params["user"])
        if session is not None and session.running:
            await session.mark()
        return {}

    async def end(self):
        await self.tmux.end()
        for session in self.sessions.values():
            await session.stop()


async def main(folder):
    loop = asyncio.get_running_loop()
    driver = Driver(folder)
    await driver.tmux.serve()
    loop.add_reader(driver.listener.fileno(), driver.hear)
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        driver.line(line)
    await driver.end()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="profanity-") as place:
        try:
            asyncio.run(main(place))
        except (BrokenPipeError, KeyboardInterrupt):
            pass
