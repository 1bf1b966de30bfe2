/** A secret of the Standard Webhooks scheme: its prefix, and 32 random bytes in base64. */
import { randomBytes } from 'node:crypto';

export function makeWebhookSecret(): { webhookSecretId: string; secret: string } {
  return {
    webhookSecretId: `whs_${randomBytes(8).toString('hex')}`,
    secret: `whsec_${randomBytes(32).toString('base64')}`,
  };
}
