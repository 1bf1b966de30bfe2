/** What counts as a complete questionnaire. */
import type { Question } from '../program/definition';
import { judgeAnswers, type Answers } from '../program/questionnaire';

const QUESTIONS: Question[] = [
  { id: 'since', text: 'Since when?', type: 'text', required: true },
  { id: 'orders', text: 'How many orders?', type: 'number', required: true },
  { id: 'attribution', text: 'Is it asked?', type: 'boolean', required: true },
  { id: 'use', text: 'What for?', type: 'choice', choices: ['Budget', 'Reports'], required: false },
];
const ANSWERS: Answers = { since: 'May', orders: 0, attribution: false };
const found = (changes: Answers) =>
  judgeAnswers(QUESTIONS, { ...ANSWERS, ...changes }).map(
    ({ questionId, message }) => `${questionId} ${message}`,
  );

test('When each question that needs an answer has one of its type, then the questionnaire is complete', () => {
  expect(found({})).toEqual([]);
  expect(found({ use: 'Reports' })).toEqual([]);
});

test.each<[Answers, string]>([
  [{ since: ' ' }, 'since must be a text'],
  [{ since: 2023 }, 'since must be a text'],
  [{ orders: '900' }, 'orders must be a number'],
  [{ attribution: 'yes' }, 'attribution must be true or false'],
  [{ use: 'Fun' }, 'use must be one of Budget, Reports'],
  [{ use: true }, 'use must be one of Budget, Reports'],
  [{ other: 'x' }, 'other is not a question of this questionnaire'],
  [{ constructor: true }, 'constructor is not a question of this questionnaire'],
])('When the answers say %j, then that is found', (changes, finding) => {
  expect(found(changes)).toEqual([finding]);
});

test('When answers are missing and others are wrong, then all are found at once', () => {
  expect(judgeAnswers(QUESTIONS, { orders: 'many', use: 'Fun' })).toEqual([
    { questionId: 'orders', message: 'must be a number' },
    { questionId: 'use', message: 'must be one of Budget, Reports' },
    { questionId: 'since', message: 'must be answered' },
    { questionId: 'attribution', message: 'must be answered' },
  ]);
});
