// The addon, and what JavaScript calls the numbers of the C headers.
//
// A package carries a built one in native/; without it, build.js makes gateway.node from src/ when the package is installed.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const places = [`../native/${process.platform}-${process.arch}/gateway.node`, '../gateway.node'];
const found = places.find((place) => existsSync(fileURLToPath(new URL(place, import.meta.url))));
if (!found) throw new Error(`libgateway has no addon for ${process.platform}-${process.arch}: run \`node build.js\` in its folder`);

export const native = require(found);

/** The version of the library that is running. */
export const version = native.version;

/** NAME of a group of constants -> 'name', as the API has it. */
export const wordOf = (group, value) => nameOf(group, value)?.toLowerCase();
export const nameOf = (group, value) => Object.keys(group).find((name) => group[name] === value);

/** 'name' -> its number; a TypeError that says what else there is. */
export function numberOf(group, what, word) {
  const value = typeof word === 'string' ? group[word.toUpperCase()] : undefined;
  if (value !== undefined) return value;
  throw new TypeError(`${what} is one of ${Object.keys(group).join(', ').toLowerCase()}, not ${JSON.stringify(word) ?? word}`);
}
