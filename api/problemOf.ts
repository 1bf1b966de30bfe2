/** Any error as the problem that its sender is told. */
import { Problem, unavailable } from './problem';

export const BODY_LIMIT = '64kb';

/** Errors of the body parser are the sender's; whatever the database throws while it is away passes by itself. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { status, type, body, code, limit } = error as {
    status?: number;
    type?: string;
    body?: unknown;
    code?: string;
    limit?: number;
  };
  if (type === 'entity.too.large')
    return new Problem('BODY_TOO_LARGE', `Send at most ${(limit ?? 0) / 1024} KB.`);
  if (type?.startsWith('encoding.') || type?.startsWith('charset.')) {
    return new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send uncompressed UTF-8 JSON.');
  }
  if (type === 'entity.verify.failed')
    return new Problem('INVALID_REQUEST', 'The body must be well-formed UTF-8.');
  if (error instanceof URIError) return new Problem('INVALID_REQUEST', 'The path is not well-formed.');
  if (type === 'entity.parse.failed') return unreadableJson(String(body));
  if (type?.startsWith('entity.') || (status !== undefined && status >= 400 && status < 500)) {
    return new Problem('INVALID_REQUEST', 'The body must be a JSON object.');
  }
  if (code === ERASED) {
    return new Problem(
      'ENROLLMENT_ERASED',
      'The enrollment has ended and its personal data were erased; nothing was changed.',
    );
  }
  if (isDatabaseAway(error, code))
    return unavailable('The database does not answer just now. Send the request again.');
  return new Problem(
    'INTERNAL',
    'Something went wrong on our side. Send the same request again, or report its id.',
  );
}

/** Of a body that is no JSON, or no JSON object. JavaScript's own sentence would repeat a part of the body. */
export function unreadableJson(text: string): Problem {
  try {
    JSON.parse(text);
  } catch (error) {
    const position = /at position (\d+)/.exec((error as Error).message)?.[1];
    const before = position === undefined ? undefined : text.slice(0, Number(position)).split('\n');
    const place = before && ` Look at line ${before.length}, column ${before.at(-1)!.length + 1}.`;
    return new Problem('INVALID_REQUEST', `The body is not well-formed JSON.${place ?? ''}`);
  }
  return new Problem('INVALID_REQUEST', 'The body must be a JSON object.');
}

/** Raised by the database for what would bring erased data back (refuse_after_erasure in migration 0001). */
const ERASED = 'PPS01';

/** Connection failures, shutdowns, read-only mode, exhausted resources and time-outs of PostgreSQL. */
function isDatabaseAway(error: unknown, code: string | undefined): boolean {
  const passing =
    /^(08|57|53|25006|55P03|40001|40P01)|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;
  const message = error instanceof Error ? error.message : '';
  return (
    (code !== undefined && passing.test(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|server closed/i.test(
      message,
    )
  );
}
