import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's cache directory for our things: what is in it can be deleted at any time and is made again. */
export function userCache(): string {
  return join(cacheRoot(), 'pps-incentives');
}

function cacheRoot(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  return XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homedir(), '.cache'); // relative ones are invalid
}
