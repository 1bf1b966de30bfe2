/** The ids of the examples: each parameter of a path has one. */
export const IDS = {
  enrollmentId: 'enr_4e02e454889f4255993c',
  programId: 'pps-demo',
  revision: '1',
  batchId: 'bat_6e0df0feb9f24d6680f7',
  keyId: 'apk_4bb37ba9d981f76a',
  subscriptionId: 'whk_21996d5b30960882',
  deliveryId: 'msg_67d6215872205e4aaa47064c49b36ea6ea775f1c',
  secretId: 'whs_32db46029f107d9b',
  surveyPartner: 'kno',
};

/** Of a message, as a state names it. */
export const MESSAGE_ID = '67d6215872205e4aaa47064c49b36ea6ea775f1c';

/** Real time, which an enrollment of a test clock has nothing to do with. */
export const REAL = '2026-01-15T09:30:00.000Z';
