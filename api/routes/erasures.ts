/** `/v1/erasures`: what is asked for by a person, who knows of no enrollments. */
import { contactErasure } from '../answers';
import { IDS } from '../examples/ids';
import { eraseContact, WITHDRAW_FIRST } from '../operations/erasure';
import { contactErasureBody } from '../schemas';
import { withExample, write, type Route } from './route';

export const erasureRoutes: Route[] = [
  write({
    operationId: 'eraseContact',
    path: '/v1/erasures',
    tag: 'Staff',
    summary: "Erase the personal data of a contact's enrollments that have ended; facts and money stay",
    description:
      'Of each enrollment that was ever sent with this e-mail address, in capitals or not. One that is open is named and stays as it is.',
    body: contactErasureBody,
    example: { contactEmail: 'sol@southwind.example', note: 'Asked for by the contact.' },
    answers: {
      200: withExample(contactErasure, {
        items: [
          { enrollmentId: IDS.enrollmentId, outcome: 'erased', whatToDo: null },
          { enrollmentId: 'enr_87b2c1d9e0f34a5b9c7d', outcome: 'open', whatToDo: WITHDRAW_FIRST },
        ],
        more: false,
      }),
    },
    handle: async (context, { principal, body, message, audit }) => ({
      status: 200,
      body: await eraseContact(context, principal, body, message, audit),
    }),
  }),
];
