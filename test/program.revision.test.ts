/** Revisions: the hash that names a document, and what may follow. */
import fc from 'fast-check';
import type { ProgramDefinition } from '../program/definition';
import { DefinitionError, parseDefinition } from '../program/parseDefinition';
import { assertMayFollow, canonicalText, documentHash } from '../program/revision';
import { shipped, type Change } from './support/definitions';
import { leavesOf, reordered, replaced, storedAsJsonb, valueAt } from './support/documents';

const demo = parseDefinition(shipped('pps-demo'));
const real = parseDefinition(shipped('tiktok-pps-2023'));

describe('the hash of a document', () => {
  test('When a document is hashed, then it is the SHA-256 of its canonical form', () => {
    expect(documentHash({})).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    // The example of RFC 8785, 3.2.2.
    const document: unknown = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);
    expect(canonicalText(document)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('When the keys of a document are in another order, then its hash is the same', () => {
    const orders = fc.func(fc.integer({ min: -1, max: 1 }));
    fc.assert(
      fc.property(fc.jsonValue(), orders, (document, order) => {
        const hash = documentHash(document);
        expect(documentHash(reordered(document, order))).toBe(hash);
        expect(documentHash(storedAsJsonb(document))).toBe(hash);
      }),
    );
    expect(documentHash(storedAsJsonb(demo))).toBe(documentHash(demo));
    expect(Object.keys(storedAsJsonb(demo))).not.toEqual(Object.keys(demo));
  });

  test('When two documents differ, then their hashes differ', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const isEqual = JSON.stringify(storedAsJsonb(one)) === JSON.stringify(storedAsJsonb(other));
        expect(documentHash(one) === documentHash(other)).toBe(isEqual);
      }),
    );
  });

  test('When any value of a definition is changed, or the order of a list, then its hash is another', () => {
    const hashes = leavesOf(demo).map((path) => {
      const value = valueAt(demo, path);
      return documentHash(replaced(demo, path, typeof value === 'string' ? `${value} ` : [value]));
    });
    expect(hashes.length).toBeGreaterThan(200);
    expect(new Set([documentHash(demo), ...hashes]).size).toBe(hashes.length + 1);
    const turned = { ...demo, partners: demo.partners.toReversed() };
    expect(documentHash(turned)).not.toBe(documentHash(demo));
  });

  test.each([[undefined], [NaN], [Infinity], [() => 1]])('When %p is hashed, then it throws', (value) => {
    expect(() => documentHash(value)).toThrow();
  });
});

describe('what may follow a revision', () => {
  /** What is wrong with a revision after the demo, or after the program without a clock. */
  function refusals(previous: ProgramDefinition, change: Change): DefinitionError['errors'] {
    const next = parseDefinition(JSON.parse(JSON.stringify(previous)));
    change(next);
    try {
      assertMayFollow(previous, next);
      return [];
    } catch (error) {
      if (error instanceof DefinitionError) return error.errors;
      throw error;
    }
  }
  test.each<[string, Change]>([
    ['nothing', () => {}],
    ['the name', (definition) => (definition.name = 'Another name')],
    ['the calendar', ({ calendar }) => calendar.pop()],
    ['the amounts', ({ credit }) => (credit[0]!.tiers[0]!.amount = '1.00')],
    [
      'the authorization text and its version',
      (definition) => (definition.dataSharing = { textVersion: '2023-11', text: 'Another text.' }),
    ],
  ])('When a revision changes %s, then it may follow', (_, change) => {
    expect(refusals(demo, change)).toEqual([]);
  });

  test.each<[string, typeof real, Change, string]>([
    ['the speed of its clock', demo, ({ testClock }) => (testClock!.speed = 5), '/testClock'],
    ['a real rail to one that moves nothing', real, (next) => (next.rail = 'sandbox'), '/rail'],
    [
      'the authorization text under its version',
      real,
      ({ dataSharing }) => (dataSharing.text = 'Another text.'),
      '/dataSharing/textVersion',
    ],
    [
      'the kind of its periods',
      real,
      (next) =>
        Object.assign(next, {
          calendar: [],
          rollingPeriod: { days: 30, payoutAfterDays: 9, lastMonth: '2024-12' },
          deferral: { maximum: 0, by: [] },
        }),
      '/rollingPeriod',
    ],
  ])('When a revision changes %s, then it may not follow', (_, previous, change, pointer) => {
    expect(refusals(previous, change)).toEqual([
      { pointer, message: expect.stringMatching(/^[A-Z].*\.$/) as string },
    ]);
  });

  test('When a revision is of another program, then it may not follow', () => {
    expect(refusals(demo, (definition) => (definition.id = 'another'))).toEqual([
      { pointer: '/id', message: 'This is the program "pps-demo"; its id never changes.' },
    ]);
  });

  test('When a program on a test clock is to run on real time, then it may not', () => {
    expect(refusals(demo, (definition) => (definition.testClock = null))).toEqual([
      {
        pointer: '/testClock',
        message:
          'The program was published on a test clock and stays on it; publish another program for real time.',
      },
    ]);
  });

  test('When a program on real time is to run on a test clock, then it may not, and every refusal is told at once', () => {
    const change: Change = (definition) =>
      Object.assign(definition, { id: 'another', testClock: demo.testClock });
    expect(refusals(real, change)).toEqual([
      { pointer: '/id', message: 'This is the program "tiktok-pps-2023"; its id never changes.' },
      {
        pointer: '/testClock',
        message:
          'The program was published on real time and stays on it; publish another program for a test clock.',
      },
    ]);
  });
});
