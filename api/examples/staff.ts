/** Answers for staff: what needs attention, the audit, API keys. */
import type { z } from 'zod';
import { ATTENTION, runbookAnchor } from '../../program/attention';
import type { apiKey, attentionList, auditPage } from '../answers';
import { TEMPORAL_UI_URL } from './enrollments';
import { IDS, REAL } from './ids';
import { ADMIN, CALLER } from './principals';

export const ATTENTION_LIST: z.infer<typeof attentionList> = {
  items: [
    {
      reason: 'MESSAGE_REFUSED',
      since: REAL,
      enrollmentId: IDS.enrollmentId,
      subject: 'defer',
      whatToDo: ATTENTION.MESSAGE_REFUSED,
      runbookUrl: `docs/runbook.md#${runbookAnchor('MESSAGE_REFUSED')}`,
      temporalUiUrl: TEMPORAL_UI_URL,
    },
  ],
  total: 1,
};

type AuditEntry = z.infer<typeof auditPage>['items'][number];

/** A request, and what came of it. */
function audited(asked: Pick<AuditEntry, 'actor' | 'keyId' | 'operation' | 'params'>, status: number) {
  const entry = {
    ...asked,
    at: REAL,
    code: null,
    about: {},
    address: '127.0.0.1',
    requestId: 'c26e9b90-1f38-4698-910b-89a4d9062313',
    messageId: '103c65f47bc6459c80eeb71c241eb661c31f3386',
  };
  const items: AuditEntry[] = [
    {
      ...entry,
      position: 1,
      event: 'requested',
      status: null,
      hash: 'f94e7e4454c9e5cbc9e67134a8b3a771053f137a60cc384171c5d0a0d9f5211b',
    },
    {
      ...entry,
      position: 2,
      event: 'answered',
      status,
      hash: 'f9f32ca620a7db5e96da28bb28b9acb1eb248c397b8591433bad3872709a9dd9',
    },
  ];
  return { items, next: null };
}

const by = ({ role, id, keyId }: typeof CALLER) => ({ actor: { role, id }, keyId });
export const AUDIT = {
  ofEnrollment: audited(
    { ...by(CALLER), operation: 'withdraw', params: { enrollmentId: IDS.enrollmentId } },
    200,
  ),
  ofService: audited({ ...by(ADMIN), operation: 'adjustClock', params: { programId: IDS.programId } }, 200),
};

const { role, id, keyId } = ADMIN;
const made: z.infer<typeof apiKey> = {
  keyId: IDS.keyId,
  role: CALLER.role,
  id: CALLER.id,
  surveyPartner: null,
  test: false,
  createdAt: REAL,
  createdBy: { role, id, keyId },
  expiresAt: '2099-12-31T00:00:00.000Z',
  lastUsedAt: null,
  revokedAt: null,
  replacedBy: null,
};
/** The checksum of such a one is wrong. */
const secretOf = (ofKey: string) => `pps_live_${ofKey.slice('apk_'.length)}_${'Example'.repeat(7)}`;
const SUCCESSOR = 'apk_3780fc84bd83719f';

export const API_KEY = {
  created: { ...made, key: secretOf(made.keyId) },
  page: { items: [made], next: null },
  revoked: { ...made, revokedAt: REAL },
  /** The one that takes the place. */
  rotated: { ...made, keyId: SUCCESSOR, expiresAt: null, key: secretOf(SUCCESSOR) },
};
