/** Standing confirmations on the real stack: what a survey partner says of a brand before it enrolls. */
import { eventually, createApiClient, type ApiClient, type Enrollment } from '../dev/apiClient';
import {
  batchOf,
  brandOf,
  confirmed,
  give,
  itemsOf,
  rejected,
  resultsOf,
  untilCarriedOut,
  type Batch,
} from './support/batches';
import { requireContract } from './support/contract';
import { holdRows } from './support/databaseGate';
import { meanwhile, standsStillWith } from './support/frozenApi';
import { IMPORT_HEADER, sendImport } from './support/importFiles';
import { enrolled, ownProgram, type Enrolled } from './support/ownProgram';
import { publishProgram, publishRealTimeProgram } from './support/programs';
import {
  ADVERTISER,
  OTHER_ADVERTISER,
  startTestService,
  type Form,
  type TestService,
} from './support/testService';

const CONFIRMATIONS = '/v1/partner-confirmations';
const DAY_MS = 86_400_000;

let t: TestService;
beforeAll(async () => {
  t = await startTestService({ environment: { REQUESTS_PER_MINUTE: '100000' } });
});
afterAll(() => t?.stop());

/** A form, and what a partner said of its brand before it was sent. */
async function stands(
  form = t.form(),
  {
    by = t.partner,
    advertiserId = ADVERTISER,
    word = {},
    body = { programId: form.programId },
  }: Partial<Said> = {},
): Promise<{ form: Form & { programId: string }; brand: string; batch: Batch }> {
  const brand = brandOf(form);
  const batch = await give(by, CONFIRMATIONS, [confirmed(brand, { advertiserId, ...word })], body);
  expect(await untilCarriedOut(by, batch)).toMatchObject({ standing: 1 });
  return { form, brand, batch };
}
interface Said {
  by: ApiClient;
  advertiserId: string;
  word: object;
  body: object;
}

async function enroll(form: Form & { programId: string }) {
  const { status, body } = await t.caller.post('/v1/enrollments', form);
  expect(status).toBe(201);
  return enrolled(t, body, form);
}

async function resultOf(batch: Batch, by = t.partner) {
  return (await itemsOf(by, batch))[0]!.result;
}

/** The partner is still to say its word. */
const isAsked = ({ waitingFor }: Enrollment) =>
  waitingFor.some(({ what }) => what === 'partner_confirmation');

/** A sweep is the first thing that an API process does. */
async function sweep(): Promise<void> {
  await t.service.api.stop();
  await t.service.startApi();
}

test('When a partner confirms a brand that is not enrolled, then it stands for 90 days and is applied at enrollment, with its date', async () => {
  const program = await ownProgram(t);
  const before = Date.now();
  const { form, batch } = await stands({ ...t.form(), programId: program.programId });
  const [item] = await itemsOf(t.partner, batch, 'standing');
  expect(item).toMatchObject({ position: 1, result: { status: 202 } });
  const until = Date.parse(item!.result!.standsUntil!);
  expect(item!.result!.standsUntil).toBe(new Date(until).toISOString());
  expect(until - before).toBeGreaterThanOrEqual(90 * DAY_MS - 60_000);
  expect(until - Date.now()).toBeLessThanOrEqual(90 * DAY_MS);

  await program.advanceTo('2023-10-20T12:00:00Z');
  const brand = await enroll(form);
  const said = await brand.untilEvent('partner_confirmed');
  // Its clock stood still until after the word.
  const statedAt = new Date(Date.parse(t.definition.testClock!.startsAt)).toISOString();
  expect(said).toMatchObject({
    at: '2023-10-20T12:00:00.000Z',
    actor: { role: 'partner', id: 'kno' },
    details: { statedAt, advertiserId: ADVERTISER, repeated: false },
  });
  const { body } = await t.admin.get<{ criteria: { status: string; evidence: object | null }[] }>(brand.path);
  expect(body.criteria[0]).toMatchObject({
    criterion: 'subscription',
    status: 'attested',
    evidence: { source: 'survey_partner', at: statedAt, by: { role: 'partner', id: 'kno' } },
  });
  expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ standing: 0, done: 1 });
  expect(await resultOf(batch)).toEqual({ status: 200, enrollmentId: brand.id });
  expect(await brand.complete()).toMatchObject({ body: { status: 'measuring' } });
  expect((await brand.happened()).filter((type) => type === 'partner_confirmed')).toHaveLength(1);
});

