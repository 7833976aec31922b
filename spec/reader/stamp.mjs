// Requests that a device stamps (rpc, 11).

import { encode } from "./cbor.mjs";
import { ascii, demand, join, sha256, signed } from "./primitives.mjs";

const SIZE = 16 + 8 + 64, WINDOW = 300;
const TRANSPORT = new Set([
  "DeviceStamp", "AccessKeyId", "AuthInfo", "Format", "SecurityToken", "Signature",
  "SignatureMethod", "SignatureNonce", "SignatureType", "SignatureVersion", "Timestamp",
]);

/** RFC 3986: everything but letters, digits and -_.~ as %XX. */
const percent = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalQuery(parameters) {
  const names = Object.keys(parameters).filter((name) => !TRANSPORT.has(name));
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return names.map((name) => `${percent(name)}=${percent(parameters[name])}`).join("&");
}

/** The nonce of a stamp that this device has made for this request, at about this time. */
export function checkStamp(text, { method, path, parameters, serial, key, now }) {
  const stamp = Buffer.from(text, "base64");
  demand(stamp.length === SIZE && stamp.toString("base64") === text, "malformed");
  const nonce = stamp.subarray(0, 16), at = stamp.readBigUInt64BE(16), late = BigInt(now) - at;
  demand(late <= WINDOW && -late <= WINDOW, "not-now");
  const digest = sha256(ascii(canonicalQuery(parameters)));
  const covered = join("vodseal1/request\0", encode([method, path, digest, serial, nonce, at]));
  demand(signed(key, covered, stamp.subarray(24)), "tampered");
  return nonce;
}
