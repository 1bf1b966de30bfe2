/** Answers about programs, computed as the service does: of the program that ships for trying out, as it is first published. */
import type { z } from 'zod';
import type { PublishedProgram } from '../../database/programs';
import { initialClock } from '../../program/clock';
import shipped from '../../program/definitions/pps-demo.json';
import { parseDefinition } from '../../program/parseDefinition';
import { estimateCredit } from '../operations/estimate';
import { presentCalendar, presentClock, presentProgram, presentSummary } from '../operations/programs';
import { estimateBody } from '../schemas';
import { IDS, REAL } from './ids';
import { CALLER } from './principals';

/** As its author wrote it. */
export const DEFINITION = shipped;

const definition = parseDefinition(shipped);
export const PROGRAM: PublishedProgram = {
  definition,
  revision: Number(IDS.revision),
  clock: initialClock(definition.testClock, 0),
};

export const ESTIMATE_BODY: z.input<typeof estimateBody> = {
  country: 'US',
  currency: 'USD',
  expectedSpend: '12480.00',
  surveyPartner: 'kno',
  storePlatform: 'woocommerce',
  enrolledOn: '2023-10-20',
};

const { programId } = IDS;
const { revision } = PROGRAM;
export const PROGRAMS = {
  list: { items: [presentSummary(PROGRAM)] },
  program: presentProgram(CALLER, PROGRAM),
  calendar: presentCalendar(PROGRAM, undefined),
  clock: presentClock(PROGRAM),
  adjustedClock: { now: '2023-12-01T00:00:00.000Z', speed: 0, woken: 1 },
  estimate: estimateCredit(PROGRAM, estimateBody.parse(ESTIMATE_BODY)),
  revisions: { items: [{ revision, publishedAt: REAL, publishedBy: 'ana' }] },
  published: { programId, revision, published: true, changes: [] },
  /** The same again. */
  notPublished: { programId, revision, published: false, changes: [] },
};
