// SPDX-License-Identifier: GPL-3.0-or-later
// One connection of a user: socket or WebSocket, handshake, frames. What comes is handed over in
// order: on.stanza(node) for each stanza, on.silence() when nothing came for as long as the
// connection waits, on.end(reason) once, after all else.
import net from 'node:net';
import { createWebSocketStream, WebSocket } from 'ws';
import { Frames, Handshake, kIntro, writeFrame } from './noise.js';
import { decodeStanza, encodeStanza } from './stanza.js';

const kLoginTimeoutMs = 20000;
const kCloseTimeoutMs = 1000;
const kMaxMessage = 1 << 25; // octets in one message of a WebSocket; a frame has half of it
const kNotText = 1003; // RFC 6455 section 7.4.1

function routingOf(octets) {
  if (octets.length === 0) return octets;
  return Buffer.concat([Buffer.from([0x45, 0x44, 0, 1]), writeFrame(octets)]);
}

// A stream of octets; `opened()` is called when it can be written to.
function dial({ host, port, websocket }, opened) {
  if (!websocket) {
    return net.connect({ host, port, noDelay: true }, opened);
  }
  const { path, origin } = websocket;
  const socket = new WebSocket(`ws://${host}:${port}${path}`, {
    origin, perMessageDeflate: false, handshakeTimeout: kLoginTimeoutMs, maxPayload: kMaxMessage,
  });
  const stream = createWebSocketStream(socket);
  socket.on('open', opened);
  socket.prependListener('message', (octets, isBinary) => {
    if (!isBinary) {
      socket.close(kNotText);
      stream.destroy(new Error('a text message'));
    }
  });
  return stream;
}

export class Connection {
  // `login` is { host, port, websocket, root, routing, known, payload, staticKey, verify }, where
  // `websocket` is { path, origin } and `known` a static key of the server's, or undefined.
  constructor(login, on) {
    this.login = login;
    this.on = on;
    this.frames = new Frames();
    this.handshake = new Handshake(login.staticKey, login.known);
    this.received = 0; // times that octets came
    this.socket = dial(login, () => this.open());
    this.socket.on('data', (octets) => this.take(octets));
    this.socket.on('error', (error) => { this.reason ??= error.code ?? error.message; });
    this.socket.on('close', () => {
      clearTimeout(this.silence);
      this.on.end(this.reason ?? 'connection closed');
    });
    this.waitFor(kLoginTimeoutMs);
  }

  open() {
    const hello = writeFrame(this.handshake.hello(this.login.payload));
    this.socket.write(Buffer.concat([routingOf(this.login.routing), kIntro, hello]));
  }

  // From now on silence lasts so long.
  waitFor(ms) {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.silence.refresh();
      this.on.silence();
    }, ms);
  }

  take(octets) {
    this.received++;
    this.silence.refresh();
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
      if (this.transport.finish) this.socket.write(writeFrame(this.transport.finish));
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

  // The last stanza, then the end of the connection, which the other side has a moment to answer.
  endWith(node, reason) {
    if (this.isEnding) return;
    this.reason ??= reason;
    this.send(node);
    this.isEnding = true;
    this.socket.end();
    const timer = setTimeout(() => this.socket.destroy(), kCloseTimeoutMs);
    this.socket.once('close', () => clearTimeout(timer));
  }

  abort(reason) {
    this.reason ??= reason;
    this.socket.destroy();
  }

  get isOver() {
    return this.socket.destroyed;
  }
}
