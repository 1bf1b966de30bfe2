/** The headers of answers, as the OpenAPI document has them. */
const RATE_LIMIT = {
  schema: { type: 'string' },
  description: 'What is left of the limit (`r`), and the seconds until it begins anew (`t`).',
};
const RATE_LIMIT_POLICY = {
  schema: { type: 'string' },
  description: 'The limit (`q`) of a window of so many seconds (`w`).',
};

/** `required`: on every answer for which the document has it. */
export const HEADERS = {
  'X-Request-Id': {
    required: true,
    schema: { type: 'string' },
    description: 'Under which the request is logged.',
  },
  RateLimit: { required: true, ...RATE_LIMIT },
  'RateLimit-Policy': { required: true, ...RATE_LIMIT_POLICY },
  // Of what may come before it is known whose limit it is.
  'RateLimit.known': RATE_LIMIT,
  'RateLimit-Policy.known': RATE_LIMIT_POLICY,
  'Idempotency-Replayed': {
    schema: { type: 'string', const: 'true' },
    description: 'The request was done before; this is the answer that it got then.',
  },
  'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' },
  Location: {
    required: true,
    schema: { type: 'string', format: 'uri-reference' },
    description: 'Where it goes on: the batch.',
  },
  'WWW-Authenticate': {
    required: true,
    schema: { type: 'string', const: 'Bearer' },
    description: 'How to authenticate.',
  },
  'Content-Disposition': {
    required: true,
    schema: { type: 'string' },
    description: 'The name under which to keep the file.',
  },
};

/** References to those of the document's components, by the names that they have on an answer. */
export function headers(...names: (keyof typeof HEADERS)[]): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => [name.replace('.known', ''), { $ref: `#/components/headers/${name}` }]),
  );
}