test('When the program runs on real time, then what stands is applied as well, with its date', async () => {
  const { id: programId } = await publishRealTimeProgram(t);
  const before = Date.now();
  const { form, batch } = await stands({ ...t.form(), programId }, { body: {} });
  const given = Date.now();
  const brand = await enroll(form);
  const { details } = await brand.untilEvent('partner_confirmed');
  const statedAt = Date.parse(String(details['statedAt']));
  expect(statedAt).toBeGreaterThanOrEqual(before);
  expect(statedAt).toBeLessThanOrEqual(given);
  expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ standing: 0, done: 1 });
});

test('When a brand enrolls by a file, then what stands for it is applied as well', async () => {
  const { brand, batch } = await stands();
  const url = `${t.service.apiUrl}/v1/enrollment-imports?programId=${t.programId}`;
  const row = `Wind,https://${brand},Nora,nora@wind.example,kno,woocommerce,${ADVERTISER},true,2023-10`;
  const imported = await sendImport({ url, key: brand, as: 'pps_dev_caller_shop-app' }, [
    `${IMPORT_HEADER}\n${row}\n`,
  ]);
  expect(imported.status).toBe(202);
  await eventually(
    () => batchOf(t.partner, batch),
    ({ done }) => done === 1,
  );
  await t.untilEvent((await resultOf(batch))!.enrollmentId!, 'partner_confirmed');
});

test('When ad account, partner or program are others, then the partner is asked; sent again as it was confirmed, it is applied', async () => {
  const elsewhere = await publishProgram(t);
  const ofAccount = await stands(t.form({ advertiserId: OTHER_ADVERTISER }));
  const ofPartner = await stands(t.form({ surveyPartner: 'fairing' }));
  const ofProgram = await stands(t.form(), { body: { programId: elsewhere.id } });
  const all = [ofAccount, ofPartner, ofProgram];
  const brands = await Promise.all(all.map(({ form }) => enroll(form)));
  for (const brand of brands) expect(isAsked(await brand.now())).toBe(true);
  for (const { batch } of all) expect(await batchOf(t.partner, batch)).toMatchObject({ standing: 1 });

  const [account, partner, program] = brands as [(typeof brands)[0], (typeof brands)[0], (typeof brands)[0]];
  await account.resubmit({ advertiserId: ADVERTISER });
  await partner.resubmit({ surveyPartner: 'kno' });
  for (const brand of [account, partner]) {
    await brand.untilEvent('partner_confirmed');
    expect(isAsked(await brand.now())).toBe(false);
  }
  const there = await enroll({ ...ofProgram.form, programId: elsewhere.id });
  await there.untilEvent('partner_confirmed');
  for (const brand of brands.slice(0, 2)) expect(await brand.happened()).toContain('resubmitted');
  expect(await program.happened()).not.toContain('partner_confirmed');
});

