/** Who asks in the examples: what an answer shows depends on it. */
import type { Principal } from '../authentication';

const holder = (role: Principal['role'], id: string): Principal => ({
  role,
  id,
  keyId: `settings:${role}:${id}`,
  testClocksOnly: false,
});

export const CALLER = holder('caller', 'shop-app');
export const PARTNER: Principal = { ...holder('partner', 'kno'), surveyPartner: 'kno' };
export const ADMIN = holder('admin', 'ana');
export const APPROVER = holder('approver', 'bo');
