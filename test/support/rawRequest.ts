/** Requests as no proper client sends them, and what every refusal looks like. */

export interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
  body: Record<string, unknown> & { errors?: { pointer: string; message: string }[] };
}

const AS_ADMIN = { authorization: 'Bearer pps_dev_admin_ana' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** As an admin, with exactly these headers and this body. */
export async function sendRaw(
  url: string,
  request: { method?: string; body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<RawAnswer> {
  const { method = 'GET', body, headers = body === undefined ? {} : JSON_TYPE } = request;
  const response = await fetch(url, {
    method,
    headers: { ...AS_ADMIN, ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text) as RawAnswer['body'],
  };
}

export function pointers({ body }: RawAnswer): string[] {
  return (body.errors ?? []).map(({ pointer }) => pointer).sort();
}

const INSIDES = /select |insert |node_modules|\.[jt]s:\d|127\.0\.0\.1|localhost|permission|pps_app|postgres/i;

/** RFC 9457, findable in the log, and nothing of our insides. */
export function expectProblem(answer: RawAnswer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, body: { status, code } });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const { type, title, detail, requestId } = answer.body;
  expect(type).toBe(`urn:pps:problem:${code.toLowerCase().replaceAll('_', '-')}`);
  for (const member of [title, detail]) expect(member).toEqual(expect.stringMatching(/\w/));
  expect(requestId).toBe(answer.headers.get('x-request-id'));
  expect(answer.text).not.toMatch(INSIDES);
}
