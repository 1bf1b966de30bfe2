/** What was sent on the form. Rows are never changed, only erased. */
import { firstRow, type Queryable } from './pool';

export interface Submission {
  submissionId: string;
  enrollmentId: string;
  messageId: string;
  brandName: string;
  storeUrl: string;
  /** Null once they are erased. */
  contactName: string | null;
  contactEmail: string | null;
  /** The same for the same contact of an enrollment. */
  contactId: string;
  surveyPartner: string;
  storePlatform: string;
  advertiserId: string;
  externalId: string | null;
  /** The stored API key of the survey partner; null if there is none. */
  partnerKeyId: string | null;
  dataSharingAuthorized: boolean;
  dataSharingTextVersion: string;
  /** How the authorization reached us, e.g. `api`. */
  dataSharingSource: string;
  submittedBy: string;
}

const COLUMNS = `submission_id as "submissionId", enrollment_id as "enrollmentId", message_id as "messageId",
  brand_name as "brandName", store_url as "storeUrl", contact_name as "contactName", contact_email as "contactEmail", contact_id as "contactId",
  survey_partner as "surveyPartner", store_platform as "storePlatform", advertiser_id as "advertiserId",
  external_id as "externalId", partner_key_id as "partnerKeyId", data_sharing_authorized as "dataSharingAuthorized",
  data_sharing_text_version as "dataSharingTextVersion", data_sharing_source as "dataSharingSource",
  submitted_by as "submittedBy"`;

/** Stores a submission and returns it; the same message again returns what was stored the first time. */
export async function insertSubmission(db: Queryable, submission: Submission): Promise<Submission> {
  const result = await db.query(
    `insert into submission (submission_id, enrollment_id, message_id, brand_name, store_url, contact_name,
       contact_email, contact_id, survey_partner, store_platform, advertiser_id, external_id, partner_key_id,
       data_sharing_authorized, data_sharing_text_version, data_sharing_source, submitted_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
     on conflict (message_id) do nothing returning submission_id as id`,
    [
      submission.submissionId,
      submission.enrollmentId,
      submission.messageId,
      submission.brandName,
      submission.storeUrl,
      submission.contactName,
      submission.contactEmail,
      submission.contactId,
      submission.surveyPartner,
      submission.storePlatform,
      submission.advertiserId,
      submission.externalId,
      submission.partnerKeyId,
      submission.dataSharingAuthorized,
      submission.dataSharingTextVersion,
      submission.dataSharingSource,
      submission.submittedBy,
    ],
  );
  if (firstRow(result)) return submission;
  return (await submissionOfMessage(db, submission.messageId))!;
}

/** The id of a contact that the enrollment has had before: mail addresses tell contacts apart. */
export async function contactIdOf(
  db: Queryable,
  enrollmentId: string,
  contactEmail: string,
): Promise<string | undefined> {
  const result = await db.query(
    `select contact_id as id from submission
      where enrollment_id = $1 and lower(contact_email) = lower($2) order by submitted_at limit 1`,
    [enrollmentId, contactEmail],
  );
  return firstRow<{ id: string }>(result)?.id;
}

export async function submissionOfMessage(db: Queryable, messageId: string): Promise<Submission | undefined> {
  return firstRow<Submission>(
    await db.query(`select ${COLUMNS} from submission where message_id = $1`, [messageId]),
  );
}

export async function findSubmission(db: Queryable, submissionId: string): Promise<Submission | undefined> {
  return firstRow<Submission>(
    await db.query(`select ${COLUMNS} from submission where submission_id = $1`, [submissionId]),
  );
}

/** What was sent last, whether or not the enrollment has taken it. */
export async function newestSubmission(db: Queryable, enrollmentId: string): Promise<Submission | undefined> {
  return firstRow<Submission>(
    await db.query(
      `select ${COLUMNS} from submission where enrollment_id = $1 order by submitted_at desc limit 1`,
      [enrollmentId],
    ),
  );
}

/** The submission that the enrollment was made with. */
export async function firstSubmissionId(db: Queryable, enrollmentId: string): Promise<string | undefined> {
  const result = await db.query(
    `select submission_id as id from submission where enrollment_id = $1 order by submitted_at limit 1`,
    [enrollmentId],
  );
  return firstRow<{ id: string }>(result)?.id;
}
