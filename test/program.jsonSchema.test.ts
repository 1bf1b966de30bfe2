/** The published JSON Schema, as an editor applies it. */
import Ajv2020 from 'ajv/dist/2020';
import fc from 'fast-check';
import { definitionSchema } from '../program/definition';
import { definitionJsonSchema } from '../program/jsonSchema';
import { parseDefinition } from '../program/parseDefinition';
import { loose, problemsOf, shipped, type Change } from './support/definitions';
import { leavesOf, replaced } from './support/documents';

// The formats are for people only: each has its pattern.
const validate = new Ajv2020({ allErrors: true, validateFormats: false }).compile(definitionJsonSchema());

/** `place keyword` of each error. */
function errorsOf(document: unknown): string[] {
  return validate(document) ? [] : validate.errors!.map((error) => `${error.instancePath} ${error.keyword}`);
}

function changed(change: Change): unknown {
  const definition = shipped('pps-demo');
  change(definition);
  return definition;
}

test.each(['pps-demo', 'tiktok-pps-2023', 'examples/woocommerce-spend-and-get'])(
  'When %s is checked, then it is accepted, as written and as stored',
  (name) => {
    expect(errorsOf(shipped(name))).toEqual([]);
    expect(errorsOf(parseDefinition(shipped(name)))).toEqual([]);
  },
);

test.each<[string, Change, string]>([
  ['an unknown key', (definition) => (loose(definition)['budget'] = 1), ' additionalProperties'],
  [
    'an unknown key inside',
    ({ credit }) => (loose(credit[0])['minimumSpend'] = '1.00'),
    '/credit/0 additionalProperties',
  ],
  ['a missing member', (definition) => delete loose(definition)['rounding'], ' required'],
  ['a missing member inside', ({ window }) => delete loose(window)['to'], '/window required'],
  ['a wrong word', (definition) => (loose(definition)['spendBasis'] = 'gross'), '/spendBasis enum'],
  ['another version', (definition) => (loose(definition)['schemaVersion'] = 2), '/schemaVersion const'],
  [
    'a number for an amount',
    ({ credit }) => (loose(credit[0]!.tiers[0])['amount'] = 400),
    '/credit/0/tiers/0/amount type',
  ],
  ['a text for a number', ({ deferral }) => (loose(deferral)['maximum'] = '3'), '/deferral/maximum type'],
  [
    'a misspelt date',
    ({ calendar }) => (calendar[0]!.payoutDate = '15.12.2023'),
    '/calendar/0/payoutDate pattern',
  ],
  ['a region in small letters', ({ regions }) => (regions['us2'] = ['US']), '/regions propertyNames'],
  [
    'a mail address without a host',
    (definition) => (definition.supportMail = 'support@'),
    '/supportMail pattern',
  ],
  [
    'too short a delay',
    (definition) => (definition.settlementDelayHours = 47),
    '/settlementDelayHours minimum',
  ],
  ['no partner', (definition) => (definition.partners = []), '/partners minItems'],
  ['a clock that is too fast', ({ testClock }) => (testClock!.speed = 1e7), '/testClock/speed maximum'],
])('When a definition has %s, then it is refused at its place', (_, change, expected) => {
  expect(errorsOf(changed(change))).toContain(expected);
});

test('When a definition is valid, then the schema accepts it too, whatever was changed', () => {
  const places = leavesOf(shipped('pps-demo')).filter(([member]) => member !== '$schema');
  const value = fc.oneof(
    fc.constantFrom<unknown>(null, 'x', '1.00', '12', 1, 400, [], {}, true),
    fc.jsonValue(),
  );
  let accepted = 0;
  fc.assert(
    fc.property(fc.constantFrom(...places), value, (path, replacement) => {
      const document = replaced<unknown>(shipped('pps-demo'), path, replacement);
      if (problemsOf(document).length > 0) return;
      accepted += 1;
      expect(errorsOf(document)).toEqual([]);
    }),
    { numRuns: 500 },
  );
  expect(accepted).toBeGreaterThan(5);
});

test('When an editor shows a member, then it has the description of the definition, or a name that says all', () => {
  const properties = definitionJsonSchema()['properties'] as Record<string, { description?: string }>;
  const undescribed = Object.keys(properties).filter((key) => properties[key]!.description === undefined);
  expect(undescribed).toEqual(['schemaVersion', 'name', 'supportMail', 'policies']);
  for (const [key, schema] of Object.entries(definitionSchema.shape))
    expect([key, properties[key]!.description]).toEqual([key, schema.description]);
  expect(properties['$schema']!.description).toBe('For editors only.');
});

test('When the schema is read by a tool, then it names its draft and its purpose', () => {
  expect(definitionJsonSchema()).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Program definition',
    description: expect.stringContaining('pps program validate') as string,
    additionalProperties: false,
  });
  // What has a default may be left out.
  const { required } = definitionJsonSchema() as { required: string[] };
  expect(required).toEqual(
    Object.keys(definitionSchema.shape).filter(
      (key) => !definitionSchema.shape[key as 'id'].safeParse(undefined).success,
    ),
  );
});
