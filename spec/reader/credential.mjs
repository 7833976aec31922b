// Envelopes (credential, 2), identities (3), security files (4, 7), manifests (6), revocation (8), devices (9, 10).

import { Fields, MAGIC } from "./cbor.mjs";
import {
  Message, demand, expand, join, number, openHpke, publicOf, same, sha256, signed,
} from "./primitives.mjs";

const HEAD = 24, SIGNATURE = 64, LIMITS = { 5: 8388608, 8: 16777216 };

/** What a device is known by (5.2), from its two public keys. */
export const deviceId = (kem, signing) => sha256("vodseal1/device\0", kem, signing).subarray(0, 16);

export const keyId = (key) => sha256("vodseal1/kid\0", key).subarray(0, 8);

function parts(data, type) {
  demand(same(data.subarray(0, 8), MAGIC("E")), "not-sealed");
  demand(data.length >= HEAD, "truncated");
  demand(data[8] === 1 && data.readUInt16BE(10) === 1, "unsupported");
  const size = data.readUInt32BE(20);
  demand(data[9] === type && size <= (LIMITS[type] ?? 65536), "malformed");
  demand(data.length === HEAD + size + SIGNATURE, "truncated");
  return { signer: data.subarray(12, 20), payload: data.subarray(HEAD, HEAD + size) };
}

function checkSignature(data, key) {
  const covered = join("vodseal1/env\0", data.subarray(0, -SIGNATURE));
  demand(signed(key, covered, data.subarray(-SIGNATURE)), "tampered");
}

export function openEnvelope(data, type, keys) {
  const { signer, payload } = parts(data, type);
  const key = keys.find((each) => keyId(each).equals(signer));
  demand(key, "wrong-key");
  checkSignature(data, key);
  return payload;
}

export function openAnchored(data, type) {
  const { signer, payload } = parts(data, type);
  demand(payload.length >= 32, "malformed");
  const anchor = payload.subarray(0, 32);
  demand(keyId(anchor).equals(signer), "tampered");
  checkSignature(data, anchor);
  return { anchor, body: payload.subarray(32) };
}

const BUNDLE = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;
const isBundle = (text) => text.length <= 155 && BUNDLE.test(text);

function isIdentifier(kind, bytes) {
  const text = bytes.toString("latin1");
  if (kind === 1) return /^[0-9A-F]{2}(:[0-9A-F]{2}){19}$/.test(text);
  if (kind === 2) return isBundle(text);
  if (kind === 3) return /^[0-9a-f]{1,40}$/.test(text);
  const zero = text.indexOf("\0");
  return zero >= 0 && text.length === zero + 33 && isBundle(text.slice(0, zero));
}

export const fingerprint = (kind, identifier) =>
  sha256("vodseal1/app\0", number(kind, 1), number(identifier.length, 2), identifier);

/** The app's private key. ``given`` is what the app brings; of the string, its Argon2id (SPEC reader). */
export function openSecurityFile(data, given) {
  const { anchor, body } = openAnchored(data, 1);
  const file = parseSecurityFile(body);
  demand(file.trust.get(1)?.some((key) => key.equals(anchor)), "wrong-key");
  const now = BigInt(given.now);
  demand(now >= file.from && (file.until === 0n || now < file.until), "not-now");
  demand(given.kind === file.kind && given.identifier.equals(file.identifier), "not-bound");
  demand(BigInt(given.level) >= file.level, "not-bound");
  const key = file.opening(given);
  demand(key, "not-bound");
  const raw = unwrapped(key, file);
  demand(raw?.length === 32 && publicOf(raw).equals(file.publicKey), "not-bound");
  return raw;
}

function unwrapped(key, file) {
  try {
    return Message.open(key, join("vodseal1/appkey\0", file.mark, file.serial), file.wrapped);
  } catch {
    return null;
  }
}

function parseSecurityFile(body) {
  const fields = Fields.of(body);
  fields.version();
  const file = { serial: fields.bytes(1, 16), identifier: fields.bytes(2), kind: Number(fields.integer(3, 1n, 4n)) };
  demand(file.identifier.length <= 255 && isIdentifier(file.kind, file.identifier), "malformed");
  file.mark = fields.bytes(4, 32);
  demand(file.mark.equals(fingerprint(file.kind, file.identifier)), "malformed");
  file.publicKey = fields.bytes(5, 32);
  file.wrapped = fields.bytes(6, 104);
  file.opening = opening(fields.map(7));
  file.from = fields.integer(8);
  file.until = fields.integer(9);
  file.level = fields.rest.has(10) ? requirements(fields.map(10)) : 0n;
  file.trust = verificationKeys(fields.map(11));
  fields.end();
  return file;
}

