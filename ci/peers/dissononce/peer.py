#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One side of a Noise handshake, played by dissononce (Debian: python3-dissononce).

peer.py {XX,IK,XXfallback} {initiator,responder} {specification,whatsapp}

Speaks lines of hex on stdin and stdout, one a message, in the order of the pattern; each of its own
messages carries the payload "from dissononce". Then it prints h as hex, takes one transport message
and sends its plaintext back, encrypted. The keys are those of harness/crypto/noise/two_sides.h.
"""
import sys

from dissononce.cipher.aesgcm import AESGCMCipher
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.extras.dh.dangerous.dh_nogen import NoGenDH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.IK import IKHandshakePattern
from dissononce.processing.handshakepatterns.interactive.XX import XXHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from dissononce.processing.modifiers.fallback import FallbackPatternModifier

PROLOGUE = b"WA\x06\x03"


class WhatsAppSymmetricState(SymmetricState):
    """Leaves the clear payload of message 1 out of h."""

    def encrypt_and_hash(self, plaintext):
        if self.cipherstate_has_key():
            return super().encrypt_and_hash(plaintext)
        return plaintext

    def decrypt_and_hash(self, ciphertext):
        if self.cipherstate_has_key():
            return super().decrypt_and_hash(ciphertext)
        return ciphertext


def key_pair(octet):
    return X25519DH().generate_keypair(PrivateKey(bytes([octet]) * 32))


def begin(pattern, initiator, form):
    symmetric = WhatsAppSymmetricState if form == "whatsapp" else SymmetricState
    ephemeral = PrivateKey(bytes([1 if initiator else 3]) * 32)
    state = HandshakeState(symmetric(CipherState(AESGCMCipher()), SHA256Hash()),
                           NoGenDH(X25519DH(), ephemeral))
    known = {"s": key_pair(2 if initiator else 4)}
    if pattern == "IK":
        shape = IKHandshakePattern()
        if initiator:
            known["rs"] = key_pair(4).public
    elif pattern == "XXfallback":
        shape = FallbackPatternModifier().modify(XXHandshakePattern())
        known.update({"e": key_pair(1)} if initiator else {"re": key_pair(1).public})
    else:
        shape = XXHandshakePattern()
    state.initialize(shape, initiator, PROLOGUE, **known)
    return state


def main():
    pattern, role, form = sys.argv[1:]
    initiator = role == "initiator"
    state = begin(pattern, initiator, form)
    keys = None
    writes = initiator != (pattern == "XXfallback")
    while keys is None:
        if writes:
            message = bytearray()
            keys = state.write_message(b"from dissononce", message)
            print(message.hex(), flush=True)
        else:
            keys = state.read_message(bytes.fromhex(sys.stdin.readline()), bytearray())
        writes = not writes
    print(state.symmetricstate.get_handshake_hash().hex(), flush=True)
    send, receive = keys if initiator else reversed(keys)
    text = receive.decrypt_with_ad(b"", bytes.fromhex(sys.stdin.readline()))
    print(send.encrypt_with_ad(b"", text).hex(), flush=True)


main()
