import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The directory of the clone. The same source runs as dist/dev/stack/*.js (npm scripts) and as dev/stack/*.ts (jest),
 * so it is found by walking up to the package.json that carries our name.
 */
export function projectRoot(): string {
  for (let directory = __dirname; ; directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (existsSync(manifest)) {
      const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown };
      if (name === 'pps-incentives') return directory;
    }
    if (dirname(directory) === directory) {
      throw new Error(`No package.json of pps-incentives above ${__dirname}.`);
    }
  }
}
