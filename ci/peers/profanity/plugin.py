# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugin of profanity for its driver: tells over a datagram socket what profanity shows, sends and
gets. The driver puts it in place and names the socket (PARLEY_SOCKET) and the user (PARLEY_USER)."""

import json
import os
import socket

import prof

_out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def _tell(event, **members):
    line = json.dumps({"user": os.environ["PARLEY_USER"], "event": event, **members})
    _out.sendto(line.encode("utf-8", "replace"), os.environ["PARLEY_SOCKET"])


def _mark(number):
    _tell("mark", number=number)


def prof_init(version, status, account_name, fulljid):
    prof.register_command("/parley-mark", 1, 1, ["/parley-mark <number>"],
                          "Tells the driver that all before it is done.",
                          [["<number>", "Which mark"]], ["/parley-mark 1"], _mark)
    _tell("started")


def prof_on_connect(account_name, fulljid):
    _tell("connected", jid=fulljid)


def prof_on_disconnect(account_name, fulljid):
    _tell("disconnected")


def prof_post_chat_message_display(barejid, resource, message):
    _tell("shown", jid=barejid, resource=resource, text=message)


def prof_on_message_stanza_send(stanza):
    _tell("sent", stanza=stanza)


def prof_on_iq_stanza_send(stanza):
    _tell("asked", stanza=stanza)


def prof_on_iq_stanza_receive(stanza):
    _tell("answered", stanza=stanza)
    return True
