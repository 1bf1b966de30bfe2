/** Which network addresses an outgoing connection may go to. Checked on the very address that is connected to. */
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { ResolveName } from './names';

/** An address of the host is an inner one. Its message names the address, which is in no answer to a caller. */
export class InnerAddressError extends Error {
  constructor(readonly address: string) {
    super(`${address} is not a public address`);
    this.name = 'InnerAddressError';
  }
}

/** Assigned global unicast (RFC 4291, IANA). The rest of "unicast" is unassigned or leads to IPv4, as `::7f00:1`. */
const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * True for public unicast addresses only: everything named in the registries of special addresses is refused (private,
 * shared, link-local, unique-local, multicast, documentation, IPv4 inside IPv6 in every form), and what is not an
 * address at all. `allowLoopback` adds 127.0.0.0/8 and ::1, in no other spelling.
 */
export function isConnectable(address: string, allowLoopback: boolean): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range === 'loopback') return allowLoopback;
  if (range !== 'unicast') return false;
  return !(parsed instanceof ipaddr.IPv6) || parsed.match(GLOBAL_UNICAST_V6);
}

/** The address that a host of a URL is, if it is one: nobody resolves it. */
export function literalAddress(hostname: string): string | undefined {
  const literal = hostname.replace(/^\[|\]$/g, '');
  return isIP(literal) === 0 ? undefined : literal;
}

/**
 * A resolver for `net.connect`: the socket connects to what this hands out, so a name cannot resolve to one address
 * for the check and to another for the connection. One inner address among several refuses them all: a mixed answer
 * is the mark of DNS rebinding.
 */
export function checkedLookup(resolve: ResolveName, allowLoopback: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      if (error) return callback(error, []);
      const [first] = addresses;
      const inner = addresses.find(({ address }) => !isConnectable(address, allowLoopback));
      if (inner || !first) return callback(new InnerAddressError(inner?.address ?? 'nothing'), []);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
