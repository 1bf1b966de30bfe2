/** Answers about enrollments, made of the stages of one as the service makes them. */
import { stringify } from 'csv-stringify/sync';
import type { EnrollmentRow } from '../../database/enrollments';
import type { TimelineRow } from '../../database/timeline';
import type { EnrollmentState } from '../../program/enrollmentState';
import { explain } from '../../program/explain';
import { STATUSES, statusOf, type EnrollmentStatus } from '../../program/status';
import type { Principal } from '../authentication';
import { EXPORT_COLUMNS } from '../operations/exportEnrollments';
import { offerOf } from '../operations/deferral';
import { presentEnrollment, presentEvent, presentPeriod, presentWithLines } from '../presentation';
import { IDS, REAL } from './ids';
import { ADMIN, APPROVER, CALLER, PARTNER } from './principals';
import { PROGRAM } from './programs';
import * as stages from './stages';

const { enrollmentId, programId } = IDS;
const { FORM, STATEMENT } = stages;
const WORKFLOW_ID = 'enrollment:pps-demo:southwind.example';

export const TEMPORAL_UI_URL = `http://127.0.0.1:8233/namespaces/default/workflows/${encodeURIComponent(WORKFLOW_ID)}`;

const rowOf = (state: EnrollmentState): EnrollmentRow => ({
  enrollmentId,
  programId,
  brandKey: 'southwind.example',
  workflowId: WORKFLOW_ID,
  owner: CALLER.id,
  surveyPartner: FORM.surveyPartner,
  createdAt: new Date(REAL),
  updatedAt: new Date(REAL),
  startedAt: new Date(REAL),
  supersededBy: null,
  sequence: 1,
  state,
  brandName: FORM.brand.name,
  externalId: FORM.externalId,
  partnerKeyLastFour: null,
  erasedAt: null,
});

const context = { temporalUiUrl: () => TEMPORAL_UI_URL };
const shown = (principal: Principal, state: EnrollmentState, changes: Partial<EnrollmentRow> = {}) =>
  presentEnrollment(context, principal, { ...rowOf(state), ...changes });

/** After a write, to whoever did it. */
export const ENROLLMENT = {
  opened: shown(CALLER, stages.OPENED),
  /** The same form again, a moment later. */
  located: shown(CALLER, stages.LOCATED),
  resubmitted: shown(CALLER, stages.RESUBMITTED),
  confirmed: shown(PARTNER, stages.CONFIRMED),
  rejected: shown(PARTNER, stages.REJECTED),
  deferred: shown(PARTNER, stages.DEFERRED),
  answered: shown(CALLER, stages.ANSWERED),
  reopened: shown(ADMIN, stages.CONFIRMED),
  held: shown(ADMIN, stages.HELD),
  released: shown(ADMIN, stages.ANSWERED),
  waived: shown(ADMIN, stages.WAIVED),
  approved: shown(APPROVER, stages.APPROVED),
  withdrawn: shown(CALLER, stages.WITHDRAWN),
  /** Its brand may enroll once more. */
  permitted: shown(ADMIN, stages.WITHDRAWN),
  erased: shown(ADMIN, stages.WITHDRAWN, { externalId: null, erasedAt: new Date(REAL) }),
  restarted: shown(ADMIN, stages.ANSWERED, { workflowId: `${WORKFLOW_ID}:2` }),
};

const { open, ...offer } = offerOf(
  PROGRAM,
  PROGRAM.definition.deferral,
  PARTNER.role,
  rowOf(stages.CONFIRMED),
);
const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<EnrollmentStatus, number>;

const { submission, questionnaire } = stages.ANSWERED;
const { advertiserId, id: submissionId } = submission;
const SERVICE = { role: 'service', id: 'enrollment' } as const;
const EVENTS: Pick<TimelineRow, 'type' | 'actor' | 'details'>[] = [
  { type: 'opened', actor: SERVICE, details: { month: stages.OPENED.period.month } },
  {
    type: 'advertiser_located',
    actor: SERVICE,
    details: {
      advertiserId,
      region: 'US',
      country: 'US',
      currency: 'USD',
      timeZone: 'America/New_York',
      accountStatus: 'active',
    },
  },
  {
    type: 'partner_confirmed',
    actor: { role: PARTNER.role, id: PARTNER.id },
    details: { submissionId, advertiserId, repeated: false },
  },
  {
    type: 'questionnaire_completed',
    actor: questionnaire!.by,
    details: { answersId: questionnaire!.answersId, repeated: false },
  },
];

export const ENROLLMENTS = {
  timeline: {
    items: EVENTS.map((event, index) =>
      presentEvent(CALLER, {
        ...event,
        key: event.type,
        sequence: index + 1,
        happenedAt: new Date(questionnaire!.at),
        recordedAt: new Date(REAL),
      }),
    ),
  },
  page: { items: [ENROLLMENT.answered], next: null },
  counts: { total: 1, statuses: { ...counts, measuring: 1 } },
  paid: presentWithLines(context, CALLER, rowOf(stages.PAID), STATEMENT),
  statement: STATEMENT,
  explanation: { status: statusOf(stages.CONFIRMED), ...explain(stages.CONFIRMED) },
  deferral: { ...offer, open: open.map(presentPeriod) },
  file: stringify([Object.values(EXPORT_COLUMNS).map((cellOf) => cellOf(ENROLLMENT.answered))], {
    header: true,
    columns: Object.keys(EXPORT_COLUMNS),
    escape_formulas: true,
  }),
};
