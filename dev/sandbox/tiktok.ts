/** Plays TikTok's Business API: envelope, codes, trailing slashes and ids as the real one has them. */
import { randomUUID } from 'node:crypto';
import { Router, type Request, type Response } from 'express';
import { spoil, type Faults, type Target } from './faults';
import { dailyReport, type ReportQuery } from './report';
import type { State } from './state';
import { stringArray, TikTokRefusal, type TikTokSettings } from './tiktokRequest';

const UNKNOWN_ADVERTISER = 'The advertiser does not exist.';
const MAX_IDS = 100;

export function tiktokRouter(
  state: State,
  faults: Faults,
  settings: TikTokSettings,
  accessToken: string,
): Router {
  const router = Router({ strict: true }); // without its trailing slash a path is unknown

  function answer(target: Target, subjects: (req: Request) => unknown[], make: (req: Request) => object) {
    return (req: Request, res: Response) => {
      const fault = faults.arrive(target, subjects(req));
      if (spoil(fault, req, res)) return;
      const requestId = randomUUID().replaceAll('-', '');
      res.set('X-TT-LOGID', requestId);
      const send = (code: number, message: string, data: object) =>
        res.json({ code, message, request_id: requestId, data });
      try {
        checkToken(req.get('access-token'), accessToken);
        if (fault?.fault === 'throttle') {
          throw new TikTokRefusal(40100, fault.message ?? 'Too many requests. Please retry in some time.');
        }
        // 20001, partial success, comes with data; every other code with none.
        if (fault?.code === 20001) return void send(20001, fault.message ?? 'Partial success', make(req));
        if (fault?.code !== undefined)
          throw new TikTokRefusal(fault.code, fault.message ?? 'Made up by a fault.');
        send(0, 'OK', make(req));
      } catch (error) {
        if (!(error instanceof TikTokRefusal)) throw error;
        send(error.code, error.message, {});
      }
    };
  }

  function advertiserInfo(req: Request): object {
    const ids = idArray(req.query['advertiser_ids'], 'advertiser_ids');
    const fields = req.query['fields'] === undefined ? undefined : stringArray(req.query['fields'], 'fields');
    if (ids.length > MAX_IDS) throw new TikTokRefusal(40002, `advertiser_ids: at most ${MAX_IDS}.`);
    const found = ids.flatMap((id) => state.facts.advertisers[id] ?? []);
    if (found.length === 0 && settings.unknownAdvertiser === 'code_40300') {
      throw new TikTokRefusal(40300, UNKNOWN_ADVERTISER);
    }
    const known = found.map((advertiser) => ({ ...advertiser, role: 'ROLE_ADVERTISER', balance: 0 }));
    return { list: known.map((one) => (fields ? pick(one, fields) : one)) };
  }

  function report(req: Request): object {
    const query = Object.fromEntries(
      Object.entries(req.query).map(([name, value]) => [name, typeof value === 'string' ? value : undefined]),
    ) as ReportQuery;
    const id = query.advertiser_id ?? '';
    if (!/^\d+$/.test(id)) throw new TikTokRefusal(40002, 'advertiser_id: not a valid id.');
    const advertiser = state.facts.advertisers[id];
    if (!advertiser) throw new TikTokRefusal(40001, 'No permission to operate this advertiser.');
    return dailyReport(query, advertiser, state.facts.spend[advertiser.advertiser_id] ?? {}, settings);
  }

  router.get(
    '/advertiser/info/',
    answer('advertiser_info', (req) => idsIn(req.query['advertiser_ids']), advertiserInfo),
  );
  router.get(
    '/report/integrated/get/',
    answer('report', (req) => [req.query['advertiser_id']], report),
  );
  router.use((_req, res) => void res.status(404).type('text').send('404 page not found'));
  return router;
}

function checkToken(sent: string | undefined, accessToken: string): void {
  if (!sent) {
    throw new TikTokRefusal(
      40104,
      'Access token is null, you should set it in http header with key Access-Token.',
    );
  }
  if (sent !== accessToken) throw new TikTokRefusal(40105, 'Access token is incorrect or has been revoked.');
}

function idArray(value: unknown, name: string): string[] {
  const ids = stringArray(value, name);
  if (!ids.every((id) => /^\d+$/.test(id))) throw new TikTokRefusal(40002, `${name}: not a valid id.`);
  return ids;
}

function idsIn(value: unknown): string[] {
  try {
    return stringArray(value, '');
  } catch {
    return [];
  }
}

function pick(from: object, names: string[]): object {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
