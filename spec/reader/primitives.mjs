// What the formats are built from: Node's own crypto, and nothing else.
// Written from the SPEC.md files; the sections named are theirs.

import {
  createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey,
  diffieHellman, timingSafeEqual, verify,
} from "node:crypto";

export const CHUNK = 16384, TAG = 16, PREFIX = 56;

/** A failure, in the word that the specifications have for it. */
export class Refusal extends Error {}

export function demand(holds, word) {
  if (!holds) throw new Refusal(word);
}

export const ascii = (text) => Buffer.from(text, "latin1");
export const join = (...parts) => Buffer.concat(parts.map((part) => (typeof part === "string" ? ascii(part) : part)));
export const sha256 = (...parts) => createHash("sha256").update(join(...parts)).digest();
export const same = (a, b) => a.length === b.length && timingSafeEqual(a, b);

export function number(value, size) {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

export function hmac(key, ...parts) {
  return createHmac("sha256", key).update(join(...parts)).digest();
}

/** HKDF-Expand, RFC 5869, 2.3: Node's own does extract and expand in one. */
export function expand(key, info, size = 32, hash = "sha256") {
  let made = Buffer.alloc(0), last = made;
  for (let i = 1; made.length < size; i++) {
    last = createHmac(hash, key).update(join(last, info, Buffer.of(i))).digest();
    made = join(made, last);
  }
  return made.subarray(0, size);
}

/** The plaintext, or null when the tag is wrong: nothing of it is given out then. */
export function openGcm(key, nonce, sealed) {
  const cipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG });
  cipher.setAuthTag(sealed.subarray(-TAG));
  const plain = cipher.update(sealed.subarray(0, -TAG));
  try {
    cipher.final();
  } catch {
    return null;
  }
  return plain;
}

// Keys come raw; Node takes them as DER. What stands before the 32 bytes is the same for every key.
const PRIVATE = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC = { x25519: "302a300506032b656e032100", ed25519: "302a300506032b6570032100" };
const publicKey = (kind, raw) =>
  createPublicKey({ key: join(Buffer.from(PUBLIC[kind], "hex"), raw), format: "der", type: "spki" });
const privateKey = (raw) => createPrivateKey({ key: join(PRIVATE, raw), format: "der", type: "pkcs8" });

export function publicOf(raw) {
  return createPublicKey(privateKey(raw)).export({ format: "der", type: "spki" }).subarray(-32);
}

export function signed(raw, covered, signature) {
  return verify(null, covered, publicKey("ed25519", raw), signature);
}

/** HPKE (RFC 9180), base mode, one message: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
export function openHpke(raw, info, sealed) {
  if (sealed.length < 32 + TAG) return null;
  const share = sealed.subarray(0, 32), kem = ascii("KEM\0\x20"), suite = ascii("HPKE\0\x20\0\x01\0\x02");
  const extract = (id, salt, label, key) => hmac(salt, "HPKE-v1", id, label, key);
  const derive = (id, key, label, context, size) =>
    expand(key, join(number(size, 2), "HPKE-v1", id, label, context), size);
  let secret;
  try { // OpenSSL refuses a share of low order, as RFC 9180, 7.1.4 asks for.
    secret = diffieHellman({ privateKey: privateKey(raw), publicKey: publicKey("x25519", share) });
  } catch {
    return null;
  }
  const none = Buffer.alloc(0);
  const shared = derive(kem, extract(kem, none, "eae_prk", secret), "shared_secret", join(share, publicOf(raw)), 32);
  const context = join(
    "\0", extract(suite, none, "psk_id_hash", none), extract(suite, none, "info_hash", info),
  );
  const key = extract(suite, shared, "secret", none);
  const nonce = derive(suite, key, "base_nonce", context, 12);
  return openGcm(derive(suite, key, "key", context, 32), nonce, sealed.subarray(32));
}

/** One sealed message (container, 4): any chunk of it, once key and context are shown to be its own. */
export class Message {
  constructor(key, context, prefix, size) {
    demand(prefix.length === PREFIX, "truncated");
    const salt = prefix.subarray(0, 24);
    const label = "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
    const made = expand(key, join(label, salt, context), 76, "sha512");
    demand(same(made.subarray(44), prefix.subarray(24)), "tampered");
    this.key = made.subarray(0, 32);
    this.base = made.subarray(32, 44);
    this.size = size;
    this.last = Math.floor(size / CHUNK);
  }

  /** Chunk ``i`` out of ``sealed``, which begins with the prefix. */
  chunk(i, sealed) {
    const nonce = Buffer.from(this.base);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ i) >>> 0, 8);
    const at = PREFIX + i * (CHUNK + TAG), size = Math.min(CHUNK, this.size - i * CHUNK);
    const plain = openGcm(this.key, nonce, sealed.subarray(at, at + size + TAG));
    demand(plain, "tampered");
    return plain;
  }

  static open(key, context, sealed) {
    const rest = sealed.length - PREFIX, full = Math.floor(rest / (CHUNK + TAG));
    const over = rest - full * (CHUNK + TAG);
    demand(full >= 0 && over >= TAG, "truncated");
    const found = new Message(key, context, sealed.subarray(0, PREFIX), full * CHUNK + over - TAG);
    return Buffer.concat(Array.from({ length: full + 1 }, (_, i) => found.chunk(i, sealed)));
  }
}
