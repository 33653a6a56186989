// SPDX-License-Identifier: GPL-3.0-or-later
// Noise XX, IK and XXfallback as the gatekeeper's clients speak them (a clear payload is not hashed),
// the server's certificate chain, and the frames around all of it.
import crypto from 'node:crypto';
import { field, numberOf, octetsOf, readFields } from './protobuf.js';

export const kIntro = Buffer.from([0x57, 0x41, 6, 3]);
const kKeyOctets = 32;
const kTagOctets = 16;
const kSpki = Buffer.from('302a300506032b656e032100', 'hex'); // RFC 8410: X25519, then the key

const sha256 = (octets) => crypto.createHash('sha256').update(octets).digest();

export function keyPair() {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('x25519');
  return { privateKey, octets: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32) };
}

// Refuses a product of zeros.
function agree(own, peer) {
  const publicKey = crypto.createPublicKey({
    key: Buffer.concat([kSpki, peer]), format: 'der', type: 'spki' });
  return crypto.diffieHellman({ privateKey: own.privateKey, publicKey });
}

function hkdf(salt, material) {
  const out = Buffer.from(crypto.hkdfSync('sha256', material, salt, '', 64));
  return [out.subarray(0, 32), out.subarray(32)];
}

// One direction of a connection, or the key of a handshake's moment.
class Cipher {
  constructor(key) {
    this.key = key;
    this.counter = 0;
  }

  nonce() {
    const out = Buffer.alloc(12);
    out.writeUInt32BE(this.counter++, 8);
    return out;
  }

  seal(plain, associated = Buffer.alloc(0)) {
    const cipher = crypto.createCipheriv('aes-256-gcm', this.key, this.nonce());
    cipher.setAAD(associated);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  open(sealed, associated = Buffer.alloc(0)) {
    if (sealed.length < kTagOctets) throw new Error('too short for a tag');
    const end = sealed.length - kTagOctets;
    const decipher = crypto.createDecipheriv('aes-256-gcm', this.key, this.nonce());
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(end));
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  }
}

// `verify(key, octets, signature)` says whether an XEdDSA signature is right; `root` is the key of
// the chain's root.
function checkChain(octets, serverStatic, root, verify) {
  const chain = readFields(octets);
  const [leaf, intermediate] = [1, 2].map((number) => {
    const parts = readFields(octetsOf(chain, number) ?? Buffer.alloc(0));
    const details = octetsOf(parts, 1);
    const signature = octetsOf(parts, 2);
    if (!details || !signature) throw new Error('a certificate is not whole');
    const fields = readFields(details);
    const key = octetsOf(fields, 3);
    if (key?.length !== kKeyOctets) throw new Error('a certificate without a key');
    return { details, signature, key, serial: numberOf(fields, 1), issuer: numberOf(fields, 2),
      begins: numberOf(fields, 4), ends: numberOf(fields, 5) };
  });
  const now = BigInt(Math.floor(Date.now() / 1000));
  const right = intermediate.issuer === 0n && leaf.issuer === intermediate.serial &&
    verify(root, intermediate.details, intermediate.signature) &&
    verify(intermediate.key, leaf.details, leaf.signature) && leaf.key.equals(serverStatic);
  if (!right) throw new Error('the certificate chain is not right');
  if ([leaf, intermediate].some((each) => now < each.begins || now > each.ends)) {
    throw new Error('a certificate is not valid now');
  }
}

// Takes the client's part: hello(), then finish() with what came, whose result has the ciphers.
export class Handshake {
  // `own` is the client's static key pair. With `known`, a static key of the server's, it begins
  // with IK, else with XX.
  constructor(own, known) {
    this.own = own;
    this.known = known;
    this.begin(known ? 'IK' : 'XX');
  }

  begin(pattern) {
    const name = Buffer.from(`Noise_${pattern}_25519_AESGCM_SHA256`);
    this.hash = name.length > 32 ? sha256(name) : Buffer.concat([name, Buffer.alloc(32)], 32);
    this.chaining = this.hash;
    this.mixHash(kIntro);
  }

