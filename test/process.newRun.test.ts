/** What comes at the very moment at which an enrollment with a long history goes on in a new run. */
import { eventually } from '../dev/apiClient';
import * as messages from '../workflows/messages';
import { newAdvertiser } from './support/advertisers';
import { startGatedService, type Gate } from './support/gate';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import * as payouts from './support/payouts';
import type { TestService } from './support/testService';

const TIMEOUT_MS = 120_000;

let t: TestService;
let gate: Gate;
let program: OwnProgram;
beforeAll(async () => {
  ({ t, gate } = await startGatedService());
});
beforeEach(async () => {
  program = await ownProgram(t);
});
afterAll(() => t?.stop());

test(
  'When a look-up and a key check are under way, then the new run asks anew, and each answer counts once',
  async () => {
    const advertiserId = await newAdvertiser(t);
    const partnerApiKey = `fk_valid_${advertiserId}`;
    const asked = [gate.hold(advertiserId), gate.hold(partnerApiKey)];
    const brand = await program.enroll({ advertiserId, surveyPartner: 'fairing', partnerApiKey });
    await Promise.all(asked.map(({ reached }) => reached));
    await inNewRun(brand, () => grow(brand));
    expect(await brand.happened()).toEqual(['opened']);
    for (const subject of [advertiserId, partnerApiKey]) gate.release(subject);
    await brand.untilEvent('advertiser_located');
    await brand.untilEvent('partner_key_checked');
    await brand.complete();
    await brand.untilStatus('measuring');
    expect((await brand.happened()).sort()).toEqual([
      'advertiser_located',
      'opened',
      'partner_key_checked',
      'questionnaire_completed',
    ]);
    expect(await brand.activities()).toMatchObject({ lookUpAdvertiser: 1, checkPartnerKey: 1 });
  },
  TIMEOUT_MS,
);

test(
  'When it is cancelled in the task that makes its history long, then it is withdrawn',
  async () => {
    const brand = await located();
    await inOneTask(async () => {
      await grow(brand);
      await brand.workflow.cancel();
    });
    expect(await brand.workflow.result()).toMatchObject({ status: 'withdrawn' });
    expect((await brand.timeline()).at(-1)).toMatchObject({ type: 'ended', actor: { role: 'operator' } });
  },
  TIMEOUT_MS,
);

test(
  'When it is withdrawn in the task that makes its history long, then the answer is that it is withdrawn',
  async () => {
    const brand = await located();
    let answer: ReturnType<Enrolled['withdraw']> | undefined;
    await inOneTask(async () => {
      await grow(brand);
      answer = brand.withdraw();
    });
    // Whoever is told to come again comes again.
    const first = await answer!;
    const last = first.status === 503 ? await brand.withdraw() : first;
    expect(last).toMatchObject({ status: 200, body: { status: 'withdrawn' } });
    expect((await brand.timeline()).at(-1)).toMatchObject({ type: 'ended', actor: { role: 'caller' } });
  },
  TIMEOUT_MS,
);

test(
  'When it is held in the task in which its payout date and a new run come, then the new run does not pay',
  async () => {
    const brand = await payouts.scheduledPayout(program);
    await inNewRun(brand, () =>
      inOneTask(async () => {
        await grow(brand);
        await program.advanceTo('2023-12-16T00:00:00Z');
        await brand.workflow.signal(messages.holdSignal);
      }),
    );
    await brand.untilEvent('held');
    await brand.workflow.signal(messages.wake);
    await brand.untilClockRead(1);
    expect(await brand.now()).toMatchObject({ status: 'scheduled', onHold: { reasonCode: 'FRAUD_REVIEW' } });
    expect(await payouts.payoutRows(t, brand)).toEqual([]);
    expect((await brand.release()).status).toBe(200);
    await brand.untilStatus('paid');
    expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  'When the clock is advanced in the task that makes its history long, then the new run goes by the new time',
  async () => {
    const brand = await payouts.scheduledPayout(program);
    await inNewRun(brand, () =>
      inOneTask(async () => {
        await grow(brand);
        await program.advanceTo('2023-12-16T00:00:00Z');
      }),
    );
    await brand.untilStatus('paid');
    expect(await payouts.paymentsOf(t, brand)).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  'When an approval is decided in the task that makes its history long, then it counts once',
  async () => {
    program = await ownProgram(t, { credit: lowThreshold() });
    const brand = await program.enroll();
    await brand.untilEvent('advertiser_located');
    await brand.confirm();
    await brand.complete();
    await program.advanceTo('2023-12-04T00:00:00Z');
    await brand.untilStatus('awaiting_approval');
    let answer: ReturnType<Enrolled['decide']> | undefined;
    await inOneTask(async () => {
      await grow(brand);
      answer = brand.decide('approve');
    });
    const first = await answer!;
    expect([200, 503]).toContain(first.status);
    if (first.status === 503) await brand.decide('approve');
    await brand.untilStatus('scheduled');
    expect((await brand.happened()).filter((type) => type === 'approved')).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  'When two runs have no entry of their own, then the Signals of the second are not taken for those of the first',
  async () => {
    const brand = await located();
    await inNewRun(brand, () => grow(brand));
    await brand.workflow.signal(messages.deferSignal, { month: '2023-11' });
    await inNewRun(brand, () => grow(brand));
    await brand.workflow.signal(messages.confirmPartnerSignal);
    await brand.untilEvent('partner_confirmed');
  },
  TIMEOUT_MS,
);

test(
  'When a refused payout gets Signals without end, then it waits on in a new run and nothing is paid',
  async () => {
    const brand = await payouts.scheduledPayout(program);
    await t.fault({ target: 'payout', fault: 'refuse', only: payouts.payoutKey(brand) });
    await payouts.payoutDateComes(program);
    await brand.untilEvent('payout_refused');
    await inNewRun(brand, () => grow(brand));
    await brand.untilEnded('settle');
    expect((await brand.now()).waitingFor).toMatchObject([{ what: 'refused_payout' }]);
    expect((await brand.happened()).filter((type) => type === 'payout_refused')).toHaveLength(1);
    expect(await payouts.payoutRows(t, brand)).toMatchObject([{ state: 'refused', attempt: 1 }]);
    expect(await payouts.paymentsOf(t, brand)).toEqual([]);
  },
  TIMEOUT_MS,
);

async function located(): Promise<Enrolled> {
  const brand = await program.enroll();
  await brand.untilEvent('advertiser_located');
  return brand;
}

function lowThreshold() {
  return t.definition.credit.map((table) => ({ ...table, approvalThreshold: '1000.00' }));
}

/** As many events as make a history long. */
async function grow({ workflow }: Enrolled): Promise<void> {
  for (let sent = 0; sent < 1_000; sent += 50)
    await Promise.all(Array.from({ length: 50 }, () => workflow.signal(messages.wake)));
}

/** What is sent while no worker is there comes in one task. */
async function inOneTask(send: () => Promise<void>): Promise<void> {
  await t.service.worker.kill('SIGKILL');
  await send();
  await t.service.startWorker();
}

async function inNewRun({ workflow }: Enrolled, lead: () => Promise<void>): Promise<void> {
  const before = (await workflow.describe()).runId;
  await lead();
  await eventually(
    async () => (await workflow.describe()).runId,
    (runId) => runId !== before,
    60_000,
  );
}
