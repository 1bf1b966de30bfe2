/** One row of an import as an item of its batch: what waits to be carried out, or why it never will be. */
import type { Sealed, Keyring, Place } from '../../database/keyring';
import type { ImportedItem } from '../../database/imports';
import { brandKey } from '../../program/brandKey';
import type { ProgramDefinition } from '../../program/definition';
import type { ApiContext } from '../context';
import { parse } from '../parse';
import { invalid, Problem } from '../problem';
import { resubmissionBody, type CreateEnrollmentBody, type FormBody } from '../schemas';
import type { FileRow } from './fileRows';

/** Of the batch; `programId` is that of the whole file. */
interface PlaceOfItem {
  batchId: string;
  position: number;
}

/** An item while it waits. Its API key of a survey partner is encrypted, as it is everywhere in PostgreSQL. */
export interface WaitingForm {
  row: number;
  programId: string;
  /** Null if no brand can be read from the form. */
  brandKey: string | null;
  form: Omit<FormBody, 'partnerApiKey'>;
  partnerApiKey: Record<keyof Sealed, string> | null;
}

export function itemOf(
  { keyring }: Pick<ApiContext, 'keyring'>,
  { id: programId, sharedStoreHosts }: ProgramDefinition,
  place: PlaceOfItem,
  { row, form: sent }: FileRow,
): ImportedItem {
  const { position } = place;
  try {
    if (!sent.read) throw invalid(sent.errors);
    const { partnerApiKey, ...form } = parse(resubmissionBody, sent.value);
    const brand = brandKey(form.brand.storeUrl, sharedStoreHosts);
    const content: WaitingForm = {
      row,
      programId,
      brandKey: brand.ok ? brand.key : null,
      form,
      partnerApiKey: partnerApiKey === undefined ? null : sealed(keyring, place, partnerApiKey),
    };
    return { position, status: 'pending', content, result: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { status, code, detail, extra } = error;
    const errors = extra.errors?.map(({ pointer, message }) => ({ pointer: storable(pointer), message }));
    const result = { status, code, detail: storable(detail), errors, row };
    return { position, status: 'failed', content: null, result };
  }
}

/** It may name an unknown field. PostgreSQL stores neither a NUL nor half of a surrogate pair. */
function storable(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, '\uFFFD');
}

/** The form that waited, as `POST /v1/enrollments` takes it. */
export function bodyOf(
  { keyring }: Pick<ApiContext, 'keyring'>,
  place: PlaceOfItem,
  { programId, form, partnerApiKey }: WaitingForm,
): CreateEnrollmentBody {
  const body = { programId, ...form };
  return partnerApiKey === null ? body : { ...body, partnerApiKey: opened(keyring, place, partnerApiKey) };
}

function sealed(keyring: Keyring, place: PlaceOfItem, apiKey: string): WaitingForm['partnerApiKey'] {
  const { secretId, nonce, ciphertext, tag } = keyring.seal(apiKey, placeOf(place));
  const [nonceText, ciphertextText, tagText] = [nonce, ciphertext, tag].map((part) =>
    part.toString('base64'),
  );
  return { secretId, nonce: nonceText!, ciphertext: ciphertextText!, tag: tagText! };
}

function opened(
  keyring: Keyring,
  place: PlaceOfItem,
  { secretId, ...parts }: Record<keyof Sealed, string>,
): string {
  const bytes = (part: string) => Buffer.from(part, 'base64');
  const { nonce, ciphertext, tag } = parts;
  const secret = { secretId, nonce: bytes(nonce), ciphertext: bytes(ciphertext), tag: bytes(tag) };
  return keyring.open(secret, placeOf(place));
}

function placeOf({ batchId, position }: PlaceOfItem): Place {
  return { table: 'batch_item', column: 'content', row: [batchId, String(position)] };
}
