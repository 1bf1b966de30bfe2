/**
 * Messages as Signals: from people in Temporal UI or at the command line. There is no answer and no sender to believe,
 * and fields are missing, so each is completed here; what cannot be used is shown to operators and changes nothing.
 */
import { ApplicationFailure, type SignalDefinition } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';
import { PARTNER_CRITERIA } from '../program/criteria';
import type { PartnerCriterion } from '../program/enrollmentState';
import type { ReasonCode } from '../program/reasonCodes';
import { OPERATOR, type Journal } from './journal';
import { applyNow, applyOnce, failure, isMonth, isReasonCode, type Kind } from './kinds';
import type { Message, OperatorMessage, WithdrawMessage } from './messages';

/** What every Signal may hold; a sent actor is not believed. */
const COMMON_FIELDS = ['version', 'messageId', 'actor'];

type SignalParts<M extends Message> = [
  definition: SignalDefinition<[OperatorMessage<M>?]>,
  kind: Kind<M>,
  /** The kind's own fields. */
  fields: string[],
  complete: (sent: OperatorMessage<M>) => Omit<M, keyof Message>,
];
type ReceiveSignal = <M extends Message>(...parts: SignalParts<M>) => void;

/** The function by which each kind is registered. Handlers never throw: a Signal must not break the workflow. */
export function receiveSignals(journal: Journal): ReceiveSignal {
  // Timeline keys count the Signals of the run: unique, and the same again when a reset applies them again.
  // A restarted enrollment counts anew, after the entries that it began with.
  const run = journal.beganAt === 0 ? 'operator' : `operator:${journal.beganAt}`;
  let received = 0;
  return <M extends Message>(...[definition, kind, fields, complete]: SignalParts<M>) =>
    setHandler(definition, async (sent) => {
      const key = `${run}:${(received += 1)}`;
      try {
        const given = readSignal(sent, fields);
        const messageId = optionalId(given.messageId, 'messageId');
        const message = {
          ...complete(given),
          version: 1,
          messageId: messageId ?? key,
          actor: OPERATOR,
        } as unknown as M;
        // A number is not remembered: of two runs without an entry of their own, both count from the same.
        await (messageId === undefined ? applyNow(kind, message) : applyOnce(journal, kind, message));
      } catch (error) {
        refuse(journal, definition.name, key, error);
      }
      await journal.write();
    });
}

/** *Cancel* in Temporal UI is the withdrawal of an operator; refused, it shows as a Signal does that cannot be used. */
export function receiveCancel(
  journal: Journal,
  cancelRequested: Promise<never>,
  withdraw: Kind<WithdrawMessage>,
): void {
  cancelRequested.catch(async () => {
    const messageId = `cancel:${journal.sequence}`;
    try {
      await applyNow(withdraw, { version: 1, messageId, actor: OPERATOR, noteId: null });
    } catch (error) {
      if (journal.state.ending) return;
      refuse(journal, 'cancel', messageId, error);
    }
    await journal.write();
  });
}

function refuse(journal: Journal, message: string, key: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  const code = (error instanceof ApplicationFailure && error.type) || 'INVALID_MESSAGE';
  journal.state.lastRefusal = { message, reason, at: journal.now() };
  journal.record({
    key: `refused:${key}`,
    type: 'message_refused',
    actor: OPERATOR,
    details: { message, code, reason },
  });
}

/** People mistype: a field that we do not know is refused rather than overlooked. */
function readSignal<S extends object>(
  sent: S | undefined,
  fields: string[],
): Partial<S> & { messageId?: string } {
  if (sent === undefined || sent === null) return {};
  if (typeof sent !== 'object' || Array.isArray(sent)) {
    throw failure('INVALID_MESSAGE', 'The input must be a JSON object, or nothing.');
  }
  const known = [...COMMON_FIELDS, ...fields];
  if (!Object.keys(sent).every((field) => known.includes(field))) {
    throw failure('INVALID_MESSAGE', `The input may hold only these fields: ${known.join(', ')}.`);
  }
  if ('version' in sent && sent.version !== 1) throw failure('INVALID_MESSAGE', 'The version must be 1.');
  return sent;
}

export function requiredMonth(month: unknown): string {
  if (isMonth(month)) return month;
  throw failure('INVALID_MESSAGE', 'A deferral needs a month, for example {"month":"2023-12"}.');
}

export function requiredReason(reasonCode: unknown): ReasonCode {
  if (isReasonCode(reasonCode)) return reasonCode;
  throw failure(
    'INVALID_MESSAGE',
    'The field reasonCode must be one of the reason codes of docs/operating.md.',
  );
}

export function optionalCriteria(criteria: unknown): PartnerCriterion[] | undefined {
  if (criteria === undefined || criteria === null) return undefined;
  const known: readonly unknown[] = PARTNER_CRITERIA;
  if (Array.isArray(criteria) && criteria.length > 0 && criteria.every((one) => known.includes(one)))
    return criteria as PartnerCriterion[];
  throw failure('INVALID_MESSAGE', `The field criteria must list some of ${PARTNER_CRITERIA.join(', ')}.`);
}

/** Ids only: histories and timelines hold no free text. */
export function optionalId(id: unknown, field: string): string | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id === 'string' && /^[\w.-]{1,64}$/.test(id)) return id;
  throw failure('INVALID_MESSAGE', `The field ${field} must be an id.`);
}
