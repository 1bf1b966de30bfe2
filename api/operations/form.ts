/** The enrollment form against the rules of its program: what the program accepts, and the facts taken from it. */
import type { Submission } from '../../database/submissions';
import { brandKey } from '../../program/brandKey';
import type { ProgramDefinition } from '../../program/definition';
import type { SubmissionFacts } from '../../program/enrollmentState';
import { invalid, notAccepted, type FieldError } from '../problem';
import type { FormBody } from '../schemas';

/** The brand's key. Throws a 422 that names every field that the program does not accept. */
export function acceptForm(definition: ProgramDefinition, form: FormBody): string {
  const errors: FieldError[] = [];
  const brand = brandKey(form.brand.storeUrl, definition.sharedStoreHosts);
  if (!brand.ok) errors.push({ pointer: '/brand/storeUrl', message: brand.message });
  if (!definition.storePlatforms.includes(form.storePlatform)) {
    const message = `must be one of ${definition.storePlatforms.join(', ')}`;
    errors.push({ pointer: '/storePlatform', message });
  }
  if (form.dataSharing.textVersion !== definition.dataSharing.textVersion) {
    const message = `must be the current text version, ${definition.dataSharing.textVersion}`;
    errors.push({ pointer: '/dataSharing/textVersion', message });
  }
  const partner = definition.partners.find(({ id }) => id === form.surveyPartner);
  if (partner?.verification === 'attested' && form.partnerApiKey !== undefined) {
    const message = `must be left out: ${partner.name} confirms by itself that it gave its API key`;
    errors.push({ pointer: '/partnerApiKey', message });
  }
  if (!partner) {
    const message = `must be one of ${definition.partners.map(({ id }) => id).join(', ')}`;
    errors.push({ pointer: '/surveyPartner', message });
    if (errors.length === 1) throw notAccepted('PARTNER_NOT_APPROVED', errors);
  }
  if (!brand.ok || errors.length > 0) throw invalid(errors, 422);
  return brand.key;
}

export function submissionOf(
  form: FormBody,
  identity: Pick<
    Submission,
    'submissionId' | 'enrollmentId' | 'messageId' | 'submittedBy' | 'contactId' | 'partnerKeyId'
  >,
): Submission {
  return {
    ...identity,
    brandName: form.brand.name,
    storeUrl: form.brand.storeUrl,
    contactName: form.contact.name,
    contactEmail: form.contact.email,
    surveyPartner: form.surveyPartner,
    storePlatform: form.storePlatform,
    advertiserId: form.advertiserId,
    externalId: form.externalId ?? null,
    dataSharingAuthorized: form.dataSharing.authorized,
    dataSharingTextVersion: form.dataSharing.textVersion,
    dataSharingSource: 'api',
  };
}

export function submissionFacts(submission: Submission): SubmissionFacts {
  const { submissionId: id, advertiserId, surveyPartner, storePlatform, contactId } = submission;
  const { dataSharingAuthorized, partnerKeyId } = submission;
  return {
    id,
    advertiserId,
    surveyPartner,
    storePlatform,
    dataSharingAuthorized,
    contactId,
    partnerKeyId,
  };
}

/** Whether two submissions say the same; ids, times and sender apart. */
export function sameData(one: Submission, other: Submission): boolean {
  const said = ({
    submissionId: _s,
    messageId: _m,
    submittedBy: _b,
    enrollmentId: _e,
    ...data
  }: Submission) => JSON.stringify(Object.entries(data).sort());
  return said(one) === said(other);
}
