// node pack.js LIBRARY INCLUDE OUT: puts the package together in OUT/libgateway and makes OUT/libgateway-VERSION.tgz of it.
//
//     src/ + LIBRARY (a libgateway.so) -> native/<platform>/gateway.node, and beside it every library it needs that a
//     plain system does not have: the package installs offline and without a compiler.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from './build.js';

const [library, include, out] = process.argv.slice(2).map((name) => path.resolve(name));
const here = path.dirname(fileURLToPath(import.meta.url));
const place = path.join(out, 'libgateway');
const native = path.join(place, 'native', `${process.platform}-${process.arch}`);
// The C and C++ run-time libraries, which Node itself needs, and those of a sanitizer.
const system = /^(linux-vdso|ld-linux|libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+|libasan|libubsan)\b/;

rmSync(place, { recursive: true, force: true });
mkdirSync(native, { recursive: true });
const { files } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'));
for (const name of ['package.json', ...files.filter((name) => name !== 'native')]) {
  const from = name === 'LICENSE' ? path.join(here, '..', '..', name) : path.join(here, name);
  cpSync(from, path.join(place, name), { recursive: true });
}
const addon = path.join(native, 'gateway.node');
compile({ out: addon, flags: [`-I${include}`, library, '-Wl,--disable-new-dtags,-rpath,$ORIGIN', '-Wl,--allow-shlib-undefined'] });
const needed = execFileSync('ldd', [library], { encoding: 'utf8' }).matchAll(/^\s*(\S+) => (\/\S+)/gm);
const soname = /\(SONAME\).*\[(.*)\]/.exec(execFileSync('readelf', ['-d', library], { encoding: 'utf8' }))[1];
const copies = [[soname, library]];
for (const [, name, from] of needed) if (!system.test(name)) copies.push([name, from]);
for (const [name, from] of copies) {
  const to = path.join(native, name);
  cpSync(from, to, { dereference: true });
  chmodSync(to, 0o644);
  execFileSync('strip', ['--strip-unneeded', to]);
}
execFileSync('strip', ['--strip-unneeded', addon]);
const made = execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', out], { cwd: place, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
console.log(path.join(out, made.trim().split('\n').at(-1)));
