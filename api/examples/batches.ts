/** Answers about batches. */
import type { z } from 'zod';
import { REASONS } from '../../program/reasonCodes';
import type { batch, batchItemPage } from '../answers';
import { IDS, REAL } from './ids';

const accepted = (kind: z.infer<typeof batch>['kind'], total: number) =>
  ({
    batchId: IDS.batchId,
    kind,
    state: 'accepted',
    createdAt: REAL,
    total,
    pending: total,
    standing: 0,
    done: 0,
    failed: 0,
  }) as const;

/** Given at this moment: nothing of it is carried out yet. */
export const BATCH = {
  enrollments: accepted('enrollments', 1),
  confirmations: accepted('partner_confirmations', 2),
  deferrals: accepted('deferrals', 1),
  /** What it is a while later. */
  underWay: { ...accepted('partner_confirmations', 3), pending: 0, standing: 1, done: 1, failed: 1 },
};

export const BATCH_ITEMS: z.infer<typeof batchItemPage> = {
  items: [
    { position: 1, status: 'done', result: { status: 200, enrollmentId: IDS.enrollmentId } },
    { position: 2, status: 'standing', result: { status: 202, standsUntil: '2026-04-15T09:30:00.000Z' } },
    {
      position: 3,
      status: 'failed',
      result: { status: 409, code: 'SUBMISSION_SUPERSEDED', detail: REASONS.SUBMISSION_SUPERSEDED },
    },
  ],
  next: null,
};
