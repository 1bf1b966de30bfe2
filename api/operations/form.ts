/** The enrollment form: what its program does not accept of it, as a problem, and what is stored and told of it. */
import type { Submission } from '../../database/submissions';
import type { ProgramDefinition } from '../../program/definition';
import type { SubmissionFacts } from '../../program/enrollmentState';
import { judgeForm, type Form } from '../../program/form';
import { invalid, notAccepted } from '../problem';
import type { FormBody } from '../schemas';

const POINTERS: Record<keyof Form, string> = {
  storeUrl: '/brand/storeUrl',
  storePlatform: '/storePlatform',
  dataSharingTextVersion: '/dataSharing/textVersion',
  surveyPartner: '/surveyPartner',
  partnerApiKey: '/partnerApiKey',
};

/** The brand's key. Throws a 422 that names every field that the program does not accept. */
export function acceptForm(definition: ProgramDefinition, form: FormBody): string {
  const { brand, storePlatform, dataSharing, surveyPartner, partnerApiKey } = form;
  const judged = judgeForm(definition, {
    storeUrl: brand.storeUrl,
    dataSharingTextVersion: dataSharing.textVersion,
    ...{ storePlatform, surveyPartner, partnerApiKey },
  });
  if (judged.ok) return judged.brandKey;
  const errors = judged.findings.map(({ field, message }) => ({ pointer: POINTERS[field], message }));
  throw judged.reasonCode ? notAccepted(judged.reasonCode, errors) : invalid(errors, 422);
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
