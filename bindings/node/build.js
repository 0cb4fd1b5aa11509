// Makes gateway.node from src/ against the installed library (pkg-config gateway), where the package carries none that fits.
// It needs a C compiler and Node's own headers: beside the program, or NODE_INCLUDE=<folder of node_api.h>.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

export function compile({ out, flags }) {
  const includes = [process.env.NODE_INCLUDE, path.resolve(process.execPath, '../../include/node'), '/usr/include/node'];
  const include = includes.find((folder) => folder && existsSync(path.join(folder, 'node_api.h')));
  if (!include) throw new Error('node_api.h is not there: install the headers of Node (Debian: libnode-dev), or set NODE_INCLUDE');
  const sources = readdirSync(path.join(here, 'src')).filter((name) => name.endsWith('.c')).map((name) => path.join(here, 'src', name));
  const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const words = ['-std=c99', '-O2', '-fPIC', '-fvisibility=hidden', ...shared, `-I${include}`, ...sources, '-o', out, ...flags];
  execFileSync(process.env.CC ?? 'cc', words, { stdio: 'inherit' });
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const carried = path.join(here, 'native', `${process.platform}-${process.arch}`, 'gateway.node');
  if (!existsSync(carried)) {
    const ask = (...words) => {
      try {
        return execFileSync('pkg-config', [...words, 'gateway'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split(/\s+/);
      } catch {
        console.error(`libgateway: this package carries no addon for ${process.platform}-${process.arch}, and pkg-config finds no installed libgateway to build one against.
Install libgateway (and pkg-config and a C compiler), or take a package that was made on such a machine with bindings/node/pack.js.`);
        process.exit(1);
      }
    };
    const [folder] = ask('--variable=libdir');
    compile({ out: path.join(here, 'gateway.node'), flags: [...ask('--cflags', '--libs'), `-Wl,-rpath,${folder}`] });
  }
}
