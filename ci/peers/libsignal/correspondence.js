// SPDX-License-Identifier: GPL-3.0-or-later
// One user's keys and sessions. All that is the Signal protocol's the library does; here is what it
// leaves to an application: where things are kept, what the stanzas' octets are, and whom to trust.
//
// The policy for identity keys is that of Signal's own applications: the first one of a peer is
// taken, a message under another one is read, and nothing goes out to that peer any more, because
// nobody here can approve of the new one (setting identity-change: held).
import crypto from 'node:crypto';
import { child, octetsIn, parseJid, printJid } from './stanza.js';

export const kBatch = 100;
const kKeyType = Buffer.from([5]);
const kKeyOctets = 32;
const kSignatureOctets = 64;
const kRegistrationOctets = 4;
const kIdOctets = 3;
const kLargestId = 0xfffffe;
const kSignedId = 1;

const bigEndian = (number, octets) => {
  const out = Buffer.alloc(octets);
  out.writeUIntBE(number, 0, octets);
  return out;
};

function exactly(node, tag, length) {
  const octets = octetsIn(node, tag);
  if (octets.length !== length) throw new Error(`<${tag}/> of ${octets.length} octets`);
  return octets;
}

function makeStores(signal, own, registration) {
  const known = (map, what) => (id) => {
    const record = map.get(id);
    if (!record) throw new Error(`no ${what} ${id}`);
    return record;
  };
  const name = (address) => `${address.name()}.${address.deviceId()}`;

  // Records are kept serialized, as an application's database would.
  class Sessions extends signal.SessionStore {
    records = new Map();
    async saveSession(address, record) {
      this.records.set(name(address), record.serialize());
    }
    async getSession(address) {
      const octets = this.records.get(name(address));
      return octets ? signal.SessionRecord.deserialize(octets) : null;
    }
    async getExistingSessions(addresses) {
      return Promise.all(addresses.map(async (address) => {
        const record = await this.getSession(address);
        if (!record) throw new Error(`no session with ${name(address)}`);
        return record;
      }));
    }
  }

  class Identities extends signal.IdentityKeyStore {
    keys = new Map(); // { key, held }
    async getIdentityKey() {
      return own.privateKey;
    }
    async getLocalRegistrationId() {
      return registration;
    }
    async saveIdentity(address, key) {
      const octets = Buffer.from(key.serialize());
      const before = this.keys.get(name(address));
      if (before?.key.equals(octets)) return signal.IdentityChange.NewOrUnchanged;
      this.keys.set(name(address), { key: octets, held: before !== undefined });
      return before ? signal.IdentityChange.ReplacedExisting : signal.IdentityChange.NewOrUnchanged;
    }
    async isTrustedIdentity(address, key, direction) {
      const before = this.keys.get(name(address));
      if (direction === signal.Direction.Receiving || !before) return true;
      return !before.held && before.key.equals(Buffer.from(key.serialize()));
    }
    async getIdentity(address) {
      const before = this.keys.get(name(address));
      return before ? signal.PublicKey.deserialize(before.key) : null;
    }
  }

  class Prekeys extends signal.PreKeyStore {
    records = new Map();
    async savePreKey(id, record) {
      this.records.set(id, record);
    }
    getPreKey = async (id) => known(this.records, 'one-time prekey')(id);
    async removePreKey(id) {
      this.records.delete(id);
    }
  }

  class SignedPrekeys extends signal.SignedPreKeyStore {
    records = new Map();
    async saveSignedPreKey(id, record) {
      this.records.set(id, record);
    }
    getSignedPreKey = async (id) => known(this.records, 'signed prekey')(id);
  }

  // The dialect has no post-quantum prekeys.
  class KyberPrekeys extends signal.KyberPreKeyStore {
    async saveKyberPreKey() {}
    async getKyberPreKey(id) {
      throw new Error(`no post-quantum prekey ${id}`);
    }
    async markKyberPreKeyUsed() {}
  }

  return { sessions: new Sessions(), identities: new Identities(), prekeys: new Prekeys(),
    signedPrekeys: new SignedPrekeys(), kyberPrekeys: new KyberPrekeys() };
}

export class Correspondence {
  // `signal` is the library; `user` names its owner, for versions of it that want to know.
  constructor(signal, user) {
    this.signal = signal;
    // Later versions take the own address behind the peer's.
    this.self = signal.processPreKeyBundle.length > 4 ? [signal.ProtocolAddress.new(user, 1)] : [];
    this.own = signal.IdentityKeyPair.generate();
    this.registration = crypto.randomInt(1, 16381);
    this.stores = makeStores(signal, this.own, this.registration);
    const key = signal.PrivateKey.generate();
    const signature = this.own.privateKey.sign(key.getPublicKey().serialize());
    this.signed = signal.SignedPreKeyRecord.new(kSignedId, Date.now(), key.getPublicKey(), key,
      signature);
    this.stores.signedPrekeys.saveSignedPreKey(kSignedId, this.signed);
    this.nextId = 1;
  }

