// SPDX-License-Identifier: GPL-3.0-or-later
// One connection of a user: socket, handshake, frames. What comes is handed over in order:
// on.stanza(node) for each stanza, on.silence() when nothing came for as long as the connection
// waits, on.end(reason) once, after all else.
import net from 'node:net';
import { Frames, Handshake, kIntro, writeFrame } from './noise.js';
import { decodeStanza, encodeStanza } from './stanza.js';

const kLoginTimeoutMs = 20000;
const kCloseTimeoutMs = 1000;

function routingOf(octets) {
  if (octets.length === 0) return octets;
  return Buffer.concat([Buffer.from([0x45, 0x44, 0, 1]), writeFrame(octets)]);
}

export class Connection {
  // `login` is { host, port, root, routing, payload, staticKey, verify }.
  constructor(login, on) {
    this.login = login;
    this.on = on;
    this.frames = new Frames();
    this.handshake = new Handshake(login.staticKey);
    this.received = 0; // times that octets came
    this.socket = net.connect({ host: login.host, port: login.port, noDelay: true });
    this.socket.setTimeout(kLoginTimeoutMs);
    this.socket.on('connect', () => this.open());
    this.socket.on('data', (octets) => this.take(octets));
    this.socket.on('timeout', () => this.on.silence());
    this.socket.on('error', (error) => { this.reason ??= error.code ?? error.message; });
    this.socket.on('close', () => this.on.end(this.reason ?? 'connection closed'));
  }

  open() {
    this.socket.write(Buffer.concat(
      [routingOf(this.login.routing), kIntro, writeFrame(this.handshake.hello())]));
  }

  take(octets) {
    this.received++;
    this.frames.push(octets);
    try {
      for (let frame; !this.socket.destroyed && (frame = this.frames.next()) !== undefined;) {
        this.takeFrame(frame);
      }
    } catch (error) {
      this.abort(error.message);
    }
  }

  takeFrame(frame) {
    if (!this.transport) {
      const { root, payload, verify } = this.login;
      this.transport = this.handshake.finish(frame, payload, root, verify);
      this.socket.write(writeFrame(this.transport.finish));
      return;
    }
    const plain = this.transport.receives.open(frame);
    let node;
    try {
      node = decodeStanza(plain);
    } catch (error) {
      this.endWith({ tag: 'stream:error', attrs: { code: '400' } }, `no stanza: ${error.message}`);
      return;
    }
    if (!this.isEnding) {
      this.on.stanza(node);
    } else if (node.tag === 'xmlstreamend') {
      this.socket.destroy();
    }
  }

  send(node) {
    if (this.transport && this.socket.writable) {
      this.socket.write(writeFrame(this.transport.sends.seal(encodeStanza(node))));
    }
  }

  // From now on silence lasts so long.
  waitFor(ms) {
    this.socket.setTimeout(ms);
  }

  // The last stanza, then the end of the connection, which the other side has a moment to answer.
  endWith(node, reason) {
    this.reason ??= reason;
    this.send(node);
    this.isEnding = true;
    this.socket.end();
    this.timer ??= setTimeout(() => this.socket.destroy(), kCloseTimeoutMs);
    this.socket.once('close', () => clearTimeout(this.timer));
  }

  abort(reason) {
    this.reason ??= reason;
    this.socket.destroy();
  }

  get isOver() {
    return this.socket.destroyed;
  }
}
