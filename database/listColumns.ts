/** The columns of an enrollment that repeat what its state says, so that lists find it by index. */
import type { EnrollmentState } from '../program/enrollmentState';
import { reasonCodesOf, statusOf, waitingFor } from '../program/status';

export interface ListColumns {
  status: string;
  calculationMonth: string;
  surveyPartner: string;
  /** Whom and what it waits for, each once; no word is both. */
  waitingFor: string[];
  reasonCodes: string[];
}

export function listColumns(state: EnrollmentState): ListColumns {
  return {
    status: statusOf(state),
    calculationMonth: state.period.month,
    surveyPartner: state.submission.surveyPartner,
    waitingFor: [...new Set(waitingFor(state).flatMap(({ who, what }) => [who, what]))],
    reasonCodes: reasonCodesOf(state),
  };
}
