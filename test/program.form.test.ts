/** What a program accepts of an enrollment form. */
import { judgeForm, type Form } from '../program/form';
import { demo } from './support/credits';

const FORM: Form = {
  storeUrl: 'https://shop.northwind.example/about',
  storePlatform: 'woocommerce',
  dataSharingTextVersion: demo.dataSharing.textVersion,
  surveyPartner: 'kno',
};
const judged = (changes: Partial<Form>) => judgeForm(demo, { ...FORM, ...changes });

test('When a form is as the program wants it, then its brand is known by its domain', () => {
  expect(judged({})).toEqual({ ok: true, brandKey: 'northwind.example' });
});

test.each<[Partial<Form>, keyof Form, string]>([
  [{ storeUrl: 'northwind' }, 'storeUrl', 'is not the domain of a store'],
  [{ storePlatform: 'carts' }, 'storePlatform', `must be one of ${demo.storePlatforms.join(', ')}`],
  [{ dataSharingTextVersion: '1999-01' }, 'dataSharingTextVersion', demo.dataSharing.textVersion],
  [{ partnerApiKey: 'k_1' }, 'partnerApiKey', 'KnoCommerce confirms by itself that it gave its API key'],
])('When a form says %j, then that field is found, and it is no refusal', (changes, field, message) => {
  expect(judged(changes)).toEqual({
    ok: false,
    reasonCode: null,
    findings: [{ field, message: expect.stringContaining(message) as string }],
  });
});

test('When only the survey partner is not approved, then that is the reason', () => {
  expect(judged({ surveyPartner: 'nobody', partnerApiKey: 'k_1' })).toEqual({
    ok: false,
    reasonCode: 'PARTNER_NOT_APPROVED',
    findings: [{ field: 'surveyPartner', message: 'must be one of fairing, kno, okendo' }],
  });
});

test('When several fields are not accepted, then all of them are found at once', () => {
  const wrong = judged({
    storeUrl: '',
    storePlatform: 'carts',
    dataSharingTextVersion: '',
    surveyPartner: 'nobody',
  });
  expect(wrong).toMatchObject({
    ok: false,
    reasonCode: null,
    findings: [
      { field: 'storeUrl' },
      { field: 'storePlatform' },
      { field: 'dataSharingTextVersion' },
      { field: 'surveyPartner' },
    ],
  });
});

test("When the survey partner's key is checked by a machine, then the form may bring it", () => {
  for (const partnerApiKey of ['fk_1', undefined])
    expect(judged({ surveyPartner: 'fairing', partnerApiKey })).toMatchObject({ ok: true });
});
