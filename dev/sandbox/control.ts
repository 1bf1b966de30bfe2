/** The sandbox's own API, by which people and tests set the scene and see what happened. README.md describes it. */
import { Router, type Response } from 'express';
import { z } from 'zod';
import { FAULT_NAMES, FAULTS, TARGETS, type Faults } from './faults';
import { datesBetween, isDate, spread } from './spread';
import type { Advertiser, DaySpend, State } from './state';
import type { TikTokSettings } from './tiktokRequest';

const advertiserId = z.string().regex(/^\d{1,20}$/);

const advertiserBody = z.strictObject({
  country: z.string().regex(/^[A-Z]{2}$/),
  currency: z.string().regex(/^[A-Z]{3}$/),
  timezone: z.string(),
  display_timezone: z.string().optional(),
  status: z.string().default('STATUS_ENABLE'),
  name: z.string().default('Sandbox advertiser'),
});

const decimal = z.string().regex(/^\d+(\.\d+)?$/);
const figure = z.string().regex(/^(-|-?\d+(\.\d+)?)$/);
const date = z.string().refine(isDate, 'must be YYYY-MM-DD');

const spendBody = z.union([
  z.strictObject({
    from: date,
    to: date,
    total: decimal,
    billed_cost: decimal.optional(),
    cash_spend: decimal.optional(),
    voucher_spend: decimal.optional(),
  }),
  z.strictObject({
    days: z.record(
      date,
      z.union([
        figure,
        z.strictObject({
          spend: figure,
          billed_cost: figure.optional(),
          cash_spend: figure.optional(),
          voucher_spend: figure.optional(),
        }),
      ]),
    ),
  }),
]);
type SpendBody = z.infer<typeof spendBody>;

const faultBody = z
  .strictObject({
    target: z.enum(TARGETS),
    fault: z.enum(FAULT_NAMES),
    times: z.number().int().positive().default(1),
    only: z.string().optional(),
    code: z.number().int().positive().optional(),
    message: z.string().optional(),
    ms: z.number().int().nonnegative().optional(),
  })
  .refine(
    ({ target, fault }) => (FAULTS[target] as readonly string[]).includes(fault),
    'no such fault of this target',
  )
  .refine(({ fault, code }) => (fault === 'code') === (code !== undefined), 'code goes with the fault "code"')
  .refine(
    ({ fault, ms }) => (fault === 'late_visibility') === (ms !== undefined),
    'ms goes with "late_visibility"',
  );

const settingsBody = z.strictObject({
  unknownAdvertiser: z.enum(['code_40300', 'empty_list']).optional(),
  reportPageSizeCap: z.number().int().positive().optional(),
});

const paymentBody = z.strictObject({ state: z.enum(['paid', 'pending', 'refused']) });

export function controlRouter(state: State, faults: Faults, settings: TikTokSettings): Router {
  const router = Router();
  const { facts } = state;

  router.put('/advertisers/:id', async (req, res) => {
    const id = read(advertiserId, req.params.id, res);
    const body = read(advertiserBody, req.body, res);
    if (id === undefined || !body) return;
    const advertiser: Advertiser = {
      ...body,
      advertiser_id: id,
      display_timezone: body.display_timezone ?? body.timezone,
    };
    facts.advertisers[id] = advertiser;
    await state.save();
    res.json(advertiser);
  });

  router.put('/advertisers/:id/spend', async (req, res) => {
    const id = read(advertiserId, req.params.id, res);
    if (id === undefined) return;
    const advertiser = facts.advertisers[id];
    if (!advertiser) return void res.status(404).json({ error: 'no such advertiser: set it first' });
    const body = read(spendBody, req.body, res);
    if (!body) return;
    let days: Record<string, DaySpend>;
    try {
      days = daysOf(body, advertiser.currency);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return void res.status(400).json({ error: error.message });
    }
    facts.spend[id] = { ...facts.spend[id], ...days };
    await state.save();
    res.json({ days });
  });

  router.get('/payments', (_req, res) => void res.json({ payments: facts.payments }));

  router.put('/payments/:id', async (req, res) => {
    const payment = facts.payments.find(({ id }) => id === req.params.id);
    if (!payment) return void res.status(404).json({ error: 'no such payment' });
    const body = read(paymentBody, req.body, res);
    if (!body) return;
    payment.state = body.state;
    await state.save();
    res.json(payment);
  });

  router.get('/requests', (_req, res) => void res.json(faults.counts()));

  router.get('/faults', (_req, res) => void res.json({ faults: faults.pending() }));
  router.post('/faults', (req, res) => {
    const body = read(faultBody, req.body, res);
    if (!body) return;
    faults.add(body);
    res.status(201).json(body);
  });
  router.delete('/faults', (req, res) => {
    const { only } = req.query;
    faults.clear(typeof only === 'string' ? only : undefined);
    res.status(204).end();
  });

  router.put('/settings', (req, res) => {
    const body = read(settingsBody, req.body, res);
    if (body) res.json(Object.assign(settings, body));
  });

  return router;
}

/** The value as the schema has it; otherwise answers 400 and gives nothing. */
function read<T>(schema: z.ZodType<T>, value: unknown, res: Response): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  if (!res.headersSent) res.status(400).json({ error: z.prettifyError(result.error) });
  return undefined;
}

/** Without figures of their own, `billed_cost` and `cash_spend` equal `spend`, and there are no vouchers. */
function daysOf(body: SpendBody, currency: string): Record<string, DaySpend> {
  if ('days' in body) {
    return Object.fromEntries(
      Object.entries(body.days).map(([day, given]) => {
        const {
          spend,
          billed_cost = spend,
          cash_spend = spend,
          voucher_spend = '0',
        } = typeof given === 'string' ? { spend: given } : given;
        return [day, { spend, billed_cost, cash_spend, voucher_spend }];
      }),
    );
  }
  const { from, to, total, billed_cost = total, cash_spend = total, voucher_spend = '0' } = body;
  const dates = datesBetween(from, to);
  if (dates.length === 0) throw new RangeError('to must not be before from');
  const series = [total, billed_cost, cash_spend, voucher_spend].map((t) =>
    spread(t, currency, dates.length),
  );
  return Object.fromEntries(
    dates.map((day, i) => {
      const [spend = '', billed = '', cash = '', voucher = ''] = series.map((values) => values[i]);
      return [day, { spend, billed_cost: billed, cash_spend: cash, voucher_spend: voucher }];
    }),
  );
}