/** How the wrapping key comes about (4.2). */
function opening(fields) {
  const kind = fields.integer(0, 0n, 1n), salt = fields.bytes(1, 16);
  if (kind === 0n) {
    const secret = fields.bytes(2, 32);
    fields.end();
    return () => expand(secret, join("vodseal1/filealone\0", salt));
  }
  fields.integer(2, 19456n, 1048576n);
  fields.integer(3, 1n, 10n);
  fields.integer(4, 1n, 1n);
  fields.end();
  return (given) => (given.string ? given.wrappingKey : null);
}

function requirements(fields) {
  const level = fields.integer(0, 0n, 3n), store = fields.boolean(1);
  fields.end();
  demand(level > 0n || !store, "malformed");
  return level;
}

function verificationKeys(fields) {
  const trust = new Map();
  for (const [type] of [...fields.rest]) {
    demand([1, 2, 3, 4, 5, 9].includes(type), "malformed");
    const keys = fields.list(type, 16);
    demand(keys.length > 0 && keys.every((key) => Buffer.isBuffer(key) && key.length === 32), "malformed");
    trust.set(type, keys);
  }
  return trust;
}

/** The identifier of the app that a manifest speaks for. */
export function openManifest(data) {
  const { anchor, body } = openAnchored(data, 8);
  const fields = Fields.of(body);
  fields.version();
  const bundle = fields.text(1);
  demand(isBundle(bundle), "malformed");
  const files = new Set(), links = [];
  let last = Buffer.alloc(0);
  for (const entry of fields.list(2, 100000)) {
    demand(Array.isArray(entry), "malformed");
    const [path, ...what] = entry;
    demand(typeof path === "string" && isInside(path), "malformed");
    demand(what.length === 1 ? typeof what[0] === "string" : isFile(what), "malformed");
    if (what.length === 1) links.push([path, what[0]]);
    else files.add(path);
    const bytes = Buffer.from(path); // UTF-8 sorts as code points do; JavaScript's text does not
    demand(last.compare(bytes) < 0, "malformed");
    last = bytes;
  }
  fields.end();
  demand(links.every(([path, target]) => files.has(followed(path, target))), "malformed");
  return join(bundle, "\0", anchor);
}

const isFile = ([size, hash, ...more]) =>
  typeof size === "bigint" && size >= 0n && Buffer.isBuffer(hash) && hash.length === 32 && !more.length;

/** Where a link leads to, from its own folder; null when it leads above the app. */
function followed(path, target) {
  const steps = path.split("/").slice(0, -1);
  for (const step of target.split("/")) {
    if (step === "" || step === ".") return null;
    if (step !== "..") steps.push(step);
    else if (steps.pop() === undefined) return null;
  }
  return steps.join("/");
}

const isInside = (path) =>
  !/[\\\0:]/.test(path) && path.split("/").every((step) => !["", ".", ".."].includes(step));

const MOST = 1n << 53n;

/** The device that a certificate speaks of (9). */
export function openCertificate(data, keys) {
  const fields = Fields.of(openEnvelope(data, 3, keys));
  fields.version();
  const device = fields.bytes(1, 16), kem = fields.bytes(2, 32), signing = fields.bytes(3, 32);
  fields.bytes(4, 16);
  fields.bytes(5, 32);
  fields.integer(6, 0n, 3n);
  fields.integer(7, 0n, 2n);
  fields.integer(8, 0n, MOST);
  fields.integer(9, 0n, MOST);
  fields.end();
  demand(device.equals(deviceId(kem, signing)), "malformed");
  return device;
}

/** The secret that shows who holds an app's key (10.1). */
export function openChallenge(data, given) {
  const secret = openHpke(given.appKey, join("vodseal1/enrol\0", given.nonce, given.deviceId), data);
  demand(secret, "wrong-key");
  return secret;
}

/** What is revoked now (8): the key of each in the list, then its id. */
export function openRevocationList(data, keys, now) {
  const fields = Fields.of(openEnvelope(data, 5, keys)), found = [];
  fields.version();
  fields.integer(1, 0n, MOST);
  const issued = fields.integer(2, 0n, MOST);
  demand(fields.integer(3, 0n, MOST) > issued, "malformed");
  for (const key of [4, 5, 6]) {
    let last = Buffer.alloc(0);
    for (const entry of fields.list(key, 100000)) {
      demand(Array.isArray(entry) && entry.length === 2, "malformed");
      const [id, since] = entry;
      demand(Buffer.isBuffer(id) && id.length === 16 && last.compare(id) < 0, "malformed");
      demand(typeof since === "bigint" && since >= 0n && since <= MOST, "malformed");
      if (BigInt(now) >= since) found.push(number(key, 1), id);
      last = id;
    }
  }
  fields.end();
  return join(...found);
}