test('When the API is killed before it applies what stands for a form that was sent again, then it is applied all the same', async () => {
  const { form, batch } = await stands(t.form({ advertiserId: OTHER_ADVERTISER }));
  const brand = await enroll(form);
  const applying = await holdRows(t.db, 'batch_item', 'update', `old.batch_id = '${batch.batchId}'`);
  const resubmitted = brand.resubmit({ advertiserId: ADVERTISER }).catch(() => 'broken off');
  await applying.reached();
  await t.service.api.kill('SIGKILL');
  expect(await resubmitted).toBe('broken off');
  await t.db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'pps' and query like '%fitting%' and state = 'active'`,
  );
  await applying.open();
  const { rowCount: left } = await t.db.query(`select from standing_confirmation where batch_id = $1`, [
    batch.batchId,
  ]);
  expect(left).toBe(1);
  await t.service.startApi();
  await brand.untilEvent('partner_confirmed');
  expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 1 });
});

test('When 90 days are over, then it is not applied, and fails with a code of its own', async () => {
  const { form, batch } = await stands();
  await t.db.query(`update standing_confirmation set expires_at = now() where batch_id = $1`, [
    batch.batchId,
  ]);
  const brand = await enroll(form);
  expect(isAsked(await brand.now())).toBe(true);
  expect(await batchOf(t.partner, batch)).toMatchObject({ standing: 1 });
  await sweep();
  await eventually(
    () => batchOf(t.partner, batch),
    ({ failed }) => failed === 1,
  );
  expect(await resultOf(batch)).toMatchObject({ status: 404, code: 'CONFIRMATION_EXPIRED' });
  expect(await brand.happened()).not.toContain('partner_confirmed');
});

describe('a later word of the same partner', () => {
  test('When it confirms the same again, then the earlier one is replaced and the later one is applied, once', async () => {
    const first = await stands();
    const second = await stands(first.form);
    expect(await resultOf(first.batch)).toMatchObject({ status: 409, code: 'CONFIRMATION_REPLACED' });
    const brand = await enroll(first.form);
    await brand.untilEvent('partner_confirmed');
    expect(await untilCarriedOut(t.partner, second.batch)).toMatchObject({ done: 1 });
    expect((await brand.happened()).filter((type) => type === 'partner_confirmed')).toHaveLength(1);
  });

  test('When it confirms other criteria, then both stand and are applied', async () => {
    const first = await stands(t.form(), { word: { criteria: ['subscription'] } });
    await stands(first.form, { word: { criteria: ['survey_template', 'data_sharing'] } });
    const brand = await enroll(first.form);
    await brand.untilEvent('partner_confirmed', 2);
    expect(isAsked(await brand.now())).toBe(false);
  });

  test('When it rejects the brand, then nothing of it stands any more, and the partner is asked', async () => {
    const { form, brand, batch } = await stands();
    const rejection = [rejected(brand, { advertiserId: ADVERTISER })];
    const said = await give(t.partner, CONFIRMATIONS, rejection);
    expect(await resultsOf(t.partner, said)).toMatchObject([{ status: 200 }]);
    expect(await resultOf(batch)).toMatchObject({ code: 'CONFIRMATION_REPLACED' });
    // There is nothing left to end.
    const again = await give(t.partner, CONFIRMATIONS, rejection);
    expect(await resultsOf(t.partner, again)).toMatchObject([{ status: 404, code: 'NOT_FOUND' }]);
    expect(isAsked(await (await enroll(form)).now())).toBe(true);
  });

  test('When it rejects the brand under another ad account after it has enrolled, then nothing stands any more, either', async () => {
    const { form, batch } = await stands(t.form({ advertiserId: OTHER_ADVERTISER }));
    const brand = await enroll(form);
    expect((await brand.reject()).status).toBe(200);
    expect(await resultOf(batch)).toMatchObject({ code: 'CONFIRMATION_REPLACED' });
    await brand.resubmit({ advertiserId: ADVERTISER });
    expect(isAsked(await brand.now())).toBe(true);
  });

  describe.each([
    ['by itself', rejectsByItself],
    ['in a batch', rejectsInBatch],
  ])('When it rejects what it had confirmed, %s,', (_how, rejects) => {
    test('and the brand has enrolled with another ad account, then it is refused, and nothing stands any more', async () => {
      const { form, batch } = await stands(t.form({ advertiserId: OTHER_ADVERTISER }));
      const brand = await enroll(form);
      await brand.untilEvent('advertiser_located');
      expect(await rejects(brand)).toBe('SUBMISSION_SUPERSEDED');
      expect(await resultOf(batch)).toMatchObject({ code: 'CONFIRMATION_REPLACED' });
      await brand.resubmit({ advertiserId: ADVERTISER });
      expect(isAsked(await brand.now())).toBe(true);
    });

    test('and the enrollment has ended, then it is refused, and nothing stands any more', async () => {
      const { form, batch } = await stands(t.form({ advertiserId: OTHER_ADVERTISER }));
      const brand = await enroll(form);
      expect((await brand.withdraw()).status).toBe(200);
      expect(await rejects(brand)).toBe('ENROLLMENT_ENDED');
      expect(await resultOf(batch)).toMatchObject({ code: 'CONFIRMATION_REPLACED' });
    });
  });

  async function rejectsByItself(brand: Enrolled): Promise<string | undefined> {
    return (await brand.ask(t.partner, 'partner-rejection', { advertiserId: ADVERTISER })).body.code;
  }

  async function rejectsInBatch({ form }: Enrolled): Promise<string | undefined> {
    const items = [rejected(brandOf(form), { advertiserId: ADVERTISER })];
    const [result] = await resultsOf(t.partner, await give(t.partner, CONFIRMATIONS, items));
    return result?.code;
  }

  test('When it rejects the enrollment before what stood is said of it, then the rejection holds', async () => {
    const { form, batch } = await stands();
    const saying = await holdRows(
      t.db,
      'batch_item',
      'update',
      `old.batch_id = '${batch.batchId}' and new.attempts > old.attempts`,
    );
    const brand = await enroll(form);
    expect((await brand.reject()).status).toBe(200);
    await saying.open();
    expect(await resultsOf(t.partner, batch)).toMatchObject([{ status: 409, code: 'CONFIRMATION_REPLACED' }]);
    expect(await brand.happened()).not.toContain('partner_confirmed');
  });

  test('When another partner rejects the brand, then what this one has confirmed stands', async () => {
    const { form, brand, batch } = await stands();
    const theirs = await give(t.otherPartner, CONFIRMATIONS, [rejected(brand, { advertiserId: ADVERTISER })]);
    expect(await resultsOf(t.otherPartner, theirs)).toMatchObject([{ status: 404 }]);
    expect(await batchOf(t.partner, batch)).toMatchObject({ standing: 1 });
    await (await enroll(form)).untilEvent('partner_confirmed');
  });
});

test('When an admin confirms a brand that is not enrolled, then the partner must be named, and the admin has said it', async () => {
  const form = t.form();
  const items = [confirmed(brandOf(form), { advertiserId: ADVERTISER })];
  expect(await resultsOf(t.admin, await give(t.admin, CONFIRMATIONS, items))).toMatchObject([
    { status: 422, errors: [{ pointer: '/surveyPartner' }] },
  ]);
  const { batch } = await stands(form, {
    by: t.admin,
    body: { surveyPartner: 'kno', programId: t.programId },
  });
  const brand = await enroll(form);
  expect(await brand.untilEvent('partner_confirmed')).toMatchObject({ actor: { role: 'admin', id: 'ana' } });
  expect(await untilCarriedOut(t.admin, batch)).toMatchObject({ done: 1 });
});

test('When the domain is not that by which brands are known, then the item says which it is', async () => {
  const items = ['shop.wind.example', 'myshopify.com', 'wind'].map((domain) =>
    confirmed(domain, { advertiserId: ADVERTISER }),
  );
  const [sub, shared, word] = await resultsOf(t.partner, await give(t.partner, CONFIRMATIONS, items));
  expect(sub).toMatchObject({
    status: 422,
    errors: [{ pointer: '/items/0/brandDomain', message: 'must be the registrable domain, wind.example' }],
  });
  for (const result of [shared, word]) expect(result).toMatchObject({ status: 422, code: 'INVALID_REQUEST' });
});

test('When a confirmation names no program, then only one on real time applies it, and a rehearsal leaves it alone', async () => {
  const { id: programId } = await publishRealTimeProgram(t);
  const { form, batch } = await stands({ ...t.form(), programId }, { body: {} });
  const rehearsed = await enroll({ ...form, programId: t.programId });
  await sweep();
  await rehearsed.untilEvent('advertiser_located');
  expect(isAsked(await rehearsed.now())).toBe(true);
  // Of the rehearsal alone.
  expect((await rehearsed.reject()).status).toBe(200);
  expect(await batchOf(t.partner, batch)).toMatchObject({ standing: 1 });

  await (await enroll(form)).untilEvent('partner_confirmed');
  expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 1 });
  expect(await rehearsed.happened()).not.toContain('partner_confirmed');
});

test('When a test key lets a confirmation stand, then it is never applied to a program on real time', async () => {
  const answer = await t.admin.post<{ key: string }>('/v1/api-keys', {
    role: 'partner',
    id: 'kno',
    surveyPartner: 'kno',
    test: true,
  });
  const by = createApiClient(t.service.apiUrl, answer.body.key, requireContract);
  const real = await publishProgram(t);
  const { form, brand, batch } = await stands(t.form(), { by, body: {} });
  // What is said with the one kind of key leaves alone what was said with the other; what is real ends both.
  const live = await stands(form);
  const rejection = [rejected(brand, { advertiserId: ADVERTISER })];
  expect(await batchOf(by, batch)).toMatchObject({ standing: 1 });
  expect(await resultsOf(by, await give(by, CONFIRMATIONS, rejection))).toMatchObject([{ status: 200 }]);
  expect(await batchOf(by, batch)).toMatchObject({ failed: 1 });
  expect(await batchOf(t.partner, live.batch)).toMatchObject({ standing: 1 });
  const again = await stands(form, { by, body: {} });
  await resultsOf(t.partner, await give(t.partner, CONFIRMATIONS, rejection));
  expect(await batchOf(t.partner, live.batch)).toMatchObject({ failed: 1 });
  expect(await batchOf(by, again.batch)).toMatchObject({ failed: 1 });
  const last = await stands(form, { by, body: {} });

  // Its window is long over in real time, so its test clock is taken away while the brand enrolls.
  const enrolling = await holdRows(t.db, 'enrollment', 'insert', `new.program_id = '${real.id}'`);
  const posted = t.caller.post('/v1/enrollments', { ...form, programId: real.id });
  await enrolling.reached();
  await t.db.query(`update program set clock = '[]' where program_id = $1`, [real.id]);
  await enrolling.open();
  const inReality = (await posted).body;
  await t.untilEvent(inReality.id, 'advertiser_located');
  await sweep();
  expect(await batchOf(by, last.batch)).toMatchObject({ standing: 1 });

  const rehearsed = await enroll(form);
  await rehearsed.untilEvent('partner_confirmed');
  expect(await untilCarriedOut(by, last.batch)).toMatchObject({ done: 1 });
  const events = (await t.timeline(inReality.id)).map(({ type }) => type);
  expect(events).not.toContain('partner_confirmed');
});

describe('at the same moment', () => {
  test('When a brand enrolls while its confirmation is about to stand, then it is applied', async () => {
    const form = t.form();
    const standing = await holdRows(
      t.db,
      'standing_confirmation',
      'insert',
      `new.brand_key = '${brandOf(form)}'`,
    );
    const batch = await give(
      t.partner,
      CONFIRMATIONS,
      [confirmed(brandOf(form), { advertiserId: ADVERTISER })],
      { programId: t.programId },
    );
    await standing.reached();
    const posted = t.caller.post('/v1/enrollments', form);
    await waitsForBrand();
    await standing.open();
    const { status, body } = await posted;
    expect(status).toBe(201);
    await t.untilEvent(body.id, 'partner_confirmed');
    expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 1 });
  });

  test('When a confirmation is about to stand while its brand enrolls, then it is said of the enrollment', async () => {
    const form = t.form();
    const enrolling = await holdRows(t.db, 'outbox', 'insert', 'true');
    const posted = t.caller.post('/v1/enrollments', form);
    await enrolling.reached();
    const batch = await give(
      t.partner,
      CONFIRMATIONS,
      [confirmed(brandOf(form), { advertiserId: ADVERTISER })],
      { programId: t.programId },
    );
    await waitsForBrand();
    await enrolling.open();
    const { body } = await posted;
    await t.untilEvent(body.id, 'partner_confirmed');
    expect(await untilCarriedOut(t.partner, batch)).toMatchObject({ done: 1 });
  });

  test('When 40 brands are confirmed and enroll at once, then nothing is lost', async () => {
    const forms = Array.from({ length: 40 }, () => t.form());
    const items = forms.map((form) => confirmed(brandOf(form), { advertiserId: ADVERTISER }));
    const [batch, ...answers] = await Promise.all([
      give(t.partner, CONFIRMATIONS, items, { programId: t.programId }),
      ...forms.map((form) => t.caller.post('/v1/enrollments', form)),
    ]);
    await eventually(
      () => batchOf(t.partner, batch),
      ({ done }) => done === 40,
      60_000,
    );
    for (const { body } of answers) {
      const said = (await t.timeline(body.id)).filter(({ type }) => type === 'partner_confirmed');
      expect(said).toHaveLength(1);
    }
  });

  test('When an API process stands still until another has let its confirmation stand, then it stands', async () => {
    const form = t.form();
    const batch = await standsStillWith(t, () =>
      give(t.partner, CONFIRMATIONS, [confirmed(brandOf(form), { advertiserId: ADVERTISER })], {
        programId: t.programId,
      }),
    );
    await meanwhile(t, () => untilStored(batch, 'standing'));
    expect(await batchOf(t.partner, batch)).toMatchObject({ standing: 1 });
    await (await enroll(form)).untilEvent('partner_confirmed');
  });

  test('When an API process stands still with a rejection until the brand is confirmed, then the confirmation stands', async () => {
    const domain = brandOf(t.form());
    const rejection = await standsStillWith(t, () =>
      give(t.partner, CONFIRMATIONS, [rejected(domain, { advertiserId: ADVERTISER })]),
    );
    let later: Batch;
    await meanwhile(t, async ({ apiUrl }) => {
      await untilStored(rejection, 'failed');
      const partner = createApiClient(apiUrl, 'pps_dev_partner_kno', requireContract);
      later = await give(partner, CONFIRMATIONS, [confirmed(domain, { advertiserId: ADVERTISER })]);
      await untilStored(later, 'standing');
    });
    expect(await batchOf(t.partner, later!)).toMatchObject({ standing: 1 });
    expect(await resultOf(rejection)).toMatchObject({ status: 404 });
  });

  async function untilStored({ batchId }: Batch, status: string): Promise<void> {
    await eventually(
      async () =>
        (await t.db.query(`select from batch_item where batch_id = $1 and status = $2`, [batchId, status]))
          .rowCount,
      (items) => items === 1,
    );
  }

  /** One waits for the other's brand. */
  async function waitsForBrand(): Promise<void> {
    await eventually(
      async () =>
        (
          await t.db.query(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
              and query like '%pg_advisory_xact_lock(hashtextextended%'`,
          )
        ).rowCount,
      (count) => count === 1,
    );
  }
});

test('When 1,000 brands are confirmed of which most are not enrolled, then these stand within seconds', async () => {
  const known = await Promise.all(Array.from({ length: 5 }, () => enroll(t.form())));
  const unknown = Array.from({ length: 995 }, (_, index) => `stands-${index}.example`);
  const items = [...known.map(({ form }) => brandOf(form)), ...unknown].map((brand) =>
    confirmed(brand, { advertiserId: ADVERTISER }),
  );
  const batch = await give(t.partner, CONFIRMATIONS, items);
  expect(await untilCarriedOut(t.partner, batch, 30_000)).toMatchObject({ standing: 995, done: 5 });
});
