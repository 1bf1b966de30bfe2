/** A resubmission whose workflow task was lost: the read model shows it, the workflow does not have it. */
import { eventually } from '../dev/apiClient';
import { untilAnswered } from './support/comeAgain';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { holdRows } from './support/databaseGate';
import { ownProgram } from './support/ownProgram';
import { startOwnTemporal, type OwnTemporal } from './support/ownServers';
import { sharedServers } from './support/shared';
import { OTHER_ADVERTISER, startTestService, type TestService } from './support/testService';

let temporal: OwnTemporal;
let proxy: CuttableProxy;
let t: TestService;
beforeAll(async () => {
  temporal = await startOwnTemporal();
  proxy = await startCuttableProxy(temporal.address);
  t = await startTestService({
    servers: { ...sharedServers(), temporalAddress: temporal.address, temporalUiUrl: temporal.uiUrl },
    environment: { TEMPORAL_ADDRESS: proxy.address },
  });
});
afterAll(async () => {
  await t?.stop();
  await proxy?.stop();
  await temporal?.stop();
});

test('When the task of a resubmission is lost and the form is sent again, then what is acknowledged is what the workflow has', async () => {
  const brand = await (await ownProgram(t)).enroll();
  await brand.untilEvent('advertiser_located');
  const projected = await holdRows(
    t.db,
    'enrollment',
    'update',
    `new.enrollment_id = '${brand.id}' and new.sequence = 3`,
  );
  const first = brand.resubmit({ advertiserId: OTHER_ADVERTISER });
  await projected.reached();
  // The read model is written, and nothing more reaches Temporal.
  proxy.hang();
  await projected.open();
  await eventually(
    () => brand.happened(),
    (types) => types.includes('resubmitted'),
  );
  await t.service.worker.kill('SIGKILL');
  await temporal.kill();
  expect((await first).status).toBe(503);
  await temporal.start();
  proxy.restore();
  await t.service.startWorker();

  const again = await untilAnswered(() => brand.resubmit({ advertiserId: OTHER_ADVERTISER }));
  expect(again).toMatchObject({ status: 200, body: { advertiserId: OTHER_ADVERTISER } });
  expect((await brand.state()).submission.advertiserId).toBe(OTHER_ADVERTISER);
  await brand.complete();
  expect(await brand.now()).toMatchObject({ advertiserId: OTHER_ADVERTISER });
});
