/** `/v1/api-keys` */
import type { z } from 'zod';
import type { ApiKeyRow } from '../../database/apiKeys';
import { apiKey, apiKeyPage, newApiKey } from '../answers';
import { API_KEY } from '../examples/staff';
import type { Answer } from '../idempotency';
import { createApiKey, listKeys, revoke, rotateApiKey, type MadeKey } from '../operations/apiKeys';
import * as schemas from '../schemas';
import { idOf, read, withExample, write, type Route } from './route';

export const apiKeyRoutes: Route[] = [
  write({
    operationId: 'createApiKey',
    path: '/v1/api-keys',
    tag: 'Keys',
    summary: 'Make an API key',
    description:
      'The key is told here and nowhere else: an equal request that is answered again gets null in its place.',
    body: schemas.apiKeyBody,
    example: { role: 'caller', id: 'shop-app', expiresAt: '2099-12-31T00:00:00Z' },
    answers: { 201: withExample(newApiKey, API_KEY.created) },
    refusals: { 422: ['INVALID_REQUEST'] },
    handle: async (context, { principal, body, message }) =>
      told(await createApiKey(context, principal, body, message)),
  }),
  read({
    operationId: 'listApiKeys',
    path: '/v1/api-keys',
    tag: 'Keys',
    summary: 'List API keys, newest first',
    query: schemas.pageQuery,
    answer: withExample(apiKeyPage, API_KEY.page),
    async handle(context, { query }) {
      const { rows, next } = await listKeys(context, query);
      return { items: rows.map(present), next };
    },
  }),
  write({
    operationId: 'revokeApiKey',
    path: '/v1/api-keys/{keyId}/revocation',
    tag: 'Keys',
    summary: 'Revoke an API key: at once, and for good',
    body: schemas.emptyBody,
    example: {},
    answers: { 200: withExample(apiKey, API_KEY.revoked) },
    async handle(context, { principal, params }) {
      return { status: 200, body: present(await revoke(context, principal, idOf(params, 'keyId'))) };
    },
  }),
  write({
    operationId: 'rotateApiKey',
    path: '/v1/api-keys/{keyId}/rotation',
    tag: 'Keys',
    summary: 'Make a key in the place of another, which lives on for an overlap',
    body: schemas.rotationBody,
    example: { overlapHours: 24 },
    answers: { 201: withExample(newApiKey, API_KEY.rotated) },
    refusals: { 409: ['API_KEY_ENDED'], 422: ['INVALID_REQUEST'] },
    handle: async (context, { principal, params, body, message }) =>
      told(await rotateApiKey(context, principal, idOf(params, 'keyId'), body, message)),
  }),
];

/** The secret is neither kept for equal requests nor audited. */
function told({ row, key }: MadeKey): Answer {
  const { keyId, role, holderId } = row;
  return {
    status: 201,
    body: { ...present(row), key },
    kept: { ...present(row), key: null },
    about: { keyId, role, id: holderId },
  };
}

function present(row: ApiKeyRow): z.infer<typeof apiKey> {
  const instant = (at: Date | null) => at && at.toISOString();
  return {
    keyId: row.keyId,
    role: row.role,
    id: row.holderId,
    surveyPartner: row.surveyPartner,
    test: row.forTestClocks,
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    expiresAt: instant(row.expiresAt),
    lastUsedAt: instant(row.lastUsedAt),
    revokedAt: instant(row.revokedAt),
    replacedBy: row.replacedBy,
  };
}
