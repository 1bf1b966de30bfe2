/** What counts as a complete questionnaire: "must fill out the questionnaire" (program page, 5). */
import type { Question } from './definition';

export type Answers = Readonly<Record<string, string | number | boolean>>;

/** One thing that is wrong with the answer to a question, or with its being there. */
export interface AnswerFinding {
  questionId: string;
  /** What follows the name of the answer: "must be a number". */
  message: string;
}

/** Everything that is wrong, at once; nothing if the questionnaire is complete. */
export function judgeAnswers(questions: readonly Question[], answers: Answers): AnswerFinding[] {
  const known = new Map(questions.map((question) => [question.id, question]));
  const wrong = Object.entries(answers).flatMap(([questionId, answer]) => {
    const question = known.get(questionId);
    const message = question ? whyNot(question, answer) : 'is not a question of this questionnaire';
    return message === undefined ? [] : [{ questionId, message }];
  });
  const missing = questions.filter(({ id, required }) => required && !Object.hasOwn(answers, id));
  return [...wrong, ...missing.map(({ id }) => ({ questionId: id, message: 'must be answered' }))];
}

function whyNot(question: Question, answer: Answers[string]): string | undefined {
  switch (question.type) {
    case 'text':
      return typeof answer === 'string' && answer.trim() !== '' ? undefined : 'must be a text';
    case 'number':
      return typeof answer === 'number' ? undefined : 'must be a number';
    case 'boolean':
      return typeof answer === 'boolean' ? undefined : 'must be true or false';
    case 'choice':
      return typeof answer === 'string' && question.choices.includes(answer)
        ? undefined
        : `must be one of ${question.choices.join(', ')}`;
  }
}
