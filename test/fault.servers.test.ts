/** kill -9 of the worker, Temporal and PostgreSQL in the middle of a wait, on servers of this file's own. */
import { eventually } from '../dev/apiClient';
import { ownProgram } from './support/ownProgram';
import { startOwnPostgres, startOwnTemporal, type OwnPostgres, type OwnTemporal } from './support/ownServers';
import * as payouts from './support/payouts';
import { startTestService, type TestService } from './support/testService';

let postgres: OwnPostgres;
let temporal: OwnTemporal;
let t: TestService;
beforeAll(async () => {
  [postgres, temporal] = await Promise.all([startOwnPostgres(), startOwnTemporal()]);
  const servers = { postgresAdminUrl: postgres.adminUrl, temporalAddress: temporal.address };
  t = await startTestService({ servers: { ...servers, temporalUiUrl: temporal.uiUrl } });
});
afterAll(async () => {
  await t?.stop();
  await Promise.all([postgres?.stop(), temporal?.stop()]);
});

const workerServer = {
  kill: () => t.service.worker.kill('SIGKILL'),
  start: () => t.service.startWorker(),
};
/** The worker comes last: it does not start without Temporal. */
const VICTIMS = {
  'the worker': () => [workerServer],
  Temporal: () => [temporal],
  PostgreSQL: () => [postgres],
  'everything at once': () => [postgres, temporal, workerServer],
};

test.each(Object.keys(VICTIMS) as (keyof typeof VICTIMS)[])(
  'When %s is killed in the middle of a wait, then all that was acknowledged is there after the restart and it is paid once',
  async (name) => {
    const victims = VICTIMS[name]();
    const processes = [t.service.api.pid, t.service.worker.pid];
    const program = await ownProgram(t);
    const enrolled = await program.enroll();
    await enrolled.untilEvent('advertiser_located');
    expect((await enrolled.confirm()).status).toBe(200);
    expect((await enrolled.complete()).body.status).toBe('measuring');
    await Promise.all(victims.map((victim) => victim.kill()));
    for (const victim of victims) await victim.start();

    await eventually(ready, (isReady) => isReady);
    expect(await enrolled.happened()).toEqual([
      'opened',
      'advertiser_located',
      'partner_confirmed',
      'questionnaire_completed',
    ]);
    await payouts.payoutDateComes(program);
    await t.untilStatus(enrolled.id, 'paid', 90_000);
    expect(await payouts.paymentsOf(t, enrolled)).toHaveLength(1);
    expect(await payouts.payoutRows(t, enrolled)).toMatchObject([{ state: 'paid', attempt: 1 }]);
    const state = await enrolled.state();
    expect(state).toMatchObject({
      partnerStatements: { subscription: { by: { id: 'kno' } } },
      ending: { status: 'paid' },
    });
    const { rows } = await t.db.query('select state from enrollment where enrollment_id = $1', [enrolled.id]);
    expect(rows).toEqual([{ state }]);
    // Whoever was not killed has survived.
    expect(t.service.api.pid).toBe(processes[0]);
    expect(isAlive(t.service.api.pid)).toBe(true);
    expect(t.service.worker.pid === processes[1]).toBe(!victims.includes(workerServer));
    expect(isAlive(t.service.worker.pid)).toBe(true);
  },
  240_000,
);

async function ready(): Promise<boolean> {
  return (await fetch(`${t.service.apiUrl}/readyz`)).ok;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
