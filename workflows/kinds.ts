/** What every kind of message is made of, and how a message is refused. */
import { ApplicationFailure } from '@temporalio/common';
import { CancellationScope } from '@temporalio/workflow';
import { LAST_INSTANT } from '../program/clock';
import { REASONS, type ReasonCode } from '../program/reasonCodes';
import type { Journal } from './journal';
import type { Message, RefusalType } from './messages';

/** One kind of message: what refuses it, and what it changes. */
export interface Kind<M extends Message> {
  /** Whether its own fields have the shape of the contract: whoever can reach Temporal can send anything. */
  isComplete(message: M): boolean;
  /** Throws the refusal; must not change anything. Called again after every await of `apply`. */
  check(message: M): void;
  apply(message: M): void | Promise<void>;
}

/** Applies a message; one that was applied before, whatever way it came, changes nothing. Throws its refusal. */
export function applyOnce<M extends Message>(journal: Journal, kind: Kind<M>, message: M): Promise<void> {
  return journal.once(message.messageId, () => applyNow(kind, message));
}

/** For a message that cannot come again. Throws its refusal. *Cancel* is a message itself and breaks no other one off. */
export function applyNow<M extends Message>(kind: Kind<M>, message: M): Promise<void> {
  return CancellationScope.nonCancellable(async () => {
    kind.check(message);
    await kind.apply(message);
  });
}

/** Throws INVALID_MESSAGE for what is not a message of this kind. */
export function requireShape<M extends Message>(kind: Kind<M>, message: M): void {
  const { version, messageId, actor } = (message ?? {}) as Partial<M>;
  if (version !== 1) throw failure('INVALID_MESSAGE', `Unknown message version ${String(version)}.`);
  const isSigned = isText(messageId) && isText(actor?.role) && isText(actor?.id);
  if (!isSigned || !kind.isComplete(message)) {
    throw failure('INVALID_MESSAGE', 'The message lacks fields of its kind (workflows/messages.ts).');
  }
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 200;
}

export function isMonth(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-(0[1-9]|1[0-2])$/.test(value);
}

/** Epoch ms of a date that can be written. */
export function isInstant(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= LAST_INSTANT;
}

export function isReasonCode(value: unknown): value is ReasonCode {
  return typeof value === 'string' && Object.hasOwn(REASONS, value);
}

/** Throws INVALID_MESSAGE for a reason code that says nothing about this kind of message. */
export function requireFitting(reasonCode: ReasonCode, fitting: readonly ReasonCode[]): void {
  if (fitting.includes(reasonCode)) return;
  throw failure('INVALID_MESSAGE', `The field reasonCode must be one of ${fitting.join(', ')}.`);
}

/** Facts and moves are taken until the calculation begins. */
export function refuseOnceCalculating({ state }: Journal): void {
  if (state.stage === 'closed') throw failure('ENROLLMENT_ENDED', 'The enrollment has ended.');
  if (state.stage !== 'collecting') throw refusal('CALCULATION_BEGUN');
}

/** By a rule of the program. */
export function refusal(reasonCode: ReasonCode): ApplicationFailure {
  return failure(reasonCode, REASONS[reasonCode]);
}

export function failure(type: RefusalType, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}
