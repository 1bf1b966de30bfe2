/** What every kind of message is made of, and how a message is refused. */
import { ApplicationFailure } from '@temporalio/common';
import type { Actor } from '../program/enrollmentState';
import { REASONS, type ReasonCode } from '../program/reasonCodes';
import type { Journal } from './journal';
import type { RefusalType } from './messages';

export interface Message {
  version: 1;
  messageId: string;
  actor: Actor;
}

/** One kind of message: what refuses it, and what it changes. */
export interface Kind<M extends Message> {
  /** Throws the refusal; must not change anything. Called again after every await of `apply`. */
  check(message: M): void;
  apply(message: M): void | Promise<void>;
}

/** Applies a message; one that was applied before, whatever way it came, changes nothing. Throws its refusal. */
export function applyOnce<M extends Message>(journal: Journal, kind: Kind<M>, message: M): Promise<void> {
  return journal.once(message.messageId, async () => {
    kind.check(message);
    await kind.apply(message);
  });
}

/** By a rule of the program. */
export function refusal(reasonCode: ReasonCode): ApplicationFailure {
  return failure(reasonCode, REASONS[reasonCode]);
}

export function failure(type: RefusalType, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}
