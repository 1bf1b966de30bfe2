/** How the name of a host becomes addresses. Who may be connected to is judged elsewhere (publicAddress.ts). */
import { lookup, promises, type LookupAddress } from 'node:dns';

export type ResolveName = (
  hostname: string,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * As every program of this machine, its hosts file included. For hosts of our own settings only: until their name
 * servers answer it holds one of the few threads that the whole process has for files and names, and nothing ends it.
 */
export const askTheMachine: ResolveName = (hostname, done) => lookup(hostname, { all: true }, done);

/** Shorter than connecting may take (http.ts), so that it is the name that is said to be the trouble. */
const RESOLVED_WITHIN_MS = 4_500;

/** Of this machine wherever it is asked for (RFC 6761); no name server need know it. */
const LOCALHOST = /(^|\.)localhost\.?$/;
const THIS_MACHINE: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * By DNS alone, in time, and without a thread: for hosts that strangers name, whose name servers may be slow on purpose.
 * Each look-up has sockets of its own: another's answers do not wait for it, nor are its ports known. `nameServers` are
 * those of the machine unless others are given.
 */
export function askNameServers(nameServers?: readonly string[]): ResolveName {
  return (hostname, done) => {
    resolve(hostname, nameServers).then(
      (addresses) => done(null, addresses),
      (error: NodeJS.ErrnoException) => done(error, []),
    );
  };
}

/** The codes of a name that has no address, however often it is asked for. */
export function hasNoAddress({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME';
}

async function resolve(
  hostname: string,
  nameServers: readonly string[] | undefined,
): Promise<LookupAddress[]> {
  if (LOCALHOST.test(hostname)) return THIS_MACHINE;
  const resolver = new promises.Resolver({ timeout: 1_500, tries: 2 });
  if (nameServers) resolver.setServers(nameServers);
  const timer = setTimeout(() => resolver.cancel(), RESOLVED_WITHIN_MS);
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  clearTimeout(timer);
  const addresses = answers.flatMap((answer, index) =>
    answer.status === 'rejected'
      ? []
      : answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })),
  );
  if (addresses.length > 0) return addresses;
  const errors = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [answer.reason as NodeJS.ErrnoException] : [],
  );
  // A name without addresses of one family may have some of the other, which could not be read.
  throw errors.find((error) => !hasNoAddress(error)) ?? errors[0]!;
}
