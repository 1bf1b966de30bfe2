/**
 * Where a webhook may go: to any public host by https. Judged when somebody subscribes, so that they are told, and again
 * on the address that is connected to (http.ts), since a name may lead elsewhere by then.
 */
import { askNameServers, hasNoAddress } from './names';
import { isConnectable, checkedLookup, InnerAddressError, literalAddress } from './publicAddress';

/** By its spelling. `allowLoopback` lets http go to this machine: for development and tests. */
export function isWebhookUrl(url: URL, allowLoopback: boolean): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && allowLoopback && isThisMachine(url));
}

/** What is wrong with the address, in words that follow its name; undefined if a webhook may go there. */
export type JudgeWebhookUrl = (text: string) => Promise<string | undefined>;

/** The name cannot be resolved just now: nobody can say. */
export class NameNotResolvable extends Error {
  override readonly name = 'NameNotResolvable';
}

/** `nameServers`: those of the machine unless others are given. */
export function createWebhookUrlJudge(
  allowLoopback: boolean,
  nameServers?: readonly string[],
): JudgeWebhookUrl {
  const lookup = checkedLookup(askNameServers(nameServers), allowLoopback);
  return async (text) => {
    if (!URL.canParse(text)) return 'must be a URL such as "https://hooks.example.com/pps"';
    const url = new URL(text);
    if (!isWebhookUrl(url, allowLoopback)) return 'must begin with https://';
    if (url.username !== '' || url.password !== '') return 'must hold no user and no password';
    if (url.hash !== '') return 'must hold no "#"';
    const literal = literalAddress(url.hostname);
    if (literal !== undefined) return isConnectable(literal, allowLoopback) ? undefined : INNER;
    return new Promise((resolve, reject) => {
      lookup(url.hostname, {}, (error) => {
        if (!error) resolve(undefined);
        else if (error instanceof InnerAddressError) resolve(INNER);
        else if (hasNoAddress(error)) resolve('names a host that has no address');
        else reject(new NameNotResolvable(`${url.hostname}: ${error.code}`));
      });
    });
  };
}

/** The same for every such address: it says nothing of our network. */
const INNER = 'must lead to a public address, and to no other';

function isThisMachine({ hostname }: URL): boolean {
  const literal = literalAddress(hostname);
  if (literal === undefined) return hostname === 'localhost';
  return isConnectable(literal, true) && !isConnectable(literal, false);
}
