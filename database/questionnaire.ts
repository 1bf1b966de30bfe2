/** Answers to the questionnaire; the workflow knows their id only. */
import { firstRow, type Queryable } from './pool';

/** Stores answers and returns their id; the same message again returns the id that it got the first time. */
export async function insertAnswers(
  db: Queryable,
  given: {
    answersId: string;
    enrollmentId: string;
    messageId: string;
    answers: Record<string, unknown>;
    receivedBy: string;
  },
): Promise<string> {
  const result = await db.query(
    `with inserted as (
       insert into questionnaire_answers (answers_id, enrollment_id, message_id, answers, received_by)
       values ($1, $2, $3, $4, $5) on conflict (message_id) do nothing returning answers_id
     )
     select answers_id as id from inserted
     union all select answers_id from questionnaire_answers where message_id = $3 limit 1`,
    [given.answersId, given.enrollmentId, given.messageId, JSON.stringify(given.answers), given.receivedBy],
  );
  return firstRow<{ id: string }>(result)!.id;
}
