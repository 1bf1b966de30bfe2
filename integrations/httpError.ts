/**
 * How far an outgoing call got before it failed. Money hangs on it: only after `refused` and `connect` is it certain
 * that the peer received nothing; after `sent` it may have executed what was asked.
 */
export type HttpPhase = 'refused' | 'connect' | 'sent';

export type HttpErrorCode =
  /** refused: the address is not on the allow-list, or cannot be one that is. */
  | 'ORIGIN_NOT_ALLOWED'
  /** refused: the host is, or resolves to, an inner address. */
  | 'ADDRESS_NOT_ALLOWED'
  /** refused: a header or the method cannot be put on the wire. */
  | 'INVALID_REQUEST'
  /** connect: the host name has no address. */
  | 'NAME_NOT_RESOLVED'
  /** connect: the peer did not take the connection, or its certificate was not accepted. */
  | 'NOT_CONNECTED'
  /** connect or sent: the time given for connecting, or for the whole call, is over. */
  | 'TIMED_OUT'
  /** sent: the connection broke before the whole answer was read. */
  | 'CONNECTION_LOST'
  /** sent: the body exceeds `maxBytes`. */
  | 'ANSWER_TOO_LARGE'
  /** sent: the body is compressed although `identity` was asked for: its size cannot be bounded by bytes read. */
  | 'ANSWER_ENCODED'
  /** any phase: `close()` was called. */
  | 'CLOSED';

export class HttpError extends Error {
  constructor(
    readonly phase: HttpPhase,
    readonly code: HttpErrorCode,
    /** Method, origin and path of the call: never the query, in which a secret may travel. */
    readonly call: string,
    /** The system's code, e.g. `ECONNREFUSED`; no free text of a peer. */
    detail?: string,
  ) {
    super(`${call}: ${code}${detail === undefined ? '' : ` (${detail})`}, ${MEANING[phase]}`);
    this.name = 'HttpError';
  }
}

const MEANING: Record<HttpPhase, string> = {
  refused: 'refused before any connection',
  connect: 'nothing was sent',
  sent: 'the request may have been executed',
};
