/** Files of enrollments as large as one likes, made while they are sent. */
import { randomBytes } from 'node:crypto';
import { request as open } from 'node:http';
import { Readable } from 'node:stream';
import { ADVERTISER } from './testService';

export const IMPORT_HEADER =
  'brand.name,brand.storeUrl,contact.name,contact.email,surveyPartner,storePlatform,advertiserId,dataSharing.authorized,dataSharing.textVersion';

export interface ImportFile {
  header: string;
  /** Its lines without line ends, the n-th row at n - 1. */
  row: (index: number) => string;
  count: number;
  /** Brands of the good rows. */
  brandAt(index: number): string;
  isBad(index: number): boolean;
}

/** `count` rows, of which each `badEvery`-th is bad. */
export function importFile(count: number, { badEvery = Infinity, textVersion = '2023-10' } = {}): ImportFile {
  const unique = randomBytes(4).toString('hex');
  const brandAt = (index: number) => `row${index}-${unique}.example`;
  const isBad = (index: number) => (index + 1) % badEvery === 0;
  return {
    header: IMPORT_HEADER,
    count,
    brandAt,
    isBad,
    row(index) {
      const advertiserId = isBad(index) ? 'none' : ADVERTISER;
      return `"Brand ${index}, Inc.",https://${brandAt(index)},Nora Wind,nora${index}@${brandAt(index)},kno,woocommerce,${advertiserId},true,${textVersion}`;
    },
  };
}

/** The whole file as a text. */
export function textOf(file: ImportFile): string {
  return [...linesOf(file)].join('');
}

export function* linesOf({ header, count, row }: ImportFile, rows = count): Generator<string> {
  yield `${header}\r\n`;
  for (let index = 0; index < rows; index += 1) yield `${row(index)}\r\n`;
}

export interface ImportAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown> & { batchId: string; code?: string; detail?: string };
}

export interface ImportRequest {
  url: string;
  key: string;
  /** API key. */
  as: string;
  type?: string;
}

/** Sends parts of a file; `aborted` breaks the connection. Rejects if it breaks. */
export function sendImport(
  { url, key, as, type = 'text/csv' }: ImportRequest,
  parts: Iterable<string | Buffer> | AsyncIterable<string | Buffer>,
  aborted?: AbortSignal,
): Promise<ImportAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${as}`, 'content-type': type, 'idempotency-key': key };
    const request = open(url, { method: 'POST', headers, ...(aborted && { signal: aborted }), agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (part: string) => (text += part))
        .once('error', reject)
        .once('end', () => {
          // Who is cut off gets a status only.
          const body = JSON.parse(text || '{}') as ImportAnswer['body'];
          resolve({ status: response.statusCode!, headers: response.headers, body });
        });
    });
    Readable.from(parts).pipe(request);
  });
}
