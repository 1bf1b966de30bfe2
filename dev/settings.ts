/** What `npm start`, the demo and the tests have in common: keys, paths, and the definitions that they publish. */
import { join } from 'node:path';
import type { ApiKey } from '../settings/settings';
import { projectRoot } from './stack/projectRoot';

/** Known to everybody: refused in production. */
export const DEVELOPMENT_KEYS: ApiKey[] = [
  { key: 'pps_dev_caller_shop-app', role: 'caller', id: 'shop-app' },
  { key: 'pps_dev_caller_other-app', role: 'caller', id: 'other-app' },
  { key: 'pps_dev_partner_kno', role: 'partner', id: 'kno', surveyPartner: 'kno' },
  { key: 'pps_dev_partner_fairing', role: 'partner', id: 'fairing', surveyPartner: 'fairing' },
  { key: 'pps_dev_admin_ana', role: 'admin', id: 'ana' },
  { key: 'pps_dev_approver_bo', role: 'approver', id: 'bo' },
  { key: 'pps_dev_operator_cy', role: 'operator', id: 'cy' },
  { key: 'pps_dev_auditor_di', role: 'auditor', id: 'di' },
];

/** Of 32 bytes that begin with "pps_dev_", by which production refuses it. */
export const DEVELOPMENT_PARTNER_KEY_SECRETS = {
  development: Buffer.from('pps_dev_partner_key_secret_00001').toString('base64'),
};

export function definitionFile(programId: string): string {
  return join(projectRoot(), 'program', 'definitions', `${programId}.json`);
}

export function builtEntry(...path: string[]): string {
  return join(projectRoot(), 'dist', ...path);
}