  // --- what others begin a session with ---

  registrationNode() {
    return { tag: 'registration', content: bigEndian(this.registration, kRegistrationOctets) };
  }

  identityNodes() {
    return [{ tag: 'type', content: kKeyType },
      { tag: 'identity', content: Buffer.from(this.own.publicKey.getPublicKeyBytes()) }];
  }

  signedNode() {
    return { tag: 'skey', content: [{ tag: 'id', content: bigEndian(kSignedId, kIdOctets) },
      { tag: 'value', content: Buffer.from(this.signed.publicKey().getPublicKeyBytes()) },
      { tag: 'signature', content: Buffer.from(this.signed.signature()) }] };
  }

  // New one-time prekeys, whose ids nothing had before.
  drawPrekeys(count) {
    return Array.from({ length: count }, () => {
      const id = this.nextId;
      this.nextId = id === kLargestId ? 1 : id + 1;
      const key = this.signal.PrivateKey.generate();
      const publicKey = key.getPublicKey();
      this.stores.prekeys.savePreKey(id, this.signal.PreKeyRecord.new(id, publicKey, key));
      return { tag: 'key', content: [{ tag: 'id', content: bigEndian(id, kIdOctets) },
        { tag: 'value', content: Buffer.from(publicKey.getPublicKeyBytes()) }] };
    });
  }

  // --- sessions ---

  // The library's devices count from 1, the dialect's from 0.
  address(jid) {
    const parsed = parseJid(jid) ?? { user: jid, device: 0, server: '' };
    return this.signal.ProtocolAddress.new(printJid({ ...parsed, device: 0 }), parsed.device + 1);
  }

  async hasSession(jid) {
    const record = await this.stores.sessions.getSession(this.address(jid));
    return record !== null && record.hasCurrentState(new Date());
  }

  publicKey(octets) {
    return this.signal.PublicKey.deserialize(Buffer.concat([kKeyType, octets]));
  }

  // With the bundle that `user` holds. Throws for one that is not whole, or that the library or the
  // policy refuses.
  async begin(jid, user) {
    if (!octetsIn(user, 'type').equals(kKeyType)) throw new Error('keys of another type');
    const signed = child(user, 'skey');
    const oneTime = child(user, 'key');
    const number = (node, tag, octets) => exactly(node, tag, octets).readUIntBE(0, octets);
    const address = this.address(jid);
    const bundle = this.signal.PreKeyBundle.new(
      number(user, 'registration', kRegistrationOctets), address.deviceId(),
      oneTime ? number(oneTime, 'id', kIdOctets) : null,
      oneTime ? this.publicKey(exactly(oneTime, 'value', kKeyOctets)) : null,
      number(signed, 'id', kIdOctets), this.publicKey(exactly(signed, 'value', kKeyOctets)),
      exactly(signed, 'signature', kSignatureOctets),
      this.publicKey(exactly(user, 'identity', kKeyOctets)));
    await this.signal.processPreKeyBundle(bundle, address, ...this.self, this.stores.sessions,
      this.stores.identities);
  }

  // { type, octets } of <enc/>. Needs a session.
  async seal(jid, plain) {
    const message = await this.signal.signalEncrypt(plain, this.address(jid), ...this.self,
      this.stores.sessions, this.stores.identities);
    const first = message.type() === this.signal.CiphertextMessageType.PreKey;
    return { type: first ? 'pkmsg' : 'msg', octets: Buffer.from(message.serialize()) };
  }

  // Throws for what does not decrypt; see isDuplicate().
  async open(jid, type, octets) {
    const { sessions, identities, prekeys, signedPrekeys, kyberPrekeys } = this.stores;
    const address = this.address(jid);
    if (type === 'pkmsg') {
      const message = this.signal.PreKeySignalMessage.deserialize(octets);
      return Buffer.from(await this.signal.signalDecryptPreKey(message, address, ...this.self,
        sessions, identities, prekeys, signedPrekeys, kyberPrekeys));
    }
    const message = this.signal.SignalMessage.deserialize(octets);
    return Buffer.from(await this.signal.signalDecrypt(message, address, ...this.self, sessions,
      identities));
  }

  isDuplicate(error) {
    return error.code === this.signal.ErrorCode.DuplicatedMessage;
  }
}
