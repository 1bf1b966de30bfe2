/**
 * Enrollments as rows of a file: all that a list with the same filters has, oldest first, a page at a time. Between two pages
 * no connection is held and no transaction is open, however slow the reader is.
 */
import type { z } from 'zod';
import { listEnrollments } from '../../database/enrollmentList';
import type { EnrollmentRow } from '../../database/enrollments';
import type { Page, Position } from '../../database/pages';
import type { enrollment } from '../answers';
import { scopeOf, type Principal } from '../authentication';
import type { ApiContext } from '../context';
import { presentEnrollment } from '../presentation';
import type { ExportQuery } from '../schemas';
import { filterOf } from './listEnrollments';

type Exported = z.infer<typeof enrollment>;
type Cell = string | number | null;

/**
 * Name of a column -> what stands there. Nested fields of the answer have dots, as in an import. Amounts are integers in the
 * minor units of their currency; several words of a cell have a space between them.
 */
export const EXPORT_COLUMNS: Record<string, (exported: Exported) => Cell> = {
  id: ({ id }) => id,
  programId: ({ programId }) => programId,
  'brand.name': ({ brand }) => brand.name,
  'brand.domain': ({ brand }) => brand.domain,
  surveyPartner: ({ surveyPartner }) => surveyPartner,
  advertiserId: ({ advertiserId }) => advertiserId,
  externalId: ({ externalId }) => externalId,
  status: ({ status }) => status,
  statusText: ({ statusText }) => statusText,
  reasonCodes: ({ reasonCodes }) => reasonCodes.join(' '),
  waitingFor: ({ waitingFor }) => waitingFor.map(({ who, what }) => `${who}:${what}`).join(' '),
  calculationMonth: ({ calculationMonth }) => calculationMonth,
  calculationDate: ({ calculationDate }) => calculationDate,
  payoutDate: ({ payoutDate }) => payoutDate,
  'credit.amountMinor': ({ credit }) => credit && credit.amountMinor,
  'credit.currency': ({ credit }) => credit && credit.currency,
  'onHold.reasonCode': ({ onHold }) => onHold && onHold.reasonCode,
  'onHold.since': ({ onHold }) => onHold && onHold.since,
  'criteria.subscription': statusOf('subscription'),
  'criteria.survey_template': statusOf('survey_template'),
  'criteria.data_sharing': statusOf('data_sharing'),
  'criteria.questionnaire': statusOf('questionnaire'),
  'criteria.advertiser_located': statusOf('advertiser_located'),
  'criteria.ad_account_active': statusOf('ad_account_active'),
  'criteria.region_eligible': statusOf('region_eligible'),
  'criteria.active_advertising': statusOf('active_advertising'),
  createdAt: ({ createdAt }) => createdAt,
  updatedAt: ({ updatedAt }) => updatedAt,
  supersededBy: ({ supersededBy }) => supersededBy,
  erasedAt: ({ erasedAt }) => erasedAt,
};

function statusOf(wanted: Exported['criteria'][number]['criterion']): (exported: Exported) => Cell {
  return ({ criteria }) => criteria.find(({ criterion }) => criterion === wanted)?.status ?? null;
}

/** Few enough to be held for as long as a slow reader takes, many enough for few queries. */
const ROWS_OF_A_PAGE = 500;

/** Each enrollment that is there all the time comes once, as it is when its page is read. */
export async function* exportRows(
  context: ApiContext,
  principal: Principal,
  query: ExportQuery,
): AsyncGenerator<Cell[], undefined> {
  const order = { by: 'createdAt', descending: false } as const;
  const read = (after: Position | null): Promise<Page<EnrollmentRow>> =>
    listEnrollments(context.database.pool, scopeOf(principal), filterOf(query), {
      order,
      limit: ROWS_OF_A_PAGE,
      after: after ?? undefined,
    });
  for (let after: Position | null = null; ;) {
    const { rows, next } = await read(after);
    for (const row of rows) {
      const exported = presentEnrollment(context, principal, row);
      yield Object.values(EXPORT_COLUMNS).map((cellOf) => cellOf(exported));
    }
    if (!next) return;
    after = next;
  }
}
