// Licenses (license, 2 to 6), segment digests (7) and requests for a license (8).

import { Fields, decode, encode } from "./cbor.mjs";
import { deviceId, keyId, openEnvelope } from "./credential.mjs";
import { demand, join, openHpke, same, sha256, signed } from "./primitives.mjs";

const MOST = 1n << 53n;

/** The content key, and the stream key where there is one. ``given`` is the file, the app and the device that ask, and whose signature they take. */
export function openLicense(data, given) {
  const payload = openEnvelope(data, 2, [...given.keys, given.deviceSigningKey]);
  const held = parse(payload);
  if (held.origin) checkOrigin(held, data.subarray(12, 20), given);
  demand(held.id.equals(given.download), "not-bound");
  demand(held.app.equals(given.fingerprint), "not-bound");
  demand(held.device.equals(given.deviceId), "not-bound");
  const now = BigInt(given.now);
  demand(now >= held.from && (held.until === 0n || now < held.until), "not-now");
  const key = unwrapped(held, held.wrapped, "", given);
  demand(same(sha256("vodseal1/ck\0", key), held.keyDigest), "not-bound");
  return held.stream ? join(key, unwrapped(held, held.stream, "-stream", given)) : key;
}

/** A license that was moved (6.2): signed by the device, and it says what the service's own says, but for whom it is. */
function checkOrigin(held, signer, given) {
  demand(!given.keys.some((key) => keyId(key).equals(signer)), "malformed");
  const origin = parse(openEnvelope(held.origin, 2, given.keys));
  demand(!origin.origin, "malformed");
  demand(encode(origin.lasting).equals(encode(held.lasting)), "malformed");
}

/** Both locks, the app's around the device's (3, 3.1). */
function unwrapped(held, wrapped, label, given) {
  const info = (whose) => join("vodseal1/lic\0", held.terms, whose, label);
  const inner = openHpke(given.appKey, info("app"), wrapped);
  const key = inner && openHpke(given.deviceKey, info("dev"), inner);
  demand(key, "not-bound");
  return key;
}

function parse(payload) {
  const value = decode(payload), fields = new Fields(value), held = {};
  fields.version();
  const rights = fields.map(13);
  rights.boolean(0);
  rights.boolean(1);
  rights.end();
  held.id = fields.bytes(1, 16);
  fields.integer(2, 0n, MOST);
  fields.bytes(3, 16);
  held.app = fields.bytes(4, 32);
  held.device = fields.bytes(5, 16);
  fields.text(6, 1024);
  fields.text(7, 1024);
  fields.integer(8, 0n, MOST);
  held.from = fields.integer(9, 0n, MOST);
  held.until = fields.integer(10, 0n, MOST);
  fields.integer(11, 0n, MOST);
  fields.integer(12, 0n, MOST);
  held.keyDigest = fields.bytes(14, 32);
  held.wrapped = fields.bytes(15, 128);
  fields.integer(16, 1n, 1n);
  held.stream = fields.rest.has(17) ? fields.bytes(17, 112) : null;
  held.origin = fields.rest.has(18) ? fields.bytes(18) : null;
  demand(!held.origin || (held.origin.length > 0 && held.origin.length <= 16384), "malformed");
  fields.end();
  const terms = [...value].filter(([key]) => key < 15);
  held.terms = sha256(encode(new Map(terms)));
  held.lasting = new Map(terms.filter(([key]) => key < 3 || key > 5));
  return held;
}

/** The list, once it is shown to be the one that was signed for this video and job. */
export function openDigests(data, given) {
  const fields = Fields.of(openEnvelope(data, 9, given.keys));
  fields.version();
  const video = fields.text(1), job = fields.text(2);
  fields.integer(3, 1n, 2n);
  const count = fields.integer(4, 0n, 1n << 24n);
  fields.integer(5, 0n, 1n << 32n);
  const root = fields.bytes(6, 32);
  fields.end();
  demand(video === given.video && job === given.job, "tampered");
  demand(BigInt(given.list.length) === 32n * count, "malformed");
  demand(same(sha256("vodseal1/digests\0", given.list), root), "tampered");
  return given.list;
}

/** The id of the device that signed this request for a license. */
export function checkAcquire(signature, { video, job, download, serial, kem, signing }) {
  const covered = join("vodseal1/acquire\0", encode([video, job, download, serial, kem, signing]));
  demand(signed(signing, covered, signature), "tampered");
  return deviceId(kem, signing);
}
