/** What counts as the program's survey template, and what a definition must say so that it can be looked for. */
import type { ProgramDefinition } from '../program/definition';
import { parseDefinition, type DefinitionError } from '../program/parseDefinition';
import { asksAttribution } from '../program/partnerKey';
import { demo, shippedProgram } from './support/credits';

const PROMPTS = ['How did you hear about us?', ' Where did you FIRST see us? '];

test.each([
  ['How did you hear about us?', true],
  ['HOW DID YOU HEAR ABOUT US?', true],
  ['Hi there! How did you hear about us? (Pick one.)', true],
  ['where did you first see us?', true],
  ['How did you hear about it?', false],
  ['How did you', false],
  ['', false],
])('When the survey asks "%s", then it is an attribution question of the program: %s', (prompt, expected) => {
  expect(asksAttribution(['What made you buy today?', prompt], PROMPTS)).toBe(expected);
});

test('When the survey or the program has no question, then none is found', () => {
  expect(asksAttribution([], PROMPTS)).toBe(false);
  expect(asksAttribution(['How did you hear about us?'], [])).toBe(false);
});

type Partner = ProgramDefinition['partners'][number];

function problems(partner: Partial<Record<keyof Partner, unknown>>): unknown[] {
  try {
    parseDefinition({ ...demo, partners: [{ id: 'kno', name: 'Kno', ...partner }] });
    return [];
  } catch (error) {
    return [...(error as DefinitionError).errors];
  }
}

test('When a partner is checked by machine, then its definition names an attribution question', () => {
  const missing = {
    pointer: '/partners/0/attributionPrompts',
    message:
      'Add the text of an attribution question: the check with the API key looks for it in the survey.',
  };
  expect(problems({ verification: 'machine' })).toEqual([missing]);
  expect(problems({ verification: 'machine', attributionPrompts: [] })).toEqual([missing]);
  expect(problems({ verification: 'machine', attributionPrompts: ['How?'] })).toEqual([]);
  expect(problems({ verification: 'attested' })).toEqual([]);
  // An empty text would be contained in every question.
  expect(problems({ verification: 'machine', attributionPrompts: [' '] })).toMatchObject([
    { pointer: '/partners/0/attributionPrompts/0' },
  ]);
});

test.each(['pps-demo', 'tiktok-pps-2023'])('When %s is used, then keys of Fairing are checked', (program) => {
  expect(shippedProgram(program).partners).toMatchObject([
    { id: 'fairing', verification: 'machine', attributionPrompts: ['How did you hear about us?'] },
    { id: 'kno', verification: 'attested' },
    { id: 'okendo', verification: 'attested' },
  ]);
});
