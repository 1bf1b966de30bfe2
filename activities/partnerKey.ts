/** The submitted API key of a survey partner: whether it opens the account, and whether the template is published there. */
import type { MainActivities } from './types';

export function createPartnerKeyActivities(): Pick<MainActivities, 'checkPartnerKey'> {
  return {
    checkPartnerKey({ surveyPartner }) {
      return Promise.reject(new Error(`Keys of ${surveyPartner} cannot be checked.`));
    },
  };
}
