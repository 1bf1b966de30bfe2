/**
 * Messages that come in one breath, and meet a look-up or a date: whatever comes of them, a worker that has forgotten the
 * enrollment can go on with it.
 */
import { randomUUID } from 'node:crypto';
import type { UpdateDefinition } from '@temporalio/common';
import * as messages from '../workflows/messages';
import { newAdvertiser } from './support/advertisers';
import { startCuttableProxy, type CuttableProxy } from './support/cuttableProxy';
import { ownProgram, type Enrolled, type OwnProgram } from './support/ownProgram';
import { replayProblem } from './support/replays';
import { sharedServers } from './support/shared';
import { startTestService, type TestService } from './support/testService';

const ENROLLMENTS = 12;
const TIMEOUT_MS = 240_000;
const ADMIN = { role: 'admin', id: 'ana' } as const;

let postgres: CuttableProxy;
let t: TestService;
let advertisers: string[];
let program: OwnProgram;
beforeAll(async () => {
  const servers = sharedServers();
  const url = new URL(servers.postgresAdminUrl);
  postgres = await startCuttableProxy(url.host);
  url.host = postgres.address;
  t = await startTestService({ servers: { ...servers, postgresAdminUrl: url.href } });
  advertisers = [await newAdvertiser(t), await newAdvertiser(t)];
});
beforeEach(async () => {
  program = await ownProgram(t);
});
afterAll(async () => {
  await t?.stop();
  await postgres?.stop();
});

test(
  'When facts, resubmissions and deferrals come to an enrollment at once, then its history can be replayed',
  async () => {
    for (let number = 0; number < ENROLLMENTS; number += 1) {
      const brand = await program.enroll();
      // Every second one is looked up meanwhile.
      if (number % 2 === 0) await brand.untilEvent('advertiser_located');
      await sendAll(brand);
      await untilAtRest(brand);
      expect(await replayProblem(brand.workflow)).toBeNull();
    }
  },
  TIMEOUT_MS,
);

test(
  'When they come by HTTP, with decisions among them and on the calculation date, then its history can be replayed',
  async () => {
    for (let number = 0; number < ENROLLMENTS; number += 1) {
      const own = await ownProgram(t);
      const brand = await own.enroll();
      await brand.untilEvent('advertiser_located');
      await brand.hold();
      const answers = await Promise.all([
        own.advanceTo('2023-12-04T00:00:00Z'),
        brand.release(),
        brand.waive('subscription'),
        brand.waive('survey_template'),
        brand.waive('data_sharing'),
        brand.complete(),
        brand.defer('2023-12', t.admin),
      ]);
      expect(answers.filter((answer) => answer && answer.status >= 500)).toEqual([]);
      await untilAtRest(brand);
      expect(await replayProblem(brand.workflow)).toBeNull();
    }
  },
  TIMEOUT_MS,
);

test(
  'When they come while PostgreSQL hangs, and more of them before it is back, then its history can be replayed',
  async () => {
    const brands: Enrolled[] = [];
    for (let number = 0; number < ENROLLMENTS; number += 1) brands.push(await program.enroll());
    for (const brand of brands) await brand.untilEvent('advertiser_located');
    postgres.hang();
    const sent = brands.map(async (brand, number) => {
      const first = sendAll(brand);
      // At another moment of the wait for the database in each.
      await new Promise((resolve) => setTimeout(resolve, number * 1_000));
      await Promise.all([first, sendAll(brand)]);
    });
    await new Promise((resolve) => setTimeout(resolve, ENROLLMENTS * 1_000)); // the time away is what is tested
    postgres.cut();
    postgres.restore();
    await Promise.all(sent);
    for (const brand of brands) {
      // They count although the database hung, which a regular activity has made up for.
      for (const type of ['partner_confirmed', 'questionnaire_completed', 'resubmitted'])
        await brand.untilEvent(type);
      await untilAtRest(brand);
      expect((await brand.activities())['project']).toBeGreaterThan(0);
      expect(await replayProblem(brand.workflow)).toBeNull();
    }
  },
  TIMEOUT_MS,
);

/** Some are refused, by each other. */
async function sendAll(brand: Enrolled): Promise<void> {
  const { submission } = await brand.state();
  const other = (advertiserId: string) => ({
    submission: { ...submission, id: `sub_${randomUUID()}`, advertiserId },
  });
  await Promise.all([
    send(brand, messages.defer, { month: '2023-12' }),
    send(brand, messages.resubmit, other(advertisers[0]!)),
    send(brand, messages.defer, { month: '2024-01' }),
    send(brand, messages.completeQuestionnaire, { answersId: null }),
    send(brand, messages.resubmit, other(advertisers[1]!)),
    send(brand, messages.waive, { decisionId: 'dec_unknown' }),
    brand.workflow.signal(messages.confirmPartnerSignal),
    brand.workflow.signal(messages.deferSignal, { month: '2023-12' }),
  ]);
}

async function send<M extends messages.Message>(
  { workflow }: Enrolled,
  update: UpdateDefinition<messages.MessageAnswer, [M]>,
  content: Omit<M, keyof messages.Message>,
): Promise<void> {
  const message = { ...content, version: 1, messageId: randomUUID(), actor: ADMIN };
  await workflow.executeUpdate(update, { args: [message as unknown as M] }).catch(() => undefined);
}

async function untilAtRest(brand: Enrolled): Promise<void> {
  const underWay = ['advertiser_look_up', 'calculation'];
  await t.until(brand.id, ({ waitingFor }) => waitingFor.every(({ what }) => !underWay.includes(what)));
}