  mixHash(octets) {
    this.hash = sha256(Buffer.concat([this.hash, octets]));
  }

  mixKey(secret) {
    let key;
    [this.chaining, key] = hkdf(this.chaining, secret);
    this.cipher = new Cipher(key);
  }

  seal(plain) {
    const sealed = this.cipher.seal(plain, this.hash);
    this.mixHash(sealed);
    return sealed;
  }

  open(sealed) {
    const plain = this.cipher.open(sealed, this.hash);
    this.mixHash(sealed);
    return plain;
  }

  // The payload travels encrypted only: in this message of IK, in the last one of XX.
  hello(payload) {
    this.ephemeral = keyPair();
    if (!this.known) {
      this.mixHash(this.ephemeral.octets);
      return field(2, field(1, this.ephemeral.octets));
    }
    this.mixHash(this.known);
    this.mixHash(this.ephemeral.octets);
    this.mixKey(agree(this.ephemeral, this.known));
    const ownStatic = this.seal(this.own.octets);
    this.mixKey(agree(this.own, this.known));
    return field(2, Buffer.concat([field(1, this.ephemeral.octets), field(2, ownStatic),
      field(3, this.seal(payload))]));
  }

  // { finish, sends, receives }, where `finish` is still to be sent, if it is there.
  finish(serverHello, payload, root, verify) {
    const hello = readFields(octetsOf(readFields(serverHello), 3) ?? Buffer.alloc(0));
    const [ephemeral, sealedStatic, sealedChain] = [1, 2, 3].map((number) =>
      octetsOf(hello, number) ?? Buffer.alloc(0));
    if (ephemeral.length !== kKeyOctets) throw new Error('an ephemeral key of another length');
    if (this.known && sealedStatic.length === 0) {
      return this.takeShort(ephemeral, sealedChain, root, verify);
    }
    // A static key in the answer to IK refuses it: the first message was the ephemeral key alone.
    if (this.known) {
      this.begin('XXfallback');
      this.mixHash(this.ephemeral.octets);
    }
    this.mixHash(ephemeral);
    this.mixKey(agree(this.ephemeral, ephemeral));
    const serverStatic = this.open(sealedStatic);
    if (serverStatic.length !== kKeyOctets) throw new Error('a static key of another length');
    this.mixKey(agree(this.ephemeral, serverStatic));
    checkChain(this.open(sealedChain), serverStatic, root, verify);
    const ownStatic = this.seal(this.own.octets);
    this.mixKey(agree(this.own, ephemeral));
    const finish = field(4, Buffer.concat([field(1, ownStatic), field(2, this.seal(payload))]));
    return { finish, ...this.split() };
  }

  // The rest of IK. A chain need not come with it, for the key is known; the tag must.
  takeShort(ephemeral, sealedChain, root, verify) {
    this.mixHash(ephemeral);
    this.mixKey(agree(this.ephemeral, ephemeral));
    this.mixKey(agree(this.own, ephemeral));
    const chain = this.open(sealedChain);
    if (chain.length > 0) checkChain(chain, this.known, root, verify);
    return this.split();
  }

  split() {
    const [sends, receives] = hkdf(this.chaining, Buffer.alloc(0)).map((key) => new Cipher(key));
    return { sends, receives };
  }
}

export function writeFrame(octets) {
  const head = Buffer.alloc(3);
  head.writeUIntBE(octets.length, 0, 3);
  return Buffer.concat([head, octets]);
}

// Cuts a stream into the payloads of its frames.
export class Frames {
  constructor() {
    this.parts = [];
    this.length = 0;
  }

  push(octets) {
    this.parts.push(octets);
    this.length += octets.length;
  }

  // undefined until a whole one is there.
  next() {
    if (this.length < 3) return undefined;
    if (this.parts[0].length < 3) this.join();
    const size = this.parts[0].readUIntBE(0, 3);
    if (this.length < 3 + size) return undefined;
    this.join();
    const whole = this.parts[0];
    this.parts = [whole.subarray(3 + size)];
    this.length -= 3 + size;
    return whole.subarray(3, 3 + size);
  }

  join() {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts)];
  }
}
