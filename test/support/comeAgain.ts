/** A caller who does as the API says: what is answered with `Retry-After` is sent again as it was, with the same key. */
import { eventually, type ApiAnswer } from '../../dev/apiClient';

/** For requests that come in crowds, or just after a server was away. */
export function untilAnswered<T>(send: () => Promise<ApiAnswer<T>>): Promise<ApiAnswer<T>> {
  return eventually(send, ({ headers }) => !headers.has('retry-after'));
}
