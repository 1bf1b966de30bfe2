/** Forms that are sent again while lists are behind: what is answered is what the workflow has, and no form is lost. */
import { randomUUID } from 'node:crypto';
import { untilAnswered } from './support/comeAgain';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { holdRows, type DatabaseGate } from './support/databaseGate';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { sharedServers } from './support/shared';
import { ADVERTISER, OTHER_ADVERTISER, startTestService, type TestService } from './support/testService';

let temporal: CuttableProxy;
let t: TestService;
let program: OwnProgram;
let written: DatabaseGate | undefined;
beforeAll(async () => {
  const servers = sharedServers();
  temporal = await startCuttableProxy(servers.temporalAddress);
  t = await startTestService({ servers: { ...servers, temporalAddress: temporal.address } });
});
beforeEach(async () => {
  program = await ownProgram(t);
});
afterEach(async () => {
  temporal.restore();
  await written?.open();
  written = undefined;
});
afterAll(async () => {
  await t?.stop();
  await temporal?.stop();
});

test('When a form is sent again that the workflow has and lists do not show, then it is not answered until they do', async () => {
  const brand = await resubmittedUnwritten();
  expect(await brand.now()).toMatchObject({ advertiserId: ADVERTISER });
  // Under a key of its own: the workflow has this submission already.
  const key = randomUUID();
  const again = () => brand.ask(t.caller, 'resubmission', formOf(brand), key);
  expect(await again()).toMatchObject({ status: 503 });
  await takeUp();
  expect(await untilAnswered(again)).toMatchObject({ status: 200, body: { advertiserId: OTHER_ADVERTISER } });
  expect((await brand.happened()).filter((type) => type === 'resubmitted')).toHaveLength(1);
});

test('When an earlier form is sent again while lists do not show the later one yet, then the earlier one counts', async () => {
  const brand = await resubmittedUnwritten();
  const key = randomUUID();
  const back = () => brand.ask(t.caller, 'resubmission', { ...formOf(brand), advertiserId: ADVERTISER }, key);
  expect(await back()).toMatchObject({ status: 503 });
  expect((await brand.state()).submission.advertiserId).toBe(ADVERTISER);
  await takeUp();
  expect(await untilAnswered(back)).toMatchObject({ status: 200, body: { advertiserId: ADVERTISER } });
  expect((await brand.happened()).filter((type) => type === 'resubmitted')).toHaveLength(2);
});

test('When a changed form is sent twice before the enrollment is started, then it is told to wait, and taken once it is started', async () => {
  temporal.cut();
  const form = { ...t.form(), programId: program.programId };
  const { status, body } = await t.caller.post('/v1/enrollments', form);
  expect(status).toBe(202);
  const changed = { ...form, programId: undefined, advertiserId: OTHER_ADVERTISER };
  const resubmit = (key: string) => t.caller.post(`/v1/enrollments/${body.id}/resubmission`, changed, key);
  expect(await resubmit(randomUUID())).toMatchObject({ status: 503 });
  const key = randomUUID();
  expect(await resubmit(key)).toMatchObject({ status: 503 });
  temporal.restore();
  expect(await untilAnswered(() => resubmit(key))).toMatchObject({
    status: 200,
    body: { advertiserId: OTHER_ADVERTISER },
  });
  await t.untilEvent(body.id, 'resubmitted');
}, 180_000);

/** The workflow has another ad account, and PostgreSQL does not take that up until the gate is opened. */
async function resubmittedUnwritten(): Promise<Enrolled> {
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  written = await holdRows(
    t.db,
    'enrollment',
    'update',
    `new.enrollment_id = '${brand.id}' and new.sequence > 2`,
  );
  expect((await brand.resubmit({ advertiserId: OTHER_ADVERTISER })).status).toBe(503);
  expect((await brand.state()).submission.advertiserId).toBe(OTHER_ADVERTISER);
  return brand;
}

async function takeUp(): Promise<void> {
  await written!.open();
  written = undefined;
}

const formOf = ({ form }: Enrolled) => ({ ...form, programId: undefined });
