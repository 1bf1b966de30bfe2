/** `/v1/enrollment-imports`: files of enrollments. */
import { batch } from '../answers';
import { BATCH } from '../examples/batches';
import { FORM } from '../examples/stages';
import { getBatch } from '../operations/batches';
import { receiveImport } from '../imports/receiveImport';
import { importQuery } from '../schemas';
import { presentBatch } from './batches';
import { receive, withExample, type Route } from './route';

export const importRoutes: Route[] = [
  receive({
    operationId: 'importEnrollments',
    path: '/v1/enrollment-imports',
    tag: 'Enrollments',
    summary: 'Enroll the brands of a file',
    description:
      'CSV with a header, or JSON lines, in UTF-8: the fields of an enrollment but the program, in CSV nested ones with dots. At most 100,000 rows of 64 KB. Nothing is carried out before the whole file is there; then the rows are, at a rate of their own. A row that cannot be used fails, and the others go on. Read the batch for what came of them.',
    query: importQuery,
    types: {
      'text/csv': [
        'brand.name,brand.storeUrl,contact.name,contact.email,surveyPartner,storePlatform,advertiserId,dataSharing.authorized,dataSharing.textVersion',
        'Southwind,https://shop.southwind.example,Sol South,sol@southwind.example,kno,woocommerce,7012345678901234567,true,2023-10',
      ].join('\n'),
      'application/x-ndjson': JSON.stringify(FORM),
    },
    answers: {
      202: withExample(batch, BATCH.enrollments, 'The whole file has arrived; its batch is carried out now.'),
    },
    refusals: { 400: ['FILE_UNREADABLE'], 403: ['TEST_CLOCK_NOT_ALLOWED'], 404: ['NOT_FOUND'] },
    async receive(context, { principal, query }, file) {
      const { batchId, isReplayed } = await receiveImport(context, principal, query, file);
      const body = presentBatch(await getBatch(context, principal, batchId));
      return { status: 202, body, isReplayed, location: `/v1/batches/${batchId}` };
    },
  }),
];
