/**
 * Plays a payout rail. It has no idempotency, as the real transfer has none: every POST pays, also the second one of
 * the same reference. That is the danger that the service has to avoid.
 */
import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import { z } from 'zod';
import { spoil, type Fault, type Faults } from './faults';
import type { Payment, State } from './state';

const payoutBody = z.strictObject({
  reference: z.string().min(1).max(200),
  advertiserId: z.string().regex(/^\d{1,20}$/),
  amountMinor: z.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  currency: z.string().regex(/^[A-Z]{3}$/),
});
type PayoutBody = z.infer<typeof payoutBody>;

export function railRouter(state: State, faults: Faults): Router {
  const router = Router();

  router.post('/payouts', async (req, res) => {
    const read = payoutBody.safeParse(req.body);
    const fault = faults.arrive('payout', read.success ? [read.data.advertiserId, read.data.reference] : []);
    if (spoil(fault, req, res)) return;
    if (!read.success) return void res.status(400).json({ error: z.prettifyError(read.error) });

    const payment = newPayment(read.data, fault);
    state.facts.payments.push(payment);
    await state.save(); // before anybody hears of it

    if (fault?.fault === 'execute_then_hang') return;
    if (fault?.fault === 'execute_then_drop') return void req.socket.destroy();
    res.status(201).json(payment);
  });

  router.get('/payouts', (req, res) => {
    const { reference } = req.query;
    const fault = faults.arrive('payout_lookup', [reference]);
    if (spoil(fault, req, res)) return;
    if (typeof reference !== 'string')
      return void res.status(400).json({ error: 'reference: one is required' });
    const hiddenMs = fault?.fault === 'late_visibility' ? (fault.ms ?? 0) : 0;
    const payouts = state.facts.payments.filter(
      (payment) => payment.reference === reference && Date.now() - Date.parse(payment.createdAt) >= hiddenMs,
    );
    res.json({ payouts });
  });

  return router;
}

function newPayment(body: PayoutBody, fault: Fault | undefined): Payment {
  const made = { id: `sbx_${randomBytes(5).toString('hex')}`, ...body, createdAt: new Date().toISOString() };
  switch (fault?.fault) {
    case 'refuse':
      return { ...made, state: 'refused', code: 'NOT_PAYABLE', message: fault.message ?? 'abnormal state' };
    case 'pending':
      return { ...made, state: 'pending' };
    default:
      return { ...made, state: 'paid' };
  }
}
