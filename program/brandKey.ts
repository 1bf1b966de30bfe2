/**
 * Who may submit once: "one submission per brand". The brand key is the registrable domain of the brand's store by the
 * public suffix list, private suffixes included, so `a.myshopify.com` and `b.myshopify.com` are two brands. Needs the
 * list, so never imported by workflow code.
 */
import { parse } from 'tldts';

export type BrandKeyResult =
  /** Lower-case ASCII (IDN as punycode), without `www.`, e.g. `northwind.example`. */
  | { ok: true; key: string }
  /** A sentence that tells the advertiser what to enter instead. */
  | { ok: false; message: string };

/** The brand key of a store's address, with or without `http(s)://`. `sharedStoreHosts` is the definition's list. */
export function brandKey(storeUrl: string, sharedStoreHosts: readonly string[]): BrandKeyResult {
  const host = hostOf(storeUrl.trim());
  if (host === undefined) {
    return refuse(
      'This is not a web address. Enter the address of the store, such as "https://northwind.example".',
    );
  }
  const shared = sharedStoreHosts.find((candidate) => host === candidate || host.endsWith(`.${candidate}`));
  if (shared !== undefined)
    return refuse(`${shared} is shared by many brands. Enter the brand's own domain.`);

  const { domain, publicSuffix, isIp, isPrivate } = parse(host, { allowPrivateDomains: true });
  if (isIp) return refuse('An IP address names no brand. Enter the domain of the store.');
  if (domain === null || publicSuffix === 'localhost') {
    return refuse(`"${host}" is not the domain of a store. Enter it in full, such as "northwind.example".`);
  }
  // www.myshopify.com is the platform's own site, although myshopify.com is a suffix under which brands register.
  if (isPrivate && domain === `www.${publicSuffix}`) {
    return refuse(`"${host}" is the platform's own address. Enter the domain of the store.`);
  }
  return { ok: true, key: domain };
}

/** The host of an address, normalised by the URL standard: lower case, IDN in ASCII, no trailing dot. */
function hostOf(address: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') return undefined;
  let url: URL;
  try {
    url = new URL(scheme === undefined ? `https://${address}` : address);
  } catch {
    return undefined;
  }
  // A mail address parses as a user name and a host; nobody means it as a store.
  if (url.username !== '' || url.password !== '') return undefined;
  const host = url.hostname.replace(/\.$/, '');
  return host === '' || host.endsWith('.') ? undefined : host;
}

function refuse(message: string): BrandKeyResult {
  return { ok: false, message };
}
